// Pooling against plain loops over random shapes: padding, dilation, ceil_mode, NaN, ties, dtypes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/pool.h"

namespace {
using namespace pharos::cpu;

std::mt19937_64 rng(3);
int64_t between(int64_t lo, int64_t hi) { return lo + static_cast<int64_t>(rng() % (hi - lo + 1)); }

struct Case {
  PoolShape s;
  int64_t pad_limit[3];  // in + pad
};

Case random_case(int dims, bool dilate) {
  for (;;) {
    int64_t in[3], kernel[3], stride[3], pad[3], dilation[3];
    for (int i = 0; i < dims; ++i) {
      in[i] = between(1, dims == 3 ? 12 : 50);
      kernel[i] = between(1, 5);
      stride[i] = between(1, 4);
      pad[i] = between(0, kernel[i] / 2);
      dilation[i] = dilate ? between(1, 3) : 1;
    }
    Case c{make_pool_shape(dims, between(1, 4), in, kernel, stride, pad, dilation, rng() % 2), {}};
    // A window that lies in the padding alone is refused by the callers' checks.
    bool good = c.s.out_area() > 0;
    for (int i = 0; i < 3; ++i) {
      int64_t start = (c.s.out[i] - 1) * c.s.stride[i] - c.s.pad[i];
      while (start < 0) start += c.s.dilation[i];
      good = good && start < c.s.in[i];
    }
    if (good) return c;
  }
}

// f(output position, list of inputs of the window inside the plane)
template <class F>
void for_windows(const PoolShape& s, F&& f) {
  std::vector<int64_t> inputs;
  for (int64_t at = 0; at < s.out_area(); ++at) {
    const int64_t o[3] = {at / (s.out[1] * s.out[2]), at / s.out[2] % s.out[1], at % s.out[2]};
    inputs.clear();
    const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
    for (int64_t k = 0; k < taps; ++k) {
      const int64_t kc[3] = {k / (s.kernel[1] * s.kernel[2]), k / s.kernel[2] % s.kernel[1],
                             k % s.kernel[2]};
      int64_t flat = 0;
      bool inside = true;
      for (int i = 0; i < 3; ++i) {
        const int64_t p = o[i] * s.stride[i] - s.pad[i] + kc[i] * s.dilation[i];
        inside = inside && p >= 0 && p < s.in[i];
        flat = flat * s.in[i] + p;
      }
      if (inside) inputs.push_back(flat);
    }
    f(at, o, inputs);
  }
}

template <class T>
constexpr DType type_of() {
  if (std::is_same_v<T, float>) return DType::kFloat;
  if (std::is_same_v<T, double>) return DType::kDouble;
  if (std::is_same_v<T, uint8_t>) return DType::kByte;
  if (std::is_same_v<T, int32_t>) return DType::kInt;
  return DType::kLong;
}

template <class T>
void check_max(const PoolShape& s) {
  std::vector<T> x(s.planes * s.in_area()), y(s.planes * s.out_area()), y2(y.size());
  for (auto& v : x) {
    v = static_cast<T>(between(0, 9));  // many ties
    if constexpr (std::is_floating_point_v<T>) {
      if (rng() % 40 == 0) v = std::numeric_limits<T>::quiet_NaN();
      if (rng() % 3 == 0) v = -std::numeric_limits<T>::infinity();
    }
  }
  std::vector<int64_t> index(y.size(), -7);
  max_pool(type_of<T>(), s, x.data(), y.data(), index.data());
  max_pool(type_of<T>(), s, x.data(), y2.data(), nullptr);
  std::vector<T> g(y.size()), gx(x.size(), T(99)), want_gx(x.size(), T(0));
  for (auto& v : g) v = static_cast<T>(between(1, 3));
  for (int64_t p = 0; p < s.planes; ++p) {
    for_windows(s, [&](int64_t at, const int64_t*, const std::vector<int64_t>& inputs) {
      const T* plane = x.data() + p * s.in_area();
      int64_t best = inputs.at(0);
      for (int64_t i : inputs) {
        if (plane[i] > plane[best] || plane[i] != plane[i]) best = i;
      }
      const int64_t to = p * s.out_area() + at;
      ASSERT_EQ(index[to], best);
      ASSERT_EQ(std::memcmp(&y[to], &plane[best], sizeof(T)), 0);
      ASSERT_EQ(std::memcmp(&y2[to], &plane[best], sizeof(T)), 0);
      want_gx[p * s.in_area() + best] += g[to];
    });
  }
  max_pool_backward(type_of<T>(), s, g.data(), index.data(), gx.data());
  ASSERT_EQ(gx, want_gx);
}

TEST(MaxPool, ValuesIndicesAndGradient) {
  for (int i = 0; i < 150; ++i) {
    const PoolShape s = random_case(1 + i % 3, true).s;
    check_max<float>(s);
    check_max<double>(s);
    if (i % 3) continue;
    check_max<uint8_t>(s);
    check_max<int32_t>(s);
    check_max<int64_t>(s);
  }
}

// Every width around the lanes of all targets: windows of 2 x 2 have kernels of their own.
TEST(MaxPool, DisjointPairs) {
  for (int64_t width = 2; width <= 40; ++width) {
    const int64_t in[2] = {between(2, 7), width}, two[2] = {2, 2}, none[2] = {0, 0},
                  one[2] = {1, 1};
    const PoolShape s = make_pool_shape(2, 3, in, two, two, none, one, width % 5 == 0);
    check_max<float>(s);
    check_max<double>(s);
  }
}

template <class T>
void check_avg(const PoolShape& s, bool include_pad, int64_t divisor, double eps) {
  std::vector<T> x(s.planes * s.in_area()), y(s.planes * s.out_area()), g(y.size()),
      gx(x.size(), T(99));
  std::normal_distribution<double> normal;
  for (auto& v : x) v = static_cast<T>(normal(rng));
  for (auto& v : g) v = static_cast<T>(normal(rng));
  std::vector<double> want_gx(x.size());
  avg_pool(type_of<T>(), s, include_pad, divisor, x.data(), y.data());
  avg_pool_backward(type_of<T>(), s, include_pad, divisor, g.data(), gx.data());
  for (int64_t p = 0; p < s.planes; ++p) {
    for_windows(s, [&](int64_t at, const int64_t* o, const std::vector<int64_t>& inputs) {
      double sum = 0, by = static_cast<double>(divisor);
      for (int64_t i : inputs) sum += x[p * s.in_area() + i];
      if (divisor == 0 && !include_pad) by = static_cast<double>(inputs.size());
      if (divisor == 0 && include_pad) {
        by = 1;
        for (int i = 0; i < 3; ++i) {
          const int64_t start = o[i] * s.stride[i] - s.pad[i];
          by *= static_cast<double>(std::min(start + s.kernel[i], s.in[i] + s.pad[i]) - start);
        }
      }
      const int64_t to = p * s.out_area() + at;
      ASSERT_NEAR(y[to], sum / by, eps);
      for (int64_t i : inputs) want_gx[p * s.in_area() + i] += g[to] / by;
    });
  }
  for (size_t i = 0; i < gx.size(); ++i) ASSERT_NEAR(gx[i], want_gx[i], 8 * eps);
}

TEST(AvgPool, ValuesAndGradient) {
  for (int i = 0; i < 150; ++i) {
    const PoolShape s = random_case(1 + i % 3, false).s;
    const int64_t divisor = i % 5 == 0 ? 3 : 0;
    check_avg<float>(s, i % 2, divisor, 2e-6);
    check_avg<double>(s, i % 2, divisor, 1e-14);
  }
}

TEST(AdaptivePool, ValuesIndicesAndGradient) {
  std::normal_distribution<double> normal;
  for (int round = 0; round < 120; ++round) {
    const int dims = 1 + round % 3;
    int64_t in[3], out[3];
    for (int i = 0; i < dims; ++i) {
      in[i] = between(1, dims == 3 ? 9 : 30);
      out[i] = between(1, 9);
      if (round % 4 == 0) in[i] = out[i] * between(1, 4);
    }
    const PoolShape s = make_adaptive_shape(dims, 3, in, out);
    std::vector<float> x(3 * s.in_area()), avg(3 * s.out_area()), top(avg.size()), g(avg.size()),
        gx(x.size(), 99);
    for (auto* v : {&x, &g}) {
      for (auto& e : *v) e = static_cast<float>(normal(rng));
    }
    std::vector<int64_t> index(avg.size());
    adaptive_avg_pool(DType::kFloat, s, x.data(), avg.data());
    adaptive_max_pool(DType::kFloat, s, x.data(), top.data(), index.data());
    adaptive_avg_pool_backward(DType::kFloat, s, g.data(), gx.data());
    std::vector<double> want_gx(x.size());
    for (int64_t p = 0; p < 3; ++p) {
      for (int64_t at = 0; at < s.out_area(); ++at) {
        const int64_t o[3] = {at / (s.out[1] * s.out[2]), at / s.out[2] % s.out[1], at % s.out[2]};
        std::vector<int64_t> inputs;
        for (int64_t i = 0; i < s.in_area(); ++i) {
          const int64_t c[3] = {i / (s.in[1] * s.in[2]), i / s.in[2] % s.in[1], i % s.in[2]};
          bool inside = true;
          for (int k = 0; k < 3; ++k) {
            const double scale = static_cast<double>(s.in[k]);
            const int64_t lo = static_cast<int64_t>(std::floor(o[k] * scale / s.out[k]));
            const int64_t hi = static_cast<int64_t>(std::ceil((o[k] + 1) * scale / s.out[k]));
            inside = inside && c[k] >= lo && c[k] < hi;
          }
          if (inside) inputs.push_back(p * s.in_area() + i);
        }
        const int64_t to = p * s.out_area() + at;
        double sum = 0;
        int64_t best = inputs.at(0);
        for (int64_t i : inputs) {
          sum += x[i];
          if (x[i] > x[best]) best = i;
          want_gx[i] += g[to] / static_cast<double>(inputs.size());
        }
        ASSERT_NEAR(avg[to], sum / static_cast<double>(inputs.size()), 2e-6);
        ASSERT_EQ(top[to], x[best]);
        ASSERT_EQ(index[to], best - p * s.in_area());
      }
    }
    for (size_t i = 0; i < gx.size(); ++i) ASSERT_NEAR(gx[i], want_gx[i], 1e-5);
  }
}

TEST(Pool, HalfPrecisionRoundsOnce) {
  for (DType type : {DType::kHalf, DType::kBFloat16}) {
    const int64_t in[2] = {17, 23}, kernel[2] = {3, 3}, two[2] = {2, 2}, one[2] = {1, 1};
    const PoolShape s = make_pool_shape(2, 5, in, kernel, two, one, one, false);
    std::vector<float> x(5 * s.in_area()), y(5 * s.out_area()), back(y.size());
    for (auto& v : x) v = static_cast<float>(between(-99, 99)) / 8;
    std::vector<uint16_t> xh(x.size()), yh(y.size());
    convert_from_float(type, x.data(), xh.data(), x.size());
    convert_to_float(type, xh.data(), x.data(), x.size());
    std::vector<int64_t> i1(y.size()), i2(y.size());
    max_pool(DType::kFloat, s, x.data(), y.data(), i1.data());
    max_pool(type, s, xh.data(), yh.data(), i2.data());
    convert_to_float(type, yh.data(), back.data(), y.size());
    EXPECT_EQ(back, y);
    EXPECT_EQ(i1, i2);
    avg_pool(DType::kFloat, s, true, 0, x.data(), y.data());
    avg_pool(type, s, true, 0, xh.data(), yh.data());
    convert_to_float(type, yh.data(), back.data(), y.size());
    for (size_t i = 0; i < y.size(); ++i) {
      const float want =
          type == DType::kHalf ? to_float(to_half(y[i])) : to_float(to_bfloat16(y[i]));
      ASSERT_EQ(back[i], want);
    }
  }
}

TEST(Pool, OutputSizeFollowsCeilMode) {
  EXPECT_EQ(pool_output_size(5, 2, 2, 0, 1, false), 2);
  EXPECT_EQ(pool_output_size(5, 2, 2, 0, 1, true), 3);
  EXPECT_EQ(pool_output_size(3, 1, 3, 0, 1, true), 1);  // no window starts beyond the input
  EXPECT_EQ(pool_output_size(2, 2, 2, 1, 1, true), 2);
  EXPECT_EQ(pool_output_size(1, 3, 2, 0, 1, false), 0);
}

TEST(MaxPool, AWrongIndexIsAnError) {
  const int64_t in[1] = {4}, kernel[1] = {2}, one[1] = {1}, zero[1] = {0};
  const PoolShape s = make_pool_shape(1, 1, in, kernel, one, zero, one, false);
  float g[3] = {1, 1, 1}, gx[4];
  const int64_t bad[3] = {0, 4, 1}, negative[3] = {0, -1, 1};
  EXPECT_THROW(max_pool_backward(DType::kFloat, s, g, bad, gx), std::out_of_range);
  EXPECT_THROW(max_pool_backward(DType::kFloat, s, g, negative, gx), std::out_of_range);
}
}  // namespace
