// Elementary functions of float and double.
#include <cmath>

#include "kernels/cpu/pointwise_ops.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_math_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/pointwise_sleef-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

PHAROS_FUNCTOR_1(Exp, VecExp(x))
PHAROS_FUNCTOR_1(Exp2, VecExp2(x))
PHAROS_FUNCTOR_1(Expm1, VecExpm1(x))
PHAROS_FUNCTOR_1(Log, VecLog(x))
PHAROS_FUNCTOR_1(Log2, VecLog2(x))
PHAROS_FUNCTOR_1(Log10, VecLog10(x))
PHAROS_FUNCTOR_1(Log1p, VecLog1p(x))
PHAROS_FUNCTOR_1(Sin, VecSin(x))
PHAROS_FUNCTOR_1(Cos, VecCos(x))
PHAROS_FUNCTOR_1(Tan, VecTan(x))
PHAROS_FUNCTOR_1(Asin, VecAsin(x))
PHAROS_FUNCTOR_1(Acos, VecAcos(x))
PHAROS_FUNCTOR_1(Atan, VecAtan(x))
PHAROS_FUNCTOR_1(Sinh, VecSinh(x))
PHAROS_FUNCTOR_1(Cosh, VecCosh(x))
PHAROS_FUNCTOR_1(Tanh, VecTanh(x))
PHAROS_FUNCTOR_1(Asinh, VecAsinh(x))
PHAROS_FUNCTOR_1(Acosh, VecAcosh(x))
PHAROS_FUNCTOR_1(Atanh, VecAtanh(x))
PHAROS_FUNCTOR_1(Erf, VecErf(x))
PHAROS_FUNCTOR_1(Erfc, VecErfc(x))
PHAROS_FUNCTOR_1(Lgamma, VecLgamma(x))
PHAROS_FUNCTOR_1(Sigmoid, hn::Div(hn::Set(d, T(1)), hn::Add(hn::Set(d, T(1)), VecExp(hn::Neg(x)))))
PHAROS_FUNCTOR_2(Pow, VecPow(x, y))
PHAROS_FUNCTOR_2(Atan2, VecAtan2(x, y))
PHAROS_FUNCTOR_2(Hypot, VecHypot(x, y))

void RegisterMath(OpTable* t) {
  SetVector1<Exp>(t, Op::kExp, "exp_vml_cpu", 4);
  SetVector1<Exp2>(t, Op::kExp2, "exp2", 4);
  SetVector1<Expm1>(t, Op::kExpm1, "expm1_vml_cpu", 8);
  SetVector1<Log>(t, Op::kLog, "log_vml_cpu", 4);
  SetVector1<Log2>(t, Op::kLog2, "log2_vml_cpu", 4);
  SetVector1<Log10>(t, Op::kLog10, "log10_vml_cpu", 4);
  SetVector1<Log1p>(t, Op::kLog1p, "log1p_vml_cpu", 8);
  SetVector1<Sin>(t, Op::kSin, "sin_vml_cpu", 8);
  SetVector1<Cos>(t, Op::kCos, "cos_vml_cpu", 8);
  SetVector1<Tan>(t, Op::kTan, "tan_vml_cpu", 8);
  SetVector1<Asin>(t, Op::kAsin, "asin_vml_cpu", 8);
  SetVector1<Acos>(t, Op::kAcos, "acos_vml_cpu", 8);
  SetVector1<Atan>(t, Op::kAtan, "atan_vml_cpu", 8);
  SetVector1<Sinh>(t, Op::kSinh, "sinh_vml_cpu", 8);
  SetVector1<Cosh>(t, Op::kCosh, "cosh_vml_cpu", 8);
  SetVector1<Tanh>(t, Op::kTanh, "tanh_vml_cpu", 8);
  SetVector1<Asinh>(t, Op::kAsinh, "asinh_cpu", 8);
  SetVector1<Acosh>(t, Op::kAcosh, "acosh_cpu", 8);
  SetVector1<Atanh>(t, Op::kAtanh, "atanh_cpu", 8);
  SetVector1<Erf>(t, Op::kErf, "erf_vml_cpu", 8);
  SetVector1<Erfc>(t, Op::kErfc, "erfc_vml_cpu", 8);
  SetVector1<Lgamma>(t, Op::kLgamma, "lgamma_vml_cpu", 16);
  SetVector1<Sigmoid>(t, Op::kSigmoid, "sigmoid_cpu", 6);
  SetVector2<Pow>(t, Op::kPow, "pow", 16);
  SetVector2<Atan2>(t, Op::kAtan2, "atan2_cpu", 8);
  SetVector2<Hypot>(t, Op::kHypot, "hypot_cpu", 4);
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(RegisterMath);
void detail::register_math(OpTable* tables) { HWY_DYNAMIC_DISPATCH(RegisterMath)(tables); }
}  // namespace pharos::cpu
#endif
