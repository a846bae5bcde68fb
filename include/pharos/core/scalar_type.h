// c10::ScalarType with PyTorch's numbers (files hold them), names, sizes and promotion rules.
#pragma once

#include <pharos/core/complex.h>
#include <pharos/core/exception.h>
#include <pharos/core/half.h>

#include <cstddef>

namespace c10 {

enum class ScalarType : int8_t {
  Byte = 0,
  Char = 1,
  Short = 2,
  Int = 3,
  Long = 4,
  Half = 5,
  Float = 6,
  Double = 7,
  ComplexHalf = 8,
  ComplexFloat = 9,
  ComplexDouble = 10,
  Bool = 11,
  QInt8 = 12,
  QUInt8 = 13,
  QInt32 = 14,
  BFloat16 = 15,
  UInt16 = 27,
  UInt32 = 28,
  UInt64 = 29,
  Undefined = 45,
  NumOptions = 46,
};

constexpr ScalarType kByte = ScalarType::Byte;
constexpr ScalarType kChar = ScalarType::Char;
constexpr ScalarType kShort = ScalarType::Short;
constexpr ScalarType kInt = ScalarType::Int;
constexpr ScalarType kLong = ScalarType::Long;
constexpr ScalarType kHalf = ScalarType::Half;
constexpr ScalarType kFloat = ScalarType::Float;
constexpr ScalarType kDouble = ScalarType::Double;
constexpr ScalarType kComplexHalf = ScalarType::ComplexHalf;
constexpr ScalarType kComplexFloat = ScalarType::ComplexFloat;
constexpr ScalarType kComplexDouble = ScalarType::ComplexDouble;
constexpr ScalarType kBool = ScalarType::Bool;
constexpr ScalarType kBFloat16 = ScalarType::BFloat16;

// The dtypes that tensors hold data of, with their C++ types. F(cpp_type, Name).
#define PHAROS_FORALL_SCALAR_TYPES(F)    \
  F(uint8_t, Byte)                       \
  F(int8_t, Char)                        \
  F(int16_t, Short)                      \
  F(int, Int)                            \
  F(int64_t, Long)                       \
  F(c10::Half, Half)                     \
  F(float, Float)                        \
  F(double, Double)                      \
  F(c10::complex<float>, ComplexFloat)   \
  F(c10::complex<double>, ComplexDouble) \
  F(bool, Bool)                          \
  F(c10::BFloat16, BFloat16)

template <typename T>
struct CppTypeToScalarType;
template <ScalarType S>
struct ScalarTypeToCPPType;
namespace impl {
template <ScalarType S>
using ScalarTypeToCPPTypeT = typename ScalarTypeToCPPType<S>::type;
}
#define PHAROS_DEFINE_TYPE(T, Name)                       \
  template <>                                             \
  struct CppTypeToScalarType<T> {                         \
    static constexpr ScalarType value = ScalarType::Name; \
  };                                                      \
  template <>                                             \
  struct ScalarTypeToCPPType<ScalarType::Name> {          \
    using type = T;                                       \
  };
PHAROS_FORALL_SCALAR_TYPES(PHAROS_DEFINE_TYPE)
#undef PHAROS_DEFINE_TYPE
template <>
struct CppTypeToScalarType<long long> {
  static constexpr ScalarType value = ScalarType::Long;
};

namespace detail {
// Indexed by ScalarType's number; 0 marks a number that is no dtype.
constexpr uint8_t kElementSize[46] = {1, 1, 2, 4, 8, 2, 4, 8, 4, 8, 16, 1, 1, 1, 4, 2,
                                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  2, 4, 8, 0, 0,
                                      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0};
constexpr uint64_t bit(ScalarType t) { return uint64_t{1} << static_cast<int>(t); }
constexpr bool in(ScalarType t, uint64_t set) { return (set >> static_cast<int>(t)) & 1; }
constexpr uint64_t kFloating = bit(kHalf) | bit(kFloat) | bit(kDouble) | bit(kBFloat16);
constexpr uint64_t kComplex = bit(kComplexHalf) | bit(kComplexFloat) | bit(kComplexDouble);
constexpr uint64_t kIntegral = bit(kByte) | bit(kChar) | bit(kShort) | bit(kInt) | bit(kLong) |
                               bit(ScalarType::UInt16) | bit(ScalarType::UInt32) |
                               bit(ScalarType::UInt64);
}  // namespace detail

constexpr size_t elementSize(ScalarType t) { return detail::kElementSize[static_cast<int>(t)]; }
constexpr bool isFloatingType(ScalarType t) { return detail::in(t, detail::kFloating); }
constexpr bool isReducedFloatingType(ScalarType t) { return t == kHalf || t == kBFloat16; }
constexpr bool isComplexType(ScalarType t) { return detail::in(t, detail::kComplex); }
constexpr bool isIntegralType(ScalarType t, bool includeBool) {
  return detail::in(t, detail::kIntegral) || (includeBool && t == kBool);
}
constexpr bool isSignedType(ScalarType t) {
  return t != kByte && t != kBool && t != ScalarType::UInt16 && t != ScalarType::UInt32 &&
         t != ScalarType::UInt64;
}
constexpr bool isDifferentiableType(ScalarType t) { return isFloatingType(t) || isComplexType(t); }

constexpr ScalarType toRealValueType(ScalarType t) {
  return t == kComplexFloat    ? kFloat
         : t == kComplexDouble ? kDouble
         : t == kComplexHalf   ? kHalf
                               : t;
}
constexpr ScalarType toComplexType(ScalarType t) {
  return t == kDouble || t == kComplexDouble ? kComplexDouble
         : t == kHalf || t == kComplexHalf   ? kComplexHalf
                                             : kComplexFloat;
}
// The dtype in which halves accumulate.
constexpr ScalarType toOpMathType(ScalarType t) {
  return isReducedFloatingType(t) ? kFloat : t == kComplexHalf ? kComplexFloat : t;
}

// "Float", "Long", ... as C++ prints them; and "float32", "int64", ... as Python does.
PHAROS_API const char* toString(ScalarType t);
PHAROS_API const char* python_name(ScalarType t);
PHAROS_API std::ostream& operator<<(std::ostream& out, ScalarType t);
// The dtype both arguments promote to, by PyTorch's table.
PHAROS_API ScalarType promoteTypes(ScalarType a, ScalarType b);
inline ScalarType promote_types(ScalarType a, ScalarType b) { return promoteTypes(a, b); }
PHAROS_API bool canCast(ScalarType from, ScalarType to);
// The dtype that floating results of integer inputs take (`torch.get_default_dtype`).
PHAROS_API ScalarType get_default_dtype();
PHAROS_API void set_default_dtype(ScalarType t);

}  // namespace c10

namespace caffe2 {

// LibTorch's dtype handle; a ScalarType in other clothes, convertible both ways.
class TypeMeta {
 public:
  TypeMeta() = default;
  TypeMeta(c10::ScalarType t) : type_(t) {}
  operator c10::ScalarType() const { return type_; }
  c10::ScalarType toScalarType() const { return type_; }
  size_t itemsize() const { return c10::elementSize(type_); }
  const char* name() const { return c10::toString(type_); }
  template <typename T>
  static TypeMeta Make() {
    return TypeMeta(c10::CppTypeToScalarType<T>::value);
  }
  template <typename T>
  bool Match() const {
    return type_ == c10::CppTypeToScalarType<T>::value;
  }
  friend bool operator==(TypeMeta a, TypeMeta b) { return a.type_ == b.type_; }
  friend bool operator!=(TypeMeta a, TypeMeta b) { return a.type_ != b.type_; }
  friend bool operator==(TypeMeta a, c10::ScalarType b) { return a.type_ == b; }
  friend bool operator!=(TypeMeta a, c10::ScalarType b) { return a.type_ != b; }
  friend bool operator==(c10::ScalarType a, TypeMeta b) { return a == b.type_; }
  friend bool operator!=(c10::ScalarType a, TypeMeta b) { return a != b.type_; }

 private:
  c10::ScalarType type_ = c10::ScalarType::Undefined;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, TypeMeta t);

}  // namespace caffe2

namespace c10 {
inline ScalarType typeMetaToScalarType(caffe2::TypeMeta t) { return t.toScalarType(); }
inline caffe2::TypeMeta scalarTypeToTypeMeta(ScalarType t) { return t; }
}  // namespace c10
