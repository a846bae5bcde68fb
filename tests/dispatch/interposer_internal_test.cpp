// Boxing and the interposer stack, on operators of the test's own: a recorder, and a handler that
// changes dtypes as autocast will.
#include "dispatch/interposer.h"

#include <gtest/gtest.h>
#include <pharos/dispatch/library.h>

#include <sstream>

#include "core/factory.h"
#include "core/thread_state.h"
#include "dispatch/boxing.h"

namespace {

using at::Tensor;
using c10::IValue;
using pharos::Boxed;
using pharos::Interposer;
using pharos::InterposerGuard;
using pharos::Next;
using pharos::OpRow;
using torch::jit::Stack;

Tensor filled(double v, c10::ScalarType t = c10::kFloat) { return pharos::scalar_cpu(v, t); }
char* data(const Tensor& t) { return t.unsafeGetTensorImpl()->data; }
double value(const Tensor& t) {
  return t.scalar_type() == c10::kFloat
             ? static_cast<double>(*reinterpret_cast<const float*>(data(t)))
             : *reinterpret_cast<const double*>(data(t));
}

// Operators as the generator writes them: test the special word, then work.
#define PHAROS_TEST_OP(NAME, SCHEMA_NAME, OVERLOAD, SCHEMA, FLAGS, ...)                 \
  extern const OpRow k_##NAME;                                                          \
  const OpRow k_##NAME = {                                                              \
      SCHEMA_NAME,                                                                      \
      OVERLOAD,                                                                         \
      SCHEMA,                                                                           \
      reinterpret_cast<void (*)()>(static_cast<std::add_pointer_t<__VA_ARGS__>>(NAME)), \
      &Boxed<__VA_ARGS__>::call,                                                        \
      FLAGS};

bool special() { return pharos::thread_state.special & pharos::kSpecialInterposer; }

extern const OpRow k_mul, k_mul_, k_mul_out, k_twice, k_cast, k_minmax;

Tensor cast(const Tensor& x, c10::ScalarType t) {
  if (special())
    return Boxed<Tensor(const Tensor&, c10::ScalarType)>::through(pharos::run_interposers, k_cast,
                                                                  x, t);
  return filled(value(x), t);
}
Tensor mul(const Tensor& x, const c10::Scalar& y) {
  if (special())
    return Boxed<Tensor(const Tensor&, const c10::Scalar&)>::through(pharos::run_interposers, k_mul,
                                                                     x, y);
  return filled(value(x) * y.toDouble(), x.scalar_type());
}
void set(Tensor& x, double v) {
  if (x.scalar_type() == c10::kFloat) {
    *reinterpret_cast<float*>(data(x)) = static_cast<float>(v);
  } else {
    *reinterpret_cast<double*>(data(x)) = v;
  }
}
Tensor& mul_(Tensor& x, const c10::Scalar& y) {
  if (special())
    return Boxed<Tensor&(Tensor&, const c10::Scalar&)>::through(pharos::run_interposers, k_mul_, x,
                                                                y);
  set(x, value(x) * y.toDouble());
  return x;
}
Tensor& mul_out(const Tensor& x, const c10::Scalar& y, Tensor& out) {
  if (special())
    return Boxed<Tensor&(const Tensor&, const c10::Scalar&, Tensor&)>::through(
        pharos::run_interposers, k_mul_out, x, y, out);
  if (!out.defined()) {
    out = filled(0);
  }
  set(out, value(x) * y.toDouble());
  return out;
}
std::tuple<Tensor&, Tensor&> minmax(const Tensor& x, Tensor& lo, Tensor& hi) {
  if (special())
    return Boxed<std::tuple<Tensor&, Tensor&>(const Tensor&, Tensor&, Tensor&)>::through(
        pharos::run_interposers, k_minmax, x, lo, hi);
  set(lo, value(x) - 1);
  set(hi, value(x) + 1);
  return {lo, hi};
}
// A composite: its row names what stands behind the test.
Tensor twice_inside(const Tensor& x) { return mul(mul(x, 2), 2); }
Tensor twice(const Tensor& x) {
  if (special()) return Boxed<Tensor(const Tensor&)>::through(pharos::run_interposers, k_twice, x);
  return twice_inside(x);
}

PHAROS_TEST_OP(cast, "test::cast", "", "test::cast(Tensor x, ScalarType t) -> Tensor", 0,
               Tensor(const Tensor&, c10::ScalarType))
PHAROS_TEST_OP(mul, "test::mul", "Scalar", "test::mul.Scalar(Tensor x, Scalar y) -> Tensor", 0,
               Tensor(const Tensor&, const c10::Scalar&))
PHAROS_TEST_OP(mul_, "test::mul_", "", "test::mul_(Tensor(a!) x, Scalar y) -> Tensor(a!)", 0,
               Tensor&(Tensor&, const c10::Scalar&))
PHAROS_TEST_OP(mul_out, "test::mul", "out",
               "test::mul.out(Tensor x, Scalar y, *, Tensor(a!) out) -> Tensor(a!)", 0,
               Tensor&(const Tensor&, const c10::Scalar&, Tensor&))
PHAROS_TEST_OP(
    minmax, "test::minmax", "",
    "test::minmax(Tensor x, *, Tensor(a!) lo, Tensor(b!) hi) -> (Tensor(a!), Tensor(b!))", 0,
    std::tuple<Tensor&, Tensor&>(const Tensor&, Tensor&, Tensor&))
const OpRow k_twice = {"test::twice",
                       "",
                       "test::twice(Tensor x) -> Tensor",
                       reinterpret_cast<void (*)()>(&twice_inside),
                       &Boxed<Tensor(const Tensor&)>::call,
                       pharos::kOpComposite};

struct Recorder : Interposer {
  std::vector<std::string> calls;
  bool inside = false;
  bool enters_composites() const override { return inside; }
  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    std::ostringstream s;
    s << op.name << '.' << op.overload << '(';
    for (const IValue& v : stack) {
      if (v.isTensor()) {
        s << (v.toTensor().defined() ? c10::toString(v.toTensor().scalar_type()) : "undefined")
          << ' ';
      } else {
        s << v << ' ';
      }
    }
    const size_t at = calls.size();
    calls.push_back(s.str());
    next(op, stack);
    calls[at] += ") -> " + std::to_string(stack.size());
  }
};

// Computes mul in f64, as autocast computes matmul in bf16.
struct Caster : Interposer {
  bool enters_composites() const override { return true; }
  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    if (&op == &k_mul) stack[0] = cast(stack[0].toTensor(), c10::kDouble);
    next(op, stack);
  }
};

TEST(Interposer, RecordsEveryCallWithItsArguments) {
  Recorder recorder;
  Tensor x = filled(3), y;
  {
    InterposerGuard guard(recorder);
    EXPECT_TRUE(special());
    y = mul(x, 2);
    Tensor& same = mul_(x, 2.5);
    EXPECT_EQ(&same, &x);
  }
  EXPECT_FALSE(special());
  mul(x, 7);
  EXPECT_EQ(value(y), 6);
  EXPECT_EQ(value(x), 7.5);
  EXPECT_EQ(recorder.calls, (std::vector<std::string>{"test::mul.Scalar(Float 2 ) -> 1",
                                                      "test::mul_.(Float 2.5 ) -> 1"}));
}

TEST(Interposer, OutFormsGiveBackTheObjectsPassed) {
  Recorder recorder;
  InterposerGuard guard(recorder);
  Tensor x = filled(3), out = filled(0), lo = filled(0), hi = filled(0), fresh;
  EXPECT_EQ(&mul_out(x, 2, out), &out);
  EXPECT_EQ(value(out), 6);
  const auto r = minmax(x, lo, hi);
  EXPECT_EQ(&std::get<0>(r), &lo);
  EXPECT_EQ(&std::get<1>(r), &hi);
  EXPECT_EQ(value(lo), 2);
  EXPECT_EQ(value(hi), 4);
  EXPECT_EQ(&mul_out(x, 3, fresh), &fresh);
  EXPECT_EQ(value(fresh), 9);
}

TEST(Interposer, HandlersStackAndSeeOnlyWhatIsAboveThem) {
  Recorder below, above;
  Caster caster;
  InterposerGuard first(below);
  InterposerGuard second(caster);
  InterposerGuard third(above);
  const Tensor y = mul(filled(3), 2);
  EXPECT_EQ(y.scalar_type(), c10::kDouble);
  // The cast that the handler in the middle makes passes the one below only.
  EXPECT_EQ(above.calls, (std::vector<std::string>{"test::mul.Scalar(Float 2 ) -> 1"}));
  EXPECT_EQ(below.calls, (std::vector<std::string>{"test::cast.(Float 7 ) -> 1",
                                                   "test::mul.Scalar(Double 2 ) -> 1"}));
}

TEST(Interposer, CompositesAreEnteredByThoseWhoAskForIt) {
  Recorder outer, inner;
  inner.inside = true;
  {
    InterposerGuard a(outer);
    Caster caster;
    InterposerGuard b(caster);
    InterposerGuard c(inner);
    EXPECT_EQ(twice(filled(1)).scalar_type(), c10::kDouble);
    EXPECT_TRUE(special());
  }
  EXPECT_EQ(outer.calls, (std::vector<std::string>{"test::twice.(Float ) -> 1"}));
  EXPECT_EQ(inner.calls, (std::vector<std::string>{"test::twice.(Float ) -> 1",
                                                   "test::mul.Scalar(Float 2 ) -> 1",
                                                   "test::mul.Scalar(Double 2 ) -> 1"}));
}

struct Thrower : Interposer {
  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    if (fail) throw std::runtime_error("no");
    next(op, stack);
  }
  bool fail = true;
};

TEST(Interposer, ExceptionsRestoreEverything) {
  Recorder recorder;
  Thrower thrower;
  InterposerGuard a(recorder);
  InterposerGuard b(thrower);
  EXPECT_THROW(mul(filled(1), 2), std::runtime_error);
  EXPECT_TRUE(recorder.calls.empty());
  thrower.fail = false;
  EXPECT_EQ(value(mul(filled(1), 2)), 2);
  EXPECT_EQ(recorder.calls.size(), 1u);
}

struct Replacer : Interposer {
  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    if (&op == &k_mul) {
      // Calls something else, twice, and answers with its own value.
      Stack other = {stack[0], IValue(c10::kDouble)};
      next(k_cast, other);
      next(k_cast, other = {other[0], IValue(c10::kFloat)});
      stack.clear();
      stack.push_back(wrong ? IValue(1) : other[0]);
      if (wrong) stack.push_back(1);
      return;
    }
    next(op, stack);
  }
  bool wrong = false;
};

TEST(Interposer, MayReplaceTheCall) {
  Replacer replacer;
  InterposerGuard guard(replacer);
  EXPECT_EQ(value(mul(filled(5), 2)), 5);
  replacer.wrong = true;
  EXPECT_THROW(mul(filled(5), 2), c10::Error);
}

std::string error_of(const OpRow& op, Stack stack) {
  try {
    op.boxed(op, stack);
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return {};
}

// Every way an argument can come in, echoed as text.
std::string echo(const std::optional<Tensor>& t, at::TensorList list,
                 const c10::List<std::optional<Tensor>>& index, at::IntArrayRef ints,
                 at::OptionalIntArrayRef maybe_ints, double d, const c10::Scalar& s,
                 const std::optional<c10::Scalar>& maybe_s, std::string_view text,
                 std::optional<std::string_view> mode, std::optional<c10::ScalarType> dtype,
                 std::array<bool, 2> mask, at::ArrayRef<double> doubles,
                 std::optional<at::ArrayRef<double>> maybe_doubles,
                 at::ArrayRef<c10::Scalar> scalars, std::optional<at::Generator> g,
                 c10::Device device) {
  std::ostringstream o;
  o << t.has_value() << ' ' << list.size() << ' ' << index.size() << (index.get(0) ? 'T' : 'N')
    << ' ' << ints << ' ';
  if (maybe_ints) o << *maybe_ints;
  o << ' ' << d << ' ' << s.isFloatingPoint() << maybe_s.has_value() << ' ' << text << ' '
    << mode.value_or("-") << ' ' << (dtype ? c10::toString(*dtype) : "-") << ' ' << mask[0]
    << mask[1] << ' ';
  for (double x : doubles) o << x << ',';
  o << (maybe_doubles ? maybe_doubles->size() : 99) << ' ';
  for (const c10::Scalar& x : scalars) o << (x.isIntegral(false) ? 'i' : 'd');
  o << ' ' << g.has_value() << ' ' << device;
  return o.str();
}
using Echo = decltype(echo);
const OpRow k_echo = {
    "test::echo",
    "",
    "test::echo(Tensor? t, Tensor[] list, Tensor?[] index, int[2] ints, int[]? maybe_ints, float "
    "d, "
    "Scalar s, Scalar? maybe_s, str text, str? mode, ScalarType? dtype, bool[2] mask, float[] "
    "doubles, float[]? maybe_doubles, Scalar[] scalars, Generator? g, Device device) -> str",
    reinterpret_cast<void (*)()>(&echo),
    &Boxed<Echo>::call,
    0};

TEST(Boxing, AcceptsWhatPyTorchAccepts) {
  const std::vector<int64_t> long_list = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const Tensor t = filled(1);
  Stack stack = {IValue("below"),
                 IValue(t),
                 IValue(std::vector<Tensor>{t, t}),
                 IValue(std::vector<IValue>{IValue(), t}),
                 IValue(long_list),
                 IValue(),
                 IValue(3),
                 IValue(2),
                 IValue(),
                 IValue("txt"),
                 IValue(),
                 IValue(c10::kDouble),
                 IValue(std::vector<bool>{true, false}),
                 IValue(std::vector<int64_t>{1, 2}),
                 IValue(std::vector<double>{}),
                 IValue(std::vector<IValue>{1, 2.5}),
                 IValue(),
                 IValue("cpu")};
  k_echo.boxed(k_echo, stack);
  ASSERT_EQ(stack.size(), 2u);
  EXPECT_EQ(stack[1].toStringRef(),
            "1 2 2N [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]  3 00 txt - Double 10 1,2,0 id 0 cpu");
  stack = {IValue(),
           IValue(std::vector<Tensor>{}),
           IValue(std::vector<Tensor>{t}),
           IValue(7),
           IValue(std::vector<int64_t>{4}),
           IValue(0.5),
           IValue(1.5),
           IValue(true),
           IValue(""),
           IValue("m"),
           IValue(),
           IValue(std::vector<bool>{false, true}),
           IValue(std::vector<double>{}),
           IValue(),
           IValue(std::vector<int64_t>{}),
           IValue(),
           IValue(c10::Device("meta"))};
  k_echo.boxed(k_echo, stack);
  EXPECT_EQ(stack[0].toStringRef(), "0 0 1T [7] [4] 0.5 11  m - 01 99  0 meta");
  EXPECT_EQ(t.use_count(), 1u);
}

TEST(Boxing, ErrorsInPyTorchsWords) {
  EXPECT_EQ(error_of(k_mul, {IValue(3), IValue(2)}),
            "test::mul() Expected a value of type 'Tensor' for argument 'x' but instead found type "
            "'int'.\n"
            "Position: 0\nDeclaration: test::mul.Scalar(Tensor x, Scalar y) -> Tensor");
  EXPECT_EQ(error_of(k_mul, {IValue(filled(1)), IValue("two")}),
            "test::mul() Expected a value of type 'number' for argument 'y' but instead found type "
            "'str'.\n"
            "Position: 1\nDeclaration: test::mul.Scalar(Tensor x, Scalar y) -> Tensor");
  EXPECT_EQ(error_of(k_mul, {IValue(filled(1))}),
            "test::mul() is missing value for argument 'y'. Declaration: test::mul.Scalar(Tensor "
            "x, Scalar y) -> Tensor");
  EXPECT_NE(error_of(k_mul_, {IValue(), IValue(1)}).find("instead found type 'NoneType'"),
            std::string::npos);
}

}  // namespace
