// Operators of the reduce family that are made of other operators.
#include "ops/reduce/reduce.h"

#include <pharos/ops/functions.h>

#include <cmath>

namespace pharos::ops {
namespace {

Scalar correction_of(bool unbiased) { return Scalar(unbiased ? 1 : 0); }

Tensor to_dtype(const Tensor& t, OptDtype dtype) { return dtype ? t.to(*dtype) : t; }

}  // namespace

Tensor logsumexp(const Tensor& self, IntArrayRef dim, bool keepdim) {
  const Tensor x =
      c10::isIntegralType(self.scalar_type(), true) ? self.to(c10::get_default_dtype()) : self;
  const uint64_t mask = dim_mask(dim, x.dim());
  if (x.numel() == 0) return at::log(at::sum(at::exp(x), dim, keepdim));
  (void)mask;
  Tensor top = at::amax(x.is_complex() ? at::real(x) : x, dim, true);
  top = at::where(at::eq(top.abs(), Scalar(INFINITY)), at::zeros_like(top), top);
  Tensor result = at::log(at::sum(at::exp(x.sub(top)), dim, true)).add(top);
  if (keepdim || x.dim() == 0) return result;
  return result.reshape(at::sum(x, dim, false).sizes());
}

Tensor trace(const Tensor& self) {
  TORCH_CHECK(self.dim() == 2, "trace: expected a matrix, but got tensor with dim ", self.dim());
  return at::diagonal(self).sum();
}

bool equal(const Tensor& self, const Tensor& other) {
  if (!self.sizes().equals(other.sizes())) return false;
  return at::all(at::eq(self, other)).item().toBool();
}

bool is_same_size(const Tensor& self, const Tensor& other) {
  return self.sizes().equals(other.sizes());
}

bool is_nonzero(const Tensor& self) {
  TORCH_CHECK(self.numel() != 0, "Boolean value of Tensor with no values is ambiguous");
  TORCH_CHECK(self.numel() < 2, "Boolean value of Tensor with more than one value is ambiguous");
  const Scalar v = self.item();
  return v.isComplex() ? v.toComplexDouble() != c10::complex<double>(0, 0) : v.toDouble() != 0;
}

Tensor dist(const Tensor& self, const Tensor& other, const Scalar& p) {
  return at::norm(self.sub(other), p);
}

Tensor norm_dtype(const Tensor& self, const OptScalar& p, ScalarType dtype) {
  return at::linalg_vector_norm(self, p.value_or(2), std::nullopt, false, dtype);
}
Tensor norm_scalar(const Tensor& self, const Scalar& p) {
  return at::linalg_vector_norm(self, p, std::nullopt, false, std::nullopt);
}
Tensor norm_dim_dtype(const Tensor& self, const OptScalar& p, IntArrayRef dim, bool keepdim,
                      ScalarType dtype) {
  return at::linalg_vector_norm(self, p.value_or(2), dim, keepdim, dtype);
}
Tensor norm_dim(const Tensor& self, const OptScalar& p, IntArrayRef dim, bool keepdim) {
  return at::linalg_vector_norm(self, p.value_or(2), dim, keepdim, std::nullopt);
}

Tensor max_other(const Tensor& self, const Tensor& other) { return at::maximum(self, other); }
Tensor min_other(const Tensor& self, const Tensor& other) { return at::minimum(self, other); }

Tensor nanmean(const Tensor& self, OptionalIntArrayRef dim, bool keepdim, OptDtype dtype) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      self.is_floating_point() || self.is_complex(),
      "nanmean(): expected input to have floating point or complex dtype but got ",
      self.scalar_type());
  const Tensor count = at::sum(at::logical_not(at::isnan(self.detach())), dim, keepdim);
  return at::nansum(self, dim, keepdim, dtype).div(count);
}

Tensor std_all(const Tensor& self, bool unbiased) {
  return at::std(self, OptionalIntArrayRef(), correction_of(unbiased), false);
}
Tensor std_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased, bool keepdim) {
  return at::std(self, dim, correction_of(unbiased), keepdim);
}
Tensor var_all(const Tensor& self, bool unbiased) {
  return at::var(self, OptionalIntArrayRef(), correction_of(unbiased), false);
}
Tensor var_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased, bool keepdim) {
  return at::var(self, dim, correction_of(unbiased), keepdim);
}
std::tuple<Tensor, Tensor> std_mean_all(const Tensor& self, bool unbiased) {
  return at::std_mean(self, OptionalIntArrayRef(), correction_of(unbiased), false);
}
std::tuple<Tensor, Tensor> std_mean_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased,
                                        bool keepdim) {
  return at::std_mean(self, dim, correction_of(unbiased), keepdim);
}
std::tuple<Tensor, Tensor> var_mean_all(const Tensor& self, bool unbiased) {
  return at::var_mean(self, OptionalIntArrayRef(), correction_of(unbiased), false);
}
std::tuple<Tensor, Tensor> var_mean_dim(const Tensor& self, OptionalIntArrayRef dim, bool unbiased,
                                        bool keepdim) {
  return at::var_mean(self, dim, correction_of(unbiased), keepdim);
}

Tensor frobenius_norm_dim(const Tensor& self, IntArrayRef dim, bool keepdim) {
  return at::linalg_vector_norm(self, 2, dim, keepdim, std::nullopt);
}

Tensor count_nonzero_opt(const Tensor& self, std::optional<int64_t> dim) {
  if (dim) return at::count_nonzero(self, IntArrayRef(*dim));
  return at::count_nonzero(self, IntArrayRef());
}

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  return at::all(at::isclose(self, other, rtol, atol, equal_nan)).item().toBool();
}

Tensor linalg_norm(const Tensor& self, const OptScalar& ord, OptionalIntArrayRef dim, bool keepdim,
                   OptDtype dtype) {
  if (dim) {
    TORCH_CHECK(dim->size() == 1 || dim->size() == 2,
                "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ", *dim);
  } else if (ord) {
    TORCH_CHECK(self.dim() == 1 || self.dim() == 2,
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ",
                self.dim(), "D.");
  }
  const bool matrix = ord && (dim ? dim->size() == 2 : self.dim() == 2);
  if (matrix) {
    static const int64_t both[] = {0, 1};
    return at::linalg_matrix_norm(self, *ord, dim ? *dim : IntArrayRef(both, 2), keepdim, dtype);
  }
  return at::linalg_vector_norm(self, ord.value_or(2), dim, keepdim, dtype);
}

Tensor linalg_norm_str(const Tensor& self, c10::string_view ord, OptionalIntArrayRef dim,
                       bool keepdim, OptDtype dtype) {
  if (dim) {
    TORCH_CHECK(dim->size() == 1 || dim->size() == 2,
                "linalg.norm: If dim is specified, it must be of length 1 or 2. Got ", *dim);
  } else {
    TORCH_CHECK(self.dim() == 1 || self.dim() == 2,
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got ",
                self.dim(), "D.");
  }
  static const int64_t both[] = {0, 1};
  return at::linalg_matrix_norm(self, ord, dim ? *dim : IntArrayRef(both, 2), keepdim, dtype);
}

namespace {

void check_matrix(const Tensor& self, IntArrayRef dim) {
  TORCH_CHECK(self.dim() >= 2,
              "linalg.matrix_norm: The input tensor A must have at least 2 "
              "dimensions.");
  std::string listed;
  for (const int64_t d : dim) listed += (listed.empty() ? "" : " ") + std::to_string(d);
  TORCH_CHECK(dim.size() == 2, "linalg.matrix_norm: dim must be a 2-tuple. Got ", listed);
  const int64_t a = wrapped_dim(dim[0], self.dim()), b = wrapped_dim(dim[1], self.dim());
  TORCH_CHECK(a != b, "linalg.matrix_norm: dims must be different. Got (", dim[0], ", ", dim[1],
              ")");
}

Tensor singular_values(const Tensor& a, IntArrayRef dim) {
  TORCH_CHECK_NOT_IMPLEMENTED(!c10::isReducedFloatingType(a.scalar_type()),
                              "linalg.matrix_norm: Low precision dtypes not supported. Got ",
                              a.scalar_type());
  return at::linalg_svdvals(at::movedim(a, dim, {-2, -1}), std::nullopt);
}

Tensor with_kept_dims(Tensor t, const Tensor& self, IntArrayRef dim) {
  int64_t a = wrapped_dim(dim[0], self.dim()), b = wrapped_dim(dim[1], self.dim());
  if (a > b) std::swap(a, b);
  return t.unsqueeze(a).unsqueeze(b);
}

}  // namespace

Tensor linalg_matrix_norm(const Tensor& self, const Scalar& ord, IntArrayRef dim, bool keepdim,
                          OptDtype dtype) {
  check_matrix(self, dim);
  const double p = ord.toDouble(), size = std::abs(p);
  TORCH_CHECK(size == 1 || size == 2 || size == INFINITY, "linalg.matrix_norm: Order ", ord,
              " not supported.");
  const Tensor a = to_dtype(self, dtype);
  const bool largest = p > 0;
  if (size == 2) {
    const Tensor s = singular_values(a, dim);
    // Of no values the largest is zero; a least one there is not.
    const Tensor r = !largest          ? at::amin(s, {-1}, false)
                     : s.size(-1) == 0 ? s.sum(-1)
                                       : at::amax(s, {-1}, false);
    return keepdim ? with_kept_dims(r, self, dim) : r;
  }
  int64_t summed = wrapped_dim(dim[size == 1 ? 0 : 1], a.dim());
  int64_t chosen = wrapped_dim(dim[size == 1 ? 1 : 0], a.dim());
  if (!keepdim && chosen > summed) --chosen;
  const Tensor sums = at::linalg_vector_norm(a, 1, {summed}, keepdim, std::nullopt);
  return largest ? at::amax(sums, {chosen}, keepdim) : at::amin(sums, {chosen}, keepdim);
}

Tensor linalg_matrix_norm_str(const Tensor& self, c10::string_view ord, IntArrayRef dim,
                              bool keepdim, OptDtype dtype) {
  check_matrix(self, dim);
  TORCH_CHECK(ord == "fro" || ord == "nuc", "linalg.matrix_norm: Order ", std::string(ord),
              " not supported.");
  if (ord == "fro") return at::linalg_vector_norm(self, 2, dim, keepdim, dtype);
  const Tensor r = singular_values(to_dtype(self, dtype), dim).sum(-1, false);
  return keepdim ? with_kept_dims(r, self, dim) : r;
}

Tensor nuclear_norm(const Tensor& self, bool keepdim) {
  return at::linalg_matrix_norm(self, c10::string_view("nuc"), {-2, -1}, keepdim, std::nullopt);
}
Tensor nuclear_norm_dim(const Tensor& self, IntArrayRef dim, bool keepdim) {
  return at::linalg_matrix_norm(self, c10::string_view("nuc"), dim, keepdim, std::nullopt);
}

Tensor diff(const Tensor& self, int64_t n, int64_t dim, const std::optional<Tensor>& prepend,
            const std::optional<Tensor>& append) {
  TORCH_CHECK(self.dim() >= 1, "diff expects input to be at least one-dimensional");
  const int64_t d = wrapped_dim(dim, self.dim());
  const bool before = prepend && prepend->defined(), after = append && append->defined();
  for (const auto* extra : {&prepend, &append}) {
    if (!*extra || !(*extra)->defined()) continue;
    TORCH_CHECK((*extra)->dim() == self.dim(),
                "diff expects prepend or append to be the same dimension as input");
    for (int64_t i = 0; i < self.dim(); ++i) {
      TORCH_CHECK(i == d || (*extra)->size(i) == self.size(i),
                  "diff expects the shape of tensor to prepend or append to match that of input "
                  "except along the differencing dimension; input.size(",
                  i, ") = ", self.size(i), ", but got tensor.size(", i, ") = ", (*extra)->size(i));
    }
  }
  TORCH_CHECK(n >= 0, "order must be non-negative but got ", n);
  Tensor x = self;
  if (before && after)
    x = at::cat({*prepend, self, *append}, d);
  else if (before)
    x = at::cat({*prepend, self}, d);
  else if (after)
    x = at::cat({self, *append}, d);
  if (n > x.size(d)) n = x.size(d);
  if (n == 0) return x.is_same(self) ? at::zeros_like(self).copy_(self) : x;
  for (; n > 0; --n) {
    const int64_t size = x.size(d) - 1;
    const Tensor hi = x.narrow(d, 1, size), lo = x.narrow(d, 0, size);
    x = x.scalar_type() == c10::kBool ? at::logical_xor(hi, lo) : hi.sub(lo);
  }
  return x;
}

Tensor norm_except_dim(const Tensor& v, int64_t pow, int64_t dim) {
  if (dim == -1) return v.norm(pow);
  TORCH_CHECK(dim == 0 || dim == v.dim() - 1, "norm_except_dim: dim must be -1, 0 or the last dim");
  std::vector<int64_t> shape(static_cast<size_t>(v.dim()), 1);
  if (dim == 0) {
    shape.front() = v.size(0);
    return v.contiguous().view({v.size(0), -1}).norm(Scalar(pow), 1).view(shape);
  }
  shape.back() = v.size(-1);
  return v.contiguous().view({-1, v.size(-1)}).norm(Scalar(pow), 0).view(shape);
}

namespace {

// Dims of size one in front, until `t` has as many dims as asked for.
Tensor add_padding(const Tensor& t, int64_t ndim) {
  Tensor r = t;
  while (r.dim() < ndim) r = r.unsqueeze(0);
  return r;
}

Tensor pair_sums(const Tensor& y, int64_t dim) { return y.slice(dim, 1).add(y.slice(dim, 0, -1)); }

// Distances of sample points, shaped to go with y.
Tensor distances(const Tensor& y, const Tensor& x, int64_t dim, const char* name) {
  TORCH_CHECK(y.scalar_type() != c10::kBool && x.scalar_type() != c10::kBool, name,
              ": received a bool input for `x` or `y`, but bool is not supported");
  if (x.dim() == 1) {
    TORCH_CHECK(x.size(0) == y.size(dim), name,
                ": There must be one `x` value for each sample point");
    std::vector<int64_t> shape(static_cast<size_t>(y.dim()), 1);
    shape[static_cast<size_t>(wrapped_dim(dim, y.dim()))] = x.size(0);
    const Tensor v = x.view(shape);
    return v.slice(dim, 1).sub(v.slice(dim, 0, -1));
  }
  if (x.dim() < y.dim()) {
    const Tensor v = add_padding(x, y.dim());
    return v.slice(dim, 1).sub(v.slice(dim, 0, -1));
  }
  TORCH_CHECK(x.size(dim) == y.size(dim), name,
              ": There must be one `x` value for each sample point");
  return x.slice(dim, 1).sub(x.slice(dim, 0, -1));
}

void check_no_bool(const Tensor& y, const char* name) {
  TORCH_CHECK(y.scalar_type() != c10::kBool, name,
              ": received a bool input for `y`, but bool is not supported");
}

Tensor zeros_like_except(const Tensor& y, int64_t dim) {
  std::vector<int64_t> sizes = y.sizes().vec();
  sizes.erase(sizes.begin() + wrapped_dim(dim, y.dim()));
  return at::zeros(sizes, y.options());
}

}  // namespace

Tensor trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim) {
  wrapped_dim(dim, y.dim());
  if (y.size(dim) == 0) return zeros_like_except(y, dim);
  return pair_sums(y, dim).mul(distances(y, x, dim, "trapezoid")).sum(dim).div(2.);
}
Tensor trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim) {
  wrapped_dim(dim, y.dim());
  if (y.size(dim) == 0) return zeros_like_except(y, dim);
  check_no_bool(y, "trapezoid");
  TORCH_CHECK(!(dx.isComplex() || dx.isBoolean()),
              "trapezoid: Currently, we only support dx as a real number.");
  return y.sum(dim).sub(y.select(dim, 0).add(y.select(dim, -1)).mul(0.5)).mul(dx);
}
Tensor trapz_x(const Tensor& y, const Tensor& x, int64_t dim) { return at::trapezoid(y, x, dim); }
Tensor trapz_dx(const Tensor& y, double dx, int64_t dim) { return at::trapezoid(y, dx, dim); }

Tensor cumulative_trapezoid_x(const Tensor& y, const Tensor& x, int64_t dim) {
  wrapped_dim(dim, y.dim());
  const Tensor widths = distances(y, x, dim, "cumulative_trapezoid");
  return pair_sums(y, dim).mul(widths).cumsum(dim).div(2.);
}
Tensor cumulative_trapezoid_dx(const Tensor& y, const Scalar& dx, int64_t dim) {
  wrapped_dim(dim, y.dim());
  check_no_bool(y, "cumulative_trapezoid");
  TORCH_CHECK(!(dx.isComplex() || dx.isBoolean()),
              "cumulative_trapezoid: Currently, we only support dx as a real number.");
  return pair_sums(y, dim).cumsum(dim).mul(dx.toDouble() / 2.);
}

Tensor cov(const Tensor& self, int64_t correction, const std::optional<Tensor>& fweights,
           const std::optional<Tensor>& aweights) {
  TORCH_CHECK(self.dim() <= 2,
              "cov(): expected input to have two or fewer dimensions but got an input with ",
              self.dim(), " dimensions");
  TORCH_CHECK(self.scalar_type() != c10::kBool, "cov(): bool dtype is not supported for input");
  const Tensor in = self.dim() < 2 ? self.reshape({1, -1}) : self;
  const int64_t n = in.size(1);
  Tensor w;
  if (fweights && fweights->defined()) {
    const Tensor& f = *fweights;
    TORCH_CHECK(f.dim() <= 1,
                "cov(): expected fweights to have one or fewer dimensions but got "
                "fweights with ",
                f.dim(), " dimensions");
    TORCH_CHECK(c10::isIntegralType(f.scalar_type(), false),
                "cov(): expected fweights to have integral dtype but got fweights with ",
                f.scalar_type(), " dtype");
    TORCH_CHECK(f.numel() == n,
                "cov(): expected fweights to have the same numel as there are "
                "observations in the input but got ",
                f.numel(), " != ", n);
    TORCH_CHECK(n == 0 || f.min().item().toDouble() >= 0, "cov(): fweights cannot be negative");
    w = f;
  }
  if (aweights && aweights->defined()) {
    const Tensor& a = *aweights;
    TORCH_CHECK(a.dim() <= 1,
                "cov(): expected aweights to have one or fewer dimensions but got "
                "aweights with ",
                a.dim(), " dimensions");
    TORCH_CHECK(a.is_floating_point(),
                "cov(): expected aweights to have floating point dtype but got aweights with ",
                a.scalar_type(), " dtype");
    TORCH_CHECK(a.numel() == n,
                "cov(): expected aweights to have the same numel as there are "
                "observations in the input but got ",
                a.numel(), " != ", n);
    TORCH_CHECK(n == 0 || a.min().item().toDouble() >= 0, "cov(): aweights cannot be negative");
    w = w.defined() ? w.mul(a) : a;
  }
  const Tensor w_sum = w.defined() ? w.sum() : at::scalar_tensor(n, at::kLong);
  TORCH_CHECK(!w.defined() || w_sum.item().toDouble() != 0,
              "cov(): weights sum to zero, can't be normalized");
  const Tensor mean = w.defined() ? in.mul(w).sum(1).div(w_sum) : in.sum(1).div(w_sum);
  Tensor norm;
  if (w.defined() && aweights && aweights->defined() && correction != 0) {
    norm = w_sum.sub(w.mul(*aweights).sum().mul(correction).div(w_sum));
  } else {
    norm = w_sum.sub(correction);
  }
  if (norm.item().toDouble() <= 0) {
    TORCH_WARN(
        "cov(): degrees of freedom is <= 0. Correction should be strictly less than the "
        "number of observations.");
    norm = at::zeros_like(norm);
  }
  const Tensor centred = in.sub(mean.unsqueeze(1));
  const Tensor c = at::mm(centred, (w.defined() ? centred.mul(w) : centred).t().conj());
  return at::true_divide(c, norm).squeeze();
}

Tensor corrcoef(const Tensor& self) {
  TORCH_CHECK(self.dim() <= 2,
              "corrcoef(): expected input to have two or fewer dimensions but got an input with ",
              self.dim(), " dimensions");
  Tensor c = at::cov(self);
  if (c.dim() == 0) return c.div(c);
  const Tensor d = c.diag();
  const Tensor deviation = at::sqrt(d.is_complex() ? at::real(d) : d);
  c = c.div(deviation.view({-1, 1})).div(deviation.view({1, -1}));
  return c.is_complex() ? at::complex(at::real(c).clamp(-1, 1), at::imag(c).clamp(-1, 1))
                        : c.clamp(-1, 1);
}

}  // namespace pharos::ops
