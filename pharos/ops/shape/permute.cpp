// Views that reorder dims.
#include <pharos/ops/functions.h>

#include "ops/geometry.h"
#include "ops/shape/shape.h"
#include "ops/shape_decls.h"

namespace pharos::ops {
namespace {

Geometry transposed(const Tensor& self, int64_t dim0, int64_t dim1) {
  const int64_t a = wrap(dim0, self.dim()), b = wrap(dim1, self.dim());
  Geometry g(self);
  if (a != b) g.swap(a, b);
  return g;
}

void check_matrix(const Tensor& self, const char* name) {
  TORCH_CHECK(self.dim() <= 2, name, "() expects a tensor with <= 2 dimensions, but self is ",
              self.dim(), "D");
}

Tensor& take_geometry(Tensor& self, const Geometry& g) {
  self.unsafeGetTensorImpl()->set_geometry(g.sizes(), g.strides());
  return self;
}

}  // namespace

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  return transposed(self, dim0, dim1).view(self);
}
Tensor& transpose_(Tensor& self, int64_t dim0, int64_t dim1) {
  return take_geometry(self, transposed(self, dim0, dim1));
}
Tensor t(const Tensor& self) {
  check_matrix(self, "t");
  return ops::transpose(self, 0, self.dim() < 2 ? 0 : 1);
}
Tensor& t_(Tensor& self) {
  check_matrix(self, "t_");
  return ops::transpose_(self, 0, self.dim() < 2 ? 0 : 1);
}

Tensor permute(const Tensor& self, IntArrayRef dims) {
  const int64_t n = self.dim();
  TORCH_CHECK(static_cast<int64_t>(dims.size()) == n,
              "permute(sparse_coo): number of dimensions in the tensor input does not match the "
              "length of the desired ordering of dimensions i.e. input.dim() = ",
              n, " is not equal to len(dims) = ", dims.size());
  Geometry g;
  uint64_t seen = 0;
  for (int64_t d : dims) {
    const int64_t at = wrap(d, n);
    TORCH_CHECK(!(seen >> at & 1), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t{1} << at;
    g.push(self.sizes()[static_cast<size_t>(at)], self.strides()[static_cast<size_t>(at)]);
  }
  return g.view(self);
}

Tensor movedim(const Tensor& self, IntArrayRef source, IntArrayRef destination) {
  TORCH_CHECK(source.size() == destination.size(),
              "movedim: Invalid source or destination dims: source (", source,
              " dims) should contain the same number of dims as destination (", destination,
              " dims)");
  const int64_t n = self.dim();
  int64_t order[kMaxDims];
  uint64_t from = 0, to = 0;
  std::fill(order, order + n, -1);
  for (size_t i = 0; i < source.size(); ++i) {
    const int64_t s = wrap(source[i], n), d = wrap(destination[i], n);
    TORCH_CHECK(!(from >> s & 1), "movedim: repeated dim in `source` (", source, ")");
    TORCH_CHECK(!(to >> d & 1), "movedim: repeated dim in `destination` (", destination, ")");
    from |= uint64_t{1} << s;
    to |= uint64_t{1} << d;
    if (n > 0) order[d] = s;
  }
  if (n == 0) return self.alias();
  int64_t next = 0;
  for (int64_t d = 0; d < n; ++d) {
    if (order[d] >= 0) continue;
    while (from >> next & 1) ++next;
    order[d] = next++;
  }
  return self.permute(IntArrayRef(order, static_cast<size_t>(n)));
}
Tensor movedim_int(const Tensor& self, int64_t source, int64_t destination) {
  return ops::movedim(self, IntArrayRef(source), IntArrayRef(destination));
}

Tensor swapaxes(const Tensor& self, int64_t a, int64_t b) { return self.transpose(a, b); }
Tensor& swapaxes_(Tensor& self, int64_t a, int64_t b) { return self.transpose_(a, b); }

Tensor numpy_T(const Tensor& self) {
  const int64_t n = self.dim();
  if (n != 2 && n != 0)
    TORCH_WARN_ONCE(
        "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
        "deprecated and it will throw an error in a future release. Consider `x.mT` to "
        "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, "
        "-1))` to reverse the dimensions of a tensor.");
  if (n == 2) return self.transpose(0, 1);
  int64_t order[kMaxDims];
  for (int64_t i = 0; i < n; ++i) order[i] = n - 1 - i;
  return self.permute(IntArrayRef(order, static_cast<size_t>(n)));
}

namespace {
void check_batch(const Tensor& self, const char* name) {
  TORCH_CHECK(self.dim() >= 2, "tensor.", name,
              " is only supported on matrices or batches of matrices. Got ", self.dim(),
              "-D tensor.");
}
}  // namespace

Tensor mT(const Tensor& self) {
  check_batch(self, "mT");
  return self.transpose(-2, -1);
}
Tensor adjoint(const Tensor& self) {
  check_batch(self, "adjoint()");
  const Tensor swapped = self.transpose(-2, -1);
  return self.is_complex() ? swapped.conj() : swapped;
}
Tensor mH(const Tensor& self) {
  check_batch(self, "mH");
  return self.adjoint();
}
Tensor matrix_H(const Tensor& self) {
  const int64_t n = self.dim();
  TORCH_CHECK(n == 0 || n == 2, "tensor.H is only supported on matrices (2-D tensors). Got ", n,
              "-D tensor.", n > 2 ? " For batches of matrices, consider using tensor.mH" : "");
  if (n == 0) return self.is_complex() ? self.conj() : self.alias();
  return self.adjoint();
}

}  // namespace pharos::ops
