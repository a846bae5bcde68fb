// How C++ types become IValues and come back, and which schema type each has. Included by ivalue.h.
#pragma once

#include <pharos/dispatch/dict.h>
#include <pharos/dispatch/list.h>

namespace c10 {
namespace detail {

// `type()` is the schema type of T, `to` the conversion back; `from` exists only where IValue has
// no constructor for T of its own.
#define PHAROS_VALUE(T, TYPE, GET)                   \
  template <>                                        \
  struct ValueTraits<T> {                            \
    static TypePtr type() { return TYPE; }           \
    static T to(const IValue& v) { return v.GET(); } \
  };
PHAROS_VALUE(double, FloatType::get(), toDouble)
PHAROS_VALUE(bool, BoolType::get(), toBool)
PHAROS_VALUE(complex<double>, ComplexType::get(), toComplexDouble)
PHAROS_VALUE(Scalar, NumberType::get(), toScalar)
PHAROS_VALUE(std::string, StringType::get(), toStringRef)
PHAROS_VALUE(string_view, StringType::get(), toStringView)
PHAROS_VALUE(Device, DeviceObjType::get(), toDevice)
PHAROS_VALUE(ScalarType, ScalarTypeType::get(), toScalarType)
PHAROS_VALUE(Layout, LayoutType::get(), toLayout)
PHAROS_VALUE(MemoryFormat, MemoryFormatType::get(), toMemoryFormat)
PHAROS_VALUE(at::Generator, GeneratorType::get(), toGenerator)
PHAROS_VALUE(at::Storage, StorageType::get(), toStorage)
PHAROS_VALUE(intrusive_ptr<ivalue::Tuple>, AnyTupleType::get(), toTuple)
PHAROS_VALUE(intrusive_ptr<ivalue::Object>, AnyType::get(), toObject)
PHAROS_VALUE(intrusive_ptr<ivalue::ConstantString>, StringType::get(), toString)
#undef PHAROS_VALUE

template <>
struct ValueTraits<at::Tensor> {
  static TypePtr type() { return TensorType::get(); }
  static const at::Tensor& to(const IValue& v) { return v.toTensor(); }
  static at::Tensor to(IValue&& v) { return std::move(v).toTensor(); }
};
template <>
struct ValueTraits<IValue> {
  static TypePtr type() { return AnyType::get(); }
  static IValue to(IValue v) { return v; }
};
template <typename T>
struct ValueTraits<T, std::enable_if_t<std::is_integral_v<T>>> {
  static TypePtr type() { return IntType::get(); }
  static T to(const IValue& v) { return static_cast<T>(v.toInt()); }
};
template <>
struct ValueTraits<float> {
  static TypePtr type() { return FloatType::get(); }
  static float to(const IValue& v) { return static_cast<float>(v.toDouble()); }
};
template <>
struct ValueTraits<complex<float>> {
  static TypePtr type() { return ComplexType::get(); }
  static complex<float> to(const IValue& v) { return v.toComplexDouble(); }
  static IValue from(complex<float> v) { return complex<double>(v); }
};
template <typename T>
struct ValueTraits<intrusive_ptr<T>, std::enable_if_t<std::is_base_of_v<CustomClassHolder, T>>> {
  static TypePtr type() { return CapsuleType::get(); }
  static intrusive_ptr<T> to(const IValue& v) { return v.toCustomClass<T>(); }
};
template <typename T>
struct ValueTraits<std::optional<T>> {
  static TypePtr type() { return OptionalType::create(ValueTraits<T>::type()); }
  static std::optional<T> to(const IValue& v) {
    if (v.isNone()) return std::nullopt;
    return v.to<T>();
  }
  static IValue from(std::optional<T> v) { return v ? IValue(std::move(*v)) : IValue(); }
};

template <typename T>
struct ValueTraits<List<T>> {
  static TypePtr type() { return ListType::create(ValueTraits<T>::type()); }
  static List<T> to(const IValue& v) { return List<T>(v.toList().getIntrusivePtr()); }
  static IValue from(const List<T>& v) { return v.getIntrusivePtr(); }
};
// Everything that is a run of T in C++; a bare ArrayRef can only be read from.
template <typename T, typename Run>
struct RunTraits {
  static TypePtr type() { return ListType::create(ValueTraits<T>::type()); }
  static IValue from(const Run& v) {
    auto l = make_list(ValueTraits<T>::type(), v.size());
    for (const auto& x : v) append(*l, IValue(T(x)));
    return l;
  }
};
template <typename T>
struct ValueTraits<ArrayRef<T>> : RunTraits<T, ArrayRef<T>> {};
template <typename T>
struct ValueTraits<OptionalArrayRef<T>> {
  static TypePtr type() { return OptionalType::create(ValueTraits<ArrayRef<T>>::type()); }
  static IValue from(const OptionalArrayRef<T>& v) { return v ? IValue(*v) : IValue(); }
};
template <typename T, typename A>
struct ValueTraits<std::vector<T, A>> : RunTraits<T, std::vector<T, A>> {
  static std::vector<T, A> to(const IValue& v) {
    std::vector<T, A> out;
    const ArrayRef<IValue> in = v.toListRef();
    out.reserve(in.size());
    for (const IValue& x : in) out.push_back(x.to<T>());
    return out;
  }
};
template <typename T, size_t N>
struct ValueTraits<std::array<T, N>> : RunTraits<T, std::array<T, N>> {
  static std::array<T, N> to(const IValue& v) {
    const ArrayRef<IValue> in = v.toListRef();
    TORCH_CHECK(in.size() == N, "Tried to convert a List with ", in.size(),
                " elements to a fixed-size array of size ", N);
    std::array<T, N> out;
    for (size_t i = 0; i < N; ++i) out[i] = in[i].to<T>();
    return out;
  }
};

template <typename K, typename V>
struct ValueTraits<Dict<K, V>> {
  static TypePtr type() { return DictType::create(ValueTraits<K>::type(), ValueTraits<V>::type()); }
  static Dict<K, V> to(const IValue& v) { return Dict<K, V>(v.toGenericDict().getIntrusivePtr()); }
  static IValue from(const Dict<K, V>& v) { return v.getIntrusivePtr(); }
};
// std::unordered_map and its like.
template <typename M>
struct ValueTraits<M, std::void_t<typename M::mapped_type, typename M::hasher>> {
  using K = typename M::key_type;
  using V = typename M::mapped_type;
  static TypePtr type() { return ValueTraits<Dict<K, V>>::type(); }
  static IValue from(const M& m) {
    Dict<K, V> d;
    for (const auto& e : m) d.insert(e.first, e.second);
    return d;
  }
  static M to(const IValue& v) {
    M m;
    for (const auto& e : Dict<K, V>(v.toGenericDict().getIntrusivePtr()))
      m.emplace(e.key(), e.value());
    return m;
  }
};
template <typename... Ts>
struct ValueTraits<std::tuple<Ts...>> {
  static TypePtr type() { return TupleType::create({ValueTraits<std::decay_t<Ts>>::type()...}); }
  static IValue from(const std::tuple<Ts...>& t) {
    return std::apply([](const auto&... x) { return IValue(ivalue::Tuple::create(x...)); }, t);
  }
  static std::tuple<Ts...> to(const IValue& v) {
    const auto& e = v.toTupleRef().elements();
    TORCH_CHECK(e.size() == sizeof...(Ts), "Expected a tuple of ", sizeof...(Ts),
                " elements but got ", e.size());
    return unpack(e, std::index_sequence_for<Ts...>());
  }

 private:
  template <size_t... I>
  static std::tuple<Ts...> unpack(const std::vector<IValue>& e, std::index_sequence<I...>) {
    return std::tuple<Ts...>(e[I].to<Ts>()...);
  }
};

}  // namespace detail

// The schema type of a C++ type.
template <typename T>
TypePtr getTypePtr() {
  return detail::ValueTraits<std::decay_t<T>>::type();
}

}  // namespace c10
