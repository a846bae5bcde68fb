// Samplers that invert a distribution function: exponential, geometric, Cauchy; and RReLU's slopes.
// All compute in double with the C library's functions, as PyTorch does.
#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {

using detail::round_to;

template <class T>
void fill_exponential(Mt19937& gen, T* out, std::int64_t n, double lambda) {
  const double scale = -1.0 / lambda;
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = round_to<T>(scale * std::log1p(-gen.uniform_double()));
  }
}

template <class T>
void fill_cauchy(Mt19937& gen, T* out, std::int64_t n, double median, double sigma) {
  constexpr double kPi = 3.141592653589793;
  for (std::int64_t i = 0; i < n; ++i) {
    const double tangent = std::tan(kPi * (gen.uniform_double() - 0.5));
    out[i] = round_to<T>(std::fma(sigma, tangent, median));
  }
}

template <class T>
void fill_geometric(Mt19937& gen, T* out, std::int64_t n, double p) {
  const double log_failure = std::log1p(-p);
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = round_to<T>(std::ceil(std::log(gen.uniform_double()) / log_failure));
  }
}

template <class T>
void rrelu_with_noise(Mt19937& gen, const T* x, T* noise, T* out, std::int64_t n, double lower,
                      double upper) {
  using C = detail::Compute<T>;
  const double low = static_cast<C>(lower);
  const double high = static_cast<C>(upper);
  for (std::int64_t i = 0; i < n; ++i) {
    const C value = static_cast<C>(x[i]);
    if (value <= 0) {
      const C slope = static_cast<C>(gen.uniform_double() * (high - low) + low);
      noise[i] = static_cast<T>(slope);
      out[i] = static_cast<T>(value * slope);
    } else {
      noise[i] = static_cast<T>(C{1});
      out[i] = x[i];
    }
  }
}

#define PHAROS_CONTINUOUS(T)                                             \
  template void fill_exponential<T>(Mt19937&, T*, std::int64_t, double); \
  template void fill_cauchy<T>(Mt19937&, T*, std::int64_t, double, double);
PHAROS_RANDOM_FLOATING(PHAROS_CONTINUOUS)

#define PHAROS_GEOMETRIC(T) template void fill_geometric<T>(Mt19937&, T*, std::int64_t, double);
PHAROS_RANDOM_FLOATING(PHAROS_GEOMETRIC)
PHAROS_RANDOM_INTEGER(PHAROS_GEOMETRIC)

#define PHAROS_RRELU(T) \
  template void rrelu_with_noise<T>(Mt19937&, const T*, T*, T*, std::int64_t, double, double);
PHAROS_RRELU(float)
PHAROS_RRELU(double)
PHAROS_RRELU(c10::BFloat16)

}  // namespace pharos::cpu
