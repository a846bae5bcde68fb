// Plain memory for kernels on raw pointers.
#include "ops/plain.h"

#include "kernels/cpu/no_kernel.h"

namespace pharos::ops {

Tensor plain_copy(const Tensor& t) {
  Tensor copy = empty_cpu(t.sizes(), t.scalar_type());
  cpu::copy_values(copy, t);
  return copy;
}

Tensor plain(const Tensor& t, ScalarType dtype) {
  if (t.scalar_type() == dtype) return plain(t);
  Tensor copy = empty_cpu(t.sizes(), dtype);
  cpu::copy_values(copy, t);
  return copy;
}

const char* cpp_name(ScalarType t) {
  switch (t) {
    case ScalarType::Byte:
      return "unsigned char";
    case ScalarType::Char:
      return "signed char";
    case ScalarType::Short:
      return "short int";
    case ScalarType::Int:
      return "int";
    case ScalarType::Long:
      return "long int";
    case ScalarType::Half:
      return "c10::Half";
    case ScalarType::Float:
      return "float";
    case ScalarType::Double:
      return "double";
    case ScalarType::ComplexHalf:
      return "c10::complex<c10::Half>";
    case ScalarType::ComplexFloat:
      return "c10::complex<float>";
    case ScalarType::ComplexDouble:
      return "c10::complex<double>";
    case ScalarType::Bool:
      return "bool";
    case ScalarType::BFloat16:
      return "c10::BFloat16";
    default:
      return c10::toString(t);
  }
}

std::string legacy_name(const Tensor& t) {
  if (t.is_complex()) return t.toString();
  return std::string("torch.") + c10::toString(t.scalar_type()) + "Tensor";
}

int64_t product(IntArrayRef sizes) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  return n;
}

void no_kernel(const char* name, ScalarType t) { cpu::no_kernel(name, dtype_of(t)); }

void require_floating(const char* kernel, ScalarType t, bool half) {
  if (t == ScalarType::Float || t == ScalarType::Double) return;
  if (half && (t == ScalarType::Half || t == ScalarType::BFloat16)) return;
  no_kernel(kernel, t);
}

PlainResult::PlainResult(const Tensor& target) : target_(target), direct_(target.is_contiguous()) {
  plain_ = direct_ ? target : empty_cpu(target.sizes(), target.scalar_type());
}

}  // namespace pharos::ops
