// Normal and log-normal samplers.
//
// PyTorch has two streams here: pairs in double, and for larger contiguous outputs blocks of 16 in
// which element j and element j + 8 form a pair. The float blocks use the single-precision
// logarithm, sine and cosine polynomials of the Cephes library with a fixed order of fused steps.
#include <algorithm>
#include <bit>

#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

using detail::Compute;
using detail::fill_unit;
using detail::kChunk;
using detail::round_to;

constexpr std::int64_t kBlock = 16;
constexpr std::int64_t kPairs = kBlock / 2;

PHAROS_RANDOM_INLINE float horner(float y, float t, float c) { return std::fma(y, t, c); }

// Choices below are made with masks: a conditional would keep the loop from being vectorised.
PHAROS_RANDOM_INLINE float keep_if(std::int32_t mask, float x) {
  return std::bit_cast<float>(std::bit_cast<std::int32_t>(x) & mask);
}

// Natural logarithm of a normal positive number.
PHAROS_RANDOM_INLINE float log_poly(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  const float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);  // in [0.5, 1)
  const std::int32_t small = -static_cast<std::int32_t>(m < 0.707106781186547524F);
  const float e = static_cast<float>((bits >> 23) - 126 + small);
  const float t = (m - 1.0F) + keep_if(small, m);
  const float z = t * t;
  float y = 7.0376836292e-2F;
  y = horner(y, t, -1.1514610310e-1F);
  y = horner(y, t, 1.1676998740e-1F);
  y = horner(y, t, -1.2420140846e-1F);
  y = horner(y, t, 1.4249322787e-1F);
  y = horner(y, t, -1.6668057665e-1F);
  y = horner(y, t, 2.0000714765e-1F);
  y = horner(y, t, -2.4999993993e-1F);
  y = horner(y, t, 3.3333331174e-1F);
  y = y * t;
  y = std::fma(y, z, e * -2.12194440e-4F);
  y = y - 0.5F * z;
  return std::fma(e, 0.693359375F, t + y);
}

// Sine and cosine of theta >= 0.
PHAROS_RANDOM_INLINE void sincos_poly(float theta, float* sine, float* cosine) {
  const std::int32_t j = (static_cast<std::int32_t>(theta * 1.27323954473516F) + 1) & ~1;
  const float octant = static_cast<float>(j);
  float x = std::fma(octant, -0.78515625F, theta);
  x = std::fma(octant, -2.4187564849853515625e-4F, x);
  x = std::fma(octant, -3.77489497744594108e-8F, x);
  const float z = x * x;
  float c = 2.443315711809948e-5F;
  c = horner(c, z, -1.388731625493765e-3F);
  c = horner(c, z, 4.166664568298827e-2F);
  c = c * z;
  c = std::fma(c, z, -0.5F * z) + 1.0F;
  float s = -1.9515295891e-4F;
  s = horner(s, z, 8.3321608736e-3F);
  s = horner(s, z, -1.6666654611e-1F);
  s = s * z;
  s = std::fma(s, x, x);
  const auto octal = static_cast<std::uint32_t>(j);
  const auto s_bits = std::bit_cast<std::uint32_t>(s);
  const auto differ = (s_bits ^ std::bit_cast<std::uint32_t>(c)) & (0U - (octal >> 1 & 1U));
  *sine = std::bit_cast<float>(s_bits ^ differ ^ ((octal & 4U) << 29));
  *cosine =
      std::bit_cast<float>(std::bit_cast<std::uint32_t>(c) ^ differ ^ ((~(octal - 2U) & 4U) << 29));
}

// Uniform numbers to normal ones, in place, `n` a multiple of the block.
PHAROS_RANDOM_INLINE void transform_body(float* data, std::int64_t n, float mean, float std) {
  for (std::int64_t i = 0; i < n; i += kBlock) {
    float* first = data + i;
    float* second = first + kPairs;
    for (std::int64_t j = 0; j < kPairs; ++j) {
      const float radius = std::sqrt(-2.0F * log_poly(1.0F - first[j]));
      float sine;
      float cosine;
      sincos_poly(second[j] * 6.2831853071795864769F, &sine, &cosine);
      first[j] = std::fma(radius * cosine, std, mean);
      second[j] = std::fma(radius * sine, std, mean);
    }
  }
}

void transform_plain(float* data, std::int64_t n, float mean, float std) {
  transform_body(data, n, mean, std);
}

PHAROS_RANDOM_FMA_TARGET void transform_fma(float* data, std::int64_t n, float mean, float std) {
  transform_body(data, n, mean, std);
}

void transform(float* data, std::int64_t n, double mean, double std) {
  const auto run = detail::has_fast_fma() ? transform_fma : transform_plain;
  run(data, n, static_cast<float>(mean), static_cast<float>(std));
}

void transform(double* data, std::int64_t n, double mean, double std) {
  constexpr double kTwoPi = 6.283185307179586;
  for (std::int64_t i = 0; i < n; i += kBlock) {
    double* first = data + i;
    double* second = first + kPairs;
    for (std::int64_t j = 0; j < kPairs; ++j) {
      const double radius = std::sqrt(-2.0 * std::log(1.0 - first[j]));
      const double theta = kTwoPi * second[j];
      first[j] = std::fma(radius * std::cos(theta), std, mean);
      second[j] = std::fma(radius * std::sin(theta), std, mean);
    }
  }
}

// Draws and transforms `n` numbers, a multiple of the block, at most a chunk at a time.
template <class T>
void fill_blocks(Mt19937& gen, T* out, std::int64_t n, double mean, double std) {
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    if constexpr (detail::kIsHalf<T>) {
      float chunk[kChunk];
      fill_unit(gen, chunk, count);
      transform(chunk, count, mean, std);
      for (std::int64_t j = 0; j < count; ++j) out[i + j] = static_cast<T>(chunk[j]);
    } else {
      fill_unit(gen, out + i, count);
      transform(out + i, count, mean, std);
    }
  }
}

}  // namespace

template <class T>
void fill_normal(Mt19937& gen, T* out, std::int64_t n, double mean, double std) {
  if (n < kBlock) return fill_normal_serial(gen, out, n, mean, std);
  const std::int64_t tail = n % kBlock;
  fill_blocks(gen, out, n - tail, mean, std);
  if (tail == 0) return;
  // A tail redoes the last 16 elements from fresh words. Only float and double have drawn the tail
  // itself before that, to no effect but on the stream.
  if constexpr (!detail::kIsHalf<T>) fill_unit(gen, out + n - tail, tail);
  fill_blocks(gen, out + n - kBlock, kBlock, mean, std);
}

template <class T>
void fill_normal_serial(Mt19937& gen, T* out, std::int64_t n, double mean, double std) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = round_to<T>(std::fma(detail::standard_normal(gen), std, mean));
  }
}

template <class T>
void fill_log_normal(Mt19937& gen, T* out, std::int64_t n, double mean, double std) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = round_to<T>(std::exp(std::fma(detail::standard_normal(gen), std, mean)));
  }
}

#define PHAROS_NORMAL(T)                                                           \
  template void fill_normal<T>(Mt19937&, T*, std::int64_t, double, double);        \
  template void fill_normal_serial<T>(Mt19937&, T*, std::int64_t, double, double); \
  template void fill_log_normal<T>(Mt19937&, T*, std::int64_t, double, double);
PHAROS_RANDOM_FLOATING(PHAROS_NORMAL)

}  // namespace pharos::cpu
