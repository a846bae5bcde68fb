// c10::Half (IEEE binary16) and c10::BFloat16: storage types that compute through float.
#pragma once

#include <pharos/core/macros.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace c10 {
namespace detail {

inline uint32_t float_bits(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline float bits_float(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

// Round-to-nearest-even through float arithmetic: adding a power of two aligned with the target's
// last bit lets the FPU do the rounding (branch-free, so loops over it vectorise).
inline uint16_t half_from_float(float f) {
  const uint32_t w = float_bits(f);
  const uint32_t sign = w & 0x80000000u;
  const uint32_t twice = w + w;
  float base = (bits_float(w & 0x7fffffffu) * 0x1.0p+112f) * 0x1.0p-110f;
  uint32_t bias = twice & 0xff000000u;
  if (bias < 0x71000000u) bias = 0x71000000u;
  base = bits_float((bias >> 1) + 0x07800000u) + base;
  const uint32_t bits = float_bits(base);
  const uint32_t rest = ((bits >> 13) & 0x00007c00u) + (bits & 0x00000fffu);
  return static_cast<uint16_t>((sign >> 16) | (twice > 0xff000000u ? 0x7e00u : rest));
}

inline float half_to_float(uint16_t h) {
  const uint32_t w = static_cast<uint32_t>(h) << 16;
  const uint32_t sign = w & 0x80000000u;
  const uint32_t twice = w + w;
  const float normal = bits_float((twice >> 4) + (0xe0u << 23)) * 0x1.0p-112f;
  const float denormal = bits_float((twice >> 17) | (126u << 23)) - 0.5f;
  return bits_float(sign | (twice < (1u << 27) ? float_bits(denormal) : float_bits(normal)));
}

inline uint16_t bfloat16_from_float(float f) {
  const uint32_t u = float_bits(f);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

}  // namespace detail

struct alignas(2) Half {
  uint16_t x;
  struct from_bits_t {};
  static constexpr from_bits_t from_bits() { return {}; }
  Half() = default;
  constexpr Half(uint16_t bits, from_bits_t) : x(bits) {}
  Half(float f) : x(detail::half_from_float(f)) {}
  operator float() const { return detail::half_to_float(x); }
};

struct alignas(2) BFloat16 {
  uint16_t x;
  struct from_bits_t {};
  static constexpr from_bits_t from_bits() { return {}; }
  BFloat16() = default;
  constexpr BFloat16(uint16_t bits, from_bits_t) : x(bits) {}
  BFloat16(float f) : x(detail::bfloat16_from_float(f)) {}
  operator float() const { return detail::bits_float(static_cast<uint32_t>(x) << 16); }
};

#define PHAROS_HALF_OPERATORS(T)                                                 \
  inline T operator+(T a, T b) { return float(a) + float(b); }                   \
  inline T operator-(T a, T b) { return float(a) - float(b); }                   \
  inline T operator*(T a, T b) { return float(a) * float(b); }                   \
  inline T operator/(T a, T b) { return float(a) / float(b); }                   \
  inline T operator-(T a) { return T(uint16_t(a.x ^ 0x8000u), T::from_bits()); } \
  inline T& operator+=(T& a, T b) { return a = a + b; }                          \
  inline T& operator-=(T& a, T b) { return a = a - b; }                          \
  inline T& operator*=(T& a, T b) { return a = a * b; }                          \
  inline T& operator/=(T& a, T b) { return a = a / b; }
PHAROS_HALF_OPERATORS(Half)
PHAROS_HALF_OPERATORS(BFloat16)
#undef PHAROS_HALF_OPERATORS

}  // namespace c10

namespace at {
using c10::BFloat16;
using c10::Half;
}  // namespace at

#define PHAROS_HALF_LIMITS(T, DIGITS, DIGITS10, MIN, LOWEST, MAX, EPS, DENORM, INF, NAN_, SNAN) \
  template <>                                                                                   \
  class std::numeric_limits<T> {                                                                \
   public:                                                                                      \
    static constexpr bool is_specialized = true, is_signed = true, is_integer = false,          \
                          is_exact = false, has_infinity = true, has_quiet_NaN = true,          \
                          has_signaling_NaN = true;                                             \
    static constexpr int digits = DIGITS, digits10 = DIGITS10, radix = 2;                       \
    static constexpr T bits(uint16_t b) { return T(b, T::from_bits()); }                        \
    static constexpr T min() { return bits(MIN); }                                              \
    static constexpr T lowest() { return bits(LOWEST); }                                        \
    static constexpr T max() { return bits(MAX); }                                              \
    static constexpr T epsilon() { return bits(EPS); }                                          \
    static constexpr T denorm_min() { return bits(DENORM); }                                    \
    static constexpr T infinity() { return bits(INF); }                                         \
    static constexpr T quiet_NaN() { return bits(NAN_); }                                       \
    static constexpr T signaling_NaN() { return bits(SNAN); }                                   \
  };
PHAROS_HALF_LIMITS(c10::Half, 11, 3, 0x0400, 0xfbff, 0x7bff, 0x1400, 0x0001, 0x7c00, 0x7e00, 0x7d00)
PHAROS_HALF_LIMITS(c10::BFloat16, 8, 2, 0x0080, 0xff7f, 0x7f7f, 0x3c00, 0x0001, 0x7f80, 0x7fc0,
                   0x7fa0)
#undef PHAROS_HALF_LIMITS
