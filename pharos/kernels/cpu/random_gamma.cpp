// Standard gamma by Marsaglia and Tsang's method (2000), and Dirichlet rows made of gammas.
#include <algorithm>
#include <vector>

#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

// S is the type of the concentration; mixing S, float constants and double as PyTorch does decides
// the bits.
template <class S>
double standard_gamma(Mt19937& gen, S alpha) {
  double scale = 1;
  if (alpha < 1) {
    if (alpha == 0) return 0;
    scale = std::pow(1 - gen.uniform_double(), static_cast<double>(S(1) / alpha));
    alpha += 1;
  }
  const double d = alpha - 1.0F / 3.0F;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    double x;
    double y;
    do {
      x = detail::standard_normal(gen);
      y = 1 + c * x;
    } while (y <= 0);
    const double v = y * y * y;
    const double u = 1 - gen.uniform_double();
    const double square = x * x;
    if (u < 1 - static_cast<double>(0.0331F) * square * square) return scale * d * v;
    if (std::log(u) < 0.5 * square + d * (1 - v + std::log(v))) return scale * d * v;
  }
}

// A row's sum in PyTorch's order, which the last bits of Dirichlet rows depend on: vectors of 4 in
// 4 interleaved chains, each chain a cascade of 4 levels, then the chains, the tail and the lanes.
constexpr std::int64_t kLanes = 4;
constexpr std::int64_t kChains = 4;
constexpr int kLevels = 4;

struct Vector {
  double lane[kLanes] = {};
  void operator+=(const Vector& other) {
    for (int i = 0; i < kLanes; ++i) lane[i] += other.lane[i];
  }
};

// The sum of every kChains-th vector, `count` of them.
Vector cascade_sum(const double* x, std::int64_t count) {
  int log2_count = 0;
  while ((std::int64_t{1} << log2_count) < count) ++log2_count;
  const int power = std::max(4, log2_count / kLevels);
  const std::int64_t step = std::int64_t{1} << power;
  Vector level[kLevels];
  const auto add = [&](std::int64_t i) {
    for (int l = 0; l < kLanes; ++l) level[0].lane[l] += x[i * kChains * kLanes + l];
  };
  std::int64_t i = 0;
  while (i + step <= count) {
    for (std::int64_t j = 0; j < step; ++j, ++i) add(i);
    for (int j = 1; j < kLevels; ++j) {
      level[j] += level[j - 1];
      level[j - 1] = Vector();
      if ((i & ((step - 1) << (j * power))) != 0) break;
    }
  }
  for (; i < count; ++i) add(i);
  for (int j = 1; j < kLevels; ++j) level[0] += level[j];
  return level[0];
}

double row_sum(const double* x, std::int64_t n) {
  double sum = 0;
  const std::int64_t vectors = n / kLanes;
  const std::int64_t per_chain = vectors / kChains;
  Vector total = cascade_sum(x, per_chain);
  for (std::int64_t v = per_chain * kChains; v < vectors; ++v) {
    for (int l = 0; l < kLanes; ++l) total.lane[l] += x[v * kLanes + l];
  }
  for (int k = 1; k < kChains; ++k) total += cascade_sum(x + k * kLanes, per_chain);
  for (std::int64_t i = vectors * kLanes; i < n; ++i) sum += x[i];
  for (const double lane : total.lane) sum += lane;
  return sum;
}

}  // namespace

template <class T>
void sample_gamma(Mt19937& gen, const T* alpha, T* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = static_cast<T>(standard_gamma<T>(gen, alpha[i]));
    out[i] = std::max(std::numeric_limits<T>::min(), value);
  }
}

template <class T>
void sample_dirichlet(Mt19937& gen, const T* alpha, T* out, std::int64_t rows, std::int64_t width) {
  const T smallest = std::numeric_limits<T>::min();
  const T largest = std::nextafter(T(1), T(0));
  std::vector<double> gammas(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r, alpha += width, out += width) {
    for (std::int64_t i = 0; i < width; ++i) {
      gammas[i] =
          std::max(std::numeric_limits<double>::min(), standard_gamma<double>(gen, alpha[i]));
    }
    const double sum = row_sum(gammas.data(), width);
    for (std::int64_t i = 0; i < width; ++i) {
      out[i] = std::min(largest, std::max(smallest, static_cast<T>(gammas[i] / sum)));
    }
  }
}

#define PHAROS_GAMMA(T)                                                \
  template void sample_gamma<T>(Mt19937&, const T*, T*, std::int64_t); \
  template void sample_dirichlet<T>(Mt19937&, const T*, T*, std::int64_t, std::int64_t);
PHAROS_GAMMA(float)
PHAROS_GAMMA(double)

}  // namespace pharos::cpu
