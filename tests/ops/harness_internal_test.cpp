// Runs every sample of every operator through every check: golden values of PyTorch, other dtypes,
// strided inputs, gradients and second gradients, in-place and out= forms, meta shapes, and the
// route through interposers, which must give the plain call's bits.
#include <gtest/gtest.h>
#include <pharos/autograd/gradcheck.h>
#include <pharos/dispatch/dispatcher.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "dispatch/interposer.h"
#include "io/checkpoint.h"
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using torch::jit::Stack;

constexpr at::ScalarType kSweep[] = {at::kDouble, at::kHalf,         at::kBFloat16,     at::kLong,
                                     at::kInt,    at::kShort,        at::kChar,         at::kByte,
                                     at::kBool,   at::kComplexFloat, at::kComplexDouble};

std::string split_row(const std::string& row, std::string& overload) {
  const size_t dot = row.find('.');
  overload = dot == std::string::npos ? "" : row.substr(dot + 1);
  return "aten::" + row.substr(0, dot);
}

c10::OperatorHandle handle_of(const std::string& row) {
  std::string overload;
  const std::string name = split_row(row, overload);
  return c10::Dispatcher::singleton().findSchemaOrThrow(name.c_str(), overload.c_str());
}

IValue map_tensors(const IValue& v, const std::function<Tensor(const Tensor&)>& f) {
  if (v.isTensor()) return v.toTensor().defined() ? IValue(f(v.toTensor())) : v;
  if (v.isTensorList()) {
    std::vector<Tensor> list;
    for (const Tensor& t : v.toTensorVector()) list.push_back(f(t));
    return list;
  }
  if (v.isOptionalTensorList()) {
    c10::List<std::optional<Tensor>> list;
    for (const IValue& item : v.toListRef())
      list.push_back(item.isTensor() ? std::optional<Tensor>(f(item.toTensor())) : std::nullopt);
    return list;
  }
  return v;
}

std::vector<IValue> map_args(const std::vector<IValue>& args,
                             const std::function<Tensor(const Tensor&)>& f) {
  std::vector<IValue> out;
  for (const IValue& v : args) out.push_back(map_tensors(v, f));
  return out;
}

std::vector<Tensor> tensors_of(const Stack& results) {
  std::vector<Tensor> out;
  for (const IValue& v : results) {
    if (v.isTensor())
      out.push_back(v.toTensor());
    else if (v.isTensorList())
      for (const Tensor& t : v.toTensorVector()) out.push_back(t);
  }
  return out;
}

bool is_written(const c10::Argument& a) { return a.alias_info() && a.alias_info()->isWrite(); }

Stack call(const c10::OperatorHandle& op, const std::vector<IValue>& args) {
  const auto& schema = op.schema();
  Stack stack(args.begin(), args.end());
  for (size_t i = args.size(); i < schema.arguments().size(); ++i) {
    TORCH_CHECK(schema.arguments()[i].has_default_value(), "sample lacks argument ",
                schema.arguments()[i].name());
    stack.push_back(*schema.arguments()[i].default_value());
  }
  const std::vector<IValue> given(stack.begin(), stack.end());
  op.callBoxed(&stack);
  // What an operator without results gives is what it wrote.
  if (schema.returns().empty())
    for (size_t i = 0; i < given.size(); ++i)
      if (is_written(schema.arguments()[i]))
        for (const Tensor& t : tensors_of({given[i]})) stack.push_back(t);
  return stack;
}

std::string describe(const Tensor& t) {
  return t.defined() ? message(t.scalar_type(), t.sizes(), " strides ", t.strides())
                     : std::string("undefined");
}

struct Tolerance {
  double rtol, atol;
};
// torch.testing.assert_close's defaults.
Tolerance tolerance_of(at::ScalarType t, const Samples& s) {
  Tolerance r{0, 0};
  if (s.unset) return {0, INFINITY};
  if (s.bits) return r;
  switch (c10::toRealValueType(t)) {
    case at::kHalf:
      r = {1e-3, 1e-5};
      break;
    case at::kBFloat16:
      r = {1.6e-2, 1e-5};
      break;
    case at::kFloat:
      r = {1.3e-6, 1e-5};
      break;
    case at::kDouble:
      r = {1e-7, 1e-7};
      break;
    default:
      return r;
  }
  if (c10::isReducedFloatingType(c10::toRealValueType(t))) r.atol = std::max(r.atol, s.half);
  return {std::max(r.rtol, s.rtol), std::max(r.atol, s.atol)};
}

// Empty if equal within the tolerance, else what differs.
std::string compare(const Tensor& a, const Tensor& b, Tolerance tol) {
  if (a.defined() != b.defined())
    return "one is undefined: " + describe(a) + " against " + describe(b);
  if (!a.defined()) return "";
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes())
    return describe(a) + " against " + describe(b);
  if (std::isinf(tol.atol)) return "";
  const bool complex = a.is_complex();
  const auto flat = [&](const Tensor& t) {
    Tensor r = complex ? at::view_as_real(t.resolve_conj().resolve_neg()) : t;
    if (!c10::isIntegralType(t.scalar_type(), true)) r = r.to(at::kDouble);
    return r.contiguous();
  };
  const Tensor x = flat(a.detach()), y = flat(b.detach());
  if (c10::isIntegralType(x.scalar_type(), true)) {
    if (x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0)
      return "";
    return message("integer values differ:\n", x, "\nagainst\n", y);
  }
  const double* p = x.const_data_ptr<double>();
  const double* q = y.const_data_ptr<double>();
  for (int64_t i = 0; i < x.numel(); ++i) {
    if (p[i] == q[i] || (std::isnan(p[i]) && std::isnan(q[i]))) continue;
    if (std::fabs(p[i] - q[i]) <= tol.atol + tol.rtol * std::fabs(q[i])) continue;
    return message("element ", i, " of ", describe(a), ": ", p[i], " against ", q[i],
                   ", difference ", p[i] - q[i]);
  }
  return "";
}

std::string compare(const Stack& a, const Stack& b, const Samples& s, bool strides) {
  const auto x = tensors_of(a), y = tensors_of(b);
  if (a.size() != b.size() || x.size() != y.size())
    return message(x.size(), " tensors against ", y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string d =
        compare(x[i], y[i], x[i].defined() ? tolerance_of(x[i].scalar_type(), s) : Tolerance{0, 0});
    if (!d.empty()) return message("result ", i, ": ", d);
    if (strides && x[i].defined() && x[i].numel() > 0 && x[i].strides() != y[i].strides())
      for (int64_t k = 0; k < x[i].dim(); ++k)
        if (x[i].size(k) > 1 && x[i].stride(k) != y[i].stride(k))
          return message("result ", i, " has other strides: ", describe(x[i]), " against ",
                         describe(y[i]));
  }
  for (size_t i = 0; i < a.size(); ++i)
    if (!a[i].isTensor() && !a[i].isTensorList() && !(a[i] == b[i]))
      return message("result ", i, ": values differ");
  return "";
}

// Bit for bit, layout included; empty if equal.
std::string compare_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b,
                         const Samples& s) {
  if (a.size() != b.size()) return message(a.size(), " tensors against ", b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (describe(a[i]) != describe(b[i]))
      return message("tensor ", i, ": ", describe(a[i]), " against ", describe(b[i]));
    if (!a[i].defined() || s.unset) continue;
    const auto flat = [](const Tensor& t) {
      return t.detach().resolve_conj().resolve_neg().contiguous();
    };
    const Tensor x = flat(a[i]), y = flat(b[i]);
    if (x.nbytes() > 0 && std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) != 0)
      return message("the bits of tensor ", i, " differ:\n", x, "\nagainst\n", y);
  }
  return "";
}

// A case: a sample with its own dtype or one of the sweep.
struct Case {
  const Samples* table;
  size_t index;
  at::ScalarType dtype;  // Undefined: as the sample has it
  std::vector<IValue> args;
};

Tensor converted(const Tensor& t, at::ScalarType dtype) {
  if (!t.is_floating_point()) return t;
  if (dtype == at::kBool) return t.gt(0);
  if (c10::isIntegralType(dtype, true))
    return (t * 3).to(dtype == at::kByte ? at::kShort : dtype).abs().to(dtype);
  return t.to(dtype);
}

std::vector<Case> cases_of(const Samples& s) {
  std::vector<Case> out;
  bool swept = !s.dtypes;
  for (size_t i = 0; i < s.samples().size(); ++i) {
    const Sample& sample = s.samples()[i];
    if (!sample.error.empty()) continue;
    out.push_back({&s, i, at::ScalarType::Undefined, sample.args});
    if (swept) continue;
    swept = true;
    for (at::ScalarType t : kSweep) {
      Case c{&s, i, t, {}};
      c.args = map_args(sample.args, [&](const Tensor& x) { return converted(x, t); });
      out.push_back(std::move(c));
    }
  }
  return out;
}

std::string id_of(const Case& c) {
  return message(c.index, "/",
                 c.dtype == at::ScalarType::Undefined ? "base" : c10::python_name(c.dtype));
}

// Random operators give the same values in PyTorch only from the same state.
constexpr uint64_t kCallSeed = 12345;

std::string hash_of(const std::vector<IValue>& args) {
  uint64_t h = 1469598103934665603u;
  const auto mix = [&](const void* p, size_t n) {
    for (size_t i = 0; i < n; ++i)
      h = (h ^ static_cast<const unsigned char*>(p)[i]) * 1099511628211u;
  };
  for (const IValue& v : args)
    map_tensors(v, [&](const Tensor& t) {
      const Tensor c = t.resolve_conj().resolve_neg().contiguous();
      mix(c.const_data_ptr(), c.nbytes());
      mix(t.sizes().data(), t.sizes().size() * 8);
      mix(t.strides().data(), t.strides().size() * 8);
      return t;
    });
  return message(h);
}

std::string golden_path(const std::string& row) {
  return std::string(PHAROS_TEST_SOURCE_DIR) + "/golden/ops/" + row + ".pt";
}

// The results that PyTorch gave, by case; empty if there is no file.
std::map<std::string, IValue> read_golden(const std::string& row) {
  std::map<std::string, IValue> out;
  if (!std::filesystem::exists(golden_path(row))) return out;
  const IValue file = io::load_checkpoint(io::open_file(golden_path(row)));
  for (const auto& entry : file.toGenericDict()) out[entry.key().toStringRef()] = entry.value();
  return out;
}

class OperatorTest : public ::testing::Test {
 public:
  explicit OperatorTest(const Samples* s) : s_(*s) {}

  void TestBody() override {
    const c10::OperatorHandle op = handle_of(s_.row());
    ASSERT_FALSE(s_.samples().empty()) << "no samples";
    golden(op);
    errors(op);
    refused_gradients(op);
    for (size_t i = 0; i < s_.samples().size(); ++i) {
      const Sample& sample = s_.samples()[i];
      if (!sample.error.empty()) continue;
      SCOPED_TRACE("sample " + std::to_string(i));
      at::manual_seed(kCallSeed);
      Stack expected;
      try {
        expected = call(op, copies(sample.args));
      } catch (const c10::Error& e) {
        ADD_FAILURE() << e.what();
        continue;
      }
      guarded("strided", [&] { strided_inputs(op, sample, expected); });
      guarded("meta", [&] { meta_shapes(op, sample, expected); });
      guarded("interposed", [&] { interposed(op, sample, expected); });
      guarded("other forms", [&] { other_forms(op, sample, expected); });
      guarded("gradient", [&] { gradients(op, sample); });
    }
  }

 private:
  template <typename F>
  void guarded(const char* what, F&& f) {
    SCOPED_TRACE(what);
    try {
      f();
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
    }
  }

  bool writes() const {
    const auto& args = handle_of(s_.row()).schema().arguments();
    return std::any_of(args.begin(), args.end(), is_written);
  }
  // Operators that write get copies, so that a sample stays what it is.
  std::vector<IValue> copies(const std::vector<IValue>& args) const {
    if (!writes()) return args;
    return map_args(args, [](const Tensor& t) {
      for (int64_t d = 0; d < t.dim(); ++d)
        if (t.stride(d) == 0 && t.size(d) > 1) return t.clone();
      return at::empty_strided(t.sizes(), t.strides(), t.options()).copy_(t);
    });
  }

  void golden(const c10::OperatorHandle& op) {
    if (!s_.golden) return;
    const auto stored = read_golden(s_.row());
    for (const Case& c : cases_of(s_)) {
      const auto it = stored.find(id_of(c));
      SCOPED_TRACE("golden " + id_of(c));
      if (it == stored.end() ||
          it->second.toGenericDict().at("hash").toStringRef() != hash_of(c.args)) {
        ADD_FAILURE() << "no golden value for these inputs: run tests/golden/make_ops.py "
                      << s_.row();
        continue;
      }
      const auto entry = it->second.toGenericDict();
      const bool refused = entry.contains("error");
      Stack got;
      std::string error;
      try {
        at::manual_seed(kCallSeed);
        got = call(op, copies(c.args));
      } catch (const c10::Error& e) {
        error = e.what();
      }
      if (refused) {
        // Where PyTorch lacks a kernel it is no fault to have one.
        if (error.empty() && entry.at("kind").toStringRef() != "NotImplementedError" &&
            entry.at("error").toStringRef().find("not implemented for") == std::string::npos)
          ADD_FAILURE() << "PyTorch refuses this: " << entry.at("error").toStringRef();
        continue;
      }
      if (!error.empty()) {
        // PyTorch's complex32 has no kernels here: the error must say so.
        if (error.find("ComplexHalf") == std::string::npos) ADD_FAILURE() << error;
        continue;
      }
      Stack expected;
      for (const IValue& v : entry.at("results").toListRef())
        expected.push_back(v.isNone() ? IValue(Tensor()) : v);
      // A list of tensors is stored as that many results.
      if (got.size() == 1 && got[0].isTensorList()) {
        const auto list = got[0].toTensorVector();
        got.assign(list.begin(), list.end());
      }
      EXPECT_EQ(compare(got, expected, s_, true), "");
    }
  }

  void errors(const c10::OperatorHandle& op) {
    for (const Sample& sample : s_.samples()) {
      if (sample.error.empty()) continue;
      try {
        call(op, copies(sample.args));
        ADD_FAILURE() << "expected an error with: " << sample.error;
      } catch (const c10::Error& e) {
        EXPECT_NE(std::string(e.what()).find(sample.error), std::string::npos) << e.what();
      }
    }
  }

  void strided_inputs(const c10::OperatorHandle& op, const Sample& sample, const Stack& expected) {
    if (writes()) return;
    const auto args = map_args(sample.args, [](const Tensor& t) { return strided(t); });
    at::manual_seed(kCallSeed);
    Stack got;
    try {
      got = call(op, args);
    } catch (const c10::Error& e) {
      // Views of strided inputs may be impossible; PyTorch says so too.
      if (s_.memory_order ||
          std::string(e.what()).find("view size is not compatible") != std::string::npos ||
          std::string(e.what()).find("must be contiguous") != std::string::npos)
        return;
      throw;
    }
    if (s_.golden && !s_.memory_order) EXPECT_EQ(compare(got, expected, s_, false), "");
  }

  void meta_shapes(const c10::OperatorHandle& op, const Sample& sample, const Stack& expected) {
    if (!s_.meta || !sample.meta) return;
    bool any = !tensors_of(Stack(sample.args.begin(), sample.args.end())).empty();
    auto args = map_args(copies(sample.args), [](const Tensor& t) {
      return at::empty_strided(t.sizes(), t.strides(), t.options().device(at::kMeta));
    });
    for (IValue& v : args)
      if (v.isDevice()) {
        v = c10::Device(at::kMeta);
        any = true;
      }
    if (!any) return;
    const auto got = tensors_of(call(op, args)), want = tensors_of(expected);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      if (!want[i].defined()) continue;
      EXPECT_TRUE(got[i].is_meta());
      EXPECT_EQ(describe(got[i]), describe(want[i])) << "meta result " << i;
    }
  }

  struct Through final : Interposer {
    void handle(const OpRow& row, Stack& stack, const Next& next) override {
      ++calls;
      next(row, stack);
    }
    bool enters_composites() const override { return true; }
    int calls = 0;
  };

  void interposed(const c10::OperatorHandle& op, const Sample& sample, const Stack& expected) {
    Through through;
    at::manual_seed(kCallSeed);
    Stack got;
    {
      InterposerGuard guard(through);
      got = call(op, copies(sample.args));
    }
    EXPECT_GT(through.calls, 0);
    if (!s_.golden) return;
    if (s_.interposed_bits) {
      EXPECT_EQ(compare_bits(tensors_of(got), tensors_of(expected), s_), "");
    }
    EXPECT_EQ(compare(got, expected, s_, true), "");
    std::string refused, refused_too;
    const auto plain = input_gradients(op, sample, refused);
    through.calls = 0;
    std::vector<Tensor> grads;
    {
      InterposerGuard guard(through);
      grads = input_gradients(op, sample, refused_too);
    }
    EXPECT_EQ(refused_too, refused);
    if (s_.interposed_bits) {
      EXPECT_EQ(compare_bits(grads, plain, s_), "") << "gradients";
    }
  }

  // The gradients of everything that can have one, in the samples' own dtype; nothing and the
  // reason where the backward pass refuses.
  std::vector<Tensor> input_gradients(const c10::OperatorHandle& op, const Sample& sample,
                                      std::string& refused) const {
    std::vector<Tensor> leaves;
    std::vector<IValue> args = copies(sample.args);
    if (writes()) return {};
    for (size_t i = 0; i < args.size(); ++i) {
      if (is_constant(op.schema().arguments()[i].name())) continue;
      args[i] = map_tensors(args[i], [&](const Tensor& t) {
        if (!c10::isDifferentiableType(t.scalar_type())) return t;
        leaves.push_back(t.detach().requires_grad_(true));
        return leaves.back();
      });
    }
    if (leaves.empty()) return {};
    try {
      at::manual_seed(kCallSeed);
      torch::autograd::variable_list out, weights;
      for (const Tensor& t : tensors_of(call(op, args)))
        if (t.defined() && t.requires_grad()) out.push_back(t);
      for (const Tensor& t : out) weights.push_back(at::randn(t.sizes(), t.options()));
      if (out.empty()) return {};
      return torch::autograd::grad(out, leaves, weights, std::nullopt, false, true);
    } catch (const c10::Error& e) {
      refused = e.what_without_backtrace();
      return {};
    }
  }

  void other_forms(const c10::OperatorHandle& op, const Sample& sample, const Stack& expected) {
    if (writes()) return;
    const auto& schema = op.schema();
    std::string overload;
    const std::string name = split_row(s_.row(), overload);
    const auto results = tensors_of(expected);
    std::vector<IValue> args = sample.args;
    for (size_t i = args.size(); i < schema.arguments().size(); ++i)
      args.push_back(*schema.arguments()[i].default_value());
    // In place: the same arguments, where the result fits.
    if (auto inplace = c10::Dispatcher::singleton().findSchema({name + "_", overload});
        inplace && inplace->schema().arguments().size() == args.size() && results.size() == 1 &&
        args[0].isTensor() && results[0].sizes() == args[0].toTensor().sizes() &&
        results[0].is_complex() == args[0].toTensor().is_complex() &&
        c10::canCast(results[0].scalar_type(), args[0].toTensor().scalar_type())) {
      auto copy = args;
      copy[0] = args[0].toTensor().clone();
      const Tensor self = copy[0].toTensor();
      at::manual_seed(kCallSeed);
      const Stack got = call(*inplace, copy);
      EXPECT_EQ(
          compare(self, results[0].to(self.scalar_type()), tolerance_of(self.scalar_type(), s_)),
          "")
          << "in-place form";
      // An operator that leaves everything as it was need not write.
      if (!compare(self, args[0].toTensor(), Tolerance{0, 0}).empty())
        EXPECT_GT(self._version(), 0u) << "the in-place form did not bump the version";
    }
    // out=: found by its arguments.
    for (const c10::OperatorName& other : c10::Dispatcher::singleton().getAllOpNames()) {
      if (other.name != name || other.overload_name == overload) continue;
      const auto out = c10::Dispatcher::singleton().findSchema(other);
      const auto& out_args = out->schema().arguments();
      if (out_args.size() != args.size() + results.size()) continue;
      bool same = true;
      for (size_t i = 0; i < out_args.size(); ++i)
        same = same && (i < args.size()
                            ? out_args[i].name() == schema.arguments()[i].name() &&
                                  out_args[i].type()->str() == schema.arguments()[i].type()->str()
                            : out_args[i].is_out());
      if (!same) continue;
      auto all = args;
      for (const Tensor& r : results) all.push_back(at::empty({0}, r.options()));
      at::manual_seed(kCallSeed);
      const Stack got = call(*out, all);
      for (size_t i = 0; i < results.size(); ++i) {
        const Tensor written = all[args.size() + i].toTensor();
        EXPECT_EQ(compare(written, results[i], tolerance_of(results[i].scalar_type(), s_)), "")
            << "out= form, result " << i;
        if (written.numel() > 0)
          EXPECT_GT(written._version(), 0u) << "the out= form did not bump the version";
      }
    }
  }

  bool is_constant(const std::string& argument) const {
    return std::find(s_.constants.begin(), s_.constants.end(), argument) != s_.constants.end();
  }

  void refused_gradients(const c10::OperatorHandle& op) {
    for (const std::string& name : s_.constants) {
      bool tried = false;
      for (const Sample& sample : s_.samples()) {
        std::vector<IValue> args = sample.args;
        for (size_t i = 0; i < args.size() && !tried; ++i)
          if (op.schema().arguments()[i].name() == name && args[i].isTensor()) {
            args[i] = args[i].toTensor().detach().requires_grad_(true);
            tried = true;
          }
        if (!tried) continue;
        try {
          call(op, args);
          ADD_FAILURE() << name << " took a gradient";
        } catch (const c10::Error& e) {
          const std::string text = "not differentiable with respect to argument '" + name + "'";
          EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
        }
        break;
      }
      EXPECT_TRUE(tried) << "no sample gives " << name;
    }
  }

  void refused_derivative(const torch::autograd::variable_list& results) {
    ASSERT_FALSE(results.empty()) << "no result requires a gradient";
    const std::string base = s_.row().substr(0, s_.row().find('.'));
    try {
      results[0].sum().backward();
      ADD_FAILURE() << "the backward pass gave something";
    } catch (const c10::NotImplementedError& e) {
      const std::string text = "derivative for aten::" + base + " is not implemented";
      EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
    }
  }

  void gradients(const c10::OperatorHandle& op, const Sample& sample) {
    if (!s_.gradient || !sample.gradient || writes()) return;
    std::vector<Tensor> leaves;
    std::vector<IValue> args;
    for (size_t i = 0; i < sample.args.size(); ++i) {
      const bool constant = is_constant(op.schema().arguments()[i].name());
      args.push_back(map_tensors(sample.args[i], [&](const Tensor& t) {
        if (!c10::isDifferentiableType(t.scalar_type())) return t;
        const Tensor wide = t.to(t.is_complex() ? at::kComplexDouble : at::kDouble, false, true);
        if (!constant) leaves.push_back(wide.requires_grad_(true));
        return wide;
      }));
    }
    if (leaves.empty()) return;
    // Dtype arguments follow the leaves.
    for (size_t i = 0; i < args.size(); ++i) {
      const c10::Argument& a = op.schema().arguments()[i];
      if (!args[i].isInt() || a.real_type()->str().find("ScalarType") == std::string::npos)
        continue;
      const auto t = static_cast<at::ScalarType>(args[i].toInt());
      if (c10::isFloatingType(t)) args[i] = at::kDouble;
      if (c10::isComplexType(t)) args[i] = at::kComplexDouble;
    }
    int64_t total = 0;
    for (const Tensor& t : leaves) total += t.numel();
    if (total > 400) return;  // the numeric Jacobian is quadratic: samples are small on purpose
    std::vector<bool> differentiable;
    using torch::autograd::variable_list;
    const torch::autograd::GradFunction f = [&](const variable_list& in) {
      size_t k = 0;
      const auto replaced =
          map_args(args, [&](const Tensor& t) { return t.requires_grad() ? in[k++] : t; });
      at::manual_seed(kCallSeed);
      auto out = tensors_of(call(op, replaced));
      variable_list checked;
      for (size_t i = 0; i < out.size(); ++i)
        if (differentiable.empty() || differentiable[i]) checked.push_back(out[i]);
      return checked;
    };
    // Results without a gradient (indices, buffers) are left out.
    bool any = false;
    std::vector<bool> found;
    for (const Tensor& t : f(leaves)) {
      found.push_back(t.defined() && t.requires_grad());
      any |= found.back();
    }
    differentiable = found;
    if (s_.underived) return refused_derivative(f(leaves));
    if (!any) return;
    torch::autograd::gradcheck(f, leaves);
    if (s_.second_gradient && total <= 60) torch::autograd::gradgradcheck(f, leaves);
  }

  const Samples& s_;
};

// Writes every case for tests/golden/make_ops.py when PHAROS_DUMP_SAMPLES names a file.
TEST(Samples, Dump) {
  const char* path = std::getenv("PHAROS_DUMP_SAMPLES");
  if (!path) GTEST_SKIP() << "only on request: tests/golden/make_ops.py";
  std::vector<IValue> list;
  const auto entry_of = [](const Samples& s, const std::vector<IValue>& values) {
    c10::impl::GenericDict entry(c10::StringType::get(), c10::AnyType::get());
    c10::impl::GenericList args(c10::AnyType::get());
    for (const IValue& v : values) args.push_back(v);
    entry.insert("row", s.row());
    entry.insert("args", args);
    return entry;
  };
  for (const Samples& s : all_samples()) {
    for (const Sample& sample : s.samples()) {
      if (sample.error.empty()) continue;
      auto entry = entry_of(s, sample.args);
      entry.insert("error", sample.error);
      list.push_back(entry);
    }
    if (!s.golden) continue;
    for (const Case& c : cases_of(s)) {
      auto entry = entry_of(s, c.args);
      entry.insert("id", id_of(c));
      entry.insert("hash", hash_of(c.args));
      entry.insert("unset", s.unset);
      list.push_back(entry);
    }
  }
  c10::impl::GenericList all(c10::AnyType::get());
  for (const IValue& v : list) all.push_back(v);
  io::save_checkpoint(all, path);
}

// Every functional row has samples; forms that write are reached through theirs. Rows that still
// lack them are listed by name, so that the list can only shrink.
TEST(Samples, EveryOperatorHasSome) {
  std::set<std::string> have, listed;
  for (const Samples& s : all_samples()) have.insert(s.row());
  std::ifstream file(std::string(PHAROS_TEST_SOURCE_DIR) + "/ops/without_samples.txt");
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') listed.insert(line);
  std::string missing, superfluous;
  std::set<std::string> rows;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (name.name.rfind("aten::", 0) != 0) continue;
    const auto schema = c10::Dispatcher::singleton().findSchema(name)->schema();
    bool writes = false;
    for (const auto& a : schema.arguments()) writes |= is_written(a);
    const std::string base = name.name.substr(6);
    const std::string row = name.overload_name.empty() ? base : base + "." + name.overload_name;
    rows.insert(row);
    if (!writes && !have.count(row) && !listed.count(row)) missing += "\n  " + row;
  }
  for (const std::string& row : listed)
    if (have.count(row) || !rows.count(row)) superfluous += "\n  " + row;
  EXPECT_EQ(missing, "") << "rows without samples";
  EXPECT_EQ(superfluous, "") << "rows to take off without_samples.txt";
}

bool is_default(const IValue& v, const IValue& d) {
  if (v.isTensor() || d.isTensor()) return v.isTensor() == d.isTensor();
  return v == d;
}

// A default that no sample overrides is an argument that nobody has tried. Those that still are
// so are listed, an operator and an argument a line, so that the list can only shrink.
TEST(Samples, EveryArgumentIsVaried) {
  std::set<std::string> constant, listed;
  for (const Samples& s : all_samples()) {
    const auto& arguments = handle_of(s.row()).schema().arguments();
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].has_default_value()) continue;
      bool varied = false;
      for (const Sample& sample : s.samples())
        varied |= sample.error.empty() && i < sample.args.size() &&
                  !is_default(sample.args[i], *arguments[i].default_value());
      if (!varied) constant.insert(s.row() + " " + arguments[i].name());
    }
  }
  std::ifstream file(std::string(PHAROS_TEST_SOURCE_DIR) + "/ops/at_default.txt");
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') listed.insert(line);
  std::string missing, superfluous;
  for (const std::string& c : constant)
    if (!listed.count(c)) missing += "\n" + c;
  for (const std::string& c : listed)
    if (!constant.count(c)) superfluous += "\n" + c;
  EXPECT_EQ(missing, "") << "arguments that no sample gives another value than the default";
  EXPECT_EQ(superfluous, "") << "arguments to take off at_default.txt";
}

}  // namespace

void register_operator_tests() {
  for (const Samples& s : all_samples())
    ::testing::RegisterTest("Operators", s.row().c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            [table = &s]() -> ::testing::Test* { return new OperatorTest(table); });
}

}  // namespace pharos::testing

// Tables register themselves before main, the tests they give after it: files initialise in no
// particular order.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  pharos::testing::register_operator_tests();
  return RUN_ALL_TESTS();
}
