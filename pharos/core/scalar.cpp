// Scalar's checked conversions, comparison and text.
#include <pharos/core/scalar.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <ostream>

namespace c10 {
namespace {

[[noreturn]] void overflow(const char* type) {
  TORCH_CHECK(false, "value cannot be converted to type ", type, " without overflow");
}

// A complex number with an imaginary part fits no other type.
void require_real(const Scalar& s, const char* type) {
  if (s.isComplex() && s.toComplexDouble().imag() != 0) overflow(type);
}

int64_t integer_from(double v) {
  if (!(v >= -0x1p63 && v < 0x1p63)) overflow("int64_t");
  return static_cast<int64_t>(v);
}

template <typename T>
T narrow(int64_t v, const char* name) {
  // A negative number wraps into an unsigned byte, as in PyTorch, as long as its magnitude fits.
  if constexpr (std::is_unsigned_v<T>) {
    if (v > static_cast<int64_t>(std::numeric_limits<T>::max()) ||
        -v > static_cast<int64_t>(std::numeric_limits<T>::max()))
      overflow(name);
  } else if (v < static_cast<int64_t>(std::numeric_limits<T>::min()) ||
             v > static_cast<int64_t>(std::numeric_limits<T>::max())) {
    overflow(name);
  }
  return static_cast<T>(v);
}

}  // namespace

void Scalar::check_unsigned(unsigned long v) {
  if (v > static_cast<unsigned long>(std::numeric_limits<int64_t>::max())) overflow("int64_t");
}

double Scalar::to_double_slow() const {
  if (tag_ == Tag::Complex) {
    if (imag_ != 0) overflow("double");
    return v_.d;
  }
  return static_cast<double>(v_.i);
}

int64_t Scalar::to_long() const {
  if (tag_ == Tag::Bool) return v_.i;
  require_real(*this, "int64_t");
  return integer_from(toDouble());
}
int Scalar::toInt() const {
  require_real(*this, "int");
  return narrow<int>(toLong(), "int");
}
int8_t Scalar::toChar() const {
  require_real(*this, "int8_t");
  return narrow<int8_t>(toLong(), "int8_t");
}
uint8_t Scalar::toByte() const {
  require_real(*this, "uint8_t");
  return narrow<uint8_t>(toLong(), "uint8_t");
}
int16_t Scalar::toShort() const {
  require_real(*this, "int16_t");
  return narrow<int16_t>(toLong(), "int16_t");
}
bool Scalar::toBool() const {
  if (tag_ == Tag::Complex) return v_.d != 0 || imag_ != 0;
  return tag_ == Tag::Double ? v_.d != 0 : v_.i != 0;
}
float Scalar::toFloat() const {
  require_real(*this, "float");
  const double d = toDouble();
  if (std::isfinite(d) && std::fabs(d) > static_cast<double>(std::numeric_limits<float>::max()))
    overflow("float");
  return static_cast<float>(d);
}
Half Scalar::toHalf() const {
  require_real(*this, "at::Half");
  const double d = toDouble();
  if (std::isfinite(d) && std::fabs(d) > 65504.0) overflow("at::Half");
  return Half(static_cast<float>(d));
}
BFloat16 Scalar::toBFloat16() const {
  require_real(*this, "at::BFloat16");
  return BFloat16(toFloat());
}

bool Scalar::equal(const Scalar& o) const {
  if (isComplex() || o.isComplex()) return toComplexDouble() == o.toComplexDouble();
  if (isFloatingPoint() || o.isFloatingPoint()) return toDouble() == o.toDouble();
  return v_.i == o.v_.i;
}

Scalar Scalar::operator-() const {
  TORCH_CHECK(!isBoolean(), "torch boolean negative, the `-` operator, is not supported.");
  if (isComplex()) return complex<double>(-v_.d, -imag_);
  if (isFloatingPoint()) return -v_.d;
  return -v_.i;
}

Scalar Scalar::log() const {
  if (isComplex()) {
    const double re = std::log(std::hypot(v_.d, imag_));
    return complex<double>(re, std::atan2(imag_, v_.d));
  }
  return std::log(toDouble());
}

std::ostream& operator<<(std::ostream& out, const Scalar& s) {
  if (s.isFloatingPoint()) return out << s.toDouble();
  if (s.isBoolean()) return out << (s.toBool() ? "true" : "false");
  if (s.isComplex()) {
    const auto c = s.toComplexDouble();
    return out << '(' << c.real() << ',' << c.imag() << ')';
  }
  return out << s.toLong();
}

std::string toString(const Scalar& s) { return pharos::message(s); }

}  // namespace c10
