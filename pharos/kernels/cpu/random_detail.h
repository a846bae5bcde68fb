// What the samplers share: rounding into the output type, type lists, chunked words, and the switch
// to instructions with fused multiply-add.
#pragma once

#include <pharos/core/half.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/mt19937.h"

// PyTorch's streams are defined by kernels that fuse; std::fma gives the same bits everywhere but
// is a slow call without the instruction. Vector loops are therefore compiled twice.
#if defined(__x86_64__) && !(defined(__FMA__) && defined(__AVX2__))
#define PHAROS_RANDOM_TWO_TARGETS 1
#define PHAROS_RANDOM_FMA_TARGET __attribute__((target("avx2,fma")))
#else
#define PHAROS_RANDOM_TWO_TARGETS 0
#define PHAROS_RANDOM_FMA_TARGET
#endif
#define PHAROS_RANDOM_INLINE __attribute__((always_inline)) inline

#define PHAROS_RANDOM_FLOATING(_) _(float) _(double) _(c10::Half) _(c10::BFloat16)
#define PHAROS_RANDOM_INTEGER(_) \
  _(std::int8_t)                 \
  _(std::int16_t)                \
  _(std::int32_t) _(std::int64_t) _(std::uint8_t) _(std::uint16_t) _(std::uint32_t) _(std::uint64_t)

namespace pharos::cpu::detail {

inline bool has_fast_fma() {
#if PHAROS_RANDOM_TWO_TARGETS
  static const bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return fast;
#else
  return true;
#endif
}

template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, c10::Half> || std::is_same_v<T, c10::BFloat16>;
template <class T>
inline constexpr bool kIsFloating = kIsHalf<T> || std::is_floating_point_v<T>;

// The type a sampler computes in: float for the halves.
template <class T>
using Compute = std::conditional_t<kIsHalf<T>, float, T>;

// Bits of the significand, so that all integers up to 2^kDigits are exact.
template <class T>
inline constexpr int kDigits = std::numeric_limits<T>::digits;
template <>
inline constexpr int kDigits<c10::Half> = 11;
template <>
inline constexpr int kDigits<c10::BFloat16> = 8;

// A double in type T: halves round twice (through float), and integers out of range become what
// x86's truncating conversion gives, which is what PyTorch's cast compiles to.
template <class T>
inline T round_to(double value) {
  if constexpr (kIsHalf<T>) {
    return static_cast<T>(static_cast<float>(value));
  } else if constexpr (kIsFloating<T>) {
    return static_cast<T>(value);
  } else {
    using Wide = std::conditional_t<(sizeof(T) < 4 || std::is_same_v<T, std::int32_t>),
                                    std::int32_t, std::int64_t>;
    const double limit = -static_cast<double>(std::numeric_limits<Wide>::min());
    const bool fits = value > -limit - 1 && value < limit;
    return static_cast<T>(fits ? static_cast<Wide>(value) : std::numeric_limits<Wide>::min());
  }
}

template <class T>
inline T from_integer(std::int64_t value) {
  if constexpr (kIsHalf<T>) {
    return static_cast<T>(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

// One normal number by Box-Muller in double; the partner waits in the generator.
inline double standard_normal(Mt19937& gen) {
  if (gen.has_cached_normal()) return gen.take_cached_normal();
  constexpr double kTwoPi = 6.283185307179586;
  const double u1 = gen.uniform_double();
  const double u2 = gen.uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2));
  const double theta = kTwoPi * u1;
  gen.cache_normal(radius * std::sin(theta));
  return radius * std::cos(theta);
}

// Words are taken in chunks that stay in the first cache level: a multiple of the block of 16.
inline constexpr std::int64_t kChunk = 1024;

PHAROS_RANDOM_INLINE float to_uniform(std::uint32_t word) {
  return static_cast<float>(static_cast<std::int32_t>(word & 0xffffffU)) * 0x1p-24F;
}

// The 53 bits of (high, low). Both halves convert exactly and so does their sum; unlike one 64-bit
// conversion this vectorises.
PHAROS_RANDOM_INLINE double to_uniform(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>(static_cast<std::int32_t>(high & 0x1fffffU)) * 0x1p-21 +
         static_cast<double>(low) * 0x1p-53;
}

// Uniform numbers in [0, 1), one word each for float and two for double.
inline void fill_unit(Mt19937& gen, float* out, std::int64_t n) {
  std::uint32_t words[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = n - i < kChunk ? n - i : kChunk;
    gen.fill_words(words, count);
    for (std::int64_t j = 0; j < count; ++j) out[i + j] = to_uniform(words[j]);
  }
}
inline void fill_unit(Mt19937& gen, double* out, std::int64_t n) {
  std::uint32_t words[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk / 2) {
    const std::int64_t count = n - i < kChunk / 2 ? n - i : kChunk / 2;
    gen.fill_words(words, 2 * count);
    for (std::int64_t j = 0; j < count; ++j) {
      out[i + j] = to_uniform(words[2 * j], words[2 * j + 1]);
    }
  }
}

}  // namespace pharos::cpu::detail
