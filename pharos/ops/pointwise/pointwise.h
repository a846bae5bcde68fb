// Shape rules of pointwise operators and the functions that their gradients are made of.
#pragma once

#include <pharos/tensor_operators.h>

#include <array>
#include <cmath>
#include <optional>

#include "ops/index/index.h"
#include "ops/promotion.h"

namespace pharos::ops {

using at::string_view;
using OptionalScalar = std::optional<Scalar>;
using OptionalTensor = std::optional<Tensor>;

// One input. `unary` keeps the dtype, `unary_float` turns integers into the default dtype,
// `predicate` gives bool, `real_predicate` does for real inputs only.
void unary(Out& out, const Tensor& self);
void unary_float(Out& out, const Tensor& self);
void predicate(Out& out, const Tensor& self);
void real_predicate(Out& out, const Tensor& self, const char* name);
// Complex inputs have real results.
void abs(Out& out, const Tensor& self);
void angle(Out& out, const Tensor& self);
void neg(Out& out, const Tensor& self);
void rounding(Out& out, const Tensor& self);
void sign(Out& out, const Tensor& self);
void signbit(Out& out, const Tensor& self);
void degrees(Out& out, const Tensor& self, const char* name);
void polygamma(Out& out, int64_t n, const Tensor& self);

// Two inputs: promoted; `binary_float` has no integer results, `comparison` has bool ones.
void binary(Out& out, const Tensor& self, const Tensor& other);
void binary(Out& out, const Tensor& self, const Scalar& other);
void binary(Out& out, const Scalar& self, const Tensor& other);
void binary_float(Out& out, const Tensor& self, const Tensor& other);
void binary_float(Out& out, const Tensor& self, const Scalar& other);
void binary_float(Out& out, const Scalar& self, const Tensor& other);
void comparison(Out& out, const Tensor& self, const Tensor& other);
void comparison(Out& out, const Tensor& self, const Scalar& other);
// Integers and bool only, as far as the dtype is known here: kernels refuse the others.
inline void bits(Out& out, const Tensor& self, const Tensor& other) { binary(out, self, other); }
inline void bits(Out& out, const Tensor& self, const Scalar& other) { binary(out, self, other); }

void add(Out& out, const Tensor& self, const Tensor& other, const Scalar& alpha);
void add(Out& out, const Tensor& self, const Scalar& other, const Scalar& alpha);
void sub(Out& out, const Tensor& self, const Tensor& other, const Scalar& alpha);
void sub(Out& out, const Tensor& self, const Scalar& other, const Scalar& alpha);
inline void rsub(Out& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  sub(out, self, other, alpha);
}
void div_mode(Out& out, const Tensor& self, const Tensor& other, std::optional<string_view> mode);
void div_mode(Out& out, const Tensor& self, const Scalar& other, std::optional<string_view> mode);
void pow_scalar(Out& out, const Tensor& self, const Scalar& exponent);
void clamp(Out& out, const Tensor& self, const OptionalScalar& min, const OptionalScalar& max);
void clamp(Out& out, const Tensor& self, const OptionalTensor& min, const OptionalTensor& max);
void clamp_min(Out& out, const Tensor& self, const Scalar& limit);
void clamp_max(Out& out, const Tensor& self, const Scalar& limit);
void clamp_limit(Out& out, const Tensor& self, const Tensor& limit);
void extremum(Out& out, const Tensor& self, const Tensor& other, const char* name);
void heaviside(Out& out, const Tensor& self, const Tensor& values);
void lerp(Out& out, const Tensor& self, const Tensor& end, const Scalar& weight);
void lerp(Out& out, const Tensor& self, const Tensor& end, const Tensor& weight);
void addcmul(Out& out, const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
             const Scalar& value);
void addcdiv(Out& out, const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
             const Scalar& value);

}  // namespace pharos::ops

namespace pharos::backward {

using at::Scalar;
using at::string_view;
using at::Tensor;

// grad * conj(x), as gradients of products are.
inline Tensor times_conj(const Tensor& grad, const Tensor& x) {
  return PHAROS_LIKELY(!x.is_complex()) ? grad * x : grad * x.conj();
}
// t * s, t itself for 1 (defined with the matrix products).
Tensor maybe_multiply(const Tensor& t, const Scalar& s);
template <typename T>
Tensor div_self_backward(const Tensor& grad, const T& other,
                         const std::optional<string_view>& mode) {
  return mode ? at::zeros_like(grad) : grad / other.conj();
}
Tensor div_other_backward(const Tensor& grad, const Tensor& self, const Tensor& other,
                          const std::optional<string_view>& mode = std::nullopt);
Tensor pow_backward(const Tensor& grad, const Tensor& self, const Scalar& exponent);
Tensor pow_backward_self(const Tensor& grad, const Tensor& self, const Tensor& exponent);
Tensor pow_backward_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                             const Tensor& result);
Tensor pow_scalar_backward(const Tensor& grad, const Scalar& self, const Tensor& exponent,
                           const Tensor& result);
Tensor log1p_backward(const Tensor& grad, const Tensor& self);
Tensor acosh_backward(const Tensor& grad, const Tensor& self);
std::tuple<Tensor, Tensor> atan2_backward(const Tensor& grad, const Tensor& self,
                                          const Tensor& other);
Tensor sinc_backward(const Tensor& grad, const Tensor& self);
Tensor mvlgamma_backward(const Tensor& grad, const Tensor& self, int64_t p);
Tensor logit_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                             std::optional<double> eps);
Tensor i1_backward(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor sgn_backward(const Tensor& self, const Tensor& grad, const Tensor& sgn);
Tensor angle_backward(const Tensor& grad, const Tensor& self);
Tensor copysign_backward(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor clamp_backward(const Tensor& grad, const Tensor& self, const std::optional<Scalar>& min,
                      const std::optional<Scalar>& max);
Tensor clamp_backward(const Tensor& grad, const Tensor& self, const Tensor& min, const Tensor& max);
std::tuple<Tensor, Tensor> clamp_backward_min_max(const Tensor& grad, const Tensor& self,
                                                  const Tensor& min, const Tensor& max,
                                                  const std::array<bool, 2>& needs);
// The gradient goes to the chosen input, half to each where they are equal.
Tensor larger_backward(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor smaller_backward(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor fmax_backward(const Tensor& grad, const Tensor& self, const Tensor& other, bool first);
Tensor fmin_backward(const Tensor& grad, const Tensor& self, const Tensor& other, bool first);
Tensor lerp_scalar_backward(const Tensor& grad, const Scalar& weight);
Tensor xlogy_scalar_backward(const Tensor& grad, const Tensor& self, const Scalar& other);

}  // namespace pharos::backward
