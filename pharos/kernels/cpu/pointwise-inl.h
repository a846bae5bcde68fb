// Loop templates of the *_simd.cpp files of the pointwise kernels: an operator is a struct with a
// static `apply`, the compiler vectorises the loop for each target.
#if defined(PHAROS_KERNELS_POINTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PHAROS_KERNELS_POINTWISE_INL_H_
#undef PHAROS_KERNELS_POINTWISE_INL_H_
#else
#define PHAROS_KERNELS_POINTWISE_INL_H_
#endif

#include <cmath>
#include <type_traits>

#include "hwy/highway.h"
#include "kernels/cpu/pointwise_ops.h"

// A result may be the very run of an input; no other overlap exists.
#undef PHAROS_IVDEP
#if defined(__clang__)
#define PHAROS_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#else
#define PHAROS_IVDEP _Pragma("GCC ivdep")
#endif

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

using c10::ScalarType;

template <class T>
using WrapT = typename std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                                              (sizeof(T) >= 4),
                                          std::make_unsigned<T>, std::common_type<T>>::type;

template <class T, class F>
void UnaryLoop(int64_t n, void* const* p, const void*) {
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i]);
}
template <class T, class F>
void UnaryParamLoop(int64_t n, void* const* p, const void* params) {
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const typename F::template Params<T> v =
      *static_cast<const typename F::template Params<T>*>(params);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], v);
}
template <class T, class F>
void PredicateLoop(int64_t n, void* const* p, const void*) {
  auto* o = static_cast<uint8_t*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i]);
}
template <class T, class F>
void BinaryLoop(int64_t n, void* const* p, const void*) {
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const T* b = static_cast<const T*>(p[2]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], b[i]);
}
template <class T, class F>
void BinaryParamLoop(int64_t n, void* const* p, const void* params) {
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const T* b = static_cast<const T*>(p[2]);
  const typename F::template Params<T> v =
      *static_cast<const typename F::template Params<T>*>(params);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], b[i], v);
}
template <class T, class F>
void CompareLoop(int64_t n, void* const* p, const void*) {
  auto* o = static_cast<uint8_t*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const T* b = static_cast<const T*>(p[2]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], b[i]);
}
template <class T, class F>
void TernaryLoop(int64_t n, void* const* p, const void* params) {
  T* o = static_cast<T*>(p[0]);
  const T* a = static_cast<const T*>(p[1]);
  const T* b = static_cast<const T*>(p[2]);
  const T* c = static_cast<const T*>(p[3]);
  if constexpr (requires { typename F::template Params<T>; }) {
    const typename F::template Params<T> v =
        *static_cast<const typename F::template Params<T>*>(params);
    PHAROS_IVDEP
    for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], b[i], c[i], v);
  } else {
    PHAROS_IVDEP
    for (int64_t i = 0; i < n; ++i) o[i] = F::apply(a[i], b[i], c[i]);
  }
}

// Fills a table for the listed C++ types with Loop<T, F>.
#define PHAROS_DEFINE_SETTER(Name, Loop)                                                 \
  template <class F, class... T>                                                         \
  void Name(OpTable* tables, Op op, const char* name, int cost = 1) {                    \
    OpTable& t = tables[static_cast<int>(op)];                                           \
    t.name = name;                                                                       \
    t.cost = cost;                                                                       \
    ((t.loops[static_cast<int>(c10::CppTypeToScalarType<T>::value)] = Loop<T, F>), ...); \
  }
PHAROS_DEFINE_SETTER(SetUnary, UnaryLoop)
PHAROS_DEFINE_SETTER(SetUnaryParam, UnaryParamLoop)
PHAROS_DEFINE_SETTER(SetPredicate, PredicateLoop)
PHAROS_DEFINE_SETTER(SetBinary, BinaryLoop)
PHAROS_DEFINE_SETTER(SetBinaryParam, BinaryParamLoop)
PHAROS_DEFINE_SETTER(SetCompare, CompareLoop)
PHAROS_DEFINE_SETTER(SetTernary, TernaryLoop)
#undef PHAROS_DEFINE_SETTER

#undef PHAROS_INTS
#undef PHAROS_FLOATS
#undef PHAROS_COMPLEX
#define PHAROS_INTS uint8_t, int8_t, int16_t, int, int64_t
#define PHAROS_FLOATS float, double
#define PHAROS_COMPLEX c10::complex<float>, c10::complex<double>

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
