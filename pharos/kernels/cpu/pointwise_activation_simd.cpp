// Activations that need elementary functions, and their gradients, each as one fused loop.
#include <cmath>

#include "kernels/cpu/pointwise_ops.h"
#include "kernels/cpu/pointwise_params.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_activation_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/pointwise_sleef-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
constexpr double kGeluBeta = kTwoOverSqrtPi / kSqrtHalf / 2;  // sqrt(2 / pi)
constexpr double kGeluKappa = 0.044715;

template <class D, class V>
HWY_INLINE V SigmoidOf(D d, V x) {
  const auto one = hn::Set(d, 1);
  return hn::Div(one, hn::Add(one, VecExp(hn::Neg(x))));
}
// tanh(log(1 + exp(x)))
template <class V>
HWY_INLINE V TanhSoftplus(V x) {
  return VecTanh(VecLog1p(VecExp(x)));
}
// beta * (x + kappa * x^3), the argument of GELU's tanh.
template <class T, class D, class V>
HWY_INLINE V GeluInner(D d, V x) {
  const auto cube = hn::Mul(hn::Mul(x, x), x);
  return hn::Mul(hn::Set(d, T(kGeluBeta)), hn::MulAdd(hn::Set(d, T(kGeluKappa)), cube, x));
}
template <class T, class D, class V>
HWY_INLINE V NormalCdf(D d, V x) {
  const auto one = hn::Set(d, T(1));
  return hn::Mul(hn::Set(d, T(0.5)), hn::Add(one, VecErf(hn::Mul(x, hn::Set(d, T(kSqrtHalf))))));
}

PHAROS_FUNCTOR_1(Gelu, hn::Mul(x, NormalCdf<T>(d, x)))
PHAROS_FUNCTOR_1(GeluTanh, hn::Mul(hn::Mul(hn::Set(d, T(0.5)), x),
                                   hn::Add(hn::Set(d, T(1)), VecTanh(GeluInner<T>(d, x)))))
PHAROS_FUNCTOR_1(Silu, hn::Div(x, hn::Add(hn::Set(d, T(1)), VecExp(hn::Neg(x)))))
PHAROS_FUNCTOR_1(Mish, hn::Mul(x, TanhSoftplus(x)))
PHAROS_FUNCTOR_1(LogSigmoid, hn::Sub(hn::IfThenElseZero(hn::Lt(x, hn::Zero(d)), x),
                                     VecLog1p(VecExp(hn::Neg(hn::Abs(x))))))
PHAROS_FUNCTOR_1(ExpNegAbs, VecExp(hn::Neg(hn::Abs(x))))
PHAROS_FUNCTOR_2(Glu, hn::Div(x, hn::Add(hn::Set(d, T(1)), VecExp(hn::Neg(y)))))

template <class T>
struct Elu {
  EluParams<T> v;
  template <class D>
  Elu(D, const void* params) : v(*static_cast<const EluParams<T>*>(params)) {}
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto low = hn::Mul(VecExpm1(hn::Mul(x, hn::Set(d, v.input))), hn::Set(d, v.negative));
    return hn::IfThenElse(hn::Le(x, hn::Zero(d)), low, hn::Mul(x, hn::Set(d, v.positive)));
  }
};
template <class T>
struct Softplus {
  SoftplusParams<T> v;
  template <class D>
  Softplus(D, const void* params) : v(*static_cast<const SoftplusParams<T>*>(params)) {}
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto beta = hn::Set(d, v.beta);
    const auto bx = hn::Mul(x, beta);
    return hn::IfThenElse(hn::Gt(bx, hn::Set(d, v.threshold)), x,
                          hn::Div(VecLog1p(VecExp(bx)), beta));
  }
};

// Gradients: x is the incoming gradient, y the forward's input.
template <class T, class D, class V>
HWY_INLINE V GeluSlope(D d, V x) {
  const auto pdf = hn::Mul(VecExp(hn::Mul(hn::Mul(x, x), hn::Set(d, T(-0.5)))),
                           hn::Set(d, T(kTwoOverSqrtPi * kSqrtHalf * 0.5)));
  return hn::MulAdd(x, pdf, NormalCdf<T>(d, x));
}
template <class T, class D, class V>
HWY_INLINE V GeluTanhSlope(D d, V x) {
  const auto one = hn::Set(d, T(1)), half = hn::Set(d, T(0.5));
  const auto t = VecTanh(GeluInner<T>(d, x));
  const auto inner = hn::Mul(hn::Set(d, T(kGeluBeta)),
                             hn::MulAdd(hn::Set(d, T(3 * kGeluKappa)), hn::Mul(x, x), one));
  const auto left = hn::Mul(half, hn::Add(one, t));
  const auto right = hn::Mul(hn::Mul(hn::Mul(half, x), hn::Sub(one, hn::Mul(t, t))), inner);
  return hn::Add(left, right);
}
template <class T, class D, class V>
HWY_INLINE V SiluSlope(D d, V x) {
  const auto one = hn::Set(d, T(1)), s = SigmoidOf(d, x);
  return hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
}
template <class T, class D, class V>
HWY_INLINE V MishSlope(D d, V x) {
  const auto one = hn::Set(d, T(1)), t = TanhSoftplus(x);
  return hn::MulAdd(hn::Mul(x, SigmoidOf(d, x)), hn::Sub(one, hn::Mul(t, t)), t);
}
PHAROS_FUNCTOR_2(GeluBackward, hn::Mul(x, GeluSlope<T>(d, y)))
PHAROS_FUNCTOR_2(GeluTanhBackward, hn::Mul(x, GeluTanhSlope<T>(d, y)))
PHAROS_FUNCTOR_2(SiluBackward, hn::Mul(x, SiluSlope<T>(d, y)))
PHAROS_FUNCTOR_2(MishBackward, hn::Mul(x, MishSlope<T>(d, y)))

template <class T>
struct EluBackward {
  EluParams<T> v;
  template <class D>
  EluBackward(D, const void* params) : v(*static_cast<const EluParams<T>*>(params)) {}
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V x) const {
    const auto input = hn::Set(d, v.input);
    const auto low =
        hn::Mul(hn::Mul(hn::Mul(g, input), hn::Set(d, v.negative)), VecExp(hn::Mul(x, input)));
    return hn::IfThenElse(hn::Le(x, hn::Zero(d)), low, hn::Mul(g, hn::Set(d, v.positive)));
  }
};
template <class T>
struct SoftplusBackward {
  SoftplusParams<T> v;
  template <class D>
  SoftplusBackward(D, const void* params) : v(*static_cast<const SoftplusParams<T>*>(params)) {}
  template <class D, class V>
  HWY_INLINE V operator()(D d, V g, V x) const {
    const auto bx = hn::Mul(x, hn::Set(d, v.beta));
    const auto z = VecExp(bx);
    const auto curved = hn::Div(hn::Mul(g, z), hn::Add(z, hn::Set(d, T(1))));
    return hn::IfThenElse(hn::Gt(bx, hn::Set(d, v.threshold)), g, curved);
  }
};

void RegisterActivation(OpTable* t) {
  SetVector1<Gelu>(t, Op::kGelu, "GeluKernelImpl", 8);
  SetVector1<GeluTanh>(t, Op::kGeluTanh, "GeluKernelImpl", 8);
  SetVector1<Silu>(t, Op::kSilu, "silu_cpu", 6);
  SetVector1<Mish>(t, Op::kMish, "mish_cpu", 16);
  SetVector1<LogSigmoid>(t, Op::kLogSigmoid, "log_sigmoid_cpu", 12);
  SetVector1<ExpNegAbs>(t, Op::kExpNegAbs, "log_sigmoid_cpu", 4);
  SetVector2<Glu>(t, Op::kGlu, "glu_cpu", 6);
  SetVector1<Elu>(t, Op::kElu, "elu_cpu", 8);
  SetVector1<Softplus>(t, Op::kSoftplus, "softplus_cpu", 12);
  SetVector2<GeluBackward>(t, Op::kGeluBackward, "GeluBackwardKernelImpl", 16);
  SetVector2<GeluTanhBackward>(t, Op::kGeluTanhBackward, "GeluBackwardKernelImpl", 16);
  SetVector2<SiluBackward>(t, Op::kSiluBackward, "silu_backward_cpu", 8);
  SetVector2<MishBackward>(t, Op::kMishBackward, "mish_backward_cpu", 16);
  SetVector2<EluBackward>(t, Op::kEluBackward, "elu_backward_cpu", 8);
  SetVector2<SoftplusBackward>(t, Op::kSoftplusBackward, "softplus_backward_cpu", 8);
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(RegisterActivation);
void detail::register_activation(OpTable* tables) {
  HWY_DYNAMIC_DISPATCH(RegisterActivation)(tables);
}
}  // namespace pharos::cpu
#endif
