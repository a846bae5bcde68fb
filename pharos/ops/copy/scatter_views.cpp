// Copies of a tensor with one part replaced, block matrices, products of sets.
#include <pharos/ops/functions.h>

#include "ops/copy/copy.h"
#include "ops/copy_decls.h"
#include "ops/shape_decls.h"

namespace pharos::ops {
namespace {

// A copy whose strides are self's where that is possible.
Tensor copy_of(const Tensor& self) {
  Tensor out = at::empty_like(self);
  return out.copy_(self);
}

void check_part(const Tensor& src, const Tensor& part) {
  TORCH_CHECK(part.sizes() == src.sizes(),
              "expected src to have a size equal to the slice of self. "
              "src size = ",
              src.sizes(), ", slice size = ", part.sizes());
}

}  // namespace

Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
  Tensor out = copy_of(self), part = out.select(dim, index);
  check_part(src, part);
  part.copy_(src);
  return out;
}
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim,
                     std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  Tensor out = copy_of(self), part = out.slice(dim, start, end, step);
  check_part(src, part);
  part.copy_(src);
  return out;
}
Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1,
                        int64_t dim2) {
  Tensor out = copy_of(self), part = out.diagonal(offset, dim1, dim2);
  check_part(src, part);
  part.copy_(src);
  return out;
}
Tensor as_strided_scatter(const Tensor& self, const Tensor& src, IntArrayRef size,
                          IntArrayRef stride, std::optional<int64_t> storage_offset) {
  Tensor out = copy_of(self), part = out.as_strided(size, stride, storage_offset);
  check_part(src, part);
  part.copy_(src);
  return out;
}

std::vector<Tensor> meshgrid_indexing(TensorList tensors, c10::string_view indexing) {
  TORCH_CHECK(!tensors.empty(), "meshgrid expects a non-empty TensorList");
  for (size_t i = 0; i + 1 < tensors.size(); ++i) {
    TORCH_CHECK(tensors[i].scalar_type() == tensors[i + 1].scalar_type(),
                "meshgrid expects all tensors to have the same dtype");
    TORCH_CHECK(tensors[i].device() == tensors[i + 1].device(),
                "meshgrid expects all tensors to have the same device");
  }
  TORCH_CHECK(indexing == "ij" || indexing == "xy",
              "torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: ", indexing);
  std::vector<Tensor> inputs(tensors.begin(), tensors.end());
  const bool swapped = indexing == "xy" && inputs.size() >= 2;
  if (swapped) std::swap(inputs[0], inputs[1]);
  std::vector<int64_t> shape;
  for (const Tensor& t : inputs) {
    TORCH_CHECK(t.dim() <= 1,
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ", t);
    shape.push_back(t.numel());
  }
  std::vector<Tensor> out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<int64_t> own(inputs.size(), 1);
    own[i] = -1;
    out.push_back(inputs[i].view(own).expand(shape));
  }
  if (swapped) std::swap(out[0], out[1]);
  return out;
}
std::vector<Tensor> meshgrid(TensorList tensors) {
  TORCH_WARN_ONCE(
      "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
      "argument.");
  return meshgrid_indexing(tensors, "ij");
}

Tensor cartesian_prod(TensorList tensors) {
  for (const Tensor& t : tensors)
    TORCH_CHECK(t.dim() == 1, "Expect a 1D vector, but got shape ", t.sizes());
  if (tensors.size() == 1) return tensors[0];
  std::vector<Tensor> columns = at::meshgrid(tensors, "ij");
  for (Tensor& c : columns) c = c.flatten();
  return at::stack(columns, 1);
}

Tensor combinations(const Tensor& self, int64_t r, bool with_replacement) {
  TORCH_CHECK(self.dim() == 1, "Expect a 1D vector, but got shape ", self.sizes());
  TORCH_CHECK(r >= 0, "Expect a non-negative number, but got ", r);
  if (r == 0) return at::empty({0}, self.options());
  const int64_t n = self.numel();
  std::vector<int64_t> chosen(static_cast<size_t>(r)), all;
  for (int64_t i = 0; i < r; ++i) chosen[static_cast<size_t>(i)] = with_replacement ? 0 : i;
  int64_t count = 0;
  const bool any = n > 0 && (with_replacement || r <= n);
  for (bool more = any; more;) {
    all.insert(all.end(), chosen.begin(), chosen.end());
    ++count;
    more = false;
    for (int64_t i = r - 1; i >= 0 && !more; --i) {
      const int64_t limit = with_replacement ? n - 1 : n - r + i;
      if (chosen[static_cast<size_t>(i)] >= limit) continue;
      int64_t v = ++chosen[static_cast<size_t>(i)];
      for (int64_t j = i + 1; j < r; ++j)
        chosen[static_cast<size_t>(j)] = with_replacement ? v : ++v;
      more = true;
    }
  }
  Tensor index = at::empty({count * r}, self.options().dtype(c10::kLong));
  if (count > 0) std::copy(all.begin(), all.end(), index.data_ptr<int64_t>());
  return at::_unsafe_view(self.index_select(0, index), {count, r});
}

Tensor block_diag(TensorList tensors) {
  Tensor sum;
  int64_t rows = 0, columns = 0;
  ScalarType dtype = ScalarType::Undefined;
  std::vector<Tensor> blocks;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    TORCH_CHECK(t.dim() <= 2,
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ", i,
                " has ", t.dim(), " dimensions");
    dtype = i == 0 ? t.scalar_type() : c10::promoteTypes(dtype, t.scalar_type());
    blocks.push_back(at::atleast_2d(t));
    rows += blocks.back().size(0);
    columns += blocks.back().size(1);
  }
  if (blocks.empty()) return at::empty({1, 0});
  Tensor out = at::zeros({rows, columns}, tensors[0].options().dtype(dtype));
  int64_t r = 0, c = 0;
  for (const Tensor& b : blocks) {
    out.narrow(0, r, b.size(0)).narrow(1, c, b.size(1)).copy_(b);
    r += b.size(0);
    c += b.size(1);
  }
  return out;
}

Tensor vander(const Tensor& x, std::optional<int64_t> N, bool increasing) {
  TORCH_CHECK(x.dim() == 1, "x must be a one-dimensional tensor.");
  const int64_t n = N.value_or(x.size(0));
  TORCH_CHECK(n >= 0, "N must be non-negative.");
  const ScalarType dtype =
      c10::isIntegralType(x.scalar_type(), true) ? c10::kLong : x.scalar_type();
  Tensor out = at::empty({x.size(0), n}, x.options().dtype(dtype));
  if (n > 0) out.select(1, 0).fill_(1);
  if (n > 1) {
    out.slice(1, 1).copy_(x.unsqueeze(1));
    out.slice(1, 1).copy_(at::cumprod(out.slice(1, 1).clone(), 1));
  }
  return increasing ? out : out.flip({1});
}

}  // namespace pharos::ops

namespace pharos::backward {

std::vector<Tensor> block_diag_gradient(const Tensor& grad, TensorList tensors) {
  std::vector<Tensor> out;
  int64_t r = 0, c = 0;
  for (const Tensor& t : tensors) {
    const int64_t rows = t.dim() == 2 ? t.size(0) : 1;
    const int64_t columns = t.dim() == 0 ? 1 : t.size(-1);
    out.push_back(grad.narrow(0, r, rows).narrow(1, c, columns).reshape(t.sizes()));
    r += rows;
    c += columns;
  }
  return out;
}

Tensor as_strided_scatter_gradient(const Tensor& grad, IntArrayRef size, IntArrayRef stride,
                                   std::optional<int64_t> offset) {
  return at::as_strided_scatter(grad.contiguous(), at::zeros(size, grad.options()), size, stride,
                                offset);
}

}  // namespace pharos::backward
