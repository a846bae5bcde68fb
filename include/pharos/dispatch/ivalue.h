// c10::IValue: one value of a TorchScript program, an operator's argument or a file. 16 bytes: a
// tag and a payload; tensors are held by their own intrusive pointer, the rest by an object's.
#pragma once

#include <pharos/dispatch/type.h>
#include <pharos/tensor.h>

namespace c10 {

template <typename T>
class List;
template <typename K, typename V>
class Dict;
struct IValue;

namespace detail {
struct ListImpl;
struct DictImpl;
// to<T>() and the converting constructors of IValue; specialised below and in list.h, dict.h.
template <typename T, typename = void>
struct ValueTraits;
}  // namespace detail

namespace ivalue {
struct Tuple;
struct Object;
struct ConstantString;
}  // namespace ivalue

// Base of user classes that travel through operators and files as values.
struct PHAROS_API CustomClassHolder : intrusive_ptr_target {
  ~CustomClassHolder() override;
};

struct PHAROS_API IValue final {
  IValue() noexcept : tag_(Tag::None) { payload_.as_int = 0; }
  IValue(const IValue& o) : tag_(o.tag_) {
    payload_.as_int = o.payload_.as_int;
    if (is_counted()) retain();
  }
  IValue(IValue&& o) noexcept : tag_(o.tag_) {
    payload_.as_int = o.payload_.as_int;
    o.clear_to_none();
  }
  ~IValue() {
    if (is_counted()) release();
  }
  IValue& operator=(const IValue& o) & {
    IValue(o).swap(*this);
    return *this;
  }
  IValue& operator=(IValue&& o) & noexcept {
    IValue(std::move(o)).swap(*this);
    return *this;
  }
  void swap(IValue& o) noexcept {
    const int64_t bits = payload_.as_int;
    payload_.as_int = o.payload_.as_int;
    o.payload_.as_int = bits;
    const Tag tag = tag_;
    tag_ = o.tag_;
    o.tag_ = tag;
  }

  IValue(nullopt_t) noexcept : IValue() {}
  IValue(at::Tensor t) noexcept : tag_(Tag::Tensor) { payload_.as_tensor = t.release(); }
  IValue(double v) noexcept : tag_(Tag::Double) { payload_.as_double = v; }
  IValue(int64_t v) noexcept : tag_(Tag::Int) { payload_.as_int = v; }
  IValue(int32_t v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(long long v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(uint32_t v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(uint64_t v) : IValue(static_cast<int64_t>(v)) { check_unsigned(v); }
  IValue(bool v) noexcept : tag_(Tag::Bool) { payload_.as_int = v; }
  IValue(complex<double> v);
  IValue(const Scalar& v);
  IValue(std::string v);
  IValue(const char* v);
  IValue(string_view v);
  IValue(Device v) noexcept : tag_(Tag::Device) { set_device(v); }
  IValue(ScalarType v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(Layout v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(MemoryFormat v) noexcept : IValue(static_cast<int64_t>(v)) {}
  IValue(at::Storage v);
  IValue(at::Generator v);
  IValue(intrusive_ptr<ivalue::Tuple> v);
  IValue(intrusive_ptr<ivalue::Object> v);
  IValue(intrusive_ptr<ivalue::ConstantString> v);
  IValue(intrusive_ptr<detail::ListImpl> v);
  IValue(intrusive_ptr<detail::DictImpl> v);
  template <typename T, std::enable_if_t<std::is_base_of_v<CustomClassHolder, T>, int> = 0>
  IValue(intrusive_ptr<T> v) : IValue(intrusive_ptr<CustomClassHolder>(std::move(v)), 0) {}
  // vector, array, ArrayRef, List, Dict, optional, tuple, unordered_map, ... of values.
  template <typename T,
            typename = decltype(detail::ValueTraits<std::decay_t<T>>::from(std::declval<T>()))>
  IValue(T&& v) : IValue(detail::ValueTraits<std::decay_t<T>>::from(std::forward<T>(v))) {}

  bool isNone() const { return tag_ == Tag::None; }
  bool isTensor() const { return tag_ == Tag::Tensor; }
  bool isDouble() const { return tag_ == Tag::Double; }
  bool isComplexDouble() const { return tag_ == Tag::ComplexDouble; }
  bool isInt() const { return tag_ == Tag::Int; }
  bool isSymInt() const { return false; }
  bool isBool() const { return tag_ == Tag::Bool; }
  bool isScalar() const { return isInt() || isDouble() || isBool() || isComplexDouble(); }
  bool isString() const { return tag_ == Tag::String; }
  bool isDevice() const { return tag_ == Tag::Device; }
  bool isStorage() const { return tag_ == Tag::Storage; }
  bool isGenerator() const { return tag_ == Tag::Generator; }
  bool isTuple() const { return tag_ == Tag::Tuple; }
  bool isList() const { return tag_ == Tag::GenericList; }
  bool isGenericDict() const { return tag_ == Tag::GenericDict; }
  bool isObject() const { return tag_ == Tag::Object; }
  bool isCustomClass() const { return tag_ == Tag::Capsule; }
  // By the element type that the list was made with; an empty list of ints is no list of floats.
  bool isIntList() const { return is_list_of(TypeKind::IntType); }
  bool isDoubleList() const { return is_list_of(TypeKind::FloatType); }
  bool isBoolList() const { return is_list_of(TypeKind::BoolType); }
  bool isComplexDoubleList() const { return is_list_of(TypeKind::ComplexType); }
  bool isTensorList() const { return is_list_of(TypeKind::TensorType); }
  bool isOptionalTensorList() const;

  const at::Tensor& toTensor() const& {
    if (PHAROS_UNLIKELY(!isTensor())) wrong("Tensor");
    return tensor_;
  }
  at::Tensor& toTensor() & {
    if (PHAROS_UNLIKELY(!isTensor())) wrong("Tensor");
    return tensor_;
  }
  at::Tensor toTensor() && {
    if (PHAROS_UNLIKELY(!isTensor())) wrong("Tensor");
    at::TensorImpl* p = payload_.as_tensor;
    clear_to_none();
    return at::Tensor::reclaim(p);
  }
  double toDouble() const {
    if (PHAROS_UNLIKELY(!isDouble())) wrong("Double");
    return payload_.as_double;
  }
  int64_t toInt() const {
    if (PHAROS_UNLIKELY(!isInt())) wrong("Int");
    return payload_.as_int;
  }
  int64_t toSymInt() const { return toInt(); }
  bool toBool() const {
    if (PHAROS_UNLIKELY(!isBool())) wrong("Bool");
    return payload_.as_int != 0;
  }
  complex<double> toComplexDouble() const;
  Scalar toScalar() const;
  const std::string& toStringRef() const;
  string_view toStringView() const;
  intrusive_ptr<ivalue::ConstantString> toString() const;
  std::string toNone() const;
  Device toDevice() const {
    if (PHAROS_UNLIKELY(!isDevice())) wrong("Device");
    return Device(static_cast<DeviceType>(payload_.as_int & 0xff),
                  static_cast<DeviceIndex>(payload_.as_int >> 8));
  }
  ScalarType toScalarType() const { return static_cast<ScalarType>(toInt()); }
  Layout toLayout() const { return static_cast<Layout>(toInt()); }
  MemoryFormat toMemoryFormat() const { return static_cast<MemoryFormat>(toInt()); }
  at::Storage toStorage() const;
  at::Generator toGenerator() const;
  intrusive_ptr<ivalue::Tuple> toTuple() const;
  const ivalue::Tuple& toTupleRef() const;
  intrusive_ptr<ivalue::Object> toObject() const;
  const ivalue::Object& toObjectRef() const;
  List<IValue> toList() const;
  ArrayRef<IValue> toListRef() const;
  List<int64_t> toIntList() const;
  List<double> toDoubleList() const;
  List<bool> toBoolList() const;
  List<at::Tensor> toTensorList() const;
  List<std::optional<at::Tensor>> toOptionalTensorList() const;
  std::vector<int64_t> toIntVector() const;
  std::vector<int64_t> toSymIntVector() const { return toIntVector(); }
  std::vector<double> toDoubleVector() const;
  std::vector<at::Tensor> toTensorVector() const;
  std::vector<std::optional<at::Tensor>> toOptionalTensorVector() const;
  Dict<IValue, IValue> toGenericDict() const;
  intrusive_ptr<CustomClassHolder> toCapsule() const;
  template <typename T>
  intrusive_ptr<T> toCustomClass() const {
    auto p = dynamic_intrusive_pointer_cast<T>(toCapsule());
    if (!p) wrong("an object of another class");
    return p;
  }

  template <typename T>
  T to() && {
    return detail::ValueTraits<T>::to(std::move(*this));
  }
  template <typename T>
  T to() const& {
    return detail::ValueTraits<T>::to(*this);
  }
  template <typename T>
  std::optional<T> toOptional() const {
    if (isNone()) return std::nullopt;
    return to<T>();
  }

  // "Tensor", "Int", "GenericList", ...
  std::string tagKind() const;
  // The type this value has; that of a list is what the list was made with.
  TypePtr type() const;
  bool is(const IValue& o) const { return isSameIdentity(o); }
  bool isSameIdentity(const IValue& o) const;
  bool isAliasOf(const IValue& o) const;
  size_t use_count() const;
  // Copies lists, dicts and tuples all the way down; tensors are cloned, each once.
  IValue deepcopy() const;
  // Python's ==; tensors compare by their values and must have one element.
  PHAROS_API friend bool operator==(const IValue& a, const IValue& b);
  friend bool operator!=(const IValue& a, const IValue& b) { return !(a == b); }
  PHAROS_API friend std::ostream& operator<<(std::ostream& out, const IValue& v);
  // Of what may be a dict's key; an error for the rest.
  static size_t hash(const IValue& v);

 private:
  friend struct detail::ListImpl;
  // Tags from Tensor on own a reference.
  enum class Tag : uint32_t {
    None,
    Double,
    Int,
    Bool,
    Device,
    Tensor,
    Storage,
    ComplexDouble,
    String,
    Tuple,
    GenericList,
    GenericDict,
    Object,
    Capsule,
    Generator,
  };
  union Payload {
    int64_t as_int;
    double as_double;
    at::TensorImpl* as_tensor;
    StorageImpl* as_storage;
    intrusive_ptr_target* as_target;
  };

  IValue(intrusive_ptr<CustomClassHolder> v, int);
  IValue(Tag tag, intrusive_ptr_target* owned) noexcept : tag_(tag) { payload_.as_target = owned; }
  bool is_counted() const { return tag_ >= Tag::Tensor; }
  void clear_to_none() {
    tag_ = Tag::None;
    payload_.as_int = 0;
  }
  void set_device(Device v) {
    payload_.as_int = static_cast<uint8_t>(v.type()) | static_cast<int64_t>(v.index()) << 8;
  }
  void retain() const noexcept;
  void release() noexcept;
  bool is_list_of(TypeKind kind) const;
  const detail::ListImpl& list() const;
  static void check_unsigned(uint64_t v);
  [[noreturn]] void wrong(const char* wanted) const;

  union {
    Payload payload_;
    // The same word as payload_.as_tensor, so that toTensor() can hand out a reference.
    at::Tensor tensor_;
  };
  Tag tag_;
};
static_assert(sizeof(IValue) == 16);

namespace ivalue {

struct PHAROS_API ConstantString final : intrusive_ptr_target {
  explicit ConstantString(std::string s);
  ~ConstantString() override;
  static intrusive_ptr<ConstantString> create(std::string s);
  const std::string& string() const { return string_; }
  ::std::string_view string_view() const { return string_; }

 private:
  const std::string string_;
};

struct PHAROS_API Tuple final : intrusive_ptr_target {
  explicit Tuple(std::vector<IValue> elements);
  ~Tuple() override;
  static intrusive_ptr<Tuple> create(std::vector<IValue> elements);
  template <typename... Args>
  static intrusive_ptr<Tuple> create(Args&&... args) {
    std::vector<IValue> v;
    v.reserve(sizeof...(Args));
    (v.emplace_back(std::forward<Args>(args)), ...);
    return create(std::move(v));
  }
  const std::vector<IValue>& elements() const& { return elements_; }
  size_t size() const { return elements_.size(); }

 private:
  std::vector<IValue> elements_;
};

// An instance of a class that is known by name only: files bring them, nothing of them ever runs.
struct PHAROS_API Object final : intrusive_ptr_target {
  Object(std::string class_name, IValue state);
  ~Object() override;
  static intrusive_ptr<Object> create(std::string class_name, IValue state = {});
  const std::string& name() const { return name_; }
  const IValue& state() const { return state_; }
  void set_state(IValue state);

 private:
  std::string name_;
  IValue state_;
};

}  // namespace ivalue
}  // namespace c10

#include <pharos/dispatch/dict.h>
#include <pharos/dispatch/list.h>
#include <pharos/dispatch/value_traits.h>

namespace torch {
using c10::CustomClassHolder;
using c10::Dict;
using c10::IValue;
using c10::List;
}  // namespace torch
namespace at {
using c10::IValue;
}

namespace torch::jit {

using c10::IValue;
using Stack = std::vector<IValue>;

PHAROS_API IValue pop(Stack& stack);
inline IValue pop(Stack* stack) { return pop(*stack); }
PHAROS_API std::vector<IValue> pop(Stack& stack, size_t n);
PHAROS_API void drop(Stack& stack, size_t n);
inline void drop(Stack* stack, size_t n) { drop(*stack, n); }
// The i-th of the last n.
PHAROS_API IValue& peek(Stack& stack, size_t i, size_t n);
PHAROS_API const IValue& peek(const Stack& stack, size_t i, size_t n);
inline c10::ArrayRef<IValue> last(const Stack& stack, size_t n) {
  return c10::ArrayRef<IValue>(stack.data() + stack.size() - n, n);
}
template <typename... Types>
void push(Stack& stack, Types&&... values) {
  (stack.emplace_back(std::forward<Types>(values)), ...);
}
template <typename... Types>
void push(Stack* stack, Types&&... values) {
  push(*stack, std::forward<Types>(values)...);
}
// pop(stack, a, b) takes the last two: b was on top.
template <typename First, typename... Types,
          typename = std::enable_if_t<!std::is_integral_v<First> || (sizeof...(Types) > 0)>>
void pop(Stack& stack, First& first, Types&... rest) {
  size_t i = 0;
  constexpr size_t n = 1 + sizeof...(Types);
  first = std::move(peek(stack, i++, n)).template to<First>();
  ((rest = std::move(peek(stack, i++, n)).template to<Types>()), ...);
  drop(stack, n);
}

}  // namespace torch::jit
