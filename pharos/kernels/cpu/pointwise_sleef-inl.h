// SLEEF's vector functions by target, within 1 ulp where not said otherwise: what PyTorch uses too.
// Declared here, as sleef.h shows a target's functions only to files compiled wholly for it.
#if defined(PHAROS_KERNELS_POINTWISE_SLEEF_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PHAROS_KERNELS_POINTWISE_SLEEF_INL_H_
#undef PHAROS_KERNELS_POINTWISE_SLEEF_INL_H_
#else
#define PHAROS_KERNELS_POINTWISE_SLEEF_INL_H_
#endif

#include <cmath>

#include "hwy/highway.h"
#include "kernels/cpu/partial-inl.h"
#include "kernels/cpu/pointwise_ops.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

using DF = hn::ScalableTag<float>;
using DD = hn::ScalableTag<double>;
using VF = hn::Vec<DF>;
using VD = hn::Vec<DD>;

#undef PHAROS_SLEEF_F
#undef PHAROS_SLEEF_D
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
#define PHAROS_SLEEF_F(name, ulp) Sleef_##name##f16_##ulp##avx512f
#define PHAROS_SLEEF_D(name, ulp) Sleef_##name##d8_##ulp##avx512f
#elif HWY_TARGET == HWY_AVX2
#define PHAROS_SLEEF_F(name, ulp) Sleef_##name##f8_##ulp##avx2
#define PHAROS_SLEEF_D(name, ulp) Sleef_##name##d4_##ulp##avx2
#elif HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
#define PHAROS_SLEEF_F(name, ulp) Sleef_##name##f4_##ulp##sse4
#define PHAROS_SLEEF_D(name, ulp) Sleef_##name##d2_##ulp##sse4
#endif

#undef PHAROS_VECTOR_1
#undef PHAROS_VECTOR_2
#ifdef PHAROS_SLEEF_F
// Overloads Name(VF), Name(VD).
#define PHAROS_VECTOR_1(Name, name, ulp)                                    \
  extern "C" {                                                              \
  decltype(VF::raw) PHAROS_SLEEF_F(name, ulp)(decltype(VF::raw));           \
  decltype(VD::raw) PHAROS_SLEEF_D(name, ulp)(decltype(VD::raw));           \
  }                                                                         \
  HWY_INLINE VF Name(VF x) { return VF{PHAROS_SLEEF_F(name, ulp)(x.raw)}; } \
  HWY_INLINE VD Name(VD x) { return VD{PHAROS_SLEEF_D(name, ulp)(x.raw)}; }
#define PHAROS_VECTOR_2(Name, name, ulp)                                                 \
  extern "C" {                                                                           \
  decltype(VF::raw) PHAROS_SLEEF_F(name, ulp)(decltype(VF::raw), decltype(VF::raw));     \
  decltype(VD::raw) PHAROS_SLEEF_D(name, ulp)(decltype(VD::raw), decltype(VD::raw));     \
  }                                                                                      \
  HWY_INLINE VF Name(VF x, VF y) { return VF{PHAROS_SLEEF_F(name, ulp)(x.raw, y.raw)}; } \
  HWY_INLINE VD Name(VD x, VD y) { return VD{PHAROS_SLEEF_D(name, ulp)(x.raw, y.raw)}; }
#else
// Other machines: the C library, lane by lane.
template <class V, class F>
HWY_INLINE V by_lanes(V x, V y, F f) {
  const hn::DFromV<V> d;
  HWY_ALIGN hn::TFromV<V> a[hn::MaxLanes(d)], b[hn::MaxLanes(d)];
  hn::Store(x, d, a);
  hn::Store(y, d, b);
  for (size_t i = 0; i < hn::Lanes(d); ++i) a[i] = f(a[i], b[i]);
  return hn::Load(d, a);
}
#define PHAROS_VECTOR_1(Name, name, ulp)                              \
  template <class V>                                                  \
  HWY_INLINE V Name(V x) {                                            \
    return by_lanes(x, x, [](auto a, auto) { return std::name(a); }); \
  }
#define PHAROS_VECTOR_2(Name, name, ulp)                                   \
  template <class V>                                                       \
  HWY_INLINE V Name(V x, V y) {                                            \
    return by_lanes(x, y, [](auto a, auto b) { return std::name(a, b); }); \
  }
#endif

PHAROS_VECTOR_1(VecExp2, exp2, u10)
PHAROS_VECTOR_1(VecExpm1, expm1, u10)
PHAROS_VECTOR_1(VecLog, log, u10)
PHAROS_VECTOR_1(VecLog2, log2, u10)
PHAROS_VECTOR_1(VecLog10, log10, u10)
PHAROS_VECTOR_1(VecLog1p, log1p, u10)
PHAROS_VECTOR_1(VecSin, sin, u10)
PHAROS_VECTOR_1(VecCos, cos, u10)
PHAROS_VECTOR_1(VecTan, tan, u10)
PHAROS_VECTOR_1(VecAsin, asin, u10)
PHAROS_VECTOR_1(VecAcos, acos, u10)
PHAROS_VECTOR_1(VecAtan, atan, u10)
PHAROS_VECTOR_1(VecSinh, sinh, u10)
PHAROS_VECTOR_1(VecCosh, cosh, u10)
PHAROS_VECTOR_1(VecAsinh, asinh, u10)
PHAROS_VECTOR_1(VecAcosh, acosh, u10)
PHAROS_VECTOR_1(VecAtanh, atanh, u10)
PHAROS_VECTOR_1(VecErfc, erfc, u15)
PHAROS_VECTOR_1(VecLgamma, lgamma, u10)
PHAROS_VECTOR_2(VecPow, pow, u10)
PHAROS_VECTOR_2(VecAtan2, atan2, u10)
PHAROS_VECTOR_2(VecHypot, hypot, u05)

PHAROS_VECTOR_1(SleefExp, exp, u10)
PHAROS_VECTOR_1(SleefTanh, tanh, u10)
PHAROS_VECTOR_1(SleefErf, erf, u10)

// The three that activations live on, for float: inlined and shorter than SLEEF's, within 2 ulp.
// The polynomials are near-minimax fits of the functions named beside them.
template <class D>
HWY_INLINE hn::Vec<D> Horner(D, hn::Vec<D> x, hn::Vec<D> p) {
  return p;
}
template <class D, class... Rest>
HWY_INLINE hn::Vec<D> Horner(D d, hn::Vec<D> x, hn::Vec<D> p, float next, Rest... rest) {
  return Horner(d, x, hn::MulAdd(p, x, hn::Set(d, next)), rest...);
}

HWY_INLINE VF VecExp(VF x) {
  const DF d;
  const hn::RebindToSigned<DF> di;
  // e^-104 rounds to zero, e^89 to infinity.
  const VF c = hn::Min(hn::Max(x, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  const VF n = hn::Round(hn::Mul(c, hn::Set(d, 1.44269504f)));
  // ln 2 in two parts, the first with so few bits that its product with n is exact.
  VF r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), c);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  // (e^r - 1 - r) / r^2
  const VF p = Horner(d, r, hn::Set(d, 1.3951079454e-3f), 8.3692325279e-3f, 4.1666198522e-2f,
                      1.6666516662e-1f, 0.5f);
  const VF e = hn::Add(hn::MulAdd(hn::Mul(r, r), p, r), hn::Set(d, 1.0f));
  // By two powers of two, as one alone leaves the exponent's range.
  const auto power = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(power);
  const auto bias = hn::Set(di, 127);
  const VF f1 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const VF f2 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(power, half), bias)));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Mul(hn::Mul(e, f1), f2));
}
HWY_INLINE VF VecTanh(VF x) {
  const DF d;
  const VF a = hn::Abs(x), s = hn::Mul(x, x), one = hn::Set(d, 1.0f);
  // (tanh(x) / x - 1) / x^2
  const VF p = Horner(d, s, hn::Set(d, -5.6653251e-3f), 2.0606698e-2f, -5.3730939e-2f,
                      1.3331354e-1f, -3.3333281e-1f);
  const VF small = hn::MulAdd(hn::Mul(x, s), p, x);
  const VF e = VecExp(hn::Add(a, a));
  const VF large = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(e, one)));
  return hn::CopySign(hn::IfThenElse(hn::Gt(a, hn::Set(d, 0.625f)), large, small), x);
}
HWY_INLINE VF VecErf(VF x) {
  const DF d;
  const VF a = hn::Abs(x), s = hn::Mul(x, x);
  // erf(x) / x - 1
  const VF p = Horner(d, s, hn::Set(d, 8.3623068e-5f), -8.1414805e-4f, 5.2009900e-3f,
                      -2.6859414e-2f, 1.1283696e-1f, -3.7612635e-1f, 1.2837917e-1f);
  const VF small = hn::MulAdd(x, p, x);
  // log(erfc(a)); from 4 on the result is 1.
  const VF t = hn::Min(a, hn::Set(d, 4.0f));
  const VF q = Horner(d, t, hn::Set(d, -2.1161906e-5f), 4.3521888e-4f, -4.1746432e-3f,
                      2.5128625e-2f, -1.0829394e-1f, -6.3333463e-1f, -1.1295208f, 1.7587456e-4f);
  const VF large = hn::Sub(hn::Set(d, 1.0f), VecExp(q));
  return hn::IfThenElse(hn::Gt(a, hn::Set(d, 0.92f)), hn::CopySign(large, x), small);
}
HWY_INLINE VD VecExp(VD x) { return SleefExp(x); }
HWY_INLINE VD VecTanh(VD x) { return SleefTanh(x); }
HWY_INLINE VD VecErf(VD x) { return SleefErf(x); }

// Loops whose operator takes and returns vectors.
template <class T, class F>
void VectorLoop1(int64_t n, void* const* p, const void* params) {
  const hn::ScalableTag<T> d;
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const F f(d, params);
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + step <= n; i += step) hn::StoreU(f(d, hn::LoadU(d, a + i)), d, o + i);
  if (i < n) {
    const auto rest = static_cast<size_t>(n - i);
    store_first(f(d, load_first(d, a + i, rest)), d, o + i, rest);
  }
}
template <class T, class F>
void VectorLoop2(int64_t n, void* const* p, const void* params) {
  const hn::ScalableTag<T> d;
  T* o = static_cast<T*>(p[0]);
  const T *a = static_cast<const T*>(p[1]), *b = static_cast<const T*>(p[2]);
  const F f(d, params);
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + step <= n; i += step)
    hn::StoreU(f(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, o + i);
  if (i < n) {
    const auto rest = static_cast<size_t>(n - i);
    store_first(f(d, load_first(d, a + i, rest), load_first(d, b + i, rest)), d, o + i, rest);
  }
}

template <template <class> class F>
void SetVector1(OpTable* tables, Op op, const char* name, int cost) {
  OpTable& t = tables[static_cast<int>(op)];
  t.name = name;
  t.cost = cost;
  t.loops[static_cast<int>(c10::kFloat)] = VectorLoop1<float, F<float>>;
  t.loops[static_cast<int>(c10::kDouble)] = VectorLoop1<double, F<double>>;
}
template <template <class> class F>
void SetVector2(OpTable* tables, Op op, const char* name, int cost) {
  OpTable& t = tables[static_cast<int>(op)];
  t.name = name;
  t.cost = cost;
  t.loops[static_cast<int>(c10::kFloat)] = VectorLoop2<float, F<float>>;
  t.loops[static_cast<int>(c10::kDouble)] = VectorLoop2<double, F<double>>;
}

// An operator without parameters from vector functions of one or two arguments.
#undef PHAROS_FUNCTOR_1
#undef PHAROS_FUNCTOR_2
#define PHAROS_FUNCTOR_1(Name, expression)    \
  template <class T>                          \
  struct Name {                               \
    template <class D>                        \
    Name(D, const void*) {}                   \
    template <class D, class V>               \
    HWY_INLINE V operator()(D d, V x) const { \
      return expression;                      \
    }                                         \
  };
#define PHAROS_FUNCTOR_2(Name, expression)         \
  template <class T>                               \
  struct Name {                                    \
    template <class D>                             \
    Name(D, const void*) {}                        \
    template <class D, class V>                    \
    HWY_INLINE V operator()(D d, V x, V y) const { \
      return expression;                           \
    }                                              \
  };

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
