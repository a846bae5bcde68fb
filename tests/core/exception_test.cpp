// Warnings and their handlers, errors with a place, and small c10 names that programs use.
#include <gtest/gtest.h>
#include <pharos/context.h>
#include <pharos/core/complex.h>
#include <pharos/core/exception.h>
#include <pharos/core/half.h>
#include <pharos/util.h>

#include <complex>
#include <limits>
#include <string>
#include <vector>

namespace {

struct Collector : c10::WarningHandler {
  void process(const c10::Warning& warning) override {
    messages.push_back(warning.msg());
    deprecations += warning.deprecation() ? 1 : 0;
    line = warning.source_location().line;
  }
  std::vector<std::string> messages;
  int deprecations = 0;
  uint32_t line = 0;
};

TEST(Warnings, GoToTheHandlerOfTheMoment) {
  Collector outer, inner;
  c10::WarningHandler* first = c10::WarningUtils::get_warning_handler();
  {
    c10::WarningUtils::WarningHandlerGuard guard(&outer);
    TORCH_WARN("one ", 1);
    EXPECT_EQ(outer.line, static_cast<uint32_t>(__LINE__ - 1));
    {
      c10::WarningUtils::WarningHandlerGuard nested(&inner);
      TORCH_WARN_DEPRECATION("two");
    }
    c10::warn(c10::Warning(c10::UserWarning(), {"f", "g.cpp", 7}, "three", false));
    EXPECT_EQ(outer.line, 7U);
  }
  EXPECT_EQ(c10::WarningUtils::get_warning_handler(), first);
  EXPECT_EQ(outer.messages, (std::vector<std::string>{"one 1", "three"}));
  EXPECT_EQ(outer.deprecations, 0);
  EXPECT_EQ(inner.messages, std::vector<std::string>{"two"});
  EXPECT_EQ(inner.deprecations, 1);
}

TEST(Warnings, OnceUnlessAlways) {
  Collector collector;
  c10::WarningUtils::WarningHandlerGuard guard(&collector);
  const auto warn = [] { TORCH_WARN_ONCE("once"); };
  warn();
  warn();
  EXPECT_EQ(collector.messages.size(), 1U);
  {
    c10::WarningUtils::WarnAlways always;
    warn();
    warn();
  }
  EXPECT_EQ(collector.messages.size(), 3U);
  warn();
  EXPECT_EQ(collector.messages.size(), 3U);
}

TEST(Errors, ThrownWithAPlace) {
  try {
    C10_THROW_ERROR(IndexError, "out of range");
    FAIL();
  } catch (const c10::IndexError& e) {
    EXPECT_EQ(e.msg(), "out of range");
  }
  try {
    throw c10::Error({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, "plain");
  } catch (const c10::Error& e) {
    EXPECT_EQ(std::string(e.what_without_backtrace()), "plain");
  }
}

TEST(Names, OfC10) {
  EXPECT_EQ(c10::Join(", ", std::vector<int>{1, 2, 3}), "1, 2, 3");
  EXPECT_EQ(c10::Join(", ", std::vector<int>{}), "");
  const c10::complex<float> z(3, 4);
  EXPECT_EQ(std::abs(z), 5.F);
  EXPECT_EQ(std::norm(z), 25.F);
  EXPECT_EQ(std::conj(z), c10::complex<float>(3, -4));
  EXPECT_EQ(std::arg(c10::complex<double>(-1, 0)), std::arg(std::complex<double>(-1, 0)));
  const float nan = std::numeric_limits<c10::Half>::signaling_NaN();
  EXPECT_NE(nan, nan);
}

TEST(Context, KeepsItsSwitches) {
  at::Context& context = at::globalContext();
  EXPECT_FALSE(context.benchmarkCuDNN());
  context.setBenchmarkCuDNN(true);
  EXPECT_TRUE(at::globalContext().benchmarkCuDNN());
  context.setBenchmarkCuDNN(false);
  context.setDeterministicAlgorithms(true, false);
  EXPECT_TRUE(context.deterministicAlgorithms());
  context.setDeterministicAlgorithms(false);
  EXPECT_EQ(context.defaultGenerator(c10::DeviceType::CPU).current_seed(),
            at::detail::getDefaultCPUGenerator().current_seed());
}

}  // namespace
