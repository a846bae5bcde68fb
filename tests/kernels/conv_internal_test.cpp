// Every convolution implementation against plain f64 loops over random shapes.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/conv.h"
#include "kernels/cpu/parallel.h"

namespace {
using namespace pharos::cpu;

std::mt19937_64 rng(11);
using Values = std::vector<double>;

Values random_values(int64_t n) {
  std::normal_distribution<double> normal;
  Values v(n);
  for (auto& x : v) x = static_cast<float>(normal(rng));
  return v;
}

int64_t between(int64_t lo, int64_t hi) { return lo + static_cast<int64_t>(rng() % (hi - lo + 1)); }

ConvShape random_shape(int dims) {
  for (;;) {
    int64_t in[3], kernel[3], stride[3], pad[3], dilation[3];
    for (int i = 0; i < dims; ++i) {
      in[i] = between(1, dims == 3 ? 9 : 23);
      kernel[i] = between(1, 5);
      stride[i] = between(1, 3);
      pad[i] = between(0, 3);
      dilation[i] = between(1, 3);
    }
    const int64_t groups = rng() % 3 == 0 ? between(2, 4) : 1;
    const ConvShape s =
        make_conv_shape(dims, between(1, 3), groups * between(1, dims == 3 ? 5 : 11),
                        groups * between(1, 19), groups, in, kernel, stride, pad, dilation);
    if (s.out_area() > 0) return s;
  }
}

// f(y index, x index, w index) for every product of the convolution.
template <class F>
void for_each_product(const ConvShape& s, F&& f) {
  const int64_t ins = s.in_channels / s.groups, outs = s.out_channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t o = 0; o < s.out_channels; ++o) {
      for (int64_t at = 0; at < s.out_area(); ++at) {
        const int64_t oc[3] = {at / (s.out[1] * s.out[2]), at / s.out[2] % s.out[1], at % s.out[2]};
        for (int64_t c = 0; c < ins; ++c) {
          for (int64_t tap = 0; tap < s.taps(); ++tap) {
            const int64_t kc[3] = {tap / (s.kernel[1] * s.kernel[2]),
                                   tap / s.kernel[2] % s.kernel[1], tap % s.kernel[2]};
            int64_t ix = 0;
            bool inside = true;
            for (int i = 0; i < 3; ++i) {
              const int64_t p = oc[i] * s.stride[i] - s.pad[i] + kc[i] * s.dilation[i];
              inside = inside && p >= 0 && p < s.in[i];
              ix = ix * s.in[i] + p;
            }
            if (!inside) continue;
            f((n * s.out_channels + o) * s.out_area() + at,
              (n * s.in_channels + o / outs * ins + c) * s.in_area() + ix,
              (o * ins + c) * s.taps() + tap);
          }
        }
      }
    }
  }
}

std::string describe(const ConvShape& s) {
  std::string t = "n" + std::to_string(s.batch) + " c" + std::to_string(s.in_channels) + " o" +
                  std::to_string(s.out_channels) + " g" + std::to_string(s.groups);
  for (int i = 0; i < 3; ++i) {
    t += " | in " + std::to_string(s.in[i]) + " k " + std::to_string(s.kernel[i]) + " s " +
         std::to_string(s.stride[i]) + " p " + std::to_string(s.pad[i]) + " d " +
         std::to_string(s.dilation[i]);
  }
  return t;
}

template <class T>
void expect_close(const std::vector<T>& got, const Values& want, const Values& scale, double eps,
                  const char* what, const ConvShape& s) {
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(got[i]), want[i], eps * (1 + scale[i]))
        << what << " at " << i << ": " << describe(s);
  }
}

template <class T>
void check(DType type, const ConvShape& s, ConvImpl impl, double eps) {
  const int64_t nx = s.batch * s.in_channels * s.in_area();
  const int64_t ny = s.batch * s.out_channels * s.out_area();
  const int64_t nw = s.out_channels * (s.in_channels / s.groups) * s.taps();
  const Values x = random_values(nx), w = random_values(nw), b = random_values(s.out_channels),
               g = random_values(ny);
  Values y(ny), gx(nx), gw(nw), gb(s.out_channels), sy(ny), sx(nx), sw(nw), sb(s.out_channels);
  for (int64_t i = 0; i < ny; ++i) {
    const int64_t o = i / s.out_area() % s.out_channels;
    y[i] = b[o];
    gb[o] += g[i];
    sb[o] += std::abs(g[i]);
  }
  for_each_product(s, [&](int64_t iy, int64_t ix, int64_t iw) {
    y[iy] += x[ix] * w[iw];
    gx[ix] += g[iy] * w[iw];
    gw[iw] += g[iy] * x[ix];
    sy[iy] += std::abs(x[ix] * w[iw]);
    sx[ix] += std::abs(g[iy] * w[iw]);
    sw[iw] += std::abs(g[iy] * x[ix]);
  });
  auto cast = [](const Values& v) { return std::vector<T>(v.begin(), v.end()); };
  const auto xt = cast(x), wt = cast(w), bt = cast(b), gt = cast(g);
  const T junk = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> yt(ny, junk), gxt(nx, junk), gwt(nw, junk), gbt(s.out_channels, junk);
  conv_forward(type, s, xt.data(), wt.data(), bt.data(), yt.data(), {}, impl);
  expect_close(yt, y, sy, eps, "forward", s);
  conv_backward_data(type, s, gt.data(), wt.data(), gxt.data(), {}, impl);
  expect_close(gxt, gx, sx, eps, "by data", s);
  conv_backward_weights(type, s, xt.data(), gt.data(), gwt.data(), gbt.data(), impl);
  expect_close(gwt, gw, sw, eps, "by weights", s);
  expect_close(gbt, gb, sb, eps, "by bias", s);
}

TEST(Conv, Generic) {
  for (int i = 0; i < 60; ++i) {
    check<double>(DType::kDouble, random_shape(1 + i % 3), ConvImpl::kGeneric, 1e-13);
    check<float>(DType::kFloat, random_shape(1 + i % 3), ConvImpl::kGeneric, 2e-6);
  }
}

TEST(Conv, Direct) {
  for (int i = 0; i < 200; ++i) {
    check<double>(DType::kDouble, random_shape(1 + i % 2), ConvImpl::kDirect, 1e-13);
    check<float>(DType::kFloat, random_shape(1 + i % 2), ConvImpl::kDirect, 2e-6);
  }
}

// Batches of small images whose kernels reach far beyond them: the gradient by data spreads.
TEST(Conv, DirectOnSmallImages) {
  for (int i = 0; i < 60; ++i) {
    int64_t in[2], kernel[2], stride[2] = {1, 1}, pad[2], dilation[2];
    for (int d = 0; d < 2; ++d) {
      in[d] = between(5, 17);
      kernel[d] = between(2, 5);
      pad[d] = between(0, 1);
      dilation[d] = kernel[d] < 4 ? between(1, 2) : 1;
    }
    const int64_t groups = i % 4 == 0 ? 2 : 1;
    const ConvShape s =
        make_conv_shape(2, between(4, 6), groups * between(1, 11), groups * between(8, 21), groups,
                        in, kernel, stride, pad, dilation);
    if (s.out_area() == 0) continue;
    check<double>(DType::kDouble, s, ConvImpl::kDirect, 1e-13);
    check<float>(DType::kFloat, s, ConvImpl::kDirect, 2e-6);
  }
}

// An infinite weight or gradient reaches the inputs that it is multiplied with, and no others.
TEST(Conv, DirectKeepsNonFiniteNumbersInPlace) {
  const int64_t in[2] = {12, 12}, kernel[2] = {5, 5}, one[2] = {1, 1}, none[2] = {0, 0};
  const ConvShape s = make_conv_shape(2, 4, 2, 10, 1, in, kernel, one, none, one);
  const int64_t nx = 4 * 2 * 144, ny = s.batch * s.out_channels * s.out_area();
  std::vector<float> w(10 * 2 * 25, 1), g(ny, 0), gx(nx), want(nx);
  w[26] = std::numeric_limits<float>::infinity();  // output 0, input 1, tap (0, 1)
  g[s.out_area() - 1] = std::numeric_limits<float>::quiet_NaN();
  conv_backward_data(DType::kFloat, s, g.data(), w.data(), gx.data(), {}, ConvImpl::kDirect);
  for_each_product(s, [&](int64_t iy, int64_t ix, int64_t iw) { want[ix] += g[iy] * w[iw]; });
  for (int64_t i = 0; i < nx; ++i) ASSERT_EQ(std::isnan(gx[i]), std::isnan(want[i])) << i;
}

TEST(Conv, OneDnn) {
  for (int i = 0; i < 60; ++i) {
    check<float>(DType::kFloat, random_shape(1 + i % 3), ConvImpl::kOneDnn, 2e-6);
  }
}

TEST(Conv, ChoiceByShape) {
  for (int i = 0; i < 60; ++i) {
    check<float>(DType::kFloat, random_shape(1 + i % 3), ConvImpl::kAuto, 2e-6);
    check<double>(DType::kDouble, random_shape(1 + i % 3), ConvImpl::kAuto, 1e-13);
  }
}

// Many channels over few places, where a plain matrix product would mostly pack its weight.
TEST(Conv, PointwiseOnSmallImages) {
  const int64_t in[2] = {7, 5}, one[2] = {1, 1}, none[2] = {0, 0};
  const ConvShape s = make_conv_shape(2, 2, 256, 264, 1, in, one, one, none, one);
  EXPECT_EQ(choose_conv(DType::kFloat, s, 'f'), ConvImpl::kOneDnn);
  check<float>(DType::kFloat, s, ConvImpl::kAuto, 2e-6);
}

TEST(Conv, LargerImages) {
  const int64_t in[2] = {57, 61}, kernel[2] = {3, 3}, two[2] = {2, 2}, one[2] = {1, 1};
  for (ConvImpl impl : {ConvImpl::kDirect, ConvImpl::kOneDnn, ConvImpl::kGeneric}) {
    check<float>(DType::kFloat, make_conv_shape(2, 1, 32, 24, 1, in, kernel, one, one, one), impl,
                 2e-6);
    check<float>(DType::kFloat, make_conv_shape(2, 5, 3, 33, 1, in, kernel, two, one, one), impl,
                 2e-6);
  }
}

TEST(Conv, EmptyBatchesAndChannels) {
  const int64_t in[2] = {5, 5}, kernel[2] = {3, 3}, one[2] = {1, 1};
  const ConvShape none = make_conv_shape(2, 0, 3, 4, 1, in, kernel, one, one, one);
  std::vector<float> w(4 * 3 * 9, 1), gw(w.size(), 7), gb(4, 7);
  conv_forward(DType::kFloat, none, nullptr, w.data(), nullptr, nullptr);
  conv_backward_weights(DType::kFloat, none, nullptr, nullptr, gw.data(), gb.data());
  for (float v : gw) EXPECT_EQ(v, 0);
  for (float v : gb) EXPECT_EQ(v, 0);
  const ConvShape no_input = make_conv_shape(2, 2, 0, 4, 1, in, kernel, one, one, one);
  std::vector<float> b = {1, 2, 3, 4}, y(2 * 4 * 25, 9);
  conv_forward(DType::kFloat, no_input, nullptr, nullptr, b.data(), y.data());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], b[i / 25 % 4]);
}

TEST(Conv, NanPropagates) {
  const int64_t in[2] = {9, 9}, kernel[2] = {3, 3}, one[2] = {1, 1};
  for (int64_t channels : {2, 32}) {
    const ConvShape s = make_conv_shape(2, 1, channels, 32, 1, in, kernel, one, one, one);
    std::vector<float> x(channels * 81, 1), w(32 * channels * 9, 0), y(32 * 81);
    x[40] = std::numeric_limits<float>::quiet_NaN();
    conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data());
    for (int o = 0; o < 32; ++o) {
      EXPECT_TRUE(std::isnan(y[o * 81 + 40]));
      EXPECT_EQ(y[o * 81], 0);
    }
  }
}

TEST(Conv, HalfPrecisionRoundsOnce) {
  for (DType type : {DType::kHalf, DType::kBFloat16}) {
    const ConvShape s = random_shape(2);
    const int64_t nx = s.batch * s.in_channels * s.in_area();
    const int64_t ny = s.batch * s.out_channels * s.out_area();
    const int64_t nw = s.out_channels * (s.in_channels / s.groups) * s.taps();
    std::vector<float> x(nx), w(nw), y(ny), back(ny);
    for (auto* v : {&x, &w}) {
      for (auto& e : *v) e = static_cast<float>(between(-4, 4));
    }
    std::vector<uint16_t> xh(nx), wh(nw), yh(ny);
    convert_from_float(type, x.data(), xh.data(), nx);
    convert_from_float(type, w.data(), wh.data(), nw);
    conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data());
    conv_forward(type, s, xh.data(), wh.data(), nullptr, yh.data());
    convert_to_float(type, yh.data(), back.data(), ny);
    for (int64_t i = 0; i < ny; ++i) {
      const float want =
          type == DType::kHalf ? to_float(to_half(y[i])) : to_float(to_bfloat16(y[i]));
      ASSERT_EQ(back[i], want);
    }
  }
}

TEST(Conv, PackedWeightsFollowTheVersion) {
  const int64_t in[2] = {12, 12}, kernel[2] = {3, 3}, one[2] = {1, 1};
  const ConvShape s = make_conv_shape(2, 2, 32, 32, 1, in, kernel, one, one, one);
  std::vector<float> x(2 * 32 * 144), w(32 * 32 * 9), y1(2 * 32 * 144), y2(y1.size());
  for (auto& v : x) v = static_cast<float>(between(-3, 3));
  for (uint64_t version = 1; version < 5; ++version) {
    for (auto& v : w) v = static_cast<float>(between(-3, 3));
    for (int repeat = 0; repeat < 2; ++repeat) {
      conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y1.data(), {1, version},
                   ConvImpl::kOneDnn);
      conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y2.data(), {}, ConvImpl::kOneDnn);
      ASSERT_EQ(std::memcmp(y1.data(), y2.data(), y1.size() * 4), 0);
    }
  }
  // The stored packing is what runs: with an unchanged key, changed weights are not looked at.
  w[0] += 1;
  conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y1.data(), {1, 4}, ConvImpl::kOneDnn);
  EXPECT_EQ(std::memcmp(y1.data(), y2.data(), y1.size() * 4), 0);
  clear_packed_weights();
  conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y1.data(), {1, 4}, ConvImpl::kOneDnn);
  EXPECT_NE(std::memcmp(y1.data(), y2.data(), y1.size() * 4), 0);
}

TEST(Conv, DirectGivesEqualBitsForAnyNumberOfThreads) {
  const int saved = pharos::get_num_threads();
  const int64_t kernel[2] = {3, 3}, one[2] = {1, 1}, none[2] = {0, 0};
  for (int64_t batch : {1, 6, 64}) {
    const int64_t side = batch == 64 ? 7 : 40, in[2] = {side, side};
    const ConvShape s =
        make_conv_shape(2, batch, 6, 10, 1, in, kernel, one, batch == 64 ? none : one, one);
    std::vector<float> x(batch * 6 * s.in_area()), w(540), y(batch * 10 * s.out_area()), gw(540),
        y0, gw0, gx(x.size()), gx0;
    for (auto* v : {&x, &w}) {
      for (auto& e : *v) e = static_cast<float>(random_values(1)[0]);
    }
    for (int threads : {1, 2, 5}) {
      pharos::set_num_threads(threads);
      conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data(), {}, ConvImpl::kDirect);
      conv_backward_weights(DType::kFloat, s, x.data(), y.data(), gw.data(), nullptr,
                            ConvImpl::kDirect);
      conv_backward_data(DType::kFloat, s, y.data(), w.data(), gx.data(), {}, ConvImpl::kDirect);
      if (threads == 1) {
        y0 = y;
        gx0 = gx;
        gw0 = gw;
      }
      EXPECT_EQ(std::memcmp(y.data(), y0.data(), y.size() * 4), 0);
      EXPECT_EQ(std::memcmp(gx.data(), gx0.data(), gx.size() * 4), 0);
      EXPECT_EQ(std::memcmp(gw.data(), gw0.data(), gw.size() * 4), 0);
    }
  }
  pharos::set_num_threads(saved);
}

// libgomp's threads do not survive a fork: the child must not wait for them.
TEST(Conv, AForkedChildCanUseOneDnn) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer refuses to start threads after fork";
#endif
  const int saved = pharos::get_num_threads();
  pharos::set_num_threads(2);
  const int64_t in[2] = {24, 24}, kernel[2] = {3, 3}, one[2] = {1, 1};
  const ConvShape s = make_conv_shape(2, 2, 32, 32, 1, in, kernel, one, one, one);
  std::vector<float> x(2 * 32 * 576, 1), w(32 * 32 * 9, 1), y(x.size()), z(x.size());
  conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data(), {}, ConvImpl::kOneDnn);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, z.data(), {}, ConvImpl::kOneDnn);
    _exit(y == z ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  pharos::set_num_threads(saved);
}

// The host program's OpenMP setting is as it was after a call.
TEST(Conv, OpenMpSettingIsRestored) {
  const auto get = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (get == nullptr || set == nullptr) GTEST_SKIP() << "oneDNN does not run on OpenMP here";
  const int before = get();
  set(7);
  {
    pharos::cpu::OmpGuard guard;
    EXPECT_EQ(get(), pharos::get_num_threads());
  }
  EXPECT_EQ(get(), 7);
  set(before);
}

TEST(Conv, RefusalIsAnError) {
  const int64_t in[3] = {4, 4, 4}, k[3] = {3, 3, 3}, one[3] = {1, 1, 1};
  const ConvShape s = make_conv_shape(3, 1, 1, 1, 1, in, k, one, one, one);
  std::vector<float> x(64), w(27), y(64);
  EXPECT_THROW(
      conv_forward(DType::kFloat, s, x.data(), w.data(), nullptr, y.data(), {}, ConvImpl::kDirect),
      std::invalid_argument);
}
}  // namespace
