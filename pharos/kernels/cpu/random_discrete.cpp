// Poisson and binomial samplers: counting for small means, Hoermann's transformed rejection (1993)
// for large ones.
#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

// The C library's lgamma writes a global sign; the reentrant form gives the same bits.
double log_gamma(double x) {
#if defined(__GLIBC__)
  int sign;
  return ::lgamma_r(x, &sign);
#else
  return std::lgamma(x);
#endif
}

std::int64_t poisson_by_counting(Mt19937& gen, double rate) {
  const double limit = std::exp(-rate);
  double product = gen.uniform_double();
  std::int64_t count = 0;
  while (product > limit) {
    ++count;
    product *= gen.uniform_double();
  }
  return count;
}

std::int64_t poisson_by_rejection(Mt19937& gen, double rate) {
  const double root = std::sqrt(rate);
  const double log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * root;
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double inside = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = gen.uniform_double() - 0.5;
    const double v = gen.uniform_double();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= inside) return detail::round_to<std::int64_t>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b);
    if (left <= -rate + k * log_rate - log_gamma(k + 1)) return detail::round_to<std::int64_t>(k);
  }
}

std::int64_t poisson(Mt19937& gen, double rate) {
  if (rate >= 10) return poisson_by_rejection(gen, rate);
  return rate == 0 ? 0 : poisson_by_counting(gen, rate);
}

// Stirling's series after its leading terms.
double stirling_tail(double k) {
  static constexpr double kSmall[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983,
                                      0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
                                      0.0118967099458917,  0.0104112652619720, 0.00925546218271273,
                                      0.00833056343336287};
  if (k <= 9) return kSmall[static_cast<int>(k)];
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Counts geometric waiting times that fit into n trials.
template <class S>
S binomial_by_waiting(Mt19937& gen, S n, S p) {
  const double log_failure = std::log1p(-p);
  double sum = 0;
  S count = 0;
  while (true) {
    sum += std::ceil(std::log(gen.uniform_double()) / log_failure);
    if (!(sum <= n)) return count;
    count += 1;
  }
}

// Terms in n, p and k alone stay in S; PyTorch does so too and the bits depend on it.
template <class S>
S binomial_by_rejection(Mt19937& gen, S n, S p) {
  const double deviation = std::sqrt(n * p * (1 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = n * p + 0.5;
  const double inside = 0.92 - 4.2 / b;
  const double odds = p / (1 - p);
  const double alpha = (2.83 + 5.1 / b) * deviation;
  const double m = std::floor((n + 1) * p);
  while (true) {
    const double u = gen.uniform_double() - 0.5;
    double v = gen.uniform_double();
    const double us = 0.5 - std::fabs(u);
    const S k = static_cast<S>(std::floor((2 * a / us + b) * u + c));
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= inside) return k;
    v = std::log(v * alpha / (a / (us * us) + b));
    const double bound = (m + 0.5) * std::log((m + 1) / (odds * (n - m + 1))) +
                         (n + 1) * std::log((n - m + 1) / (n - k + 1)) +
                         (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) + stirling_tail(m) +
                         stirling_tail(n - m) - stirling_tail(k) - stirling_tail(n - k);
    if (v <= bound) return k;
  }
}

template <class S>
S binomial_at_most_half(Mt19937& gen, S n, S p) {
  return n * p >= 10 ? binomial_by_rejection(gen, n, p) : binomial_by_waiting(gen, n, p);
}

template <class S>
S binomial(Mt19937& gen, S n, S p) {
  if (n <= 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p <= S(0.5)) return binomial_at_most_half(gen, n, p);
  if (p > S(0.5)) return n - binomial_at_most_half(gen, n, static_cast<S>(S(1) - p));
  return std::numeric_limits<S>::quiet_NaN();
}

}  // namespace

template <class T>
void sample_poisson(Mt19937& gen, const T* rate, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = detail::from_integer<T>(poisson(gen, static_cast<double>(rate[i])));
  }
}

template <class T>
void sample_binomial(Mt19937& gen, const T* count, const T* prob, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = binomial(gen, count[i], prob[i]);
}

#define PHAROS_POISSON(T) template void sample_poisson<T>(Mt19937&, const T*, T*, std::int64_t);
PHAROS_RANDOM_FLOATING(PHAROS_POISSON)

template void sample_binomial<float>(Mt19937&, const float*, const float*, float*, std::int64_t);
template void sample_binomial<double>(Mt19937&, const double*, const double*, double*,
                                      std::int64_t);

}  // namespace pharos::cpu
