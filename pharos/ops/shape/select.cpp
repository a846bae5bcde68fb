// Views of a part: select, slice, narrow, diagonal, unfold.
#include <pharos/ops/functions.h>

#include <algorithm>

#include "ops/geometry.h"
#include "ops/shape/shape.h"
#include "ops/shape_decls.h"

namespace pharos::ops {

Tensor select_int(const Tensor& self, int64_t dim, int64_t index) {
  const TensorImpl* t = self.unsafeGetTensorImpl();
  TORCH_CHECK_INDEX(t->ndim != 0, "select() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap(dim, t->ndim);
  Geometry g(self);
  const int64_t size = g.size[d];
  TORCH_CHECK_INDEX(index >= -size && index < size, "select(): index ", index,
                    " out of range for tensor of size ", t->sizes(), " at dimension ", d);
  const int64_t offset = (index < 0 ? index + size : index) * g.stride[d];
  g.erase(d);
  return g.view(self, offset);
}

Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start,
             std::optional<int64_t> end, int64_t step) {
  TORCH_CHECK_INDEX(self.dim() != 0, "slice() cannot be applied to a 0-dim tensor.");
  const int64_t d = wrap(dim, self.dim());
  TORCH_CHECK(step > 0, "slice step must be positive");
  Geometry g(self);
  const int64_t size = g.size[d];
  int64_t from = start.value_or(0), to = end.value_or(INT64_MAX);
  if (from < 0) from += size;
  if (to < 0) to += size;
  from = from < 0 ? 0 : from > size ? size : from;
  to = to < from ? from : to > size ? size : to;
  const int64_t length = to - from;
  const int64_t offset = from * g.stride[d];
  g.size[d] = length / step + (length % step != 0 ? 1 : 0);
  TORCH_CHECK(!__builtin_mul_overflow(g.stride[d], step, &g.stride[d]) || g.size[d] <= 1,
              "slice(): the stride overflows");
  return g.view(self, offset);
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  TORCH_CHECK(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  TORCH_CHECK(length >= 0, "narrow(): length must be non-negative.");
  const int64_t size = self.size(dim);
  TORCH_CHECK_INDEX(-size <= start && start <= size,
                    "start out of range (expected to be in range of [", -size, ", ", size,
                    "], but got ", start, ")");
  const int64_t from = start < 0 ? start + size : start;
  TORCH_CHECK(from <= size - length, "start (", from, ") + length (", length,
              ") exceeds dimension size (", size, ").");
  return self.slice(dim, from, from + length, 1);
}

Tensor narrow_tensor(const Tensor& self, int64_t dim, const Tensor& start, int64_t length) {
  TORCH_CHECK(start.dim() == 0 && c10::isIntegralType(start.scalar_type(), false),
              "start must be an 0-dim integral Tensor.");
  return self.narrow(dim, start.item().toLong(), length);
}

Tensor narrow_copy(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  TORCH_CHECK(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  return self.narrow(dim, start, length).clone(c10::MemoryFormat::Contiguous);
}

Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t a = wrap(dim1, self.dim()), b = wrap(dim2, self.dim());
  TORCH_CHECK(a != b, "diagonal dimensions cannot be identical ", dim1, ", ", dim2);
  Geometry g(self);
  const int64_t room = offset >= 0 ? std::min(g.size[a], g.size[b] - offset)
                                   : std::min(g.size[a] + offset, g.size[b]);
  const int64_t length = room > 0 ? room : 0;
  const int64_t skip = length == 0 ? 0 : offset >= 0 ? offset * g.stride[b] : -offset * g.stride[a];
  const int64_t stride = g.stride[a] + g.stride[b];
  g.erase(std::max(a, b));
  g.erase(std::min(a, b));
  g.push(length, stride);
  return g.view(self, skip);
}

Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
  const int64_t d = wrap(dimension, self.dim());
  Geometry g(self);
  const int64_t have = g.n == 0 ? 1 : g.size[d];
  TORCH_CHECK(size >= 0, "size is ", size, " but must be >= 0");
  TORCH_CHECK(size <= have, "maximum size for tensor at dimension ", d, " is ", have,
              " but size is ", size);
  TORCH_CHECK(step > 0, "step is ", step, " but must be > 0");
  const int64_t stride = g.n == 0 ? 1 : g.stride[d];
  if (g.n > 0) {
    g.size[d] = (have - size) / step + 1;
    g.stride[d] *= step;
  }
  g.push(size, stride);
  return g.view(self);
}

// Gradients: zeros of the input's size with the part written.
Tensor select_backward(const Tensor& grad, IntArrayRef input_sizes, int64_t dim, int64_t index) {
  Tensor out = at::zeros(input_sizes, grad.options());
  out.select(dim, index).copy_(grad);
  return out;
}
Tensor slice_backward(const Tensor& grad, IntArrayRef input_sizes, int64_t dim, int64_t start,
                      int64_t end, int64_t step) {
  Tensor out = at::zeros(input_sizes, grad.options());
  out.slice(dim, start, end, step).copy_(grad);
  return out;
}
Tensor diagonal_backward(const Tensor& grad, IntArrayRef input_sizes, int64_t offset, int64_t dim1,
                         int64_t dim2) {
  Tensor out = at::zeros(input_sizes, grad.options());
  out.diagonal(offset, dim1, dim2).copy_(grad);
  return out;
}
// Windows overlap where step < size: added one offset at a time.
Tensor unfold_backward(const Tensor& grad, IntArrayRef input_sizes, int64_t dim, int64_t size,
                       int64_t step) {
  Tensor out = at::zeros(input_sizes, grad.options());
  if (input_sizes.empty()) {
    if (size > 0) out.copy_(grad.select(0, 0));
    return out;
  }
  const int64_t d = wrap(dim, out.dim()), count = grad.size(d);
  for (int64_t i = 0; i < size; ++i)
    out.slice(d, i, i + (count - 1) * step + 1, step).add_(grad.select(-1, i));
  return out;
}

}  // namespace pharos::ops
