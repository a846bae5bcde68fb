// Construction, conversion and identity of IValue and of the objects it holds.
#include <pharos/dispatch/ivalue.h>

#include <unordered_map>

namespace c10 {

CustomClassHolder::~CustomClassHolder() = default;

namespace {

struct ComplexHolder final : intrusive_ptr_target {
  explicit ComplexHolder(complex<double> v) : value(v) {}
  complex<double> value;
};

// Gives the reference to the caller, who stores it in a payload.
template <typename T>
intrusive_ptr_target* owned(intrusive_ptr<T> p) {
  return p.release();
}

template <typename T>
intrusive_ptr<T> shared(intrusive_ptr_target* p) {
  return intrusive_ptr<T>::reclaim_copy(static_cast<T*>(p));
}

}  // namespace

namespace ivalue {

ConstantString::ConstantString(std::string s) : string_(std::move(s)) {}
ConstantString::~ConstantString() = default;
intrusive_ptr<ConstantString> ConstantString::create(std::string s) {
  return make_intrusive<ConstantString>(std::move(s));
}
Tuple::Tuple(std::vector<IValue> elements) : elements_(std::move(elements)) {}
Tuple::~Tuple() = default;
intrusive_ptr<Tuple> Tuple::create(std::vector<IValue> elements) {
  return make_intrusive<Tuple>(std::move(elements));
}
Object::Object(std::string class_name, IValue state)
    : name_(std::move(class_name)), state_(std::move(state)) {}
Object::~Object() = default;
intrusive_ptr<Object> Object::create(std::string class_name, IValue state) {
  return make_intrusive<Object>(std::move(class_name), std::move(state));
}
void Object::set_state(IValue state) { state_ = std::move(state); }

}  // namespace ivalue

IValue::IValue(complex<double> v)
    : IValue(Tag::ComplexDouble, owned(make_intrusive<ComplexHolder>(v))) {}
IValue::IValue(const Scalar& v) : IValue() {
  if (v.isFloatingPoint()) {
    *this = v.toDouble();
  } else if (v.isComplex()) {
    *this = v.toComplexDouble();
  } else if (v.isBoolean()) {
    *this = v.toBool();
  } else {
    *this = v.toLong();
  }
}
IValue::IValue(std::string v) : IValue(ivalue::ConstantString::create(std::move(v))) {}
IValue::IValue(const char* v) : IValue(std::string(v)) {}
IValue::IValue(string_view v) : IValue(std::string(v)) {}
IValue::IValue(at::Storage v) : tag_(Tag::Storage) {
  payload_.as_storage = v.unsafeGetStorageImpl();
  if (payload_.as_storage) payload_.as_storage->retain();
}
IValue::IValue(at::Generator v)
    : IValue(Tag::Generator, owned(intrusive_ptr<GeneratorImpl>(v.getIntrusivePtr()))) {}
IValue::IValue(intrusive_ptr<ivalue::Tuple> v) : IValue(Tag::Tuple, owned(std::move(v))) {}
IValue::IValue(intrusive_ptr<ivalue::Object> v) : IValue(Tag::Object, owned(std::move(v))) {}
IValue::IValue(intrusive_ptr<ivalue::ConstantString> v)
    : IValue(Tag::String, owned(std::move(v))) {}
IValue::IValue(intrusive_ptr<detail::ListImpl> v) : IValue(Tag::GenericList, owned(std::move(v))) {}
IValue::IValue(intrusive_ptr<detail::DictImpl> v) : IValue(Tag::GenericDict, owned(std::move(v))) {}
IValue::IValue(intrusive_ptr<CustomClassHolder> v, int)
    : IValue(Tag::Capsule, owned(std::move(v))) {}

void IValue::retain() const noexcept {
  if (payload_.as_int == 0) return;
  if (tag_ == Tag::Tensor) {
    payload_.as_tensor->retain();
  } else if (tag_ == Tag::Storage) {
    payload_.as_storage->retain();
  } else {
    payload_.as_target->retain();
  }
}

void IValue::release() noexcept {
  if (payload_.as_int == 0) return;
  if (tag_ == Tag::Tensor) {
    payload_.as_tensor->release();
  } else if (tag_ == Tag::Storage) {
    payload_.as_storage->release();
  } else {
    payload_.as_target->release();
  }
}

size_t IValue::use_count() const {
  if (!is_counted() || payload_.as_int == 0) return 1;
  if (tag_ == Tag::Tensor) return payload_.as_tensor->use_count();
  if (tag_ == Tag::Storage) return payload_.as_storage->use_count();
  return payload_.as_target->use_count();
}

void IValue::check_unsigned(uint64_t v) {
  TORCH_CHECK(v <= static_cast<uint64_t>(INT64_MAX), "value ", v,
              " cannot be converted to an IValue without overflow");
}

void IValue::wrong(const char* wanted) const {
  pharos::throw_error(pharos::ErrorKind::Error,
                      "Expected " + std::string(wanted) + " but got " + tagKind());
}

complex<double> IValue::toComplexDouble() const {
  if (!isComplexDouble()) wrong("ComplexDouble");
  return static_cast<ComplexHolder*>(payload_.as_target)->value;
}
Scalar IValue::toScalar() const {
  if (isDouble()) return payload_.as_double;
  if (isInt()) return payload_.as_int;
  if (isBool()) return payload_.as_int != 0;
  if (isComplexDouble()) return toComplexDouble();
  wrong("Scalar");
}
const std::string& IValue::toStringRef() const {
  if (!isString()) wrong("String");
  return static_cast<ivalue::ConstantString*>(payload_.as_target)->string();
}
string_view IValue::toStringView() const { return toStringRef(); }
intrusive_ptr<ivalue::ConstantString> IValue::toString() const {
  if (!isString()) wrong("String");
  return shared<ivalue::ConstantString>(payload_.as_target);
}
std::string IValue::toNone() const {
  if (!isNone()) wrong("None");
  return "None";
}
at::Storage IValue::toStorage() const {
  if (!isStorage()) wrong("Storage");
  return at::Storage(intrusive_ptr<StorageImpl>::reclaim_copy(payload_.as_storage));
}
at::Generator IValue::toGenerator() const {
  if (!isGenerator()) wrong("Generator");
  return at::Generator(shared<GeneratorImpl>(payload_.as_target));
}
intrusive_ptr<ivalue::Tuple> IValue::toTuple() const {
  if (!isTuple()) wrong("Tuple");
  return shared<ivalue::Tuple>(payload_.as_target);
}
const ivalue::Tuple& IValue::toTupleRef() const {
  if (!isTuple()) wrong("Tuple");
  return *static_cast<ivalue::Tuple*>(payload_.as_target);
}
intrusive_ptr<ivalue::Object> IValue::toObject() const {
  if (!isObject()) wrong("Object");
  return shared<ivalue::Object>(payload_.as_target);
}
const ivalue::Object& IValue::toObjectRef() const {
  if (!isObject()) wrong("Object");
  return *static_cast<ivalue::Object*>(payload_.as_target);
}
intrusive_ptr<CustomClassHolder> IValue::toCapsule() const {
  if (!isCustomClass()) wrong("Capsule");
  return shared<CustomClassHolder>(payload_.as_target);
}
const detail::ListImpl& IValue::list() const {
  if (!isList()) wrong("GenericList");
  return *static_cast<detail::ListImpl*>(payload_.as_target);
}
List<IValue> IValue::toList() const {
  if (!isList()) wrong("GenericList");
  return List<IValue>(shared<detail::ListImpl>(payload_.as_target));
}
ArrayRef<IValue> IValue::toListRef() const { return list().list; }
Dict<IValue, IValue> IValue::toGenericDict() const {
  if (!isGenericDict()) wrong("GenericDict");
  return Dict<IValue, IValue>(shared<detail::DictImpl>(payload_.as_target));
}

bool IValue::is_list_of(TypeKind kind) const {
  return isList() && list().elementType->kind() == kind;
}
bool IValue::isOptionalTensorList() const {
  return isList() && list().elementType == OptionalType::ofTensor();
}

List<int64_t> IValue::toIntList() const {
  if (!isIntList()) wrong("IntList");
  return to<List<int64_t>>();
}
List<double> IValue::toDoubleList() const {
  if (!isDoubleList()) wrong("DoubleList");
  return to<List<double>>();
}
List<bool> IValue::toBoolList() const {
  if (!isBoolList()) wrong("BoolList");
  return to<List<bool>>();
}
List<at::Tensor> IValue::toTensorList() const {
  if (!isTensorList()) wrong("TensorList");
  return to<List<at::Tensor>>();
}
List<std::optional<at::Tensor>> IValue::toOptionalTensorList() const {
  if (!isOptionalTensorList()) wrong("OptionalTensorList");
  return to<List<std::optional<at::Tensor>>>();
}
std::vector<int64_t> IValue::toIntVector() const {
  if (!isIntList()) wrong("IntList");
  return to<std::vector<int64_t>>();
}
std::vector<double> IValue::toDoubleVector() const {
  if (!isDoubleList()) wrong("DoubleList");
  return to<std::vector<double>>();
}
std::vector<at::Tensor> IValue::toTensorVector() const {
  if (!isTensorList()) wrong("TensorList");
  return to<std::vector<at::Tensor>>();
}
std::vector<std::optional<at::Tensor>> IValue::toOptionalTensorVector() const {
  if (!isOptionalTensorList()) wrong("OptionalTensorList");
  return to<std::vector<std::optional<at::Tensor>>>();
}

std::string IValue::tagKind() const {
  constexpr const char* kNames[] = {"None",   "Double",  "Int",         "Bool",
                                    "Device", "Tensor",  "Storage",     "ComplexDouble",
                                    "String", "Tuple",   "GenericList", "GenericDict",
                                    "Object", "Capsule", "Generator"};
  return kNames[static_cast<size_t>(tag_)];
}

TypePtr IValue::type() const {
  switch (tag_) {
    case Tag::None:
      return NoneType::get();
    case Tag::Double:
      return FloatType::get();
    case Tag::Int:
      return IntType::get();
    case Tag::Bool:
      return BoolType::get();
    case Tag::Device:
      return DeviceObjType::get();
    case Tag::Tensor:
      return TensorType::get();
    case Tag::Storage:
      return StorageType::get();
    case Tag::ComplexDouble:
      return ComplexType::get();
    case Tag::String:
      return StringType::get();
    case Tag::Generator:
      return GeneratorType::get();
    case Tag::Capsule:
      return CapsuleType::get();
    case Tag::Object:
      return ClassType::create(toObjectRef().name());
    case Tag::GenericList:
      return ListType::create(list().elementType);
    case Tag::GenericDict: {
      const auto* d = static_cast<detail::DictImpl*>(payload_.as_target);
      return DictType::create(d->keyType, d->valueType);
    }
    case Tag::Tuple: {
      std::vector<TypePtr> types;
      for (const IValue& v : toTupleRef().elements()) types.push_back(v.type());
      return TupleType::create(types);
    }
  }
  return AnyType::get();
}

bool IValue::isSameIdentity(const IValue& o) const {
  if (tag_ != o.tag_) return false;
  if (isComplexDouble() || isString()) return *this == o;
  return payload_.as_int == o.payload_.as_int;
}

bool IValue::isAliasOf(const IValue& o) const {
  if (tag_ != o.tag_ || !is_counted()) return false;
  if (isTensor() && tensor_.defined() && o.tensor_.defined()) return tensor_.is_alias_of(o.tensor_);
  return payload_.as_int == o.payload_.as_int;
}

namespace {

// Objects met twice are copied once, so that sharing and cycles survive the copy.
struct DeepCopy {
  std::unordered_map<const void*, IValue> done;

  IValue operator()(const IValue& v) {
    if (v.isTensor())
      return v.toTensor().defined() ? once(v.toTensor().unsafeGetTensorImpl(), v) : v;
    if (v.isList()) return list(v.toList());
    if (v.isGenericDict()) return dict(v.toGenericDict());
    if (v.isTuple()) {
      std::vector<IValue> elements;
      for (const IValue& e : v.toTupleRef().elements()) elements.push_back((*this)(e));
      return ivalue::Tuple::create(std::move(elements));
    }
    if (v.isObject()) {
      const ivalue::Object& o = v.toObjectRef();
      const auto it = done.find(&o);
      if (it != done.end()) return it->second;
      auto copy = ivalue::Object::create(o.name());
      done[&o] = IValue(copy);
      copy->set_state((*this)(o.state()));
      return copy;
    }
    return v;
  }

 private:
  IValue once(const void* key, const IValue& v) {
    const auto it = done.find(key);
    if (it != done.end()) return it->second;
    return done[key] = IValue(v.toTensor().clone());
  }
  IValue list(const List<IValue>& l) {
    const void* key = l.getIntrusivePtr().get();
    const auto it = done.find(key);
    if (it != done.end()) return it->second;
    auto copy = detail::make_list(l.elementType(), l.size());
    done[key] = IValue(copy);
    for (size_t i = 0; i < l.size(); ++i) detail::append(*copy, (*this)(l.get(i)));
    return copy;
  }
  IValue dict(const Dict<IValue, IValue>& d) {
    const void* key = d.getIntrusivePtr().get();
    const auto it = done.find(key);
    if (it != done.end()) return it->second;
    auto copy = detail::make_dict(d.keyType(), d.valueType());
    done[key] = IValue(copy);
    bool fresh;
    for (const auto& e : d) copy->insert((*this)(e.key()), (*this)(e.value()), true, fresh);
    return copy;
  }
};

}  // namespace

IValue IValue::deepcopy() const { return DeepCopy()(*this); }

bool operator==(const IValue& a, const IValue& b) {
  if (a.isTensor() && b.isTensor()) {
    if (!a.toTensor().defined() || !b.toTensor().defined())
      return a.toTensor().is_same(b.toTensor());
    return a.toTensor().eq(b.toTensor()).item().toBool();
  }
  if (a.isScalar() && b.isScalar()) {
    if (a.isComplexDouble() || b.isComplexDouble())
      return a.toScalar().toComplexDouble() == b.toScalar().toComplexDouble();
    if (a.isDouble() || b.isDouble()) return a.toScalar().toDouble() == b.toScalar().toDouble();
    return a.payload_.as_int == b.payload_.as_int;
  }
  if (a.tag_ != b.tag_) return false;
  switch (a.tag_) {
    case IValue::Tag::String:
      return a.toStringRef() == b.toStringRef();
    case IValue::Tag::Tuple:
      return a.toTupleRef().elements() == b.toTupleRef().elements();
    case IValue::Tag::GenericList:
      return a.list() == b.list();
    case IValue::Tag::GenericDict:
      return a.toGenericDict() == b.toGenericDict();
    default:
      return a.payload_.as_int == b.payload_.as_int;
  }
}

}  // namespace c10

namespace torch::jit {

IValue pop(Stack& stack) {
  TORCH_CHECK(!stack.empty(), "pop from an empty stack");
  IValue v = std::move(stack.back());
  stack.pop_back();
  return v;
}
std::vector<IValue> pop(Stack& stack, size_t n) {
  TORCH_CHECK(n <= stack.size(), "the stack holds ", stack.size(), " values, ", n,
              " were asked for");
  std::vector<IValue> out(std::make_move_iterator(stack.end() - static_cast<std::ptrdiff_t>(n)),
                          std::make_move_iterator(stack.end()));
  drop(stack, n);
  return out;
}
void drop(Stack& stack, size_t n) {
  TORCH_CHECK(n <= stack.size(), "the stack holds ", stack.size(), " values, ", n,
              " were asked for");
  stack.resize(stack.size() - n);
}
IValue& peek(Stack& stack, size_t i, size_t n) { return stack.at(stack.size() - n + i); }
const IValue& peek(const Stack& stack, size_t i, size_t n) {
  return stack.at(stack.size() - n + i);
}

}  // namespace torch::jit
