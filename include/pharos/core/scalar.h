// c10::Scalar: one number of any dtype class (bool, integer, double, complex double).
#pragma once

#include <pharos/core/scalar_type.h>

#include <string>
#include <type_traits>

namespace c10 {

class PHAROS_API Scalar {
 public:
  Scalar() : tag_(Tag::Int) { v_.i = 0; }
  // Of bool alone: pointers and literals must not become numbers.
  template <typename B, std::enable_if_t<std::is_same_v<B, bool>, int> = 0>
  Scalar(B v) : tag_(Tag::Bool) {
    v_.i = v;
  }
  Scalar(uint8_t v) : Scalar(static_cast<long>(v)) {}
  Scalar(int8_t v) : Scalar(static_cast<long>(v)) {}
  Scalar(int16_t v) : Scalar(static_cast<long>(v)) {}
  Scalar(uint16_t v) : Scalar(static_cast<long>(v)) {}
  Scalar(int v) : Scalar(static_cast<long>(v)) {}
  Scalar(unsigned v) : Scalar(static_cast<long>(v)) {}
  Scalar(long v) : tag_(Tag::Int) { v_.i = v; }
  Scalar(long long v) : Scalar(static_cast<long>(v)) {}
  Scalar(unsigned long v) : Scalar(static_cast<long>(v)) { check_unsigned(v); }
  Scalar(unsigned long long v) : Scalar(static_cast<unsigned long>(v)) {}
  Scalar(float v) : Scalar(static_cast<double>(v)) {}
  Scalar(double v) : tag_(Tag::Double) { v_.d = v; }
  Scalar(Half v) : Scalar(static_cast<double>(static_cast<float>(v))) {}
  Scalar(BFloat16 v) : Scalar(static_cast<double>(static_cast<float>(v))) {}
  Scalar(complex<float> v) : Scalar(complex<double>(v)) {}
  Scalar(complex<double> v) : tag_(Tag::Complex), imag_(v.imag()) { v_.d = v.real(); }
  // std::complex and its like.
  template <typename C, typename = typename C::value_type,
            typename = decltype(std::declval<const C&>().imag())>
  Scalar(const C& v) : Scalar(complex<double>(double(v.real()), double(v.imag()))) {}

  bool isBoolean() const { return tag_ == Tag::Bool; }
  bool isIntegral(bool includeBool) const {
    return tag_ == Tag::Int || (includeBool && isBoolean());
  }
  bool isIntegral() const { return isIntegral(false); }
  bool isFloatingPoint() const { return tag_ == Tag::Double; }
  bool isComplex() const { return tag_ == Tag::Complex; }
  bool isSymbolic() const { return false; }
  // Double, Long, Bool or ComplexDouble.
  ScalarType type() const {
    return tag_ == Tag::Double ? ScalarType::Double
           : tag_ == Tag::Int  ? ScalarType::Long
           : tag_ == Tag::Bool ? ScalarType::Bool
                               : ScalarType::ComplexDouble;
  }

  // Checked conversions: an error where the value does not fit the type ("value cannot be converted
  // to type ... without overflow").
  int64_t toLong() const { return PHAROS_LIKELY(tag_ == Tag::Int) ? v_.i : to_long(); }
  int toInt() const;
  int8_t toChar() const;
  uint8_t toByte() const;
  int16_t toShort() const;
  bool toBool() const;
  double toDouble() const {
    if (PHAROS_LIKELY(tag_ == Tag::Double)) return v_.d;
    return to_double_slow();
  }
  float toFloat() const;
  Half toHalf() const;
  BFloat16 toBFloat16() const;
  complex<double> toComplexDouble() const {
    return tag_ == Tag::Complex ? complex<double>(v_.d, imag_) : complex<double>(toDouble());
  }
  complex<float> toComplexFloat() const { return complex<float>(toComplexDouble()); }
  template <typename T>
  T to() const;

  template <typename T>
  bool equal(T v) const {
    return equal(Scalar(v));
  }
  bool equal(const Scalar& o) const;
  Scalar operator-() const;
  Scalar log() const;
  Scalar conj() const { return isComplex() ? Scalar(complex<double>(v_.d, -imag_)) : *this; }

 private:
  enum class Tag : uint32_t { Double, Int, Bool, Complex };
  int64_t to_long() const;
  double to_double_slow() const;
  static void check_unsigned(unsigned long v);
  union {
    double d;
    int64_t i;
  } v_;
  Tag tag_;
  double imag_ = 0;
};

#define PHAROS_SCALAR_TO(T, Name)  \
  template <>                      \
  inline T Scalar::to<T>() const { \
    return to##Name();             \
  }
PHAROS_FORALL_SCALAR_TYPES(PHAROS_SCALAR_TO)
#undef PHAROS_SCALAR_TO
template <>
inline Scalar Scalar::to<Scalar>() const {
  return *this;
}

PHAROS_API std::ostream& operator<<(std::ostream& out, const Scalar& s);
PHAROS_API std::string toString(const Scalar& s);

}  // namespace c10

namespace at {
using c10::Scalar;
}
