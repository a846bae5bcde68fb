// Times of the CPU kernels alone, without tensors. Not part of a normal run:
//   test_kernels_internal --gtest_also_run_disabled_tests --gtest_filter='*Speed*'
// PHAROS_NUM_THREADS sets the threads. Times are the best of many runs, in milliseconds.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "kernels/cpu/batch_norm.h"
#include "kernels/cpu/conv.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/softmax.h"

namespace {
using namespace pharos::cpu;
using Clock = std::chrono::steady_clock;

template <class F>
double best_ms(F&& f) {
  f();
  double best = 1e9, total = 0;
  for (int round = 0; round < 200 && total < 250; ++round) {
    const auto start = Clock::now();
    f();
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    total += ms;
    if (ms < best) best = ms;
  }
  return best;
}

std::vector<float> ramp(int64_t n) {
  std::vector<float> v(n);
  for (int64_t i = 0; i < n; ++i) v[i] = static_cast<float>(i * 7919 % 1000) / 500 - 1;
  return v;
}

struct ConvCase {
  int64_t batch, in, out, size, kernel, stride, pad;
};

TEST(Speed, DISABLED_Convolutions) {
  for (const ConvCase& c : {ConvCase{8, 64, 64, 56, 3, 1, 1},
                            {8, 128, 128, 28, 3, 1, 1},
                            {8, 256, 256, 14, 3, 1, 1},
                            {8, 512, 512, 7, 3, 1, 1},
                            {8, 3, 64, 224, 7, 2, 3},
                            {8, 64, 256, 56, 1, 1, 0},
                            {64, 1, 6, 28, 5, 1, 2},
                            {64, 6, 16, 14, 5, 1, 0},
                            {64, 1, 32, 28, 3, 1, 0},
                            {64, 32, 64, 26, 3, 1, 0}}) {
    const int64_t in[2] = {c.size, c.size}, kernel[2] = {c.kernel, c.kernel};
    const int64_t stride[2] = {c.stride, c.stride}, pad[2] = {c.pad, c.pad}, one[2] = {1, 1};
    const ConvShape s = make_conv_shape(2, c.batch, c.in, c.out, 1, in, kernel, stride, pad, one);
    auto x = ramp(c.batch * c.in * s.in_area()), w = ramp(c.out * c.in * s.taps()),
         y = ramp(c.batch * c.out * s.out_area()), gw = w;
    const double gigaflop = 2e-9 * static_cast<double>(y.size() * c.in * s.taps());
    std::printf("conv %3ld: %3ld -> %3ld, %ldx%ld/%ld @ %3ld", long(c.batch), long(c.in),
                long(c.out), long(c.kernel), long(c.kernel), long(c.stride), long(c.size));
    const double f = best_ms([&] {
      conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data(), {1, 1});
    });
    const double d = best_ms([&] {
      conv_backward_data(DType::kFloat, s, y.data(), w.data(), x.data(), {1, 1});
    });
    const double b = best_ms(
        [&] { conv_backward_weights(DType::kFloat, s, x.data(), y.data(), gw.data(), nullptr); });
    clear_packed_weights();
    std::printf("  forward %8.3f %-7s by data %8.3f %-7s by weights %8.3f %-7s (%.0f GF/s)\n", f,
                name_of(choose_conv(DType::kFloat, s, 'f')), d,
                name_of(choose_conv(DType::kFloat, s, 'd')), b,
                name_of(choose_conv(DType::kFloat, s, 'w')), gigaflop / f * 1e3);
  }
}

TEST(Speed, DISABLED_Products) {
  for (int64_t n : {4, 32, 128, 512, 1024}) {
    auto a = ramp(n * n), b = a, c = a;
    std::vector<double> ad(a.begin(), a.end()), bd = ad, cd = ad;
    const double flops = 2.0 * static_cast<double>(n * n * n);
    const double f =
        best_ms([&] { sgemm(false, true, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n); });
    const double d = best_ms(
        [&] { dgemm(false, true, n, n, n, 1, ad.data(), n, bd.data(), n, 0, cd.data(), n); });
    std::printf("gemm %4ld: f32 %9.4f ms (%.0f GF/s), f64 %9.4f ms (%.0f GF/s)\n", long(n), f,
                flops / f * 1e-6, d, flops / d * 1e-6);
  }
}

TEST(Speed, DISABLED_PoolsAndNorms) {
  const DType type = DType::kFloat;
  const int64_t planes = 8 * 64, n = planes * 56 * 56;
  auto x = ramp(n), y = x, g = x;
  const int64_t in[2] = {56, 56}, three[2] = {3, 3}, two[2] = {2, 2}, one[2] = {1, 1};
  const PoolShape s = make_pool_shape(2, planes, in, three, two, one, one, false);
  std::vector<int64_t> index(planes * s.out_area());
  auto report = [](const char* name, double ms) { std::printf("%-28s %8.3f ms\n", name, ms); };
  report("max_pool 3x3/2, indices",
         best_ms([&] { max_pool(type, s, x.data(), y.data(), index.data()); }));
  report("max_pool 3x3/2", best_ms([&] { max_pool(type, s, x.data(), y.data(), nullptr); }));
  max_pool(type, s, x.data(), y.data(), index.data());
  report("max_pool backward",
         best_ms([&] { max_pool_backward(type, s, g.data(), index.data(), y.data()); }));
  report("avg_pool 3x3/2", best_ms([&] { avg_pool(type, s, true, 0, x.data(), y.data()); }));
  report("avg_pool backward",
         best_ms([&] { avg_pool_backward(type, s, true, 0, g.data(), y.data()); }));
  const NormShape norm{8, 64, 56 * 56};
  std::vector<float> mean(64), var(64), w(64, 1), b(64), gw(64), gb(64);
  report("batch_norm stats",
         best_ms([&] { batch_norm_stats(type, norm, x.data(), mean.data(), var.data()); }));
  report("batch_norm apply", best_ms([&] {
           batch_norm_apply(type, norm, x.data(), mean.data(), w.data(), w.data(), b.data(),
                            y.data());
         }));
  report("batch_norm backward", best_ms([&] {
           batch_norm_backward(type, norm, true, g.data(), x.data(), mean.data(), w.data(),
                               w.data(), y.data(), gw.data(), gb.data());
         }));
  const int64_t rows = 100000, cols = 100;
  auto big = ramp(rows * cols), out = big, grad = big;
  std::vector<float> m(rows), r(rows), lw(cols, 1), lb(cols), lgw(cols), lgb(cols);
  report("softmax 1e5 x 100",
         best_ms([&] { softmax(type, false, rows, cols, 1, big.data(), out.data()); }));
  report("softmax backward", best_ms([&] {
           softmax_backward(type, false, rows, cols, 1, grad.data(), out.data(), out.data());
         }));
  report("layer_norm 1e5 x 100", best_ms([&] {
           layer_norm(type, rows, cols, big.data(), lw.data(), lb.data(), 1e-5, out.data(),
                      m.data(), r.data());
         }));
  report("layer_norm backward", best_ms([&] {
           layer_norm_backward(type, rows, cols, grad.data(), big.data(), m.data(), r.data(),
                               lw.data(), out.data(), lgw.data(), lgb.data());
         }));
}
}  // namespace
