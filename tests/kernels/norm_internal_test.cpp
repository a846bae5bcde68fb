// softmax, layer_norm, group_norm and batch_norm against plain f64 formulas.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/batch_norm.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/softmax.h"

namespace {
using namespace pharos::cpu;

std::mt19937_64 rng(5);
using Values = std::vector<double>;

Values random_values(int64_t n, double shift = 0) {
  std::normal_distribution<double> normal;
  Values v(n);
  for (auto& x : v) x = static_cast<float>(normal(rng) + shift);
  return v;
}

template <class T>
std::vector<T> cast(const Values& v) {
  return std::vector<T>(v.begin(), v.end());
}

template <class T>
void expect_close(const std::vector<T>& got, const Values& want, double eps, const char* what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(got[i]), want[i], eps * (1 + std::abs(want[i])))
        << what << " at " << i;
  }
}

template <class T>
constexpr DType kType = sizeof(T) == 4 ? DType::kFloat : DType::kDouble;

template <class T>
void check_softmax(bool log, int64_t outer, int64_t size, int64_t inner, double eps) {
  const int64_t n = outer * size * inner;
  const Values x = random_values(n), g = random_values(n);
  Values y(n), gx(n);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      auto at = [&](int64_t s) { return (o * size + s) * inner + i; };
      double top = -1e300, sum = 0, dot = 0;
      for (int64_t s = 0; s < size; ++s) top = std::max(top, x[at(s)]);
      for (int64_t s = 0; s < size; ++s) sum += std::exp(x[at(s)] - top);
      for (int64_t s = 0; s < size; ++s) {
        const double p = std::exp(x[at(s)] - top) / sum;
        y[at(s)] = log ? x[at(s)] - top - std::log(sum) : p;
        dot += log ? g[at(s)] : g[at(s)] * p;
      }
      for (int64_t s = 0; s < size; ++s) {
        gx[at(s)] = log ? g[at(s)] - std::exp(y[at(s)]) * dot : y[at(s)] * (g[at(s)] - dot);
      }
    }
  }
  const auto xt = cast<T>(x), gt = cast<T>(g);
  std::vector<T> yt(n), gxt(n);
  softmax(kType<T>, log, outer, size, inner, xt.data(), yt.data());
  expect_close(yt, y, eps, "forward");
  softmax_backward(kType<T>, log, outer, size, inner, gt.data(), yt.data(), gxt.data());
  expect_close(gxt, gx, 8 * eps, "backward");
}

TEST(Softmax, AgreesWithTheFormula) {
  for (bool log : {false, true}) {
    for (int64_t size : {1, 2, 4, 7, 16, 33, 100, 1000, 5000}) {
      check_softmax<float>(log, 3, size, 1, 1e-6);
      check_softmax<double>(log, 3, size, 1, 1e-13);
      if (size > 100) continue;
      for (int64_t inner : {2, 5, 17, 64}) {
        check_softmax<float>(log, 2, size, inner, 1e-6);
        check_softmax<double>(log, 2, size, inner, 1e-13);
      }
    }
  }
}

TEST(Softmax, NanAndInfinities) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  for (bool log : {false, true}) {
    for (int64_t inner : {1, 3}) {
      for (int64_t size : {5, 40}) {
        for (float bad : {nan, inf}) {
          for (int64_t place : {int64_t{0}, size / 2, size - 1}) {
            std::vector<float> x(size * inner, 1.f), y(x.size());
            x[place * inner] = bad;
            softmax(DType::kFloat, log, 1, size, inner, x.data(), y.data());
            for (int64_t i = 0; i < size; ++i) {
              if (bad == bad && log && i != place) {  // finite - inf
                EXPECT_FALSE(std::isfinite(y[i * inner]));
              } else {
                EXPECT_TRUE(std::isnan(y[i * inner])) << size << " " << inner << " " << place;
              }
              if (inner > 1) {
                EXPECT_FALSE(std::isnan(y[i * inner + 1]));
              }
            }
          }
        }
        std::vector<float> x(size * inner, -inf), y(x.size());
        softmax(DType::kFloat, log, 1, size, inner, x.data(), y.data());
        for (float v : y) EXPECT_TRUE(std::isnan(v));
        x[0] = 2;  // -inf beside a number has probability zero
        softmax(DType::kFloat, log, 1, size, inner, x.data(), y.data());
        EXPECT_EQ(y[0], log ? 0.f : 1.f);
        EXPECT_EQ(y[inner], log ? -inf : 0.f);
      }
    }
  }
}

TEST(Softmax, HalfPrecisionRoundsOnce) {
  for (DType type : {DType::kHalf, DType::kBFloat16}) {
    const Values values = random_values(3 * 21);
    std::vector<uint16_t> xh(63), yh(63);
    std::vector<float> x = cast<float>(values), y(63), back(63);
    convert_from_float(type, x.data(), xh.data(), 63);
    convert_to_float(type, xh.data(), x.data(), 63);
    softmax(DType::kFloat, false, 3, 21, 1, x.data(), y.data());
    softmax(type, false, 3, 21, 1, xh.data(), yh.data());
    convert_to_float(type, yh.data(), back.data(), 63);
    for (int i = 0; i < 63; ++i) {
      EXPECT_EQ(back[i],
                type == DType::kHalf ? to_float(to_half(y[i])) : to_float(to_bfloat16(y[i])));
    }
  }
}

// Rows of `cols`, affine index given by channel(j).
template <class T>
void check_rows(int64_t batch, int64_t channels, int64_t area, int64_t groups, bool affine,
                double shift, double eps) {
  const bool layer = groups == 0;  // layer_norm over `area`, batch rows
  const int64_t rows = layer ? batch : batch * groups;
  const int64_t cols = layer ? area : channels / groups * area;
  const int64_t n = rows * cols, nw = layer ? area : channels;
  auto channel = [&](int64_t i) { return layer ? i % cols : i / area % channels; };
  const Values x = random_values(n, shift), g = random_values(n), w = random_values(nw),
               b = random_values(nw);
  Values y(n), gx(n), gw(nw), gb(nw), mean(rows), rstd(rows);
  for (int64_t r = 0; r < rows; ++r) {
    double m = 0, v = 0, s1 = 0, s2 = 0;
    for (int64_t j = 0; j < cols; ++j) m += x[r * cols + j] / cols;
    for (int64_t j = 0; j < cols; ++j) v += std::pow(x[r * cols + j] - m, 2) / cols;
    mean[r] = m;
    rstd[r] = 1 / std::sqrt(v + 1e-5);
    for (int64_t j = 0; j < cols; ++j) {
      const int64_t i = r * cols + j, c = channel(i);
      const double hat = (x[i] - m) * rstd[r];
      y[i] = affine ? hat * w[c] + b[c] : hat;
      gw[c] += g[i] * hat;
      gb[c] += g[i];
      s1 += g[i] * (affine ? w[c] : 1) / cols;
      s2 += g[i] * (affine ? w[c] : 1) * hat / cols;
    }
    for (int64_t j = 0; j < cols; ++j) {
      const int64_t i = r * cols + j;
      const double hat = (x[i] - m) * rstd[r];
      gx[i] = rstd[r] * (g[i] * (affine ? w[channel(i)] : 1) - s1 - hat * s2);
    }
  }
  const auto xt = cast<T>(x), gt = cast<T>(g), wt = cast<T>(w), bt = cast<T>(b);
  std::vector<T> yt(n), gxt(n), gwt(nw), gbt(nw), mt(rows), rt(rows);
  const T *wp = affine ? wt.data() : nullptr, *bp = affine ? bt.data() : nullptr;
  if (layer) {
    layer_norm(kType<T>, rows, cols, xt.data(), wp, bp, 1e-5, yt.data(), mt.data(), rt.data());
    layer_norm_backward(kType<T>, rows, cols, gt.data(), xt.data(), mt.data(), rt.data(), wp,
                        gxt.data(), gwt.data(), gbt.data());
  } else {
    group_norm(kType<T>, batch, channels, area, groups, xt.data(), wp, bp, 1e-5, yt.data(),
               mt.data(), rt.data());
    group_norm_backward(kType<T>, batch, channels, area, groups, gt.data(), xt.data(), mt.data(),
                        rt.data(), wp, gxt.data(), gwt.data(), gbt.data());
  }
  // Conditioning: the rounding of the mean, in units of the row's own spread.
  double steep = 1;
  for (double r : rstd) steep = std::max(steep, r);
  const double grow = (1 + std::abs(shift)) * steep;
  expect_close(mt, mean, eps, "mean");
  expect_close(rt, rstd, eps * grow, "rstd");
  expect_close(yt, y, 4 * eps * grow, "y");
  expect_close(gxt, gx, 8 * eps * grow * steep, "grad x");
  expect_close(gwt, gw, 16 * eps * grow * std::sqrt(rows), "grad weight");
  expect_close(gbt, gb, 16 * eps * std::sqrt(rows), "grad bias");
}

TEST(LayerNorm, AgreesWithTheFormula) {
  for (int64_t cols : {2, 5, 16, 31, 100, 3000}) {
    for (int64_t rows : {1, 3, 130}) {
      for (bool affine : {false, true}) {
        check_rows<float>(rows, 0, cols, 0, affine, 0, 5e-7);
        check_rows<float>(rows, 0, cols, 0, affine, 10, 5e-7);
        check_rows<double>(rows, 0, cols, 0, affine, 3, 1e-12);
      }
    }
  }
}

TEST(GroupNorm, AgreesWithTheFormula) {
  for (int64_t groups : {1, 2, 6}) {
    for (int64_t area : {2, 9, 49, 500}) {
      check_rows<float>(3, 12, area, groups, true, 0.5, 5e-7);
      check_rows<double>(3, 12, area, groups, false, 0.5, 1e-12);
    }
  }
}

template <class T>
void check_batch_norm(NormShape s, bool train, double eps) {
  const int64_t n = s.batch * s.channels * s.area;
  const Values x = random_values(n, 1), g = random_values(n), w = random_values(s.channels),
               b = random_values(s.channels);
  Values y(n), gx(n), mean(s.channels), var(s.channels), invstd(s.channels), gw(s.channels),
      gb(s.channels), dot(s.channels);
  const double count = static_cast<double>(s.batch * s.area);
  auto channel = [&](int64_t i) { return i / s.area % s.channels; };
  for (int64_t i = 0; i < n; ++i) mean[channel(i)] += x[i] / count;
  for (int64_t i = 0; i < n; ++i) var[channel(i)] += std::pow(x[i] - mean[channel(i)], 2) / count;
  const Values batch_mean = mean, batch_var = var;
  if (!train) {
    for (auto& m : mean) m = static_cast<float>(m + 0.25);
    for (auto& v : var) v = static_cast<float>(v + 0.5);
  }
  for (int64_t c = 0; c < s.channels; ++c) invstd[c] = 1 / std::sqrt(var[c] + 1e-5);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t c = channel(i);
    y[i] = (x[i] - mean[c]) * invstd[c] * w[c] + b[c];
    gb[c] += g[i];
    dot[c] += g[i] * (x[i] - mean[c]);
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t c = channel(i);
    gw[c] = dot[c] * invstd[c];
    gx[i] = g[i];
    if (train) {
      gx[i] -= gb[c] / count + (x[i] - mean[c]) * invstd[c] * invstd[c] * dot[c] / count;
    }
    gx[i] *= invstd[c] * w[c];
  }
  const auto xt = cast<T>(x), gt = cast<T>(g), wt = cast<T>(w), bt = cast<T>(b), mt = cast<T>(mean),
             it = cast<T>(invstd);
  std::vector<T> yt(n), gxt(n), gwt(s.channels), gbt(s.channels), ms(s.channels), vs(s.channels);
  batch_norm_stats(kType<T>, s, xt.data(), ms.data(), vs.data());
  expect_close(ms, batch_mean, eps, "mean");
  expect_close(vs, batch_var, eps, "var");
  batch_norm_apply(kType<T>, s, xt.data(), mt.data(), it.data(), wt.data(), bt.data(), yt.data());
  batch_norm_backward(kType<T>, s, train, gt.data(), xt.data(), mt.data(), it.data(), wt.data(),
                      gxt.data(), gwt.data(), gbt.data());
  // One value per channel and batch has variance zero and invstd 316.
  const double grow = s.batch * s.area == 1 ? 400 : 20;
  expect_close(yt, y, grow * eps, "y");
  expect_close(gxt, gx, grow * eps, "grad x");
  expect_close(gwt, gw, grow * eps * std::sqrt(count), "grad weight");
  expect_close(gbt, gb, grow * eps * std::sqrt(count), "grad bias");
}

TEST(BatchNorm, AgreesWithTheFormula) {
  for (bool train : {true, false}) {
    for (NormShape s : {NormShape{4, 3, 49},
                        {2, 17, 1},
                        {300, 40, 1},
                        {5, 2, 3},
                        {2, 5, 5000},
                        {8, 33, 16},
                        {3, 1, 7}}) {
      check_batch_norm<float>(s, train, 1e-6);
      check_batch_norm<double>(s, train, 1e-13);
    }
  }
}

TEST(BatchNorm, EqualBitsForAnyNumberOfThreads) {
  const int saved = pharos::get_num_threads();
  for (NormShape s : {NormShape{16, 20, 3000}, {5000, 70, 1}}) {
    const auto x = cast<float>(random_values(s.batch * s.channels * s.area));
    std::vector<float> mean(s.channels), var(s.channels), m0, v0;
    for (int threads : {1, 2, 5}) {
      pharos::set_num_threads(threads);
      batch_norm_stats(DType::kFloat, s, x.data(), mean.data(), var.data());
      if (threads == 1) {
        m0 = mean;
        v0 = var;
      }
      EXPECT_EQ(std::memcmp(mean.data(), m0.data(), 4 * mean.size()), 0);
      EXPECT_EQ(std::memcmp(var.data(), v0.data(), 4 * var.size()), 0);
    }
  }
  pharos::set_num_threads(saved);
}
}  // namespace
