// Replays calls that PyTorch answered (make_cases.py): dtype, sizes, strides, values and errors of
// pointwise operators over dtypes, shapes and layouts. PHAROS_REPLAY names another file of cases,
// PHAROS_REPLAY_LIMIT how many differences are printed.
#include <gtest/gtest.h>
#include <pharos/dispatch/dispatcher.h>
#include <pharos/tensor_operators.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "io/bytes.h"
#include "io/checkpoint.h"

namespace {

using at::Tensor;
using c10::IValue;
using c10::ScalarType;

// Ulps of the result's dtype that two correct implementations may differ by.
double tolerance(ScalarType t) {
  switch (t) {
    case c10::kHalf:
      return 2e-3;
    case c10::kBFloat16:
      return 1.6e-2;
    case c10::kDouble:
    case c10::kComplexDouble:
      return 1e-12;
    default:
      return 2e-6;
  }
}

double value_at(const char* p, ScalarType t) {
  switch (t) {
#define PHAROS_CASE(T, Name) \
  case ScalarType::Name:     \
    return static_cast<double>(*reinterpret_cast<const T*>(p));
    PHAROS_CASE(uint8_t, Byte)
    PHAROS_CASE(int8_t, Char)
    PHAROS_CASE(int16_t, Short)
    PHAROS_CASE(int, Int)
    PHAROS_CASE(int64_t, Long)
    PHAROS_CASE(bool, Bool)
    PHAROS_CASE(float, Float)
    PHAROS_CASE(double, Double)
    PHAROS_CASE(c10::Half, Half)
    PHAROS_CASE(c10::BFloat16, BFloat16)
#undef PHAROS_CASE
    default:
      return 0;
  }
}

bool close(double a, double b, double tol) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= tol * std::max(1.0, std::max(std::abs(a), std::abs(b)));
}

// First difference between two tensors' values, or nothing. `slack` widens the tolerance.
std::string compare_values(const Tensor& got, const Tensor& want, double slack) {
  const ScalarType t = want.scalar_type();
  const double tol = tolerance(t) * slack;
  const bool complex = c10::isComplexType(t);
  const ScalarType part = c10::toRealValueType(t);
  const auto item = static_cast<int64_t>(c10::elementSize(t));
  std::vector<int64_t> index(static_cast<size_t>(want.dim()));
  for (int64_t n = 0; n < want.numel(); ++n) {
    int64_t g = 0, w = 0;
    for (size_t d = 0; d < index.size(); ++d) {
      g += index[d] * got.strides()[d];
      w += index[d] * want.strides()[d];
    }
    const auto* p = static_cast<const char*>(got.const_data_ptr()) + g * item;
    const auto* q = static_cast<const char*>(want.const_data_ptr()) + w * item;
    for (int k = 0; k < (complex ? 2 : 1); ++k) {
      const double a = value_at(p + k * item / 2, part), b = value_at(q + k * item / 2, part);
      // The parts of a complex number are as exact as the larger one.
      const double other = complex ? std::abs(value_at(q + (1 - k) * item / 2, part)) : 0;
      const double scale = std::isfinite(other) ? std::max(1.0, other) : 1.0;
      if (!close(a, b, tol * scale))
        return "value " + std::to_string(n) + ": " + std::to_string(a) + " for " +
               std::to_string(b);
    }
    for (size_t d = index.size(); d-- > 0;) {
      if (++index[d] < want.sizes()[d]) break;
      index[d] = 0;
    }
  }
  return "";
}

std::string text_of(c10::IntArrayRef a) {
  std::string s = "[";
  for (int64_t v : a) s += std::to_string(v) + " ";
  return s + "]";
}

std::string compare(const Tensor& raw, const Tensor& want, bool strides, double slack) {
  const Tensor got = raw.resolve_conj().resolve_neg();
  if (got.scalar_type() != want.scalar_type())
    return std::string("dtype ") + toString(got.scalar_type()) + " for " +
           toString(want.scalar_type());
  if (!got.sizes().equals(want.sizes()))
    return "sizes " + text_of(got.sizes()) + " for " + text_of(want.sizes());
  if (strides && want.numel() > 0 && !got.strides().equals(want.strides()))
    return "strides " + text_of(got.strides()) + " for " + text_of(want.strides());
  return compare_values(got, want, slack);
}

std::string describe(const std::vector<IValue>& args) {
  std::string s;
  for (const IValue& v : args) {
    if (v.isTensor()) {
      const Tensor& t = v.toTensor();
      s += std::string(toString(t.scalar_type())) + text_of(t.sizes()) + text_of(t.strides()) + " ";
    } else if (v.isDouble()) {
      s += std::to_string(v.toDouble()) + " ";
    } else if (v.isInt()) {
      s += std::to_string(v.toInt()) + " ";
    } else {
      s += "? ";
    }
  }
  return s;
}

// What is wrong with the answer to one case; empty if nothing.
std::string run(const std::vector<IValue>& c) {
  const std::string name = c[0].toStringRef(), overload = c[1].toStringRef(),
                    error = c[3].toStringRef();
  const std::vector<IValue> args = c[2].toListRef().vec();
  static const char* const kViews[] = {"positive", "real", "imag", "view_as_real",
                                       "view_as_complex"};
  bool strides = true;
  for (const char* v : kViews) strides = strides && name != v;
  // PyTorch's trigamma is a short series.
  const double slack = name == "polygamma" ? 1e4 : 1;
  std::string problem;
  try {
    const auto op =
        c10::Dispatcher::singleton().findSchemaOrThrow(("aten::" + name).c_str(), overload.c_str());
    torch::jit::Stack stack(args.begin(), args.end());
    op.callBoxed(&stack);
    if (!error.empty()) {
      problem = "no error; expected " + error + ": " + c[4].toStringRef();
    } else {
      const auto want = c[4].toListRef().vec();
      for (size_t i = 0; i < want.size() && problem.empty(); ++i)
        problem = compare(stack[i].toTensor(), want[i].toTensor(), strides, slack);
    }
  } catch (const c10::Error& e) {
    if (error.empty())
      problem = std::string("threw ") + e.msg();
    else if (e.msg().find(c[4].toStringRef().substr(0, 60)) == std::string::npos)
      problem = "threw " + e.msg() + "; expected " + c[4].toStringRef();
  }
  return problem.empty() ? "" : name + "." + overload + "(" + describe(args) + "): " + problem;
}

TEST(Replay, Pointwise) {
  const char* path = std::getenv("PHAROS_REPLAY");
  const std::string file = path ? path : PHAROS_TEST_SOURCE_DIR "/replay/pointwise.pt";
  const char* limit = std::getenv("PHAROS_REPLAY_LIMIT");
  const int most = limit ? std::atoi(limit) : 20;
  const IValue cases = pharos::io::load_checkpoint(pharos::io::open_file(file));
  int wrong = 0;
  std::map<std::string, int> by_op;
  for (const IValue& c : cases.toListRef()) {
    const std::string problem = run(c.toListRef().vec());
    if (problem.empty()) continue;
    ++by_op[c.toListRef()[0].toStringRef()];
    if (++wrong <= most) std::printf("%s\n", problem.c_str());
  }
  for (const auto& [name, n] : by_op) std::printf("%s: %d\n", name.c_str(), n);
  EXPECT_EQ(wrong, 0) << "of " << cases.toListRef().size();
}

}  // namespace
