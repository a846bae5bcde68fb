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

namespace {

// Draws by the type of the probabilities, results by their own: neither loop knows the other's.
struct OneProbability {
  double p;
};

template <class P>
void draw(Mt19937& gen, const void* p, std::int64_t from, std::int64_t n, std::uint8_t* hit) {
  using C = Compute<P>;
  C unit[kChunk];
  fill_unit(gen, unit, n);
  const P* each = static_cast<const P*>(p) + from;
  for (std::int64_t j = 0; j < n; ++j) hit[j] = unit[j] < static_cast<C>(each[j]);
}
template <>
void draw<OneProbability>(Mt19937& gen, const void* p, std::int64_t, std::int64_t n,
                          std::uint8_t* hit) {
  double unit[kChunk];
  fill_unit(gen, unit, n);
  const double one = static_cast<const OneProbability*>(p)->p;
  for (std::int64_t j = 0; j < n; ++j) hit[j] = unit[j] < one;
}

template <class T>
void write(const std::uint8_t* hit, std::int64_t n, void* out, std::int64_t from) {
  T* to = static_cast<T*>(out) + from;
  for (std::int64_t j = 0; j < n; ++j) to[j] = detail::from_integer<T>(hit[j]);
}

void run_bernoulli(Mt19937& gen, void* out, const void* p, std::int64_t n,
                   decltype(&draw<float>) draw, decltype(&write<float>) write) {
  std::uint8_t hit[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    draw(gen, p, i, count, hit);
    write(hit, count, out, i);
  }
}

}  // namespace

template <class T>
void fill_bernoulli(Mt19937& gen, T* out, std::int64_t n, double p) {
  const OneProbability one{p};
  run_bernoulli(gen, out, &one, n, draw<OneProbability>, write<T>);
}

template <class T, class P>
void fill_bernoulli(Mt19937& gen, T* out, const P* p, std::int64_t n) {
  run_bernoulli(gen, out, p, n, draw<P>, write<T>);
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
