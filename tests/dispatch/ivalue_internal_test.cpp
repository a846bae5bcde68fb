// IValue and its containers: every kind in and out, sharing, printing, wrong kinds.
#include <gtest/gtest.h>
#include <pharos/dispatch/ivalue.h>

#include <cmath>
#include <sstream>
#include <unordered_map>

#include "core/factory.h"

namespace {

using c10::Dict;
using c10::IValue;
using c10::List;

at::Tensor tensor(std::initializer_list<int64_t> sizes = {2}) {
  return pharos::empty_cpu(c10::IntArrayRef(sizes), c10::kFloat);
}

template <typename T>
std::string text(const T& v) {
  std::ostringstream s;
  s << v;
  return s.str();
}

TEST(IValue, KindsGoInAndOut) {
  EXPECT_EQ(sizeof(IValue), 16u);
  EXPECT_TRUE(IValue().isNone());
  EXPECT_TRUE(IValue(std::nullopt).isNone());
  EXPECT_EQ(IValue(3).toInt(), 3);
  EXPECT_EQ(IValue(uint64_t{7}).toInt(), 7);
  EXPECT_EQ(IValue(2.5).toDouble(), 2.5);
  EXPECT_EQ(IValue(2.5f).toDouble(), 2.5);
  EXPECT_TRUE(IValue(true).isBool());
  EXPECT_FALSE(IValue(true).isInt());
  EXPECT_EQ(IValue("text").toStringRef(), "text");
  EXPECT_EQ(IValue(std::string_view("ab")).toStringView(), "ab");
  EXPECT_EQ(IValue(c10::complex<double>(1, -2)).toComplexDouble(), c10::complex<double>(1, -2));
  EXPECT_EQ(IValue(c10::Device("cuda:1")).toDevice(), c10::Device("cuda:1"));
  EXPECT_EQ(IValue(c10::Device("cpu")).toDevice(), c10::Device(c10::kCPU));
  EXPECT_EQ(IValue(c10::kLong).toScalarType(), c10::kLong);
  EXPECT_EQ(IValue(c10::MemoryFormat::ChannelsLast).toMemoryFormat(),
            c10::MemoryFormat::ChannelsLast);
  EXPECT_TRUE(IValue(c10::Scalar(2)).isInt());
  EXPECT_TRUE(IValue(c10::Scalar(true)).isBool());
  EXPECT_EQ(IValue(c10::Scalar(0.25)).toScalar().toDouble(), 0.25);
  EXPECT_EQ((IValue(std::make_tuple(1, 2.5, std::string("x")))
                 .to<std::tuple<int64_t, double, std::string>>()),
            std::make_tuple(int64_t{1}, 2.5, std::string("x")));
  EXPECT_EQ(IValue(c10::optional<int64_t>(4)).toInt(), 4);
  EXPECT_TRUE(IValue(std::optional<at::Tensor>()).isNone());
  EXPECT_EQ((IValue(std::array<bool, 2>{true, false}).to<std::vector<bool>>()),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(IValue(4).toOptional<int64_t>(), 4);
  EXPECT_EQ(IValue().toOptional<int64_t>(), std::nullopt);
  EXPECT_THROW(IValue(~uint64_t{0}), c10::Error);
}

TEST(IValue, TensorsAreHeldByTheirOwnCount) {
  at::Tensor t = tensor();
  {
    IValue v(t);
    EXPECT_EQ(t.use_count(), 2u);
    EXPECT_EQ(&v.toTensor(), &v.toTensor());
    IValue w = v;
    EXPECT_EQ(t.use_count(), 3u);
    w = 1;
    EXPECT_EQ(t.use_count(), 2u);
    const at::Tensor out = std::move(v).toTensor();
    EXPECT_EQ(t.use_count(), 2u);
    EXPECT_TRUE(v.isNone());
    v = out;
    v = v;
    EXPECT_TRUE(v.toTensor().is_same(t));
  }
  EXPECT_EQ(t.use_count(), 1u);
  IValue undefined{at::Tensor()};
  EXPECT_TRUE(undefined.isTensor());
  EXPECT_FALSE(undefined.toTensor().defined());
  EXPECT_FALSE(IValue(undefined).toTensor().defined());
  const IValue storage(t.storage());
  EXPECT_TRUE(storage.toStorage().is_alias_of(t.storage()));
}

TEST(IValue, WrongKindsNameBoth) {
  try {
    IValue("x").toTensor();
    ADD_FAILURE();
  } catch (const c10::Error& e) {
    EXPECT_EQ(e.msg(), "Expected Tensor but got String");
  }
  EXPECT_THROW(IValue(1).toDouble(), c10::Error);
  EXPECT_THROW(IValue(1.0).toInt(), c10::Error);
  EXPECT_THROW(IValue().toBool(), c10::Error);
  EXPECT_THROW(IValue(1).toStringRef(), c10::Error);
  EXPECT_THROW(IValue(1).toListRef(), c10::Error);
  EXPECT_THROW(IValue(1).toTuple(), c10::Error);
  EXPECT_THROW(IValue(1).toGenericDict(), c10::Error);
  EXPECT_THROW(IValue(1).toGenerator(), c10::Error);
  EXPECT_THROW(IValue(std::vector<double>{}).toIntVector(), c10::Error);
  EXPECT_THROW(IValue("x").to<int64_t>(), c10::Error);
}

TEST(IValue, ListsShareAndKeepTheirType) {
  List<int64_t> l({1, 2, 3});
  IValue v(l);
  EXPECT_TRUE(v.isIntList());
  EXPECT_FALSE(v.isDoubleList());
  v.toIntList().push_back(4);
  l[0] = 10;
  EXPECT_EQ(v.toIntVector(), (std::vector<int64_t>{10, 2, 3, 4}));
  EXPECT_EQ(v.toList().get(3).toInt(), 4);
  EXPECT_TRUE(IValue(std::vector<double>{}).isDoubleList());
  EXPECT_TRUE(IValue(at::IntArrayRef{}).isIntList());
  EXPECT_TRUE(IValue(std::vector<at::Tensor>{tensor()}).isTensorList());
  const IValue optional(List<std::optional<at::Tensor>>({tensor(), std::nullopt}));
  EXPECT_TRUE(optional.isOptionalTensorList());
  EXPECT_EQ(optional.toOptionalTensorVector()[1], std::nullopt);

  int64_t sum = 0;
  for (int64_t x : l) sum += x;
  EXPECT_EQ(sum, 19);
  l.erase(l.begin());
  l.insert(l.begin() + 1, 7);
  EXPECT_EQ(l.vec(), (std::vector<int64_t>{2, 7, 3, 4}));
  List<int64_t> other = l.copy();
  other.set(0, 0);
  EXPECT_EQ(l.get(0), 2);
  EXPECT_NE(l, other);
  l.resize(1);
  l.pop_back();
  EXPECT_TRUE(l.empty());
  EXPECT_THROW(l.pop_back(), c10::Error);
  EXPECT_THROW(l.get(0), c10::IndexError);
  EXPECT_THROW(l.set(5, 1), c10::IndexError);
}

TEST(IValue, DictsKeepTheOrderOfInsertion) {
  Dict<std::string, int64_t> d;
  for (int i = 0; i < 200; ++i) d.insert("k" + std::to_string(i), i);
  EXPECT_FALSE(d.insert("k3", 99).second);
  EXPECT_EQ(d.at("k3"), 3);
  d.insert_or_assign("k3", 33);
  for (int i = 0; i < 200; i += 2) EXPECT_EQ(d.erase("k" + std::to_string(i)), 1u);
  EXPECT_EQ(d.erase("k0"), 0u);
  EXPECT_EQ(d.size(), 100u);
  d.insert("last", -1);
  int64_t expected = 1;
  for (const auto& e : d) {
    if (e.key() == "last") continue;
    EXPECT_EQ(e.key(), "k" + std::to_string(expected));
    EXPECT_EQ(e.value(), expected == 3 ? 33 : expected);
    expected += 2;
  }
  EXPECT_EQ(expected, 201);
  EXPECT_FALSE(d.contains("k4"));
  EXPECT_TRUE(d.find("k4") == d.end());
  EXPECT_THROW(d.at("k4"), c10::IndexError);
  // Erasing and inserting for ever does not grow the table for ever.
  Dict<int64_t, int64_t> turning;
  for (int64_t i = 0; i < 100000; ++i) {
    turning.insert(i, i);
    turning.erase(i - 10);
  }
  EXPECT_EQ(turning.size(), 10u);
  EXPECT_LT(turning.getIntrusivePtr()->end(), 1000u);

  c10::impl::GenericDict g(c10::AnyType::get(), c10::AnyType::get());
  g.insert(1, "int");
  g.insert("1", "str");
  g.insert(std::make_tuple(1, 2), "tuple");
  at::Tensor t = tensor();
  g.insert(t, "tensor");
  EXPECT_EQ(g.at(1.0).toStringRef(), "int");
  EXPECT_EQ(g.at(IValue(std::make_tuple(1, 2))).toStringRef(), "tuple");
  EXPECT_EQ(g.at(t).toStringRef(), "tensor");
  EXPECT_FALSE(g.contains(tensor()));
  EXPECT_THROW(g.insert(IValue(std::vector<int64_t>{1}), 1), c10::TypeError);
  const std::unordered_map<std::string, double> map = {{"a", 1.5}};
  EXPECT_EQ((IValue(map).to<std::unordered_map<std::string, double>>()), map);
}

TEST(IValue, PrintsAsTorchScriptDoes) {
  EXPECT_EQ(text(IValue()), "None");
  EXPECT_EQ(text(IValue(3)), "3");
  EXPECT_EQ(text(IValue(3.0)), "3.");
  EXPECT_EQ(text(IValue(-0.0)), "-0.");
  EXPECT_EQ(text(IValue(0.1)), "0.10000000000000001");
  EXPECT_EQ(text(IValue(1e20)), "1e+20");
  EXPECT_EQ(text(IValue(INFINITY)), "inf");
  EXPECT_EQ(text(IValue(true)), "True");
  EXPECT_EQ(text(IValue("s")), "s");
  EXPECT_EQ(text(IValue(c10::Device("cuda:1"))), "cuda:1");
  EXPECT_EQ(text(IValue(std::vector<int64_t>{1, 2})), "[1, 2]");
  EXPECT_EQ(text(IValue(std::make_tuple(1))), "(1,)");
  EXPECT_EQ(text(IValue(std::make_tuple(1, std::string("a")))), "(1, a)");
  Dict<std::string, int64_t> d;
  d.insert("b", 1);
  d.insert("a", 2);
  EXPECT_EQ(text(IValue(d)), "{b: 1, a: 2}");
}

TEST(IValue, TypesAndEquality) {
  EXPECT_EQ(IValue(std::vector<int64_t>{}).type()->str(), "int[]");
  EXPECT_EQ(IValue(std::make_tuple(1, 2.0)).type()->str(), "(int, float)");
  EXPECT_EQ(IValue(Dict<std::string, at::Tensor>()).type()->annotation_str(), "Dict[str, Tensor]");
  EXPECT_EQ((c10::getTypePtr<std::optional<std::vector<at::Tensor>>>()->str()), "Tensor[]?");
  EXPECT_TRUE(c10::IntType::get()->isSubtypeOf(c10::NumberType::get()));
  EXPECT_TRUE(c10::NoneType::get()->isSubtypeOf(c10::OptionalType::ofTensor()));
  EXPECT_FALSE(c10::ListType::ofInts()->isSubtypeOf(c10::ListType::ofNumbers()));
  EXPECT_EQ(IValue(1), IValue(1.0));
  EXPECT_NE(IValue(1), IValue("1"));
  EXPECT_EQ(IValue(std::vector<int64_t>{1, 2}), IValue(std::vector<int64_t>{1, 2}));
  EXPECT_NE(IValue(std::vector<int64_t>{1, 2}), IValue(std::vector<int64_t>{1, 3}));
  EXPECT_EQ(IValue(2).tagKind(), "Int");
  EXPECT_EQ(IValue(std::vector<int64_t>{}).tagKind(), "GenericList");
  const IValue nested(std::vector<std::vector<int64_t>>{{1}, {2}});
  IValue copy = nested.deepcopy();
  EXPECT_EQ(copy, nested);
  copy.toList().set(0, std::vector<int64_t>{5});
  EXPECT_NE(copy, nested);
}

struct Counter : c10::CustomClassHolder {
  int n = 0;
};
struct Other : c10::CustomClassHolder {};

TEST(IValue, ObjectsOfProgramsAndRecords) {
  auto counter = c10::make_intrusive<Counter>();
  const IValue v(counter);
  v.toCustomClass<Counter>()->n = 5;
  EXPECT_EQ(counter->n, 5);
  EXPECT_THROW(v.toCustomClass<Other>(), c10::Error);
  const IValue record(c10::ivalue::Object::create("models.Net", IValue(3)));
  EXPECT_EQ(record.toObjectRef().name(), "models.Net");
  EXPECT_EQ(record.toObjectRef().state().toInt(), 3);
  EXPECT_EQ(record.type()->str(), "models.Net");
}

TEST(Stack, PushAndPop) {
  torch::jit::Stack stack;
  torch::jit::push(stack, 1, 2.5, "x", tensor());
  EXPECT_EQ(torch::jit::peek(stack, 0, 4).toInt(), 1);
  EXPECT_TRUE(torch::jit::pop(stack).isTensor());
  double d = 0;
  std::string s;
  torch::jit::pop(stack, d, s);
  EXPECT_EQ(d, 2.5);
  EXPECT_EQ(s, "x");
  EXPECT_EQ(stack.size(), 1u);
  EXPECT_THROW(torch::jit::drop(stack, 2), c10::Error);
  EXPECT_EQ(torch::jit::last(stack, 1)[0].toInt(), 1);
}

}  // namespace
