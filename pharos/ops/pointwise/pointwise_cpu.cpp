// CPU kernels of pointwise operators: each picks a table of loops and its parameters.
#include "kernels/cpu/pointwise_ops.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/loops_scalar.h"
#include "kernels/cpu/pointwise_params.h"
#include "ops/pointwise_decls.h"
#include "ops/promotion.h"

namespace pharos::cpu {
namespace {

using at::Scalar;

void binary(Op op, const Tensor& out, const Tensor& a, const Tensor& b) {
  binary_loop(op_table(op), out, a, b);
}
void binary(Op op, const Tensor& out, const Tensor& a, const Scalar& b) {
  binary_loop(op_table(op), out, a, wrapped_scalar(b));
}
void binary(Op op, const Tensor& out, const Scalar& a, const Tensor& b) {
  binary_loop(op_table(op), out, wrapped_scalar(a), b);
}

bool is_one(const Scalar& s) { return s.isIntegral(false) && s.toLong() == 1; }

// The number as PyTorch's sums of halves have it.
Scalar rounded(const Scalar& s, ScalarType type) {
  if (type == ScalarType::Half) return static_cast<float>(s.to<c10::Half>());
  if (type == ScalarType::BFloat16) return static_cast<float>(s.to<c10::BFloat16>());
  return s;
}

// a + alpha * b
void add_scaled(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (PHAROS_LIKELY(is_one(alpha))) return binary_loop(op_table(Op::kAdd), out, a, b);
  const ScalarType type = out.scalar_type();
  const ScalarParam p(rounded(alpha, type), compute_type(type));
  binary_loop(op_table(Op::kAddAlpha), out, a, b, p.get());
}
void sub_scaled(const Tensor& out, const Tensor& a, const Tensor& b, const Scalar& alpha) {
  if (PHAROS_LIKELY(is_one(alpha))) return binary_loop(op_table(Op::kSub), out, a, b);
  add_scaled(out, a, b, -alpha);
}

void unary_of(Op op, const Tensor& out, const Tensor& a) { unary_loop(op_table(op), out, a); }

// Real results of complex inputs.
void real_unary(Op op, const Tensor& out, const Tensor& a) {
  if (!a.is_complex()) return unary_loop(op_table(op), out, a);
  const OpTable& table = op_table(op);
  const Operand ops[] = {{&out, out.scalar_type()}, {&a, a.scalar_type()}};
  run_loop(find_loop(table, a.scalar_type()), ops, 1, 1, nullptr, 4);
}

void check_real(const Tensor& t, const char* name) {
  TORCH_CHECK_NOT_IMPLEMENTED(!t.is_complex(), name, " is not supported for complex inputs");
}

// Three inputs in out's dtype.
void ternary(Op op, const Tensor& out, const Tensor& a, const Tensor& b, const Tensor& c,
             const void* params = nullptr) {
  const ScalarType t = out.scalar_type(), k = compute_type(t);
  const OpTable& table = op_table(op);
  const Operand ops[] = {{&out, k}, {&a, k}, {&b, k}, {&c, k}};
  run_loop(find_loop(table, t), ops, 1, 3, params, table.cost);
}

double value_of(const Scalar& s) { return s.toDouble(); }

// Powers of one exponent that are cheaper than pow, and what PyTorch computes for them.
bool simple_power(const Tensor& out, const Tensor& a, const Scalar& exponent) {
  if (exponent.isComplex()) return false;
  const double e = value_of(exponent);
  const ScalarType t = out.scalar_type();
  if (e == 0) return fill_value(out, 1), true;
  if (e == 1) return copy_values(out, a), true;
  if (e == 2) return unary_of(Op::kSquare, out, a), true;
  if (e == 3) return unary_of(Op::kCube, out, a), true;
  if (isIntegralType(t, true) || isComplexType(t)) return false;
  if (e == 0.5) return unary_of(Op::kSqrt, out, a), true;
  if (e == -0.5) return unary_of(Op::kRsqrt, out, a), true;
  if (e == -1) return unary_of(Op::kReciprocal, out, a), true;
  return false;
}

template <template <class> class P, class F>
void with_float_params(Op op, const Tensor& out, const Tensor& a, F&& fill) {
  if (compute_type(out.scalar_type()) == c10::kDouble) {
    const P<double> p = fill(double());
    unary_loop(op_table(op), out, a, &p);
  } else {
    const P<float> p = fill(float());
    unary_loop(op_table(op), out, a, &p);
  }
}

}  // namespace

#define PHAROS_UNARY_KERNEL(name, Op_) \
  void name##_kernel(const Tensor& out, const Tensor& self) { unary_of(Op::Op_, out, self); }
PHAROS_UNARY_KERNEL(neg, kNeg)
PHAROS_UNARY_KERNEL(sqrt, kSqrt)
PHAROS_UNARY_KERNEL(rsqrt, kRsqrt)
PHAROS_UNARY_KERNEL(reciprocal, kReciprocal)
PHAROS_UNARY_KERNEL(exp, kExp)
PHAROS_UNARY_KERNEL(exp2, kExp2)
PHAROS_UNARY_KERNEL(expm1, kExpm1)
PHAROS_UNARY_KERNEL(log, kLog)
PHAROS_UNARY_KERNEL(log2, kLog2)
PHAROS_UNARY_KERNEL(log10, kLog10)
PHAROS_UNARY_KERNEL(log1p, kLog1p)
PHAROS_UNARY_KERNEL(sin, kSin)
PHAROS_UNARY_KERNEL(cos, kCos)
PHAROS_UNARY_KERNEL(tan, kTan)
PHAROS_UNARY_KERNEL(asin, kAsin)
PHAROS_UNARY_KERNEL(acos, kAcos)
PHAROS_UNARY_KERNEL(atan, kAtan)
PHAROS_UNARY_KERNEL(sinh, kSinh)
PHAROS_UNARY_KERNEL(cosh, kCosh)
PHAROS_UNARY_KERNEL(tanh, kTanh)
PHAROS_UNARY_KERNEL(asinh, kAsinh)
PHAROS_UNARY_KERNEL(acosh, kAcosh)
PHAROS_UNARY_KERNEL(atanh, kAtanh)
PHAROS_UNARY_KERNEL(sinc, kSinc)
PHAROS_UNARY_KERNEL(erf, kErf)
PHAROS_UNARY_KERNEL(erfc, kErfc)
PHAROS_UNARY_KERNEL(erfinv, kErfinv)
PHAROS_UNARY_KERNEL(lgamma, kLgamma)
PHAROS_UNARY_KERNEL(digamma, kDigamma)
PHAROS_UNARY_KERNEL(i0, kI0)
PHAROS_UNARY_KERNEL(i1, kI1)
PHAROS_UNARY_KERNEL(sigmoid, kSigmoid)
PHAROS_UNARY_KERNEL(frac, kFrac)
PHAROS_UNARY_KERNEL(sign, kSign)
PHAROS_UNARY_KERNEL(sgn, kSgn)
PHAROS_UNARY_KERNEL(round, kRound)
#undef PHAROS_UNARY_KERNEL

void abs_kernel(const Tensor& out, const Tensor& self) { real_unary(Op::kAbs, out, self); }

#define PHAROS_ROUNDING_KERNEL(name, Op_)                     \
  void name##_kernel(const Tensor& out, const Tensor& self) { \
    check_real(self, #name);                                  \
    unary_of(Op::Op_, out, self);                             \
  }
PHAROS_ROUNDING_KERNEL(floor, kFloor)
PHAROS_ROUNDING_KERNEL(ceil, kCeil)
PHAROS_ROUNDING_KERNEL(trunc, kTrunc)
#undef PHAROS_ROUNDING_KERNEL

void round_decimals_kernel(const Tensor& out, const Tensor& self, int64_t decimals) {
  with_float_params<RoundParams>(Op::kRoundDecimals, out, self, [&](auto t) {
    using T = decltype(t);
    const double factor = std::pow(10.0, static_cast<double>(decimals < 0 ? -decimals : decimals));
    return RoundParams<T>{static_cast<T>(factor), decimals < 0};
  });
}

void signbit_kernel(const Tensor& out, const Tensor& self) {
  if (self.scalar_type() == c10::kBool) return fill_zero(out);
  predicate_loop(op_table(Op::kSignbit), out, self);
}

void polygamma_kernel(const Tensor& out, int64_t n, const Tensor& self) {
  if (n == 0) return unary_of(Op::kDigamma, out, self);
  if (n == 1) return unary_of(Op::kTrigamma, out, self);
  unary_loop(op_table(Op::kPolygamma), out, self, &n);
}

void logit_kernel(const Tensor& out, const Tensor& self, std::optional<double> eps) {
  const double e = eps.value_or(-1.0);
  unary_loop(op_table(Op::kLogit), out, self, &e);
}
void logit_backward_kernel(const Tensor& out, const Tensor& grad_output, const Tensor& self,
                           std::optional<double> eps) {
  const double e = eps.value_or(-1.0);
  binary_loop(op_table(Op::kLogitBackward), out, grad_output, self, &e);
}

void nan_to_num_kernel(const Tensor& out, const Tensor& self, std::optional<double> nan,
                       std::optional<double> posinf, std::optional<double> neginf) {
  if (isIntegralType(self.scalar_type(), true)) return copy_values(out, self);
  const ScalarType real = toRealValueType(self.scalar_type());
  const double most = real == c10::kHalf       ? 65504.0
                      : real == c10::kBFloat16 ? 3.38953138925153547590e38
                      : real == c10::kFloat    ? std::numeric_limits<float>::max()
                                               : std::numeric_limits<double>::max();
  const auto fill = [&](auto t) {
    using T = decltype(t);
    return NanParams<T>{static_cast<T>(nan.value_or(0)), static_cast<T>(posinf.value_or(most)),
                        static_cast<T>(neginf.value_or(-most))};
  };
  if (!self.is_complex()) return with_float_params<NanParams>(Op::kNanToNum, out, self, fill);
  // Both parts of complex numbers, seen as real ones.
  const auto parts = [&](const Tensor& t) {
    std::vector<int64_t> sizes = t.sizes().vec(), strides = t.strides().vec();
    for (int64_t& s : strides) s *= 2;
    sizes.push_back(2);
    strides.push_back(1);
    const TensorImpl* impl = t.unsafeGetTensorImpl();
    return view_on(impl->storage, impl->data - static_cast<char*>(impl->storage->data_), sizes,
                   strides, real);
  };
  with_float_params<NanParams>(Op::kNanToNum, parts(out), parts(self), fill);
}

void deg2rad_kernel(const Tensor& out, const Tensor& self) {
  binary(Op::kMul, out, self, Scalar(0.017453292519943295769236907684886));
}
void rad2deg_kernel(const Tensor& out, const Tensor& self) {
  binary(Op::kMul, out, self, Scalar(57.295779513082320876798154814105));
}

void add_kernel(const Tensor& out, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  add_scaled(out, self, other, alpha);
}
void add_kernel(const Tensor& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  add_scaled(out, self, wrapped_scalar(other), alpha);
}
void sub_kernel(const Tensor& out, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  sub_scaled(out, self, other, alpha);
}
void sub_kernel(const Tensor& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  sub_scaled(out, self, wrapped_scalar(other), alpha);
}
void rsub_kernel(const Tensor& out, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  sub_scaled(out, other, self, alpha);
}
void rsub_kernel(const Tensor& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  sub_scaled(out, wrapped_scalar(other), self, alpha);
}
void mul_kernel(const Tensor& out, const Tensor& self, const Tensor& other) {
  binary_loop(op_table(Op::kMul), out, self, other, nullptr, true);
}
void mul_kernel(const Tensor& out, const Tensor& self, const Scalar& other) {
  // In place PyTorch puts the number first, where it is rounded to the halves' dtype.
  binary_loop(op_table(Op::kMul), out, self, wrapped_scalar(other), nullptr, !out.is_same(self));
}
void div_kernel(const Tensor& out, const Tensor& self, const Tensor& other) {
  binary_loop(op_table(Op::kDiv), out, self, other, nullptr, true);
}
void div_kernel(const Tensor& out, const Tensor& self, const Scalar& other) {
  div_kernel(out, self, wrapped_scalar(other));
}
void div_mode_kernel(const Tensor& out, const Tensor& self, const Tensor& other,
                     std::optional<c10::string_view> mode) {
  if (!mode) return div_kernel(out, self, other);
  binary(*mode == "floor" ? Op::kDivFloor : Op::kDivTrunc, out, self, other);
}
void div_mode_kernel(const Tensor& out, const Tensor& self, const Scalar& other,
                     std::optional<c10::string_view> mode) {
  div_mode_kernel(out, self, wrapped_scalar(other), mode);
}

// Kernels of two tensors, and of a tensor and a number.
#define PHAROS_BINARY_KERNEL(name, Op_)                                            \
  void name##_kernel(const Tensor& out, const Tensor& self, const Tensor& other) { \
    binary(Op::Op_, out, self, other);                                             \
  }
#define PHAROS_NUMBER_KERNEL(name, Op_)                                            \
  PHAROS_BINARY_KERNEL(name, Op_)                                                  \
  void name##_kernel(const Tensor& out, const Tensor& self, const Scalar& other) { \
    binary(Op::Op_, out, self, other);                                             \
  }
PHAROS_NUMBER_KERNEL(floor_divide, kDivFloor)
PHAROS_NUMBER_KERNEL(remainder, kRemainder)
PHAROS_NUMBER_KERNEL(fmod, kFmod)
PHAROS_NUMBER_KERNEL(copysign, kCopysign)
PHAROS_NUMBER_KERNEL(xlogy, kXlogy)
PHAROS_BINARY_KERNEL(atan2, kAtan2)
PHAROS_BINARY_KERNEL(hypot, kHypot)
PHAROS_BINARY_KERNEL(maximum, kMaximum)
PHAROS_BINARY_KERNEL(minimum, kMinimum)
PHAROS_BINARY_KERNEL(fmax, kFmax)
PHAROS_BINARY_KERNEL(fmin, kFmin)
PHAROS_BINARY_KERNEL(logaddexp, kLogaddexp)
PHAROS_BINARY_KERNEL(logaddexp2, kLogaddexp2)
PHAROS_BINARY_KERNEL(heaviside, kHeaviside)
PHAROS_BINARY_KERNEL(gcd, kGcd)
PHAROS_BINARY_KERNEL(lcm, kLcm)
PHAROS_BINARY_KERNEL(nextafter, kNextafter)
PHAROS_BINARY_KERNEL(sigmoid_backward, kSigmoidBackward)
PHAROS_BINARY_KERNEL(tanh_backward, kTanhBackward)
#undef PHAROS_NUMBER_KERNEL
#undef PHAROS_BINARY_KERNEL

void xlogy_kernel(const Tensor& out, const Scalar& self, const Tensor& other) {
  binary(Op::kXlogy, out, self, other);
}

void pow_kernel(const Tensor& out, const Tensor& self, const Tensor& exponent) {
  binary(Op::kPow, out, self, exponent);
}
void pow_kernel(const Tensor& out, const Scalar& self, const Tensor& exponent) {
  if (!self.isComplex() && value_of(self) == 1) return fill_value(out, 1);
  binary(Op::kPow, out, self, exponent);
}
void pow_kernel(const Tensor& out, const Tensor& self, const Scalar& exponent) {
  if (!simple_power(out, self, exponent)) binary(Op::kPow, out, self, exponent);
}

void clamp_min_kernel(const Tensor& out, const Tensor& self, const Scalar& min) {
  if (!min.isIntegral(true) && std::isnan(min.toDouble())) return fill_value(out, min);
  const ScalarParam p(min, compute_type(out.scalar_type()), ScalarParam::kSaturate);
  unary_loop(op_table(Op::kClampMin), out, self, p.get());
}
void clamp_max_kernel(const Tensor& out, const Tensor& self, const Scalar& max) {
  if (!max.isIntegral(true) && std::isnan(max.toDouble())) return fill_value(out, max);
  const ScalarParam p(max, compute_type(out.scalar_type()), ScalarParam::kSaturate);
  unary_loop(op_table(Op::kClampMax), out, self, p.get());
}
void clamp_min_kernel(const Tensor& out, const Tensor& self, const Tensor& min) {
  binary(Op::kMaximum, out, self, min);
}
void clamp_max_kernel(const Tensor& out, const Tensor& self, const Tensor& max) {
  binary(Op::kMinimum, out, self, max);
}
void clamp_kernel(const Tensor& out, const Tensor& self, const std::optional<Scalar>& min,
                  const std::optional<Scalar>& max) {
  const auto is_nan = [](const std::optional<Scalar>& s) {
    return s && !s->isIntegral(true) && std::isnan(s->toDouble());
  };
  if (is_nan(min)) return fill_value(out, *min);
  if (is_nan(max)) return fill_value(out, *max);
  if (!max) return clamp_min_kernel(out, self, *min);
  if (!min) return clamp_max_kernel(out, self, *max);
  const ScalarType t = compute_type(out.scalar_type());
  const ScalarParam lo(*min, t, ScalarParam::kSaturate), hi(*max, t, ScalarParam::kSaturate);
  // A ClampParams of the compute dtype: the two values side by side.
  alignas(16) char both[32];
  const size_t size = elementSize(t);
  std::memcpy(both, lo.get(), size);
  std::memcpy(both + size, hi.get(), size);
  unary_loop(op_table(Op::kClamp), out, self, both);
}
void clamp_kernel(const Tensor& out, const Tensor& self, const std::optional<Tensor>& min,
                  const std::optional<Tensor>& max) {
  const bool low = min && min->defined(), high = max && max->defined();
  if (!high) return clamp_min_kernel(out, self, *min);
  if (!low) return clamp_max_kernel(out, self, *max);
  ternary(Op::kClampTensor, out, self, *min, *max);
}

void lerp_kernel(const Tensor& out, const Tensor& self, const Tensor& end, const Scalar& weight) {
  const Tensor w = wrapped_scalar(weight);
  const ScalarType t = out.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(!isIntegralType(t, true),
                              "\"lerp_kernel_scalar\" not implemented for '", toString(t), "'");
  ternary(Op::kLerp, out, self, end, w);
}
void lerp_kernel(const Tensor& out, const Tensor& self, const Tensor& end, const Tensor& weight) {
  ternary(Op::kLerp, out, self, end, weight);
}
void addcmul_kernel(const Tensor& out, const Tensor& self, const Tensor& tensor1,
                    const Tensor& tensor2, const Scalar& value) {
  const ScalarParam p(value, compute_type(out.scalar_type()));
  ternary(Op::kAddcmul, out, self, tensor1, tensor2, p.get());
}
void addcdiv_kernel(const Tensor& out, const Tensor& self, const Tensor& tensor1,
                    const Tensor& tensor2, const Scalar& value) {
  const ScalarParam p(value, compute_type(out.scalar_type()));
  ternary(Op::kAddcdiv, out, self, tensor1, tensor2, p.get());
}

}  // namespace pharos::cpu
