// Names and promotion of dtypes.
#include <pharos/core/scalar_type.h>

#include <atomic>
#include <ostream>

namespace c10 {

const char* toString(ScalarType t) {
  switch (t) {
#define PHAROS_CASE(T, Name) \
  case ScalarType::Name:     \
    return #Name;
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    case ScalarType::ComplexHalf:
      return "ComplexHalf";
    case ScalarType::QInt8:
      return "QInt8";
    case ScalarType::QUInt8:
      return "QUInt8";
    case ScalarType::QInt32:
      return "QInt32";
    case ScalarType::UInt16:
      return "UInt16";
    case ScalarType::UInt32:
      return "UInt32";
    case ScalarType::UInt64:
      return "UInt64";
    case ScalarType::Undefined:
      return "Undefined";
    default:
      return "UNKNOWN_SCALAR";
  }
}

const char* python_name(ScalarType t) {
  switch (t) {
    case ScalarType::Byte:
      return "uint8";
    case ScalarType::Char:
      return "int8";
    case ScalarType::Short:
      return "int16";
    case ScalarType::Int:
      return "int32";
    case ScalarType::Long:
      return "int64";
    case ScalarType::Half:
      return "float16";
    case ScalarType::Float:
      return "float32";
    case ScalarType::Double:
      return "float64";
    case ScalarType::ComplexHalf:
      return "complex32";
    case ScalarType::ComplexFloat:
      return "complex64";
    case ScalarType::ComplexDouble:
      return "complex128";
    case ScalarType::Bool:
      return "bool";
    case ScalarType::BFloat16:
      return "bfloat16";
    case ScalarType::UInt16:
      return "uint16";
    case ScalarType::UInt32:
      return "uint32";
    case ScalarType::UInt64:
      return "uint64";
    default:
      return toString(t);
  }
}

std::ostream& operator<<(std::ostream& out, ScalarType t) { return out << toString(t); }

ScalarType promoteTypes(ScalarType a, ScalarType b) {
  if (a == b) return a;
  if (a == ScalarType::Undefined || b == ScalarType::Undefined) return ScalarType::Undefined;
  if (isComplexType(a) || isComplexType(b)) {
    const ScalarType ra = toRealValueType(a), rb = toRealValueType(b);
    // A real tensor widens a complex one only by the precision of its own floating type.
    const ScalarType fa = isFloatingType(ra) ? ra : kHalf, fb = isFloatingType(rb) ? rb : kHalf;
    ScalarType real = fa == fb ? fa : promoteTypes(fa, fb);
    if (!isComplexType(a) && !isFloatingType(a)) real = rb;
    if (!isComplexType(b) && !isFloatingType(b)) real = ra;
    return toComplexType(real);
  }
  const bool float_a = isFloatingType(a), float_b = isFloatingType(b);
  if (float_a && float_b) {
    if (a == kDouble || b == kDouble) return kDouble;
    return kFloat;  // unequal and no double: float with a half, or the two halves
  }
  if (float_a) return a;
  if (float_b) return b;
  if (a == kBool) return b;
  if (b == kBool) return a;
  const auto is_wide_unsigned = [](ScalarType t) {
    return t == ScalarType::UInt16 || t == ScalarType::UInt32 || t == ScalarType::UInt64;
  };
  TORCH_CHECK(!(is_wide_unsigned(a) && b != kByte) && !(is_wide_unsigned(b) && a != kByte),
              "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ",
              a, " and ", b);
  if (is_wide_unsigned(a)) return a;
  if (is_wide_unsigned(b)) return b;
  // An unsigned byte with a signed byte needs the next wider signed type; otherwise the wider wins.
  if ((a == kByte && b == kChar) || (a == kChar && b == kByte)) return kShort;
  return elementSize(a) >= elementSize(b) ? a : b;
}

bool canCast(ScalarType from, ScalarType to) {
  if (isComplexType(from) && !isComplexType(to)) return false;
  if ((isFloatingType(from) || isComplexType(from)) && isIntegralType(to, true)) return false;
  if (from != kBool && to == kBool) return false;
  return true;
}

namespace {
std::atomic<ScalarType> default_dtype{kFloat};
}

ScalarType get_default_dtype() { return default_dtype.load(std::memory_order_relaxed); }

void set_default_dtype(ScalarType t) {
  TORCH_CHECK_TYPE(isFloatingType(t),
                   "only floating-point types are supported as the default type");
  default_dtype = t;
}

}  // namespace c10

namespace caffe2 {
std::ostream& operator<<(std::ostream& out, TypeMeta t) {
  static const char* const names[] = {"unsigned char", "signed char", "short int", "int",
                                      "long int"};
  const auto s = t.toScalarType();
  switch (s) {
    case c10::ScalarType::Float:
      return out << "float";
    case c10::ScalarType::Double:
      return out << "double";
    case c10::ScalarType::Bool:
      return out << "bool";
    case c10::ScalarType::Half:
      return out << "c10::Half";
    case c10::ScalarType::BFloat16:
      return out << "c10::BFloat16";
    case c10::ScalarType::ComplexFloat:
      return out << "c10::complex<float>";
    case c10::ScalarType::ComplexDouble:
      return out << "c10::complex<double>";
    case c10::ScalarType::Undefined:
      return out << "nullptr (uninitialized)";
    default:
      return static_cast<int>(s) < 5 ? out << names[static_cast<int>(s)] : out << c10::toString(s);
  }
}
}  // namespace caffe2
