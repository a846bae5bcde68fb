// Conversions between stored dtypes and accumulator types, row by row.
#include "kernels/cpu/load.h"

#include <cmath>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {
namespace {

template <class A, class T>
inline A convert(T x) {
  if constexpr (std::is_same_v<A, uint8_t>) {  // a truth value
    if constexpr (c10_complex<T>)
      return x.real() != 0 || x.imag() != 0;
    else if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>)
      return static_cast<float>(x) != 0;
    else
      return x != T(0);
  } else if constexpr (c10_complex<T>) {
    if constexpr (c10_complex<A>)
      return A(x);
    else if constexpr (std::is_floating_point_v<A>)
      return static_cast<A>(std::hypot(x.real(), x.imag()));
    else
      return static_cast<A>(x.real());
  } else if constexpr (c10_complex<A>) {
    return A(static_cast<typename A::value_type>(x));
  } else if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) {
    return static_cast<A>(static_cast<float>(x));
  } else {
    return static_cast<A>(x);
  }
}

template <class A, class T>
void load(const char* src, int64_t stride, int64_t n, A* dst) {
  if (stride == int64_t{sizeof(T)}) {
    const T* p = reinterpret_cast<const T*>(src);
    if constexpr (std::is_same_v<A, float> && std::is_same_v<T, c10::Half>) {
      convert_to_float(DType::kHalf, p, dst, n);
    } else if constexpr (std::is_same_v<A, float> && std::is_same_v<T, c10::BFloat16>) {
      convert_to_float(DType::kBFloat16, p, dst, n);
    } else {
      for (int64_t i = 0; i < n; ++i) dst[i] = convert<A>(p[i]);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    dst[i] = convert<A>(*reinterpret_cast<const T*>(src + i * stride));
  }
}

template <class A, class T>
void load_nonzero(const char* src, int64_t stride, int64_t n, A* dst) {
  for (int64_t i = 0; i < n; ++i) {
    dst[i] = A(convert<uint8_t>(*reinterpret_cast<const T*>(src + i * stride)));
  }
}

template <class T, class A>
inline T narrow(A x) {
  if constexpr (c10_complex<T>) {
    if constexpr (c10_complex<A>)
      return T(x);
    else
      return T(static_cast<typename T::value_type>(x));
  } else if constexpr (c10_complex<A>) {
    return narrow<T>(x.real());
  } else if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>) {
    return T(static_cast<float>(x));
  } else if constexpr (std::is_same_v<T, bool>) {
    return x != A(0);
  } else {
    return static_cast<T>(x);
  }
}

}  // namespace

template <class A>
LoadFn<A> loader(c10::ScalarType from, bool nonzero) {
  switch (from) {
#define PHAROS_LOADER(T, Name) \
  case c10::ScalarType::Name:  \
    return nonzero ? load_nonzero<A, T> : load<A, T>;
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_LOADER)
#undef PHAROS_LOADER
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "values of dtype '", from, "' cannot be read");
  }
}

template <class A>
void store_values(c10::ScalarType to, const A* src, char* dst, int64_t stride, int64_t n) {
  switch (to) {
#define PHAROS_STORE(T, Name)                                      \
  case c10::ScalarType::Name:                                      \
    for (int64_t i = 0; i < n; ++i) {                              \
      *reinterpret_cast<T*>(dst + i * stride) = narrow<T>(src[i]); \
    }                                                              \
    return;
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_STORE)
#undef PHAROS_STORE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "values of dtype '", to, "' cannot be written");
  }
}

#define PHAROS_LOAD_INSTANCES(A)                       \
  template LoadFn<A> loader<A>(c10::ScalarType, bool); \
  template void store_values<A>(c10::ScalarType, const A*, char*, int64_t, int64_t);
PHAROS_LOAD_INSTANCES(float)
PHAROS_LOAD_INSTANCES(double)
PHAROS_LOAD_INSTANCES(int64_t)
PHAROS_LOAD_INSTANCES(uint8_t)
PHAROS_LOAD_INSTANCES(c10::complex<float>)
PHAROS_LOAD_INSTANCES(c10::complex<double>)
#undef PHAROS_LOAD_INSTANCES

}  // namespace pharos::cpu
