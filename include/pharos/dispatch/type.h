// c10::Type: the types of TorchScript values and schemas. Types are immutable, interned and live
// for ever, so that a TypePtr is a plain pointer and equal types are the same object.
#pragma once

#include <pharos/core/array_ref.h>

#include <string>

namespace c10 {

enum class TypeKind : uint8_t {
  AnyType,
  TensorType,
  IntType,
  FloatType,
  ComplexType,
  BoolType,
  StringType,
  NumberType,
  NoneType,
  DeviceObjType,
  GeneratorType,
  StorageType,
  StreamObjType,
  ScalarTypeType,
  LayoutType,
  MemoryFormatType,
  QSchemeType,
  SymIntType,
  SymBoolType,
  AnyListType,
  AnyTupleType,
  CapsuleType,
  ListType,
  DictType,
  TupleType,
  OptionalType,
  VarType,
  ClassType,
};
PHAROS_API const char* typeKindToString(TypeKind kind);

class Type;
using TypePtr = const Type*;

class PHAROS_API Type {
 public:
  TypeKind kind() const { return kind_; }
  ArrayRef<TypePtr> containedTypes() const { return ArrayRef<TypePtr>(contained_, size_); }
  size_t containedTypeSize() const { return size_; }
  TypePtr containedType(size_t i) const { return containedTypes().at(i); }
  // As schemas write it: "Tensor", "int[]", "Tensor?", "Dict(str, Tensor)", "(int, Tensor)".
  const std::string& str() const { return str_; }
  std::string repr_str() const { return annotation_str(); }
  // As TorchScript source writes it: "List[int]", "Optional[Tensor]".
  std::string annotation_str() const;
  // Any value of this type is one of `other`: int of Scalar, T and None of T?, everything of Any.
  bool isSubtypeOf(const Type& other) const;
  bool isSubtypeOf(TypePtr other) const { return isSubtypeOf(*other); }
  bool hasFreeVariables() const;
  template <typename T>
  const T* cast() const {
    return kind_ == T::Kind ? static_cast<const T*>(this) : nullptr;
  }
  template <typename T>
  const T* expect() const {
    if (kind_ != T::Kind) wrong_kind(T::Kind);
    return static_cast<const T*>(this);
  }
  friend bool operator==(const Type& a, const Type& b) { return &a == &b; }
  friend bool operator!=(const Type& a, const Type& b) { return &a != &b; }

  // The one type with these parts; `name` is that of a VarType or ClassType.
  static TypePtr intern(TypeKind kind, ArrayRef<TypePtr> contained = {},
                        const std::string& name = {});

 protected:
  Type(TypeKind kind, ArrayRef<TypePtr> contained, const std::string& name);
  Type(const Type&) = delete;
  [[noreturn]] void wrong_kind(TypeKind wanted) const;

  const TypePtr* contained_;
  size_t size_;
  std::string str_;
  TypeKind kind_;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const Type& t);

// clang-format off
#define PHAROS_SIMPLE_TYPES(F)                                                                     \
  F(AnyType)                                                                                       \
  F(TensorType)                                                                                    \
  F(IntType)                                                                                       \
  F(FloatType) F(ComplexType) F(BoolType) F(StringType) F(NumberType) F(NoneType) F(DeviceObjType) \
      F(GeneratorType) F(StorageType) F(StreamObjType) F(ScalarTypeType) F(LayoutType)             \
          F(MemoryFormatType) F(QSchemeType) F(SymIntType) F(SymBoolType) F(AnyListType)           \
              F(AnyTupleType) F(CapsuleType)
// clang-format on
#define PHAROS_DECLARE_TYPE(Name)                    \
  struct PHAROS_API Name : Type {                    \
    static constexpr TypeKind Kind = TypeKind::Name; \
    static TypePtr get();                            \
  };                                                 \
  using Name##Ptr = const Name*;
PHAROS_SIMPLE_TYPES(PHAROS_DECLARE_TYPE)
#undef PHAROS_DECLARE_TYPE

struct PHAROS_API ListType : Type {
  static constexpr TypeKind Kind = TypeKind::ListType;
  static TypePtr create(TypePtr element);
  static TypePtr ofTensors() { return create(TensorType::get()); }
  static TypePtr ofInts() { return create(IntType::get()); }
  static TypePtr ofFloats() { return create(FloatType::get()); }
  static TypePtr ofBools() { return create(BoolType::get()); }
  static TypePtr ofStrings() { return create(StringType::get()); }
  static TypePtr ofNumbers() { return create(NumberType::get()); }
  static TypePtr ofOptionalTensors();
  TypePtr getElementType() const { return contained_[0]; }
};
struct PHAROS_API OptionalType : Type {
  static constexpr TypeKind Kind = TypeKind::OptionalType;
  // An optional of an optional is the optional itself.
  static TypePtr create(TypePtr element);
  static TypePtr ofTensor() { return create(TensorType::get()); }
  TypePtr getElementType() const { return contained_[0]; }
};
struct PHAROS_API DictType : Type {
  static constexpr TypeKind Kind = TypeKind::DictType;
  static TypePtr create(TypePtr key, TypePtr value);
  TypePtr getKeyType() const { return contained_[0]; }
  TypePtr getValueType() const { return contained_[1]; }
};
struct PHAROS_API TupleType : Type {
  static constexpr TypeKind Kind = TypeKind::TupleType;
  static TypePtr create(ArrayRef<TypePtr> elements);
  ArrayRef<TypePtr> elements() const { return containedTypes(); }
};
// A type variable of a schema: the `t` of `t[]`.
struct PHAROS_API VarType : Type {
  static constexpr TypeKind Kind = TypeKind::VarType;
  static TypePtr create(const std::string& name);
  const std::string& name() const { return str_; }
};
// A class known by its qualified name only.
struct PHAROS_API ClassType : Type {
  static constexpr TypeKind Kind = TypeKind::ClassType;
  static TypePtr create(const std::string& qualified_name);
  const std::string& name() const { return str_; }
};

inline TypePtr ListType::ofOptionalTensors() { return create(OptionalType::ofTensor()); }

}  // namespace c10
