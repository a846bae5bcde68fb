// Composite pointwise operators and gradient functions.
#include "ops/pointwise/pointwise.h"

#include <cmath>

#include "ops/pointwise_decls.h"

namespace pharos::ops {

Tensor positive(const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(self.scalar_type() != c10::kBool,
                              "The `+` operator, on a bool tensor is not supported.");
  return self;
}

Tensor square(const Tensor& self) { return at::pow(self, 2); }

Tensor remainder(const Scalar& self, const Tensor& other) {
  return at::remainder(wrapped_scalar(self), other);
}

namespace {

ScalarType power_type(bool is_complex) { return is_complex ? c10::kComplexDouble : c10::kDouble; }

void check_power_base(const Tensor& self, ScalarType needed) {
  TORCH_CHECK(self.scalar_type() == needed, "the base given to float_power_ has dtype ",
              self.scalar_type(), " but the operation's result requires dtype ", needed);
}

}  // namespace

Tensor float_power(const Tensor& self, const Tensor& exponent) {
  const ScalarType t = power_type(self.is_complex() || exponent.is_complex());
  return at::pow(self.to(t), exponent.to(t));
}
Tensor float_power(const Scalar& self, const Tensor& exponent) {
  const ScalarType t = power_type(self.isComplex() || exponent.is_complex());
  const Scalar base = self.isComplex() ? self : Scalar(self.toDouble());
  return at::pow(base, exponent.to(t));
}
Tensor float_power(const Tensor& self, const Scalar& exponent) {
  const ScalarType t = power_type(self.is_complex() || exponent.isComplex());
  const Scalar e = exponent.isComplex() ? exponent : Scalar(exponent.toDouble());
  return at::pow(self.to(t), e);
}
Tensor& float_power_(Tensor& self, const Tensor& exponent) {
  const ScalarType t = power_type(self.is_complex() || exponent.is_complex());
  check_power_base(self, t);
  return self.pow_(exponent.to(t));
}
Tensor& float_power_(Tensor& self, const Scalar& exponent) {
  check_power_base(self, power_type(self.is_complex() || exponent.isComplex()));
  return self.pow_(exponent.isComplex() ? exponent : Scalar(exponent.toDouble()));
}

Tensor& polygamma_(Tensor& self, int64_t n) { return self.copy_(at::polygamma(n, self)); }

Tensor mvlgamma(const Tensor& self, int64_t p) {
  TORCH_CHECK(self.scalar_type() != c10::kBool, "The input tensor may not be a boolean tensor.");
  TORCH_CHECK(p >= 1, "p has to be greater than or equal to 1");
  const ScalarType t = to_float_type(self.scalar_type());
  const auto count = static_cast<double>(p);
  const Tensor steps =
      at::arange(-count / 2 + 0.5, 0.5, 0.5, at::TensorOptions(t).device(self.device()));
  const Tensor sum = (self.to(t).unsqueeze(-1) + steps).lgamma().sum(-1);
  return sum + count * (count - 1) / 4 * std::log(M_PI);
}

Tensor ldexp(const Tensor& self, const Tensor& other) { return at::mul(self, at::pow(2.0, other)); }
Tensor& ldexp_(Tensor& self, const Tensor& other) { return self.mul_(at::pow(2.0, other)); }

}  // namespace pharos::ops

namespace pharos::backward {

using namespace at;  // NOLINT: formulas read like the field's own

Tensor div_other_backward(const Tensor& grad, const Tensor& self, const Tensor& other,
                          const std::optional<string_view>& mode) {
  if (mode) return zeros_like(grad);
  return -grad * ((self / other) / other).conj();
}

Tensor pow_backward(const Tensor& grad, const Tensor& self, const Scalar& exponent) {
  if (!exponent.isComplex() && exponent.toDouble() == 0) return zeros_like(self);
  const Scalar less = exponent.isComplex()
                          ? Scalar(exponent.toComplexDouble() - c10::complex<double>(1))
                      : exponent.isIntegral(true) ? Scalar(exponent.toLong() - 1)
                                                  : Scalar(exponent.toDouble() - 1);
  return grad * (exponent * self.pow(less)).conj();
}

Tensor pow_backward_self(const Tensor& grad, const Tensor& self, const Tensor& exponent) {
  return where(exponent == 0.0, 0, grad * (exponent * self.pow(exponent - 1)).conj());
}

Tensor pow_backward_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                             const Tensor& result) {
  // 0 to a non-negative power does not change with the exponent.
  const Tensor zero_base =
      exponent.is_complex() ? (self == 0) & (real(exponent) >= 0) : (self == 0) & (exponent >= 0);
  return grad * where(zero_base, 0, (result * self.log())).conj();
}

Tensor pow_scalar_backward(const Tensor& grad, const Scalar& self, const Tensor& exponent,
                           const Tensor& result) {
  const bool zero = !self.isComplex() && self.toDouble() == 0;
  if (zero) {
    const Tensor keep = exponent.is_complex() ? real(exponent) >= 0 : exponent >= 0;
    return grad * where(keep, 0, result * wrapped_scalar(Scalar(self.toDouble())).log()).conj();
  }
  return grad *
         (result * wrapped_scalar(self.isComplex() ? self : Scalar(self.toDouble())).log()).conj();
}

Tensor log1p_backward(const Tensor& grad, const Tensor& self) { return grad / (self + 1).conj(); }

Tensor acosh_backward(const Tensor& grad, const Tensor& self) {
  if (self.is_complex()) return grad * ((self + 1).rsqrt() * (self - 1).rsqrt()).conj();
  return grad * (self * self - 1).rsqrt();
}

std::tuple<Tensor, Tensor> atan2_backward(const Tensor& grad, const Tensor& self,
                                          const Tensor& other) {
  const Tensor squares = self * self + other * other;
  const Tensor scaled = grad * where(squares == 0, 0, squares.reciprocal());
  return {scaled * other, scaled * -self};
}

Tensor sinc_backward(const Tensor& grad, const Tensor& self) {
  const Tensor x = self * M_PI;
  const Tensor squared = self * self * M_PI;
  const Tensor slope = grad * ((x * x.cos() - x.sin()) / squared).conj();
  return where(squared == 0.0, 0, slope);
}

Tensor mvlgamma_backward(const Tensor& grad, const Tensor& self, int64_t p) {
  Tensor sum;
  for (int64_t i = 0; i < p; ++i) {
    const Tensor term = digamma(self - 0.5 * static_cast<double>(i));
    sum = sum.defined() ? sum + term : term;
  }
  return grad * sum;
}

Tensor logit_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                             std::optional<double> eps) {
  const Tensor x = self;
  const Tensor slope = (2 * x - 1) / (x * (1 - x)).pow(2);
  Tensor result = grad * grad_output * slope;
  if (eps) result = where((x < *eps) | (x > 1 - *eps), 0, result);
  return result;
}

Tensor i1_backward(const Tensor& grad, const Tensor& self, const Tensor& result) {
  // The limit at zero of I0(x) - I1(x) / x.
  const Tensor safe = where(self.abs() > 1e-16, self, 1);
  return grad * where(self.abs() > 1e-16, i0(safe) - result / safe, 0.5);
}

Tensor sgn_backward(const Tensor& self, const Tensor& grad, const Tensor& sgn) {
  if (!self.is_complex()) return zeros_like(grad);
  const Tensor size = self.abs();
  return ((grad - real(grad * sgn.conj()) * sgn) / size).masked_fill(size == 0, 0);
}

Tensor angle_backward(const Tensor& grad, const Tensor& self) {
  if (!self.is_complex()) return zeros_like(self);
  const Tensor re = real(self), im = imag(self);
  const Tensor squares = re * re + im * im;
  const Tensor scaled = where(squares == 0, 0, grad / squares);
  return at::complex(-im * scaled, re * scaled);
}

Tensor copysign_backward(const Tensor& grad, const Tensor& self, const Tensor& result) {
  return grad * where(self == 0, 0, result / self);
}

Tensor clamp_backward(const Tensor& grad, const Tensor& self, const std::optional<Scalar>& min,
                      const std::optional<Scalar>& max) {
  if (min && max) return where((self >= *min) & (self <= *max), grad, 0);
  if (min) return where(self >= *min, grad, 0);
  if (max) return where(self <= *max, grad, 0);
  return grad;
}

Tensor clamp_backward(const Tensor& grad, const Tensor& self, const Tensor& min,
                      const Tensor& max) {
  if (min.defined() && max.defined()) return where((self >= min) & (self <= max), grad, 0);
  if (min.defined()) return where(self >= min, grad, 0);
  if (max.defined()) return where(self <= max, grad, 0);
  return grad;
}

std::tuple<Tensor, Tensor> clamp_backward_min_max(const Tensor& grad, const Tensor& self,
                                                  const Tensor& min, const Tensor& max,
                                                  const std::array<bool, 2>& needs) {
  Tensor to_min, to_max;
  if (needs[0] && min.defined())
    to_min = where(max.defined() ? (min < max) & (self < min) : self < min, grad, 0);
  if (needs[1] && max.defined())
    to_max = where(min.defined() ? (self > max) | (max < min) : self > max, grad, 0);
  return {to_min, to_max};
}

Tensor larger_backward(const Tensor& grad, const Tensor& self, const Tensor& other) {
  return where(self == other, grad / 2, grad).masked_fill(self < other, 0);
}
Tensor smaller_backward(const Tensor& grad, const Tensor& self, const Tensor& other) {
  return where(self == other, grad / 2, grad).masked_fill(self > other, 0);
}

Tensor fmax_backward(const Tensor& grad, const Tensor& self, const Tensor& other, bool first) {
  const Tensor halved = where(self == other, grad / 2, grad);
  if (first) return halved.masked_fill(((self >= other) | isnan(other)).logical_not(), 0);
  return halved.masked_fill((self > other) | isnan(other), 0);
}
Tensor fmin_backward(const Tensor& grad, const Tensor& self, const Tensor& other, bool first) {
  const Tensor halved = where(self == other, grad / 2, grad);
  if (first) return halved.masked_fill(((self <= other) | isnan(other)).logical_not(), 0);
  return halved.masked_fill((self < other) | isnan(other), 0);
}

Tensor lerp_scalar_backward(const Tensor& grad, const Scalar& weight) {
  if (weight.isComplex())
    return grad * Scalar(c10::complex<double>(1) - weight.conj().toComplexDouble());
  return grad * (1 - weight.toDouble());
}

Tensor xlogy_scalar_backward(const Tensor& grad, const Tensor& self, const Scalar& other) {
  const Tensor g = at::xlogy(grad, other);
  return other.toDouble() > 0 ? g : g.masked_fill(self == 0., 0.);
}

}  // namespace pharos::backward
