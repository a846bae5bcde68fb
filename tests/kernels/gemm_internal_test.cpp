// Matrix products against plain f64 loops over many shapes, transposes, leading dimensions, dtypes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/parallel.h"

namespace {
using namespace pharos::cpu;

std::mt19937_64 rng(7);

template <class T>
std::vector<T> random_values(int64_t n) {
  std::normal_distribution<double> normal;
  std::vector<T> v(n);
  for (auto& x : v) x = static_cast<T>(normal(rng));
  return v;
}

struct Shape {
  bool ta, tb;
  int64_t m, n, k, lda, ldb, ldc;
};

Shape random_shape(int64_t limit) {
  auto pick = [&] { return static_cast<int64_t>(rng() % limit); };
  Shape s{rng() % 2 == 0, rng() % 2 == 0, pick(), pick(), pick(), 0, 0, 0};
  if (rng() % 6 == 0) s.m = 1;
  if (rng() % 6 == 0) s.n = 1;
  s.lda = (s.ta ? s.m : s.k) + rng() % 3 + (s.k == 0);
  s.ldb = (s.tb ? s.k : s.n) + rng() % 3 + (s.k == 0);
  s.ldc = s.n + rng() % 3;
  return s;
}

template <class T>
void check(const Shape& s, double alpha, double beta, double tolerance) {
  auto a = random_values<T>(s.lda * (s.ta ? s.k : s.m) + 1);
  auto b = random_values<T>(s.ldb * (s.tb ? s.n : s.k) + 1);
  auto c = random_values<T>(s.ldc * s.m + 1);
  if (beta == 0) {
    for (auto& x : c) x = std::numeric_limits<T>::quiet_NaN();
  }
  const auto before = c;
  const DType type = sizeof(T) == 4 ? DType::kFloat : DType::kDouble;
  gemm(type, s.ta, s.tb, s.m, s.n, s.k, alpha, a.data(), s.lda, b.data(), s.ldb, beta, c.data(),
       s.ldc);
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t j = 0; j < s.ldc; ++j) {
      const int64_t at = i * s.ldc + j;
      if (j >= s.n) {  // between the rows nothing may change
        ASSERT_EQ(std::memcmp(&c[at], &before[at], sizeof(T)), 0);
        continue;
      }
      double sum = 0, scale = 1;
      for (int64_t p = 0; p < s.k; ++p) {
        const double x = s.ta ? a[p * s.lda + i] : a[i * s.lda + p];
        const double y = s.tb ? b[j * s.ldb + p] : b[p * s.ldb + j];
        sum += x * y;
        scale += std::abs(x * y);
      }
      const double want = alpha * sum + (beta == 0 ? 0 : beta * before[at]);
      ASSERT_NEAR(c[at], want, tolerance * scale)
          << s.m << "x" << s.n << "x" << s.k << " ta " << s.ta << " tb " << s.tb << " at " << i
          << "," << j;
    }
  }
}

template <class T>
void sweep(double tolerance) {
  for (int round = 0; round < 400; ++round) {
    const int64_t limit = round < 300 ? 40 : 150;
    const double alphas[] = {1, 1, -0.5}, betas[] = {0, 1, 0.25};
    check<T>(random_shape(limit), alphas[rng() % 3], betas[rng() % 3], tolerance);
  }
  // Beyond one block of depth, of rows and of columns.
  for (bool ta : {false, true}) {
    for (bool tb : {false, true}) {
      check<T>({ta, tb, 130, 270, 600, ta ? 130 : 600, tb ? 600 : 270, 270}, 1, 0.5, tolerance);
      check<T>({ta, tb, 1, 700, 900, ta ? 1 : 900, tb ? 900 : 700, 700}, 1, 0, tolerance);
      check<T>({ta, tb, 700, 1, 900, ta ? 700 : 900, tb ? 900 : 1, 1}, 2, 1, tolerance);
      check<T>({ta, tb, 3, 701, 1500, ta ? 3 : 1500, tb ? 1500 : 701, 701}, 2, 1, tolerance);
    }
  }
}

TEST(Gemm, Float) { sweep<float>(3e-6); }
TEST(Gemm, Double) { sweep<double>(1e-14); }
TEST(Gemm, FewRowsOrColumnsAgainstMany) {
  for (bool tb : {false, true}) {
    check<float>({false, tb, 5, 4200, 300, 300, tb ? 300 : 4200, 4200}, 1, 0, 3e-6);
    check<float>({false, tb, 20, 2050, 530, 531, tb ? 530 : 2050, 2051}, 1, 1, 3e-6);
    check<float>({false, tb, 4200, 9, 300, 300, tb ? 300 : 9, 9}, 1, 0, 3e-6);
    check<double>({true, tb, 130, 130, 260, 130, tb ? 260 : 130, 130}, 1, 0.5, 1e-14);
  }
}

TEST(Gemm, PackedMatrixGivesTheProductsOfTheMatrix) {
  for (auto [m, n, k] :
       {std::array<int64_t, 3>{1, 1, 1}, {20, 256, 64}, {7, 45, 530}, {33, 3, 9}}) {
    for (bool tb : {false, true}) {
      const auto a = random_values<float>(m * k), b = random_values<float>(n * k);
      const auto before = random_values<float>(m * n);
      const PackedMatrix packed(tb, n, k, b.data(), tb ? k : n);
      for (float beta : {0.0f, 1.0f}) {
        auto c = before;
        packed.multiply(m, a.data(), k, beta, c.data(), n);
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            double want = beta * before[i * n + j], scale = 1;
            for (int64_t p = 0; p < k; ++p) {
              const double x = a[i * k + p], y = tb ? b[j * k + p] : b[p * n + j];
              want += x * y, scale += std::abs(x * y);
            }
            ASSERT_NEAR(c[i * n + j], want, 3e-6 * scale) << m << "x" << n << "x" << k << tb;
          }
        }
      }
    }
  }
}

TEST(Gemm, GivesEqualBitsForAnyNumberOfThreads) {
  const int saved = pharos::get_num_threads();
  for (auto [m, n, k] : {std::array<int64_t, 3>{200, 300, 500},
                         {1, 3000, 500},
                         {2000, 1, 700},
                         {128, 128, 128},
                         {20, 2048, 512}}) {
    auto a = random_values<float>(m * k), b = random_values<float>(k * n);
    std::vector<float> first;
    for (int threads : {1, 2, 3, 7}) {
      pharos::set_num_threads(threads);
      std::vector<float> c(m * n);
      sgemm(false, false, m, n, k, 1, a.data(), k, b.data(), n, 0, c.data(), n);
      if (first.empty()) first = c;
      EXPECT_EQ(std::memcmp(c.data(), first.data(), c.size() * 4), 0);
    }
  }
  pharos::set_num_threads(saved);
}

TEST(Gemm, NanAndInfinityPropagate) {
  for (int64_t n : {4, 40, 200}) {
    std::vector<float> a(n * n, 0.f), b(n * n, 1.f), c(n * n);
    b[0] = std::numeric_limits<float>::quiet_NaN();
    sgemm(false, false, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
    for (int64_t i = 0; i < n; ++i) EXPECT_TRUE(std::isnan(c[i * n]));
  }
}

template <class T>
void check_integers(DType type) {
  for (int round = 0; round < 60; ++round) {
    const Shape s = random_shape(20);
    std::vector<T> a(s.lda * (s.ta ? s.k : s.m) + 1), b(s.ldb * (s.tb ? s.n : s.k) + 1),
        c(s.ldc * s.m + 1);
    for (auto* v : {&a, &b, &c}) {
      for (auto& x : *v) x = static_cast<T>(rng());
    }
    const auto before = c;
    gemm(type, s.ta, s.tb, s.m, s.n, s.k, GemmScalar::from_int(-3), a.data(), s.lda, b.data(),
         s.ldb, GemmScalar::from_int(2), c.data(), s.ldc);
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        uint64_t sum = 0;
        for (int64_t p = 0; p < s.k; ++p) {
          sum += static_cast<uint64_t>(s.ta ? a[p * s.lda + i] : a[i * s.lda + p]) *
                 static_cast<uint64_t>(s.tb ? b[j * s.ldb + p] : b[p * s.ldb + j]);
        }
        const uint64_t want =
            sum * static_cast<uint64_t>(-3) + 2 * static_cast<uint64_t>(before[i * s.ldc + j]);
        ASSERT_EQ(c[i * s.ldc + j], static_cast<T>(want));
      }
    }
  }
}

TEST(Gemm, IntegersWrapAround) {
  check_integers<uint8_t>(DType::kByte);
  check_integers<int8_t>(DType::kChar);
  check_integers<int16_t>(DType::kShort);
  check_integers<int32_t>(DType::kInt);
  check_integers<int64_t>(DType::kLong);
}

TEST(Gemm, Complex) {
  const int64_t m = 5, n = 7, k = 6;
  auto a = random_values<double>(2 * m * k), b = random_values<double>(2 * k * n),
       c = random_values<double>(2 * m * n);
  const auto before = c;
  gemm(DType::kComplexDouble, false, true, m, n, k, GemmScalar(1, 2), a.data(), k, b.data(), k,
       GemmScalar(0.5, -1), c.data(), n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double re = 0, im = 0;
      for (int64_t p = 0; p < k; ++p) {
        const double* x = &a[2 * (i * k + p)];
        const double* y = &b[2 * (j * k + p)];
        re += x[0] * y[0] - x[1] * y[1];
        im += x[0] * y[1] + x[1] * y[0];
      }
      const double* z = &before[2 * (i * n + j)];
      EXPECT_NEAR(c[2 * (i * n + j)], re - 2 * im + 0.5 * z[0] + z[1], 1e-12);
      EXPECT_NEAR(c[2 * (i * n + j) + 1], im + 2 * re + 0.5 * z[1] - z[0], 1e-12);
    }
  }
}

TEST(Gemm, HalfPrecisionRoundsTheExactProductOnce) {
  for (DType type : {DType::kHalf, DType::kBFloat16}) {
    const int64_t m = 9, n = 33, k = 17;
    std::vector<uint16_t> a(m * k), b(k * n), c(m * n);
    std::vector<float> af(m * k), bf(k * n), cf(m * n);
    for (auto [h, f] : {std::pair(&a, &af), std::pair(&b, &bf)}) {
      for (auto& x : *f) x = static_cast<float>(static_cast<int>(rng() % 17) - 8);
      convert_from_float(type, f->data(), h->data(), f->size());
    }
    gemm(type, false, false, m, n, k, 1.0, a.data(), k, b.data(), n, 0.0, c.data(), n);
    convert_to_float(type, c.data(), cf.data(), m * n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        float sum = 0;
        for (int64_t p = 0; p < k; ++p) sum += af[i * k + p] * bf[p * n + j];
        const float want =
            type == DType::kHalf ? to_float(to_half(sum)) : to_float(to_bfloat16(sum));
        EXPECT_EQ(cf[i * n + j], want);
      }
    }
  }
}

TEST(Convert, EveryHalfValueComesBackAndRoundingIsToNearestEven) {
  std::vector<uint16_t> bits(65536), back(65536);
  std::vector<float> f(65536);
  for (int i = 0; i < 65536; ++i) bits[i] = static_cast<uint16_t>(i);
  for (DType type : {DType::kHalf, DType::kBFloat16}) {
    convert_to_float(type, bits.data(), f.data(), 65536);
    convert_from_float(type, f.data(), back.data(), 65536);
    for (int i = 0; i < 65536; ++i) {
      const float scalar =
          type == DType::kHalf ? to_float(Half{bits[i]}) : to_float(BFloat16{bits[i]});
      if (std::isnan(f[i])) {
        ASSERT_TRUE(std::isnan(scalar));
        continue;
      }
      ASSERT_EQ(f[i], scalar);
      ASSERT_EQ(back[i], bits[i]);
    }
    // The vector and the scalar conversions agree on arbitrary f32 values.
    std::vector<float> values(40000);
    for (auto& v : values) {
      const uint32_t u = static_cast<uint32_t>(rng());
      std::memcpy(&v, &u, 4);
      if (rng() % 2) v = std::ldexp(1.f + static_cast<float>(rng() % 4096) / 4096, rng() % 45 - 30);
    }
    std::vector<uint16_t> h(values.size());
    convert_from_float(type, values.data(), h.data(), h.size());
    for (size_t i = 0; i < h.size(); ++i) {
      const uint16_t want =
          type == DType::kHalf ? to_half(values[i]).bits : to_bfloat16(values[i]).bits;
      ASSERT_EQ(h[i], want) << values[i];
#if defined(__FLT16_MAX__) && !defined(__clang__)  // clang 14 has no _Float16 on x86
      if (type == DType::kHalf && !std::isnan(values[i])) {
        ASSERT_EQ(to_float(Half{want}), static_cast<float>(static_cast<_Float16>(values[i])));
      }
#endif
    }
  }
}

TEST(Gemm, Batched) {
  const int64_t batch = 37, m = 5, n = 6, k = 7;
  auto a = random_values<float>(batch * m * k), b = random_values<float>(n * k);
  std::vector<float> c(batch * m * n);
  gemm_batched(DType::kFloat, false, true, batch, m, n, k, 1.0, a.data(), k, m * k, b.data(), k, 0,
               0.0, c.data(), n, m * n);
  for (int64_t i = 0; i < batch * m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t p = 0; p < k; ++p) sum += double(a[i * k + p]) * b[j * k + p];
      EXPECT_NEAR(c[i * n + j], sum, 1e-5);
    }
  }
}
}  // namespace
