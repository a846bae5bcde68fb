// Distances and similarities between vectors, cross products, norms kept below a maximum.
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>
#include <vector>

#include "ops/geometry.h"
#include "ops/linalg/linalg.h"
#include "ops/linalg_decls.h"
#include "ops/promotion.h"

namespace pharos::ops {

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  // As a norm of the difference, whose last dim may belong to either.
  const int64_t dim = std::max(x1.dim(), x2.dim()) - 1;
  return at::linalg_vector_norm(x1 - x2 + eps, p, dim, keepdim);
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const ScalarType type = promoted(x1, x2);
  TORCH_CHECK(c10::isFloatingType(type),
              "expected common dtype to be floating point, yet common dtype is ", type);
  const std::vector<Tensor> both = at::broadcast_tensors({x1.to(type), x2.to(type)});
  // Each norm is clamped outside of the graph, so that a zero vector has a zero gradient.
  auto safe_norm = [&](const Tensor& x) {
    const int64_t dims[] = {dim};
    Tensor n = at::linalg_vector_norm(x, 2, IntArrayRef(dims), true);
    return at::where(n < eps, at::full_like(n, eps), n);
  };
  const Tensor &a = both[0], &b = both[1];
  return ((a / safe_norm(a)) * (b / safe_norm(b))).sum(dim);
}

Tensor linalg_cross(const Tensor& self, const Tensor& other, int64_t dim) {
  TORCH_CHECK(self.dim() == other.dim(),
              "linalg.cross: inputs must have the same number of dimensions.");
  TORCH_CHECK(self.size(dim) == 3 && other.size(dim) == 3, "linalg.cross: inputs dimension ", dim,
              " must have length 3. Got ", self.size(dim), " and ", other.size(dim));
  const std::vector<Tensor> both = at::broadcast_tensors({self, other});
  auto rolled = [&](const Tensor& t, int64_t by) {
    const int64_t order[] = {by % 3, (1 + by) % 3, (2 + by) % 3};
    std::vector<Tensor> parts;
    for (int64_t i : order) parts.push_back(t.select(dim, i));
    return at::stack(parts, wrap(dim, t.dim()));
  };
  return rolled(both[0], 1) * rolled(both[1], 2) - rolled(both[0], 2) * rolled(both[1], 1);
}

Tensor cross(const Tensor& self, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return at::linalg_cross(self, other, *dim);
  TORCH_CHECK(self.dim() == other.dim(),
              "linalg.cross: inputs must have the same number of dimensions.");
  for (int64_t d = 0; d < self.dim(); ++d)
    if (self.size(d) == 3) return at::linalg_cross(self, other, d);
  TORCH_CHECK(false, "no dimension of size 3 in input");
}

// ---- cdist, pdist ---------------------------------------------------------------------------

namespace {

// |d|^p summed over the last dim, to the power 1/p; exact zeros for p = 0 count inequalities.
Tensor p_norm(const Tensor& d, double p) {
  const int64_t dims[] = {-1};
  return at::linalg_vector_norm(d, p, IntArrayRef(dims), false);
}

void check_cdist(const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t> mode) {
  TORCH_CHECK(x1.dim() >= 2, "cdist only supports at least 2D tensors, X1 got: ", x1.dim(), "D");
  TORCH_CHECK(x2.dim() >= 2, "cdist only supports at least 2D tensors, X2 got: ", x2.dim(), "D");
  TORCH_CHECK(x1.size(-1) == x2.size(-1),
              "X1 and X2 must have the same number of columns. X1: ", x1.size(-1),
              " X2: ", x2.size(-1));
  TORCH_CHECK(x1.scalar_type() == x2.scalar_type(), "expected scalar type ", x1.scalar_type(),
              " but found ", x2.scalar_type());
  TORCH_CHECK(c10::isFloatingType(x1.scalar_type()),
              "cdist only supports floating-point dtypes, "
              "X1 got: ",
              x1.scalar_type());
  TORCH_CHECK(p >= 0, "cdist only supports non-negative p values");
  const int64_t m = mode.value_or(0);
  TORCH_CHECK(m >= 0 && m <= 2, "possible modes: 0, 1, 2, but was: ", m);
}

}  // namespace

Tensor _cdist_forward(const Tensor& x1, const Tensor& x2, double p,
                      std::optional<int64_t> compute_mode) {
  check_cdist(x1, x2, p, compute_mode);
  return p_norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p);
}

Tensor cdist(const Tensor& x1, const Tensor& x2, double p, std::optional<int64_t> compute_mode) {
  check_cdist(x1, x2, p, compute_mode);
  const int64_t r1 = x1.size(-2), r2 = x2.size(-2);
  // Large Euclidean distances through one matrix product, as PyTorch's modes 0 and 1 do.
  const int64_t mode = compute_mode.value_or(0);
  if (p == 2 && (mode == 1 || (mode == 0 && (r1 > 25 || r2 > 25)))) {
    const Tensor n1 = x1.pow(2).sum(-1, true), n2 = x2.pow(2).sum(-1, true);
    const Tensor a = at::cat({x1 * -2, n1, at::ones_like(n1)}, -1);
    const Tensor b = at::cat({x2, at::ones_like(n2), n2}, -1);
    return at::matmul(a, b.mT()).clamp_min(0).sqrt();
  }
  return at::_cdist_forward(x1, x2, p, compute_mode);
}

Tensor _cdist_backward(const Tensor& grad, const Tensor& x1, const Tensor& x2, double p,
                       const Tensor& dist) {
  const Tensor diff = x1.unsqueeze(-2) - x2.unsqueeze(-3);
  const Tensor g = grad.unsqueeze(-1), d = dist.unsqueeze(-1);
  Tensor part;
  if (p == 0) {
    return at::zeros_like(x1);
  } else if (p == 1) {
    part = g * diff.sgn();
  } else if (std::isinf(p)) {
    part = g * diff.sgn() * (diff.abs() == d).to(diff.scalar_type());
  } else {
    const Tensor safe = d.masked_fill(d == 0, 1.0);
    part = (p == 2 ? g * diff / safe : g * diff.sgn() * diff.abs().pow(p - 1) / safe.pow(p - 1))
               .masked_fill(d == 0, 0.0);
  }
  return backward::sum_to(part.sum(-2), x1.sizes());
}

namespace {
void check_pdist(const Tensor& self, double p) {
  TORCH_CHECK(self.dim() == 2, "pdist only supports 2D tensors, got: ", self.dim(), "D");
  TORCH_CHECK(c10::isFloatingType(self.scalar_type()), "pdist only supports floating-point dtypes");
  TORCH_CHECK(p >= 0, "pdist only supports non-negative p values");
}
// Rows i < j of a condensed matrix.
std::pair<Tensor, Tensor> row_pairs(const Tensor& of) {
  const int64_t n = of.size(0);
  const int64_t count[] = {n > 1 ? n * (n - 1) / 2 : 0};
  Tensor a = empty_cpu(count, ScalarType::Long), b = empty_cpu(count, ScalarType::Long);
  int64_t k = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = i + 1; j < n; ++j, ++k) {
      data_as<int64_t>(a)[k] = i;
      data_as<int64_t>(b)[k] = j;
    }
  return {a.to(of.device()), b.to(of.device())};
}
}  // namespace

Tensor pdist(const Tensor& self, double p) {
  check_pdist(self, p);
  return at::_pdist_forward(self.contiguous(), p);
}

Tensor _pdist_forward(const Tensor& self, double p) {
  check_pdist(self, p);
  const auto [i, j] = row_pairs(self);
  return p_norm(self.index_select(0, i) - self.index_select(0, j), p);
}

Tensor _pdist_backward(const Tensor& grad, const Tensor& self, double p, const Tensor& dist) {
  const auto [i, j] = row_pairs(self);
  const Tensor diff = (self.index_select(0, i) - self.index_select(0, j)).unsqueeze(1);
  // Each pair as a one-by-one cdist against the origin.
  const Tensor part = at::_cdist_backward(grad.view({-1, 1, 1}), diff, at::zeros_like(diff), p,
                                          dist.view({-1, 1, 1}))
                          .squeeze(1);
  return at::zeros_like(self).index_add(0, i, part).index_add(0, j, part, -1);
}

// ---- renorm ---------------------------------------------------------------------------------

void renorm_shape(Out& out, const Tensor& self, const Scalar& p, int64_t dim,
                  const Scalar& maxnorm) {
  TORCH_CHECK(p.to<double>() > 0, "renorm: non-positive-norm not supported");
  TORCH_CHECK(!maxnorm.isComplex() && maxnorm.to<double>() >= 0,
              "renorm: expected maxnorm to be >= 0 but got ", maxnorm);
  TORCH_CHECK(self.dim() > 1, "renorm: input needs at least 2 dimensions, got ", self.dim(),
              " dimensions");
  wrap(dim, self.dim());
  out.set(0, self.sizes(), self.scalar_type(), self.device());
}

namespace {
Tensor renorm_norm(const Tensor& self, const Scalar& p, int64_t dim, std::vector<int64_t>& dims) {
  const int64_t keep = wrap(dim, self.dim());
  for (int64_t d = 0; d < self.dim(); ++d)
    if (d != keep) dims.push_back(d);
  return at::linalg_vector_norm(self, p, IntArrayRef(dims), true);
}
}  // namespace

}  // namespace pharos::ops

namespace pharos::cpu {

void renorm(const Tensor& out, const Tensor& self, const c10::Scalar& p, int64_t dim,
            const c10::Scalar& maxnorm) {
  std::vector<int64_t> dims;
  const Tensor norm = ops::renorm_norm(self, p, dim, dims);
  const Tensor factor = at::where(norm > maxnorm, maxnorm / (norm + 1e-7), at::ones_like(norm));
  copy_values(out, (self * factor).resolve_conj());
}

}  // namespace pharos::cpu

namespace pharos::backward {

Tensor renorm_backward(const Tensor& grad, const Tensor& self, const Scalar& p, int64_t dim,
                       const Scalar& maxnorm) {
  std::vector<int64_t> dims;
  const Tensor norm = ops::renorm_norm(self, p, dim, dims);
  // The norm is real, and so is its gradient.
  const Tensor dot = at::real((self.conj() * grad).sum(IntArrayRef(dims), true));
  const double pv = p.to<double>();
  // d norm / d self
  const Tensor safe = norm.masked_fill(norm == 0, 1.0);
  const Tensor unit =
      pv == 2 ? self / safe : self.sgn() * self.abs().pow(pv - 1) / safe.pow(pv - 1);
  const Tensor inv = (norm + 1e-7).reciprocal();
  const Tensor shrunk = maxnorm * inv * (grad - inv * dot * unit);
  return at::where(norm > maxnorm, shrunk, grad);
}

}  // namespace pharos::backward
