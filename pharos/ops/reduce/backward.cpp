// Gradients of the reduce family, made of operators so that they are differentiable themselves.
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>

#include "ops/reduce/reduce.h"

namespace pharos::backward {

using namespace pharos::ops;

namespace {

Tensor count_true(const Tensor& mask, OptionalIntArrayRef dim) { return at::sum(mask, dim, true); }

// grad shared equally by the positions that the mask names.
Tensor share(const Tensor& grad, const Tensor& mask, OptionalIntArrayRef dim) {
  return grad.mul(mask).div(count_true(mask, dim));
}

double lowest_of(ScalarType t) {
  switch (t) {
    case c10::kHalf:
      return -65504;
    case c10::kBFloat16:
      return -3.3895313892515355e38;
    case c10::kFloat:
      return std::numeric_limits<float>::lowest();
    default:
      return std::numeric_limits<double>::lowest();
  }
}

double correction_value(const OptScalar& correction) {
  return correction ? correction->toDouble() : 1.0;
}

}  // namespace

Tensor restore_dims(const Tensor& t, OptionalIntArrayRef dim, int64_t ndim, bool keepdim) {
  if (keepdim || ndim == 0) return t;
  const uint64_t mask = dim_mask(dim, ndim);
  Tensor r = t;
  for (int64_t d = 0; d < ndim; ++d) {
    if (mask >> d & 1) r = r.unsqueeze(d);
  }
  return r;
}

Tensor sum_backward(const Tensor& grad, IntArrayRef sizes, OptionalIntArrayRef dim, bool keepdim) {
  return restore_dims(grad, dim, static_cast<int64_t>(sizes.size()), keepdim).expand(sizes);
}

Tensor mean_backward(const Tensor& grad, IntArrayRef sizes, OptionalIntArrayRef dim, bool keepdim) {
  const int64_t n = masked_numel(sizes, dim_mask(dim, static_cast<int64_t>(sizes.size())));
  return sum_backward(grad, sizes, dim, keepdim).div(n);
}

Tensor nansum_backward(const Tensor& grad, const Tensor& self, OptionalIntArrayRef dim,
                       bool keepdim) {
  return sum_backward(grad, self.sizes(), dim, keepdim).mul(at::logical_not(at::isnan(self)));
}

namespace {

// Products of all other items along `dim`, which stay exact where items are zero.
Tensor products_of_others(const Tensor& self, int64_t dim) {
  const int64_t n = self.size(dim);
  std::vector<int64_t> one = self.sizes().vec();
  one[static_cast<size_t>(dim)] = 1;
  const Tensor ones = at::ones(one, self.options());
  if (n <= 1) return at::ones(self.sizes(), self.options());
  const Tensor before = at::cat({ones, self.narrow(dim, 0, n - 1)}, dim).cumprod(dim);
  const Tensor after =
      at::cat({ones, self.narrow(dim, 1, n - 1).flip({dim})}, dim).cumprod(dim).flip({dim});
  return before.mul(after);
}

bool has_zero(const Tensor& t) { return at::any(at::eq(t.detach(), 0)).item().toBool(); }

}  // namespace

Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result) {
  if (self.dim() == 0) return grad.clone();
  if (!has_zero(self)) return grad.mul(result.div(self).conj());
  const Tensor others = products_of_others(self.contiguous().view({-1}), 0).view(self.sizes());
  return grad.mul(others.conj());
}

Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim,
                     bool keepdim) {
  if (self.dim() == 0) return grad.clone();
  dim = wrapped_dim(dim, self.dim());
  const Tensor g = keepdim ? grad : grad.unsqueeze(dim);
  const Tensor r = keepdim ? result : result.unsqueeze(dim);
  if (!has_zero(self)) return g.mul(r.div(self).conj());
  return g.mul(products_of_others(self, dim).conj());
}

Tensor extreme_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                        IntArrayRef dim, bool keepdim) {
  const Tensor best = restore_dims(result, dim, self.dim(), keepdim);
  const Tensor mask =
      at::logical_or(at::eq(self, best), at::logical_and(at::isnan(self), at::isnan(best)));
  return share(restore_dims(grad, dim, self.dim(), keepdim), mask, dim);
}

Tensor evenly_distribute_backward(const Tensor& grad, const Tensor& self, const Tensor& value) {
  const Tensor mask =
      at::logical_or(at::eq(self, value), at::logical_and(at::isnan(self), at::isnan(value)));
  return mask.mul(grad.div(mask.sum()));
}

Tensor aminmax_backward(const Tensor& self, std::optional<int64_t> dim, bool keepdim,
                        const Tensor& grad_min, const Tensor& grad_max, const Tensor& min,
                        const Tensor& max) {
  Tensor result;
  const Tensor* grads[] = {&grad_min, &grad_max};
  const Tensor* values[] = {&min, &max};
  for (int i = 0; i < 2; ++i) {
    if (!grads[i]->defined()) continue;
    const Tensor g = dim ? extreme_backward(*grads[i], self, *values[i], IntArrayRef(*dim), keepdim)
                         : evenly_distribute_backward(*grads[i], self, *values[i]);
    result = result.defined() ? result.add(g) : g;
  }
  return result;
}

Tensor value_selecting_reduction_backward(const Tensor& grad, int64_t dim, const Tensor& indices,
                                          IntArrayRef sizes, bool keepdim) {
  const Tensor zeros = at::zeros(sizes, grad.options());
  if (keepdim || sizes.empty()) return zeros.scatter(dim, indices, grad);
  return zeros.scatter(dim, indices.unsqueeze(dim), grad.unsqueeze(dim));
}

Tensor var_backward(const Tensor& grad, const Tensor& self, OptionalIntArrayRef dim,
                    const OptScalar& correction, bool keepdim) {
  const uint64_t mask = dim_mask(dim, self.dim());
  const double n = static_cast<double>(masked_numel(self.sizes(), mask));
  const double freedom = n - correction_value(correction);
  const Tensor g = restore_dims(grad, dim, self.dim(), keepdim);
  const Tensor centred = self.sub(at::mean(self, dim, true));
  if (freedom <= 0) return g.mul(centred.mul(2).div(at::zeros({}, centred.options())));
  return g.mul(centred).mul(2.0 / freedom);
}

Tensor std_backward(const Tensor& result, const Tensor& grad, const Tensor& self,
                    OptionalIntArrayRef dim, const OptScalar& correction, bool keepdim) {
  const Tensor g = grad.div(result.mul(2)).masked_fill(at::eq(result, 0), 0);
  return var_backward(g, self, dim, correction, keepdim);
}

Tensor var_mean_backward(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self,
                         OptionalIntArrayRef dim, const OptScalar& correction, bool keepdim) {
  Tensor g;
  if (grad_var.defined()) g = var_backward(grad_var, self, dim, correction, keepdim);
  if (grad_mean.defined()) {
    const Tensor m = mean_backward(grad_mean, self.sizes(), dim, keepdim);
    g = g.defined() ? g.add(m) : m;
  }
  return g;
}

Tensor std_mean_backward(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self,
                         const Tensor& std, OptionalIntArrayRef dim, const OptScalar& correction,
                         bool keepdim) {
  Tensor g;
  if (grad_std.defined()) g = std_backward(std, grad_std, self, dim, correction, keepdim);
  if (grad_mean.defined()) {
    const Tensor m = mean_backward(grad_mean, self.sizes(), dim, keepdim);
    g = g.defined() ? g.add(m) : m;
  }
  return g;
}

namespace {

Tensor norm_gradient(const Tensor& grad, const Tensor& self, double p, const Tensor& norm,
                     OptionalIntArrayRef dim) {
  if (p == 0) return at::zeros_like(self);
  if (p == 1) return self.sgn().mul(grad);
  if (p == 2) return grad.mul(self.div(norm).masked_fill(at::eq(norm, 0), 0));
  if (std::isinf(p)) {
    const Tensor size = self.abs();
    const Tensor mask =
        at::logical_or(at::eq(size, norm), at::logical_and(at::isnan(size), at::isnan(norm)));
    return self.sgn().mul(share(grad, mask, dim));
  }
  if (p < 1) {
    const Tensor scaled = self.sgn().mul(self.abs().pow(p - 1).masked_fill(at::eq(self, 0), 0));
    return scaled.mul(grad).mul(norm.pow(1 - p));
  }
  const Tensor scaled =
      p < 2 ? self.sgn().mul(self.abs().pow(p - 1)) : self.mul(self.abs().pow(p - 2));
  return scaled.mul(grad.div(norm.pow(p - 1)).masked_fill(at::eq(norm, 0), 0));
}

}  // namespace

Tensor norm_backward(const Tensor& grad, const Tensor& self, const OptScalar& p,
                     const Tensor& norm) {
  return norm_gradient(grad, self, p ? p->toDouble() : 2, norm, std::nullopt);
}

Tensor norm_backward(const Tensor& grad, const Tensor& self, const OptScalar& p, const Tensor& norm,
                     IntArrayRef dim, bool keepdim) {
  return norm_gradient(restore_dims(grad, dim, self.dim(), keepdim), self, p ? p->toDouble() : 2,
                       restore_dims(norm, dim, self.dim(), keepdim), dim);
}

Tensor linalg_vector_norm_backward(const Tensor& grad, const Tensor& self, const Scalar& ord,
                                   const Tensor& norm, OptionalIntArrayRef dim, bool keepdim) {
  return norm_gradient(restore_dims(grad, dim, self.dim(), keepdim), self, ord.toDouble(),
                       restore_dims(norm, dim, self.dim(), keepdim), dim);
}

Tensor logsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                          IntArrayRef dim, bool keepdim) {
  const Tensor g = restore_dims(grad, dim, self.dim(), keepdim);
  const Tensor r = restore_dims(result, dim, self.dim(), keepdim);
  return g.mul(self.sub(r).exp().conj());
}

Tensor trace_backward(const Tensor& grad, IntArrayRef sizes) {
  TORCH_CHECK(sizes.size() == 2, "expected matrix input");
  const Tensor eye = at::eye(sizes[0], sizes[1], grad.options());
  return grad.mul(eye);
}

namespace {

Tensor reverse_cumsum(const Tensor& t, int64_t dim) {
  return t.flip({dim}).cumsum(dim).flip({dim});
}

}  // namespace

Tensor cumsum_backward(const Tensor& grad, int64_t dim) {
  if (grad.numel() <= 1 || grad.size(dim) == 1) return grad;
  return reverse_cumsum(grad, dim);
}

Tensor cumprod_backward(const Tensor& grad, const Tensor& self, int64_t dim, const Tensor& result) {
  if (self.numel() <= 1) return grad;
  dim = wrapped_dim(dim, self.dim());
  const int64_t n = self.size(dim);
  if (n == 1) return grad;
  const Tensor x = self.conj();
  if (!has_zero(self)) return reverse_cumsum(result.conj().mul(grad), dim).div(x);
  // With zeros: item k gets the products that leave it out, one row of them at a time.
  std::vector<Tensor> rows;
  std::vector<int64_t> one = self.sizes().vec();
  one[static_cast<size_t>(dim)] = 1;
  const Tensor ones = at::ones(one, self.options());
  for (int64_t k = 0; k < n; ++k) {
    const Tensor before = k == 0 ? ones : at::prod(x.narrow(dim, 0, k), dim, true);
    Tensor omitted = before;
    if (k + 1 < n) {
      const Tensor after = x.narrow(dim, k + 1, n - k - 1).cumprod(dim);
      omitted = before.mul(at::cat({ones, after}, dim));
    }
    rows.push_back(at::sum(grad.narrow(dim, k, n - k).mul(omitted), dim, true));
  }
  return at::cat(rows, dim);
}

Tensor cummaxmin_backward(const Tensor& grad, const Tensor& self, const Tensor& indices,
                          int64_t dim) {
  if (self.numel() == 0) return self;
  return at::zeros(self.sizes(), grad.options()).scatter_add(dim, indices, grad);
}

Tensor logcumsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                             int64_t dim) {
  if (grad.dim() == 0 || grad.numel() == 0) return grad;
  const auto reversed = [dim](const Tensor& t) {
    return t.flip({dim}).logcumsumexp(dim).flip({dim});
  };
  if (grad.is_complex()) {
    return reversed(grad.conj().log().sub(result)).add(self).exp().conj();
  }
  const Tensor size = grad.abs().log();
  // Finite, so that differences with a result of -inf stay numbers in second derivatives.
  const Tensor low = at::full({}, lowest_of(size.scalar_type()), size.options());
  const Tensor positive = at::where(at::gt(grad, 0), size, low);
  const Tensor negative = at::where(at::lt(grad, 0), size, low);
  const Tensor up = reversed(positive.sub(result)).add(self).exp();
  const Tensor down = reversed(negative.sub(result)).add(self).exp();
  return up.sub(down);
}

}  // namespace pharos::backward
