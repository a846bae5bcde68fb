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

PHAROS_VECTOR_1(VecExp, exp, u10)
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
PHAROS_VECTOR_1(VecTanh, tanh, u10)
PHAROS_VECTOR_1(VecAsinh, asinh, u10)
PHAROS_VECTOR_1(VecAcosh, acosh, u10)
PHAROS_VECTOR_1(VecAtanh, atanh, u10)
PHAROS_VECTOR_1(VecErf, erf, u10)
PHAROS_VECTOR_1(VecErfc, erfc, u15)
PHAROS_VECTOR_1(VecLgamma, lgamma, u10)
PHAROS_VECTOR_2(VecPow, pow, u10)
PHAROS_VECTOR_2(VecAtan2, atan2, u10)
PHAROS_VECTOR_2(VecHypot, hypot, u05)

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
