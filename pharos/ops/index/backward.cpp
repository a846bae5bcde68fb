// Gradients of the index family, made of operators.
#include <pharos/ops/functions.h>

#include "ops/index/index.h"

namespace pharos::backward {

using namespace pharos::ops;

Tensor no_gradient(const char* name) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "derivative for aten::", name, " is not implemented");
}

Tensor index_backward(const Tensor& zeros, const Indices& indices, const Tensor& grad) {
  return at::index_put(zeros, indices, grad, true);
}

Tensor index_put_values_backward(const Tensor& grad, const Indices& indices, IntArrayRef sizes) {
  const Tensor g = at::index(grad, indices);
  return g.sizes().equals(sizes) ? g : g.sum_to_size(sizes);
}

Tensor index_select_backward(const Tensor& grad, IntArrayRef sizes, int64_t dim,
                             const Tensor& index) {
  return at::zeros(sizes, grad.options()).index_add(dim, index, grad);
}

Tensor index_source_backward(const Tensor& grad, int64_t dim, const Tensor& index,
                             const Tensor& source) {
  if (source.dim() > 0) return grad.index_select(dim, index).expand(source.sizes());
  return grad.index_select(dim, index.dim() ? index.squeeze(0) : index).reshape(source.sizes());
}

Tensor index_fill_value_backward(const Tensor& grad, int64_t dim, const Tensor& index) {
  const Tensor counted = index.remainder(grad.dim() ? grad.size(dim) : 1);  // from the end
  return grad.index_select(dim, std::get<0>(at::_unique(counted, false))).sum();
}

Tensor gather_backward(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& index,
                       bool sparse_grad) {
  TORCH_CHECK_NOT_IMPLEMENTED(!sparse_grad, "gather: sparse gradients are not implemented");
  return at::zeros(self.sizes(), grad.options()).scatter_add(dim, index, grad);
}

namespace {

// Both reduce operators: `take` reads along the index, `add` is its transpose.
template <class Take, class Add>
std::tuple<Tensor, Tensor> reduce_backward(const Tensor& grad, const Tensor& self,
                                           const Tensor& src, c10::string_view reduce,
                                           bool include_self, const Tensor& result, Take take,
                                           Add add) {
  // Without self its touched positions get no gradient and the others all of it (the callers').
  Tensor grad_self, grad_src;
  const Tensor ones = at::ones(src.sizes(), src.options());
  if (reduce == "sum") {
    grad_self = grad;
    grad_src = take(grad);
  } else if (reduce == "mean") {
    Tensor n = add(include_self ? at::ones_like(grad) : at::zeros_like(grad), ones);
    n = n.masked_fill(at::eq(n, 0), 1);
    grad_self = grad.div(n);
    grad_src = take(grad.div(n));
  } else if (reduce == "prod") {
    // Where exactly one factor is zero, its gradient is the product of the others.
    const Tensor self_zero = at::eq(self, 0), src_zero = at::eq(src, 0);
    const Tensor safe_self = self.masked_fill(self_zero, 1),
                 safe_src = src.masked_fill(src_zero, 1);
    const Tensor zeros_self =
        include_self ? self_zero.to(self.scalar_type()) : at::zeros_like(self);
    const Tensor zeros = add(zeros_self, src_zero.to(src.scalar_type()));
    const Tensor none = at::eq(zeros, 0), single = at::eq(zeros, 1);
    grad_self = grad.mul(result).div(safe_self).mul(none);
    grad_src = take(grad.mul(result).mul(none)).div(safe_src);
    if (at::any(single).item().toBool()) {
      TORCH_CHECK_NOT_IMPLEMENTED(false,
                                  "the gradient of a scattered product with a factor of zero "
                                  "is not implemented");
    }
  } else {  // amax, amin
    const Tensor value = take(result);
    const Tensor self_is =
        include_self ? at::eq(self, result).to(grad.scalar_type()) : at::zeros_like(grad);
    const Tensor src_is = at::eq(src, value).to(grad.scalar_type());
    const Tensor n = add(self_is, src_is);
    const Tensor share = grad.div(n.masked_fill(at::eq(n, 0), 1));
    grad_self = self_is.mul(share);
    grad_src = src_is.mul(take(share));
  }
  return {grad_self, grad_src};
}

}  // namespace

std::tuple<Tensor, Tensor> scatter_reduce_backward(const Tensor& grad, const Tensor& self,
                                                   int64_t dim, const Tensor& index,
                                                   const Tensor& src, c10::string_view reduce,
                                                   bool include_self, const Tensor& result) {
  if (index.numel() == 0) return {grad, at::zeros_like(src)};
  // Only as much of src as the index covers takes part.
  Tensor used = src;
  for (int64_t d = 0; d < index.dim(); ++d) used = used.narrow(d, 0, index.size(d));
  auto [grad_self, grad_src] = reduce_backward(
      grad, self, used, reduce, include_self, result,
      [&](const Tensor& t) { return t.gather(dim, index); },
      [&](const Tensor& to, const Tensor& t) { return to.scatter_add(dim, index, t); });
  if (!include_self) grad_self = grad.scatter(dim, index, 0);
  if (!src.sizes().equals(index.sizes())) {
    std::vector<int64_t> pad;
    for (int64_t d = src.dim(); d-- > 0;) {
      pad.push_back(0);
      pad.push_back(src.size(d) - index.size(d));
    }
    grad_src = at::constant_pad_nd(grad_src, pad, 0);
  }
  return {grad_self, grad_src};
}

std::tuple<Tensor, Tensor> index_reduce_backward(const Tensor& grad, const Tensor& self,
                                                 int64_t dim, const Tensor& index,
                                                 const Tensor& source, c10::string_view reduce,
                                                 bool include_self, const Tensor& result) {
  auto [grad_self, grad_src] = reduce_backward(
      grad, self, source, reduce, include_self, result,
      [&](const Tensor& t) { return t.index_select(dim, index); },
      [&](const Tensor& to, const Tensor& t) { return to.index_add(dim, index, t); });
  if (!include_self) grad_self = grad.index_fill(dim, index.to(c10::kLong), 0);
  return {grad_self, grad_src};
}

Tensor masked_fill_backward(const Tensor& grad, const Tensor& mask) {
  return at::where(mask, grad, at::zeros({}, grad.options())).sum();
}

// The functional form broadcasts self with the mask.
Tensor masked_fill_self_backward(const Tensor& grad, const Tensor& self, const Tensor& mask) {
  const Tensor g = grad.masked_fill(mask, 0);
  return g.sizes().equals(self.sizes()) ? g : g.sum_to_size(self.sizes());
}

Tensor masked_select_backward(const Tensor& grad, const Tensor& self, const Tensor& mask) {
  const std::vector<Tensor> both = at::broadcast_tensors({self, mask});
  const Tensor zeros = at::zeros(both[0].sizes(), grad.options());
  const Tensor g = zeros.masked_scatter(both[1], grad);
  return g.sizes().equals(self.sizes()) ? g : g.sum_to_size(self.sizes());
}

Tensor masked_scatter_backward(const Tensor& grad, const Tensor& mask, IntArrayRef sizes) {
  int64_t numel = 1;
  for (int64_t n : sizes) numel *= n;
  const Tensor taken = grad.masked_select(mask);
  const int64_t missing = numel - taken.numel();
  if (missing > 0) {
    return at::cat({taken, at::zeros({missing}, taken.options())}, 0).view(sizes);
  }
  return taken.view(sizes);
}

Tensor take_backward(const Tensor& grad, const Tensor& self, const Tensor& index) {
  return at::zeros(self.sizes(), grad.options()).put(index, grad, true);
}

Tensor embedding_backward(const Tensor& grad, const Tensor& indices, int64_t num_weights,
                          int64_t padding_idx, bool scale_grad_by_freq, bool sparse) {
  TORCH_CHECK_NOT_IMPLEMENTED(!sparse, "embedding: sparse gradients are not implemented");
  return at::embedding_dense_backward(grad, indices, num_weights, padding_idx, scale_grad_by_freq);
}

Tensor embedding_dense_double_backward(const Tensor& grad, const Tensor& indices,
                                       int64_t padding_idx) {
  const Tensor rows = grad.index_select(0, indices.reshape({-1}));
  std::vector<int64_t> sizes = indices.sizes().vec();
  sizes.push_back(grad.size(-1));
  Tensor result = rows.view(sizes);
  if (padding_idx >= 0) {
    result = result.masked_fill(at::eq(indices, padding_idx).unsqueeze(-1), 0);
  }
  return result;
}

namespace {

// The gradient of each index's bag, zero where it is in none.
Tensor spread_bags(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                   const Tensor& offsets, bool include_last_offset, int64_t padding_idx) {
  const int64_t bags = grad.size(0);
  if (bags == 0) return at::zeros({indices.numel(), grad.size(1)}, grad.options());
  const Tensor flat = indices.reshape({-1}), starts = offsets.to(c10::kLong);
  const Tensor place = at::arange(flat.numel(), at::TensorOptions(c10::kLong));
  if (padding_idx < -1) padding_idx += weight.size(0);
  Tensor out = at::eq(flat, padding_idx);
  if (include_last_offset) out = out.logical_or(at::ge(place, starts.select(0, bags)));
  const Tensor bag =
      at::searchsorted(starts.narrow(0, 0, bags), place, false, true).sub(1).masked_fill(out, bags);
  return grad.index_select(0, bag.clamp_max(bags - 1)).mul(at::lt(bag, bags).unsqueeze(1));
}

}  // namespace

Tensor bag_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                    const Tensor& offsets, const Tensor& n, const Tensor& top,
                    const Tensor& per_sample_weights, int64_t mode, bool scale_grad_by_freq,
                    bool include_last_offset, int64_t padding_idx) {
  const int64_t rows = weight.size(0);
  if (mode == 2) {
    const Tensor g = grad.mul(at::gt(n, 0).unsqueeze(1));
    return at::zeros({rows, grad.size(1)}, grad.options()).scatter_add(0, top, g);
  }
  Tensor g = mode == 1 ? grad.div(n.clamp_min(1).unsqueeze(1)) : grad;
  g = spread_bags(g, weight, indices, offsets, include_last_offset, padding_idx);
  if (per_sample_weights.defined()) g = g.mul(per_sample_weights.unsqueeze(1));
  return at::embedding_dense_backward(g, indices.reshape({-1}), rows, -1, scale_grad_by_freq);
}

Tensor bag_sample_backward(const Tensor& grad, const Tensor& weight, const Tensor& indices,
                           const Tensor& offsets, bool include_last_offset, int64_t padding_idx) {
  const Tensor rows = weight.index_select(0, indices.reshape({-1}));
  return spread_bags(grad, weight, indices, offsets, include_last_offset, padding_idx)
      .mul(rows)
      .sum(1);
}

}  // namespace pharos::backward
