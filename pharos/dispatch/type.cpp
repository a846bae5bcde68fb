// The interned types, their two ways of printing, and subtyping.
#include <pharos/dispatch/type.h>

#include <mutex>
#include <ostream>
#include <unordered_map>
#include <vector>

namespace c10 {

namespace {

constexpr const char* kKindNames[] = {
    "AnyType",          "TensorType",  "IntType",       "FloatType",      "ComplexType",
    "BoolType",         "StringType",  "NumberType",    "NoneType",       "DeviceObjType",
    "GeneratorType",    "StorageType", "StreamObjType", "ScalarTypeType", "LayoutType",
    "MemoryFormatType", "QSchemeType", "SymIntType",    "SymBoolType",    "AnyListType",
    "AnyTupleType",     "CapsuleType", "ListType",      "DictType",       "TupleType",
    "OptionalType",     "VarType",     "ClassType",
};
constexpr const char* kSchemaNames[] = {
    "Any",      "Tensor", "int",       "float",   "complex", "bool",       "str",    "Scalar",
    "NoneType", "Device", "Generator", "Storage", "Stream",  "ScalarType", "Layout", "MemoryFormat",
    "QScheme",  "SymInt", "SymBool",   "list",    "tuple",   "Capsule",
};
constexpr size_t kSimpleKinds = sizeof(kSchemaNames) / sizeof(*kSchemaNames);
static_assert(kSimpleKinds == static_cast<size_t>(TypeKind::ListType));
static_assert(sizeof(kKindNames) / sizeof(*kKindNames) ==
              static_cast<size_t>(TypeKind::ClassType) + 1);

std::string join(ArrayRef<TypePtr> types, bool annotation) {
  std::string s;
  for (size_t i = 0; i < types.size(); ++i) {
    if (i) s += ", ";
    s += annotation ? types[i]->annotation_str() : types[i]->str();
  }
  return s;
}

std::string schema_text(TypeKind kind, ArrayRef<TypePtr> c, const std::string& name) {
  switch (kind) {
    case TypeKind::ListType:
      return c[0]->str() + "[]";
    case TypeKind::OptionalType:
      return c[0]->str() + "?";
    case TypeKind::DictType:
      return "Dict(" + join(c, false) + ")";
    case TypeKind::TupleType:
      return "(" + join(c, false) + ")";
    case TypeKind::VarType:
    case TypeKind::ClassType:
      return name;
    default:
      return kSchemaNames[static_cast<size_t>(kind)];
  }
}

struct TypeTable {
  std::mutex mutex;
  std::unordered_map<std::string, TypePtr> types;
};

// Leaked, so that values in other static objects may outlive this file's.
TypeTable& table() {
  static TypeTable* t = new TypeTable;
  return *t;
}

}  // namespace

const char* typeKindToString(TypeKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

Type::Type(TypeKind kind, ArrayRef<TypePtr> contained, const std::string& name)
    : contained_(nullptr),
      size_(contained.size()),
      str_(schema_text(kind, contained, name)),
      kind_(kind) {
  if (size_ == 0) return;
  TypePtr* copy = new TypePtr[size_];
  for (size_t i = 0; i < size_; ++i) copy[i] = contained[i];
  contained_ = copy;
}

TypePtr Type::intern(TypeKind kind, ArrayRef<TypePtr> contained, const std::string& name) {
  // Contained types are interned, so their addresses say which they are.
  std::string key(1, static_cast<char>(kind));
  for (TypePtr t : contained) key.append(reinterpret_cast<const char*>(&t), sizeof t);
  key += name;
  TypeTable& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  TypePtr& slot = t.types[key];
  if (!slot) slot = new Type(kind, contained, name);
  return slot;
}

// The subclasses add no data: they are views that name the contained types.
static_assert(sizeof(ListType) == sizeof(Type) && sizeof(ClassType) == sizeof(Type));

#define PHAROS_DEFINE_TYPE(Name)                              \
  TypePtr Name::get() {                                       \
    static const TypePtr type = Type::intern(TypeKind::Name); \
    return type;                                              \
  }
PHAROS_SIMPLE_TYPES(PHAROS_DEFINE_TYPE)
#undef PHAROS_DEFINE_TYPE

TypePtr ListType::create(TypePtr element) {
  // The lists that every operator call may make, without the table's lock.
  static const TypePtr tensors = intern(Kind, {TensorType::get()});
  static const TypePtr ints = intern(Kind, {IntType::get()});
  if (element->kind() == TypeKind::TensorType) return tensors;
  if (element->kind() == TypeKind::IntType) return ints;
  return intern(Kind, {element});
}
TypePtr OptionalType::create(TypePtr element) {
  if (element->kind() == Kind || element->kind() == TypeKind::NoneType) return element;
  return intern(Kind, {element});
}
TypePtr DictType::create(TypePtr key, TypePtr value) { return intern(Kind, {key, value}); }
TypePtr TupleType::create(ArrayRef<TypePtr> elements) { return intern(Kind, elements); }
TypePtr VarType::create(const std::string& name) { return intern(Kind, {}, name); }
TypePtr ClassType::create(const std::string& name) { return intern(Kind, {}, name); }

std::string Type::annotation_str() const {
  switch (kind_) {
    case TypeKind::ListType:
      return "List[" + contained_[0]->annotation_str() + "]";
    case TypeKind::OptionalType:
      return "Optional[" + contained_[0]->annotation_str() + "]";
    case TypeKind::DictType:
      return "Dict[" + join(containedTypes(), true) + "]";
    case TypeKind::TupleType:
      return size_ ? "Tuple[" + join(containedTypes(), true) + "]" : "Tuple[()]";
    case TypeKind::NumberType:
      return "number";
    default:
      return str_;
  }
}

bool Type::isSubtypeOf(const Type& other) const {
  if (this == &other) return true;
  switch (other.kind_) {
    case TypeKind::AnyType:
      return true;
    case TypeKind::AnyListType:
      return kind_ == TypeKind::ListType;
    case TypeKind::AnyTupleType:
      return kind_ == TypeKind::TupleType;
    case TypeKind::NumberType:
      return kind_ == TypeKind::IntType || kind_ == TypeKind::FloatType ||
             kind_ == TypeKind::ComplexType || kind_ == TypeKind::SymIntType;
    case TypeKind::SymIntType:
      return kind_ == TypeKind::IntType;
    case TypeKind::SymBoolType:
      return kind_ == TypeKind::BoolType;
    case TypeKind::OptionalType:
      if (kind_ == TypeKind::NoneType) return true;
      if (kind_ == TypeKind::OptionalType) return contained_[0]->isSubtypeOf(*other.contained_[0]);
      return isSubtypeOf(*other.contained_[0]);
    case TypeKind::TupleType:
      if (kind_ != TypeKind::TupleType || size_ != other.size_) return false;
      for (size_t i = 0; i < size_; ++i)
        if (!contained_[i]->isSubtypeOf(*other.contained_[i])) return false;
      return true;
    default:
      // Lists and dicts can be written through, so their element types must be the same.
      return false;
  }
}

bool Type::hasFreeVariables() const {
  if (kind_ == TypeKind::VarType) return true;
  for (TypePtr t : containedTypes())
    if (t->hasFreeVariables()) return true;
  return false;
}

void Type::wrong_kind(TypeKind wanted) const {
  TORCH_CHECK(false, "expected type of kind ", typeKindToString(wanted), " but found ", str_);
}

std::ostream& operator<<(std::ostream& out, const Type& t) { return out << t.str(); }

}  // namespace c10
