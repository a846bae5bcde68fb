// Uniform and Bernoulli samplers.
#include <algorithm>

#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

using detail::Compute;
using detail::fill_unit;
using detail::kChunk;

// Rounding may reach the excluded upper bound; it then becomes the lower one.
template <class T, class C>
PHAROS_RANDOM_INLINE void scale_body(const C* unit, T* out, std::int64_t n, C from, C range, T low,
                                     T high) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = static_cast<T>(std::fma(unit[i], range, from));
    out[i] = value == high ? low : value;
  }
}

template <class T, class C>
void scale_plain(const C* unit, T* out, std::int64_t n, C from, C range, T low, T high) {
  scale_body(unit, out, n, from, range, low, high);
}

template <class T, class C>
PHAROS_RANDOM_FMA_TARGET void scale_fma(const C* unit, T* out, std::int64_t n, C from, C range,
                                        T low, T high) {
  scale_body(unit, out, n, from, range, low, high);
}

template <class T, class C>
void scale(const C* unit, T* out, std::int64_t n, C from, C range, T low, T high) {
  const auto run = detail::has_fast_fma() ? scale_fma<T, C> : scale_plain<T, C>;
  run(unit, out, n, from, range, low, high);
}

}  // namespace

template <class T>
void fill_uniform(Mt19937& gen, T* out, std::int64_t n, double from, double to) {
  using C = Compute<T>;
  const C low = static_cast<C>(from);
  const C high = static_cast<C>(to);
  C unit[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    fill_unit(gen, unit, count);
    scale(unit, out + i, count, low, high - low, static_cast<T>(low), static_cast<T>(high));
  }
}

template <class T>
void fill_bernoulli(Mt19937& gen, T* out, std::int64_t n, double p) {
  double unit[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    fill_unit(gen, unit, count);
    for (std::int64_t j = 0; j < count; ++j) {
      out[i + j] = detail::from_integer<T>(unit[j] < p);
    }
  }
}

template <class T, class P>
void fill_bernoulli(Mt19937& gen, T* out, const P* p, std::int64_t n) {
  using C = Compute<P>;
  C unit[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    fill_unit(gen, unit, count);
    for (std::int64_t j = 0; j < count; ++j) {
      out[i + j] = detail::from_integer<T>(unit[j] < static_cast<C>(p[i + j]));
    }
  }
}

#define PHAROS_UNIFORM(T) template void fill_uniform<T>(Mt19937&, T*, std::int64_t, double, double);
PHAROS_RANDOM_FLOATING(PHAROS_UNIFORM)

#define PHAROS_BERNOULLI(T)                                                                 \
  template void fill_bernoulli<T>(Mt19937&, T*, std::int64_t, double);                      \
  template void fill_bernoulli<T, float>(Mt19937&, T*, const float*, std::int64_t);         \
  template void fill_bernoulli<T, double>(Mt19937&, T*, const double*, std::int64_t);       \
  template void fill_bernoulli<T, c10::Half>(Mt19937&, T*, const c10::Half*, std::int64_t); \
  template void fill_bernoulli<T, c10::BFloat16>(Mt19937&, T*, const c10::BFloat16*, std::int64_t);
PHAROS_RANDOM_FLOATING(PHAROS_BERNOULLI)
PHAROS_RANDOM_INTEGER(PHAROS_BERNOULLI)
PHAROS_BERNOULLI(bool)

}  // namespace pharos::cpu
