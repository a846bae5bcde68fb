// The run-time schema parser: every built-in operator, agreement with the build-time parser,
// errors.
#include <gtest/gtest.h>
#include <pharos/dispatch/dispatcher.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "dispatch/op_table.h"

namespace {

using c10::Argument;
using c10::FunctionSchema;
using torch::jit::parseSchema;

const char* const kNotation[] = {
    "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
    "aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]",
    "aten::max.dim_max(Tensor self, int dim, bool keepdim=False, *, Tensor(a!) max, Tensor(b!) "
    "max_values) -> "
    "(Tensor(a!) values, Tensor(b!) indices)",
    "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
    "aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0) -> "
    "Tensor",
    "aten::convolution_backward(Tensor g, SymInt[]? bias_sizes, bool[3] output_mask) -> (Tensor, "
    "Tensor, Tensor)",
    "aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor",
    "aten::fill(int[] dims=[-2,-1], str mode='linear', float eps=1e-05, float r=-.5) -> ()",
    "aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()",
    "aten::x(*, Generator? generator=None, MemoryFormat f=contiguous_format) -> (Tensor, int)",
    "aten::y(Tensor(a|b) x, str s=\"a\\\"(,)\", int reduction=Mean, ScalarType? t=long) -> "
    "Tensor(*)",
    "noargs() -> Storage",
};
// What only the run-time parser reads.
const char* const kRunTimeOnly[] = {
    "aten::dict(Dict(str, Tensor) d, (int, float?)[] pairs) -> Dict(int, t[])",
    "prim::print(...) -> ()",
    "aten::__getitem__.t(t[](a) list, int idx) -> t(*)",
    "my::cls(__torch__.torch.classes.my.Thing x, Any y, NoneType z) -> ...",
};

std::string fields(const Argument& a) {
  std::string alias;
  if (const c10::AliasInfo* info = a.alias_info()) {
    const auto join = [](const std::vector<std::string>& sets) {
      std::string s;
      for (const auto& x : sets) s += (s.empty() ? "" : "|") + x;
      return s;
    };
    alias =
        (info->isWrite() ? "w" : "r") + join(info->beforeSets()) + ">" + join(info->afterSets());
  }
  std::ostringstream text;
  text << a;
  const size_t eq = text.str().find('=');
  return a.name() + ";" + a.real_type()->str() + ";" + (a.N() ? std::to_string(*a.N()) : "") + ";" +
         (a.kwarg_only() ? "k" : "") + ";" + alias + ";" +
         (a.default_value() ? text.str().substr(eq + 1) : std::string());
}

std::string dump(const FunctionSchema& s) {
  std::string line =
      s.name() + "\t" + s.overload_name() + "\t" + std::to_string(s.arguments().size());
  for (const Argument& a : s.arguments()) line += "\t" + fields(a);
  for (const Argument& r : s.returns()) line += "\t" + fields(r);
  return line;
}

std::vector<std::string> all_schemas() {
  std::vector<std::string> texts(std::begin(kNotation), std::end(kNotation));
  for (size_t i = 0; i < pharos::kOpTableSize; ++i) texts.emplace_back(pharos::kOpTable[i].schema);
  return texts;
}

TEST(Schema, PrintsAsParsed) {
  for (const std::string& text : all_schemas()) EXPECT_EQ(parseSchema(text).str(), text);
  for (const char* text : kRunTimeOnly) EXPECT_EQ(parseSchema(text).str(), text);
}

TEST(Schema, TableIsSortedAndNamesItsSchemas) {
  for (size_t i = 0; i < pharos::kOpTableSize; ++i) {
    const pharos::OpRow& row = pharos::kOpTable[i];
    const FunctionSchema s = parseSchema(row.schema);
    EXPECT_EQ(s.name(), row.name);
    EXPECT_EQ(s.overload_name(), row.overload);
    EXPECT_EQ(pharos::find_op(row.name, row.overload), &row) << row.schema;
    if (i == 0) continue;
    const pharos::OpRow& last = pharos::kOpTable[i - 1];
    EXPECT_LT(std::pair(std::string(last.name), std::string(last.overload)),
              std::pair(s.name(), s.overload_name()));
  }
  EXPECT_EQ(pharos::find_op("aten::no_such_operator", ""), nullptr);
}

TEST(Schema, BothParsersAgree) {
  const std::string dir = testing::TempDir();
  const std::string in = dir + "/pharos_schemas.txt", out = dir + "/pharos_schemas_python.txt";
  const std::vector<std::string> texts = all_schemas();
  {
    std::ofstream f(in);
    for (const std::string& t : texts) f << t << "\n";
  }
  const std::string command = "python3 -B tests/codegen/dump_schemas.py " + in + " " + out;
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream f(out);
  std::string line;
  size_t n = 0;
  for (; std::getline(f, line); ++n) {
    ASSERT_LT(n, texts.size());
    EXPECT_EQ(dump(parseSchema(texts[n])), line);
  }
  EXPECT_EQ(n, texts.size());
}

TEST(Schema, Structure) {
  const FunctionSchema s = parseSchema(kNotation[2]);
  ASSERT_EQ(s.arguments().size(), 5u);
  EXPECT_EQ(s.overload_name(), "dim_max");
  EXPECT_TRUE(s.arguments()[3].is_out());
  EXPECT_FALSE(s.arguments()[2].is_out());
  EXPECT_EQ(s.returns()[1].name(), "indices");
  EXPECT_TRUE(s.is_mutable("max"));
  EXPECT_FALSE(s.is_mutable("self"));
  EXPECT_EQ(s.argumentIndexWithName("keepdim"), 2);
  EXPECT_FALSE(s.arguments()[2].default_value()->toBool());
}

TEST(Schema, Defaults) {
  const FunctionSchema pool = parseSchema(
      "f(int[2] a=1, int[2] b=[], int[] c=[-2,-1], float d=1, Scalar e=1, "
      "Scalar g=0.5, ScalarType? t=long, MemoryFormat m=channels_last, "
      "str s='it\\'s', int[1]? n=None, float x=1e-05, int r=Mean) -> ()");
  const auto value = [&](size_t i) { return *pool.arguments()[i].default_value(); };
  EXPECT_EQ(value(0).toIntVector(), (std::vector<int64_t>{1, 1}));
  EXPECT_TRUE(value(1).toIntVector().empty());
  EXPECT_EQ(value(2).toIntVector(), (std::vector<int64_t>{-2, -1}));
  EXPECT_EQ(value(3).toDouble(), 1.0);
  EXPECT_TRUE(value(4).isInt());
  EXPECT_EQ(value(5).toScalar().toDouble(), 0.5);
  EXPECT_EQ(value(6).toScalarType(), c10::kLong);
  EXPECT_EQ(value(7).toMemoryFormat(), c10::MemoryFormat::ChannelsLast);
  EXPECT_EQ(value(8).toStringRef(), "it's");
  EXPECT_TRUE(value(9).isNone());
  EXPECT_EQ(value(10).toDouble(), 1e-5);
  EXPECT_EQ(value(11).toInt(), 1);
}

TEST(Schema, BadTextIsAnErrorThatPoints) {
  const std::pair<const char*, const char*> cases[] = {
      {"f(Tensr x) -> Tensor", "unknown type specifier:\nf(Tensr x) -> Tensor\n  ~ <--- HERE"},
      {"f(Tensor x -> Tensor", "expected ','"},
      {"f(Tensor x) Tensor", "expected '->'"},
      {"f(Tensor x, *) -> ()", "no keyword-only"},
      {"f(int a=) -> ()", "expected a number"},
      {"f(int a=1.5) -> ()", "expected an integer"},
      {"f(bool a=1) -> ()", "expected True or False"},
      {"f(str a='x) -> ()", "the string has no end"},
      {"f(int a=99999999999999999999) -> ()", "expected a number"},
      {"f(int[99999999999] a) -> ()", "list size out of range"},
      {"f(int[2000000000] a=1) -> ()", "no single default"},
      {"f(Tensor x=1) -> ()", "cannot have a default value"},
      {"f() -> (Tensor", "expected"},
      {"f() -> Tensor)", "behind the end"},
      {"f(..., int a) -> ()", "must be the last"},
      {"", "expected an operator name"},
  };
  for (const auto& [text, part] : cases) {
    try {
      parseSchema(text);
      ADD_FAILURE() << "parsed: " << text;
    } catch (const c10::Error& e) {
      EXPECT_NE(e.msg().find(part), std::string::npos) << text << "\n" << e.msg();
    }
  }
  // Deep nesting ends in an error, not in a stack overflow.
  EXPECT_THROW(parseSchema("f(" + std::string(100000, '(') + ") -> ()"), c10::Error);
}

std::string error_of(const FunctionSchema& s, std::vector<c10::IValue> inputs,
                     const std::vector<std::pair<std::string, c10::IValue>>& kwargs = {}) {
  try {
    s.checkAndNormalizeInputs(inputs, kwargs);
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return {};
}

TEST(Schema, ArgumentErrorsInPyTorchsWords) {
  const std::string text = "my::op(int x, float[] y, *, Scalar alpha=1) -> Tensor";
  const FunctionSchema s = parseSchema(text);
  EXPECT_EQ(
      error_of(s, {"three"}),
      "my::op() Expected a value of type 'int' for argument 'x' but instead found type 'str'.\n"
      "Position: 0\nDeclaration: " +
          text);
  EXPECT_EQ(
      error_of(s, {1, std::vector<std::string>{"a"}}),
      "my::op() Expected a value of type 'List[float]' for argument 'y' but instead found type "
      "'List[str]'.\nPosition: 1\nDeclaration: " +
          text);
  EXPECT_EQ(error_of(s, {1}), "my::op() is missing value for argument 'y'. Declaration: " + text);
  EXPECT_EQ(
      error_of(s, {1, std::vector<double>{}, 2, 3}),
      "my::op() expected at most 3 argument(s) but received 4 argument(s). Declaration: " + text);
  EXPECT_EQ(error_of(s, {1, std::vector<double>{}}, {{"beta", 1}}),
            "Unknown keyword argument 'beta' for operator 'my::op'. Schema: " + text);
  EXPECT_EQ(error_of(s, {1, std::vector<double>{}}, {{"x", 1}}),
            "Argument 'x' specified both as positional and keyword argument. Schema: " + text);
  EXPECT_EQ(error_of(s, {1, std::vector<int64_t>{2}}, {{"alpha", 2.5}}), "");
  std::vector<c10::IValue> inputs = {1, std::vector<double>{2}};
  s.checkAndNormalizeInputs(inputs);
  ASSERT_EQ(inputs.size(), 3u);
  EXPECT_EQ(inputs[2].toInt(), 1);
}

}  // namespace
