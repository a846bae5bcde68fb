// Gradients of the shape operators, made of operators.
#include <pharos/ops/functions.h>

#include <algorithm>

#include "ops/shape/shape.h"

namespace pharos::backward {
namespace {

Tensor unsqueeze_masked(const Tensor& grad, uint64_t mask, IntArrayRef sizes) {
  Tensor g = grad;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] == 1 && (mask >> i & 1)) g = g.unsqueeze(static_cast<int64_t>(i));
  return g;
}

}  // namespace

Tensor unsqueeze_to(const Tensor& grad, IntArrayRef sizes) {
  return unsqueeze_masked(grad, ~uint64_t{0}, sizes);
}
Tensor unsqueeze_to(const Tensor& grad, int64_t dim, IntArrayRef sizes) {
  return unsqueeze_to(grad, IntArrayRef(dim), sizes);
}
Tensor unsqueeze_to(const Tensor& grad, IntArrayRef dims, IntArrayRef sizes) {
  uint64_t mask = 0;
  for (int64_t d : dims) mask |= uint64_t{1} << wrap(d, static_cast<int64_t>(sizes.size()));
  return unsqueeze_masked(grad, mask, sizes);
}

Tensor permute_backward(const Tensor& grad, IntArrayRef dims) {
  int64_t inverse[kMaxDims];
  const auto n = static_cast<int64_t>(dims.size());
  for (int64_t i = 0; i < n; ++i) inverse[wrap(dims[static_cast<size_t>(i)], n)] = i;
  return grad.permute(IntArrayRef(inverse, dims.size()));
}

Tensor slice_gradient(const Tensor& grad, IntArrayRef sizes, int64_t dim,
                      std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  return at::slice_backward(grad, sizes, dim, start.value_or(0), end.value_or(INT64_MAX), step);
}

Tensor narrow_gradient(const Tensor& grad, IntArrayRef sizes, int64_t dim, int64_t start,
                       int64_t length) {
  const int64_t d = wrap(dim, static_cast<int64_t>(sizes.size()));
  if (start < 0) start += sizes[static_cast<size_t>(d)];
  return at::slice_backward(grad, sizes, d, start, start + length, 1);
}

Tensor unbind_backward(TensorList grads, int64_t dim) {
  Tensor like;
  for (const Tensor& g : grads)
    if (g.defined()) like = g;
  std::vector<Tensor> full;
  for (const Tensor& g : grads) full.push_back(g.defined() ? g : at::zeros_like(like));
  return at::stack(full, dim);
}

Tensor split_sizes_backward(TensorList grads, IntArrayRef split_sizes, int64_t dim,
                            IntArrayRef sizes, const TensorOptions& options) {
  const int64_t d = wrap(dim, static_cast<int64_t>(sizes.size()));
  std::vector<int64_t> shape = sizes.vec();
  std::vector<Tensor> full;
  for (size_t i = 0; i < grads.size(); ++i) {
    shape[static_cast<size_t>(d)] = split_sizes[i];
    full.push_back(grads[i].defined() ? grads[i] : at::zeros(shape, options));
  }
  return at::cat(full, d);
}

Tensor split_backward(TensorList grads, int64_t split_size, int64_t dim, IntArrayRef sizes,
                      const TensorOptions& options) {
  const int64_t size = sizes[static_cast<size_t>(wrap(dim, static_cast<int64_t>(sizes.size())))];
  std::vector<int64_t> lengths;
  for (size_t i = 0; i < grads.size(); ++i)
    lengths.push_back(std::min(split_size, size - static_cast<int64_t>(i) * split_size));
  return split_sizes_backward(grads, lengths, dim, sizes, options);
}

namespace {

int64_t last_element(IntArrayRef sizes, IntArrayRef strides, int64_t offset) {
  int64_t last = offset;
  for (size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
  return last;
}

bool may_overlap(IntArrayRef sizes, IntArrayRef strides) {
  std::vector<std::pair<int64_t, int64_t>> dims;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] > 1) dims.emplace_back(strides[i], sizes[i]);
  std::sort(dims.begin(), dims.end());
  int64_t reach = 0;
  for (auto [stride, size] : dims) {
    if (stride <= reach) return true;
    reach += stride * (size - 1);
  }
  return false;
}

}  // namespace

// The gradient is collected in a tensor that stands for the common storage, from where the input
// takes its part; elements that the input holds more than once share theirs.
Tensor restride(const Tensor& grad, IntArrayRef sizes, IntArrayRef strides, int64_t storage_offset,
                IntArrayRef size, IntArrayRef stride, std::optional<int64_t> offset) {
  const auto zero_size = [](IntArrayRef s) { return std::find(s.begin(), s.end(), 0) != s.end(); };
  if (zero_size(size) || zero_size(sizes)) return at::zeros(sizes, grad.options());
  const int64_t from = offset.value_or(storage_offset);
  const int64_t shift = std::min(from, storage_offset);
  const int64_t in = storage_offset - shift, out = from - shift;
  const int64_t n = std::max(last_element(sizes, strides, in), last_element(size, stride, out)) + 1;
  const bool out_overlaps = may_overlap(size, stride), in_overlaps = may_overlap(sizes, strides);
  Tensor all = at::zeros({n}, grad.options()), index;
  if (out_overlaps || in_overlaps) index = at::arange(n, grad.options().dtype(c10::kLong));
  if (out_overlaps)
    all = all.index_add(0, index.as_strided(size, stride, out).reshape(-1), grad.reshape(-1));
  else
    all = at::as_strided_scatter(all, grad, size, stride, out);
  if (in_overlaps) {
    const Tensor where = index.as_strided(sizes, strides, in).reshape(-1);
    const Tensor one = at::ones({1}, grad.options()).expand(where.sizes());
    all = all.div(at::zeros_like(all).index_add(0, where, one));
  }
  return all.as_strided(sizes, strides, in);
}

}  // namespace pharos::backward
