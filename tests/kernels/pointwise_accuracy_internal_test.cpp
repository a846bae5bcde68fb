// Units in the last place of the elementary functions' float loops, against double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/pointwise_ops.h"

namespace {

using pharos::cpu::Op;

double ulps(float got, double want) {
  const auto f = static_cast<float>(want);
  if (std::isnan(f) || std::isnan(got)) return std::isnan(f) == std::isnan(got) ? 0 : 1e9;
  if (got == f) return 0;
  if (std::isinf(f) || std::isinf(got)) return 1e9;
  const float next = std::nextafter(std::abs(f), std::numeric_limits<float>::infinity());
  return std::abs(got - want) / (next - std::abs(f));
}

// The largest error over evenly spaced points, each also at tiny distances from the ends.
double worst(Op op, double (*reference)(double), float low, float high) {
  std::vector<float> x, y(4096);
  for (int i = 0; i < 4096; ++i) x.push_back(0);
  double most = 0;
  const pharos::cpu::OpTable& table = pharos::cpu::op_table(op);
  for (int part = 0; part < 100; ++part) {
    for (int i = 0; i < 4096; ++i)
      x[i] = low + (high - low) * static_cast<float>(part * 4096 + i) / (100 * 4096.0f - 1);
    void* const ptrs[] = {y.data(), x.data()};
    table.loops[static_cast<int>(c10::kFloat)](4096, ptrs, nullptr);
    for (int i = 0; i < 4096; ++i) most = std::max(most, ulps(y[i], reference(x[i])));
  }
  return most;
}

struct Function {
  const char* name;
  Op op;
  double (*reference)(double);
  float low, high;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(PointwiseAccuracy, WithinTwoUlps) {
  const Function functions[] = {
      {"exp", Op::kExp, std::exp, -103, 88.5f},      {"exp", Op::kExp, std::exp, -1, 1},
      {"tanh", Op::kTanh, std::tanh, -10, 10},       {"tanh", Op::kTanh, std::tanh, -0.1f, 0.1f},
      {"erf", Op::kErf, std::erf, -4.5f, 4.5f},      {"erf", Op::kErf, std::erf, -0.1f, 0.1f},
      {"expm1", Op::kExpm1, std::expm1, -5, 5},      {"log", Op::kLog, std::log, 1e-3f, 100},
      {"log1p", Op::kLog1p, std::log1p, -0.99f, 10}, {"sin", Op::kSin, std::sin, -100, 100},
      {"cos", Op::kCos, std::cos, -100, 100},        {"tan", Op::kTan, std::tan, -1.5f, 1.5f},
      {"atan", Op::kAtan, std::atan, -10, 10},       {"sinh", Op::kSinh, std::sinh, -10, 10},
      {"erfc", Op::kErfc, std::erfc, -3, 8},         {"log2", Op::kLog2, std::log2, 0.01f, 10},
      {"asin", Op::kAsin, std::asin, -1, 1},         {"acosh", Op::kAcosh, std::acosh, 1, 50},
  };
  for (const Function& f : functions)
    EXPECT_LE(worst(f.op, f.reference, f.low, f.high), 2.0)
        << f.name << " on [" << f.low << ", " << f.high << "]";
  EXPECT_LE(worst(Op::kSigmoid, sigmoid, -80, 80), 3.0);
}

TEST(PointwiseAccuracy, SpecialValues) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const float x[] = {0.0f, -0.0f, inf, -inf, nan, 1e-40f, -1e-40f, 1e30f, -1e30f, 88.8f, -104.5f};
  constexpr int kCount = sizeof x / sizeof *x;
  float y[kCount];
  const auto run = [&](Op op) {
    void* const ptrs[] = {y, const_cast<float*>(x)};
    pharos::cpu::op_table(op).loops[static_cast<int>(c10::kFloat)](kCount, ptrs, nullptr);
  };
  const auto check = [&](const char* name, double (*reference)(double)) {
    for (int i = 0; i < kCount; ++i) {
      EXPECT_LE(ulps(y[i], reference(x[i])), 1.0) << name << " of " << x[i] << " is " << y[i];
      EXPECT_EQ(std::signbit(y[i]) && y[i] == 0, std::signbit(reference(x[i])) && y[i] == 0)
          << name << " of " << x[i];
    }
  };
  run(Op::kExp);
  check("exp", std::exp);
  run(Op::kTanh);
  check("tanh", std::tanh);
  run(Op::kErf);
  check("erf", std::erf);
}

}  // namespace
