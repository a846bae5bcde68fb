// Multinomial sampling: with replacement by inverting the cumulative distribution, without (and for
// a single sample) by ranking p / Exponential(1).
#include <pharos/core/exception.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

using detail::Compute;

template <class C>
struct Ranked {
  C value;
  std::int64_t index;
};

// Descending, NaN first.
template <class C>
bool ranks_before(const Ranked<C>& a, const Ranked<C>& b) {
  return (std::isnan(a.value) && !std::isnan(b.value)) || a.value > b.value;
}

// Rows whose order among equal values matters (many zeros) follow from the same choice between
// partial sort and selection that PyTorch's topk makes.
template <class C>
void rank(std::vector<Ranked<C>>& row, std::int64_t k) {
  const auto begin = row.begin();
  if (k == 1) {
    std::swap(*begin, *std::min_element(begin, row.end(), ranks_before<C>));
  } else if (k * 64 <= static_cast<std::int64_t>(row.size())) {
    std::partial_sort(begin, begin + k, row.end(), ranks_before<C>);
  } else {
    std::nth_element(begin, begin + k - 1, row.end(), ranks_before<C>);
    std::sort(begin, begin + k - 1, ranks_before<C>);
  }
}

}  // namespace

template <class T>
void check_multinomial(const T* p, std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows * width; ++i) {
    const auto value = static_cast<Compute<T>>(p[i]);
    TORCH_CHECK(value >= 0 && std::isfinite(value),
                "probability tensor contains either `inf`, `nan` or element < 0");
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    const bool any = std::any_of(p + r * width, p + (r + 1) * width,
                                 [](T value) { return static_cast<Compute<T>>(value) != 0; });
    TORCH_CHECK(any, "invalid multinomial distribution (sum of probabilities <= 0)");
  }
}

template <class T>
void rank_multinomial(const T* p, const T* noise, std::int64_t rows, std::int64_t width,
                      std::int64_t n_sample, std::int64_t* out) {
  using C = Compute<T>;
  std::vector<Ranked<C>> row(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r, p += width, noise += width) {
    for (std::int64_t i = 0; i < width; ++i) {
      const T ratio = static_cast<T>(static_cast<C>(p[i]) / static_cast<C>(noise[i]));
      row[i] = {static_cast<C>(ratio), i};
    }
    rank(row, n_sample);
    for (std::int64_t i = 0; i < n_sample; ++i) *out++ = row[i].index;
  }
}

namespace {

template <class T>
void sample_ranked(Mt19937& gen, const T* p, std::int64_t rows, std::int64_t width, std::int64_t k,
                   std::int64_t* out) {
  check_multinomial(p, rows, width);
  std::vector<T> noise(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r, p += width, out += k) {
    fill_exponential(gen, noise.data(), width, 1.0);
    rank_multinomial(p, noise.data(), 1, width, k, out);
  }
}

template <class T>
void sample_with_replacement(Mt19937& gen, const T* p, std::int64_t rows, std::int64_t width,
                             std::int64_t n_sample, std::int64_t* out) {
  using C = Compute<T>;
  std::vector<C> cumulative(static_cast<std::size_t>(width));
  for (std::int64_t r = 0; r < rows; ++r, p += width) {
    C sum = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      const C value = static_cast<C>(p[i]);
      TORCH_CHECK(value >= 0,
                  "invalid multinomial distribution (encountering probability entry < 0)");
      TORCH_CHECK(std::isfinite(value),
                  "invalid multinomial distribution (encountering probability entry = infinity or "
                  "NaN)");
      sum += value;
      cumulative[i] = sum;
    }
    TORCH_CHECK(sum > 0, "invalid multinomial distribution (sum of probabilities <= 0)");
    for (C& value : cumulative) value /= sum;
    cumulative.back() = 1;
    for (std::int64_t i = 0; i < n_sample; ++i) {
      const double u = gen.uniform_double();
      *out++ = std::lower_bound(cumulative.begin(), cumulative.end(), u) - cumulative.begin();
    }
  }
}

}  // namespace

template <class T>
void sample_multinomial(Mt19937& gen, const T* p, std::int64_t rows, std::int64_t width,
                        std::int64_t n_sample, bool replacement, std::int64_t* out) {
  if (replacement && n_sample > 1) {
    sample_with_replacement(gen, p, rows, width, n_sample, out);
  } else {
    sample_ranked(gen, p, rows, width, n_sample, out);
  }
}

#define PHAROS_MULTINOMIAL(T)                                                                     \
  template void check_multinomial<T>(const T*, std::int64_t, std::int64_t);                       \
  template void rank_multinomial<T>(const T*, const T*, std::int64_t, std::int64_t, std::int64_t, \
                                    std::int64_t*);                                               \
  template void sample_multinomial<T>(Mt19937&, const T*, std::int64_t, std::int64_t,             \
                                      std::int64_t, bool, std::int64_t*);
PHAROS_RANDOM_FLOATING(PHAROS_MULTINOMIAL)

}  // namespace pharos::cpu
