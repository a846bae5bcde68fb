// Operators registered by programs: TORCH_LIBRARY and its kin, keys, errors, and registration while
// other threads look operators up and call them.
#include <gtest/gtest.h>
#include <pharos/autograd/grad_mode.h>
#include <pharos/dispatch/library.h>

#include <atomic>
#include <thread>

#include "core/factory.h"
#include "core/thread_state.h"
#include "dispatch/interposer.h"

namespace {

using at::Tensor;
using c10::Dispatcher;
using c10::IValue;
using torch::jit::Stack;

Tensor number(float v, c10::Device device = c10::kCPU) {
  if (device.is_meta()) return pharos::empty_on(device, {}, c10::kFloat);
  return pharos::scalar_cpu(v, c10::kFloat);
}
float value(const Tensor& t) { return *reinterpret_cast<float*>(t.unsafeGetTensorImpl()->data); }

Tensor scale(const Tensor& x, double by, at::IntArrayRef more, std::optional<int64_t> shift) {
  float v = value(x) * static_cast<float>(by);
  for (int64_t m : more) v *= static_cast<float>(m);
  return number(v + static_cast<float>(shift.value_or(0)));
}
std::tuple<Tensor, int64_t> pair(Tensor x, at::TensorList list) {
  return {x, static_cast<int64_t>(list.size())};
}
Tensor& fill_(Tensor& x, double v) {
  *reinterpret_cast<float*>(x.unsafeGetTensorImpl()->data) = static_cast<float>(v);
  return x;
}
void nothing(std::string s, c10::List<int64_t> l, bool b) {
  l.push_back(static_cast<int64_t>(s.size()) + b);
}
Tensor grad_state(const Tensor&) { return number(pharos::thread_state.grad_mode ? 1 : 0); }
Tensor below(const Tensor& x) {
  at::AutoDispatchBelowAutograd guard;
  static const auto op = Dispatcher::singleton().findSchemaOrThrow("disptest::keyed", "");
  const Tensor inner = op.typed<Tensor(const Tensor&)>().call(x);
  return number(10 + value(inner));
}

void boxed_sum(const c10::OperatorHandle& op, Stack* stack) {
  const size_t n = op.schema().arguments().size();
  double sum = 0;
  for (const IValue& v : torch::jit::last(*stack, n)) sum += v.toDouble();
  torch::jit::drop(*stack, n);
  torch::jit::push(*stack, sum);
}

TORCH_LIBRARY_IMPL(disptest, CPU, m) {
  // Before its def(): the order of static initialisers is not the program's to choose.
  m.impl("keyed", &grad_state);
}
TORCH_LIBRARY(disptest, m) {
  m.def("scale(Tensor x, float by, int[2] more=1, int? shift=None) -> Tensor", &scale);
  m.def("pair", &pair);
  m.def("fill_(Tensor(a!) x, float v) -> Tensor(a!)", TORCH_FN(fill_));
  m.def("nothing", nothing);
  m.def("keyed(Tensor x) -> Tensor");
  m.def("twice", [](const Tensor& x) { return number(2 * value(x)); });
  m.def("sum(float a, float b, float c) -> float",
        torch::CppFunction::makeFromBoxedFunction<&boxed_sum>());
  m.def("lonely(Tensor x) -> Tensor");
}
TORCH_LIBRARY_FRAGMENT(disptest, m) {
  m.def("fragment.over(int x) -> int", [](int64_t x) { return x + 1; });
}
TORCH_LIBRARY_IMPL(disptest, Meta, m) {
  m.impl("keyed", [](const Tensor& x) { return x; });
}
const auto kOldStyle = torch::RegisterOperators()
                           .op("dispold::minus", [](const Tensor& x) { return number(-value(x)); })
                           .op("dispold::named(Tensor x, *, str mode) -> str",
                               [](const Tensor&, std::string mode) { return mode; });

c10::OperatorHandle find(const char* name, const char* overload = "") {
  return Dispatcher::singleton().findSchemaOrThrow(name, overload);
}
IValue call(const char* name, Stack stack) {
  find(name).callBoxed(stack);
  EXPECT_EQ(stack.size(), 1u);
  return torch::jit::pop(stack);
}
template <typename F>
std::string error_of(F f) {
  try {
    f();
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return {};
}
bool contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
  return true;
}

TEST(Library, CallsBoxedAndTyped) {
  EXPECT_EQ(
      value(call("disptest::scale", {number(3), 2, std::vector<int64_t>{2, 5}, 1}).toTensor()), 61);
  EXPECT_EQ(value(call("disptest::scale", {number(3), 0.5, 4, IValue()}).toTensor()), 6);
  EXPECT_EQ(
      value(find("disptest::scale")
                .typed<Tensor(const Tensor&, double, at::IntArrayRef, std::optional<int64_t>)>()
                .call(number(1), 2, {3}, std::nullopt)),
      6);
  Stack stack = {number(1), std::vector<Tensor>{number(1), number(2)}};
  find("disptest::pair").callBoxed(&stack);
  ASSERT_EQ(stack.size(), 2u);
  EXPECT_EQ(stack[1].toInt(), 2);
  const auto both = find("disptest::pair")
                        .typed<std::tuple<Tensor, int64_t>(Tensor, at::TensorList)>()
                        .call(number(4), {});
  EXPECT_EQ(value(std::get<0>(both)), 4);
  Tensor x = number(0);
  EXPECT_EQ(&find("disptest::fill_").typed<Tensor&(Tensor&, double)>().call(x, 7), &x);
  EXPECT_EQ(value(x), 7);
  c10::List<int64_t> l;
  stack = {"abc", l, true};
  find("disptest::nothing").callBoxed(stack);
  EXPECT_TRUE(stack.empty());
  EXPECT_EQ(l.vec(), (std::vector<int64_t>{4}));
  EXPECT_EQ(call("disptest::sum", {1.0, 2, 3.5}).toDouble(), 6.5);
  EXPECT_EQ(find("disptest::fragment", "over").typed<int64_t(int64_t)>().call(4), 5);
  EXPECT_EQ(value(call("dispold::minus", {number(2)}).toTensor()), -2);
  EXPECT_EQ(call("dispold::named", {number(2), "fast"}).toStringRef(), "fast");
}

TEST(Library, SchemasAreInferredFromFunctions) {
  EXPECT_EQ(find("disptest::pair").schema().str(),
            "disptest::pair(Tensor _0, Tensor[] _1) -> (Tensor _0, int _1)");
  EXPECT_EQ(find("disptest::nothing").schema().str(),
            "disptest::nothing(str _0, int[] _1, bool _2) -> ()");
  const auto names = Dispatcher::singleton().getAllOpNames();
  EXPECT_NE(std::find(names.begin(), names.end(), c10::OperatorName("disptest::fragment", "over")),
            names.end());
}

TEST(Library, KeysChooseTheKernel) {
  pharos::thread_state.grad_mode = true;
  // A kernel for one device records nothing; one for all of them does.
  EXPECT_EQ(value(call("disptest::keyed", {number(0)}).toTensor()), 0);
  EXPECT_TRUE(pharos::thread_state.grad_mode);
  EXPECT_TRUE(call("disptest::keyed", {number(0, c10::kMeta)}).toTensor().is_meta());
  {
    torch::Library autograd(torch::Library::IMPL, "disptest", c10::DispatchKey::Autograd, __FILE__,
                            __LINE__);
    autograd.impl("keyed", &below);
    EXPECT_EQ(value(call("disptest::keyed", {number(0)}).toTensor()), 10);
  }
  EXPECT_EQ(value(call("disptest::keyed", {number(0)}).toTensor()), 0);
  EXPECT_THROW(call("disptest::lonely", {number(0)}), c10::NotImplementedError);
}

TEST(Library, Errors) {
  contains(error_of([] {
             call("disptest::scale", {1, 2.0, 1, IValue()});
           }),
           "disptest::scale() Expected a value of type 'Tensor' for argument 'x' but instead found "
           "type 'int'.\n"
           "Position: 0\nDeclaration: disptest::scale(Tensor x, float by, int[2] more=1, int? "
           "shift=None) -> Tensor");
  contains(error_of([] { call("disptest::twice", {}); }),
           "disptest::twice() is missing value for argument '_0'");
  contains(error_of([] { find("disptest::none"); }), "Could not find schema for disptest::none.");
  EXPECT_FALSE(Dispatcher::singleton().findSchema({"disptest::none", ""}));
  using torch::Library;
  const auto fragment = [] {
    return Library(Library::FRAGMENT, "disptest", c10::DispatchKey::Undefined, "here.cpp", 7);
  };
  contains(error_of([&] { fragment().def("twice(Tensor x) -> Tensor"); }),
           "with the same name and overload name multiple times");
  contains(error_of([&] { fragment().def("other::f(Tensor x) -> Tensor"); }),
           "does not match namespace of enclosing");
  contains(error_of([&] {
             fragment().def("bad(Tensor x, int y) -> Tensor", [](const Tensor& x) { return x; });
           }),
           "The number of arguments is different. 2 vs 1.");
  contains(error_of([&] {
             fragment().def("bad2(Tensor x, int y) -> Tensor",
                            [](const Tensor& x, double) { return x; });
           }),
           "Type mismatch in argument 2: int vs float.");
  contains(error_of([] {
             Library(Library::DEF, "disptest", c10::DispatchKey::Undefined, "here.cpp", 7);
           }),
           "Only a single TORCH_LIBRARY can be used to register the namespace disptest");
  EXPECT_FALSE(Dispatcher::singleton().findSchema({"disptest::bad", ""}));
  EXPECT_FALSE(Dispatcher::singleton().findSchema({"disptest::bad2", ""}));
}

struct Counter : pharos::Interposer {
  int calls = 0;
  void handle(const pharos::OpRow& op, Stack& stack, const pharos::Next& next) override {
    ++calls;
    next(op, stack);
  }
};

TEST(Library, InterposersSeeRegisteredOperators) {
  Counter counter;
  pharos::InterposerGuard guard(counter);
  EXPECT_EQ(value(call("disptest::twice", {number(2)}).toTensor()), 4);
  EXPECT_EQ(counter.calls, 1);
}

TEST(Library, RegistersWhileOthersCall) {
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        if (call("disptest::twice", {number(3)}).toTensor().numel() != 1) ++wrong;
        const auto op = Dispatcher::singleton().findSchema({"dispthread::op50", ""});
        if (op && op->schema().arguments().size() != 1) ++wrong;
        ++calls;
      }
    });
  std::vector<torch::Library> libraries;
  std::thread writer([&] {
    for (int i = 0; i < 100; ++i) {
      libraries.emplace_back(torch::Library::FRAGMENT, "dispthread", c10::DispatchKey::Undefined,
                             __FILE__, __LINE__);
      libraries.back().def("op" + std::to_string(i), [i](const Tensor& x) {
        return number(value(x) + static_cast<float>(i));
      });
    }
  });
  writer.join();
  while (calls < 100) std::this_thread::yield();
  stop = true;
  for (std::thread& t : readers) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(value(call("dispthread::op50", {number(1)}).toTensor()), 51);
  libraries.clear();
  EXPECT_FALSE(Dispatcher::singleton().findSchema({"dispthread::op50", ""}));
}

}  // namespace
