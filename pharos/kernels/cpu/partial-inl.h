// Highway helpers for the last, incomplete vector of a row: they never touch memory past `n` items.
// Included once per target by *_simd.cpp files.
#if defined(PHAROS_KERNELS_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PHAROS_KERNELS_PARTIAL_INL_H_
#undef PHAROS_KERNELS_PARTIAL_INL_H_
#else
#define PHAROS_KERNELS_PARTIAL_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// AVX2 and AVX-512 have masked loads and stores of 32 and 64-bit lanes that do not fault.
#undef PHAROS_NATIVE_MASKS
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
#define PHAROS_NATIVE_MASKS 1
#else
#define PHAROS_NATIVE_MASKS 0
#endif

// Without such masks, lane by lane: called, for rows have many ends.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE hn::Vec<D> load_lanes(D d, const T* p, size_t n) {
  HWY_ALIGN T buffer[hn::MaxLanes(d)] = {};
  for (size_t i = 0; i < n; ++i) buffer[i] = p[i];
  return hn::Load(d, buffer);
}
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void store_lanes(hn::Vec<D> v, D d, T* p, size_t n) {
  HWY_ALIGN T buffer[hn::MaxLanes(d)];
  hn::Store(v, d, buffer);
  for (size_t i = 0; i < n; ++i) p[i] = buffer[i];
}

// First n lanes (0 < n <= Lanes(d)) from p, the rest zero.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, const T* p, size_t n) {
#if PHAROS_NATIVE_MASKS
  if constexpr (sizeof(T) >= 4) return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#endif
  return load_lanes(d, p, n);
}

// As load_first, with `fill` in the other lanes.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first_or(D d, const T* p, size_t n, hn::Vec<D> fill) {
  return hn::IfThenElse(hn::FirstN(d, n), load_first(d, p, n), fill);
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_first(hn::Vec<D> v, D d, T* p, size_t n) {
#if PHAROS_NATIVE_MASKS
  if constexpr (sizeof(T) >= 4) {
    hn::BlendedStore(v, hn::FirstN(d, n), d, p);
    return;
  }
#endif
  store_lanes(v, d, p, n);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
