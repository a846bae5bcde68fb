// Operators between tensors and numbers as free functions, as LibTorch has them.
#pragma once

#include <pharos/ops/functions.h>

namespace at {

#define PHAROS_BINARY_OPERATOR(op, name)                                                 \
  inline Tensor operator op(const Tensor& a, const Tensor& b) { return at::name(a, b); } \
  inline Tensor operator op(const Tensor& a, const Scalar& b) { return at::name(a, b); }
PHAROS_BINARY_OPERATOR(+, add)
PHAROS_BINARY_OPERATOR(-, sub)
PHAROS_BINARY_OPERATOR(*, mul)
PHAROS_BINARY_OPERATOR(/, div)
PHAROS_BINARY_OPERATOR(%, remainder)
PHAROS_BINARY_OPERATOR(&, bitwise_and)
PHAROS_BINARY_OPERATOR(|, bitwise_or)
PHAROS_BINARY_OPERATOR(^, bitwise_xor)
PHAROS_BINARY_OPERATOR(<, lt)
PHAROS_BINARY_OPERATOR(<=, le)
PHAROS_BINARY_OPERATOR(>, gt)
PHAROS_BINARY_OPERATOR(>=, ge)
PHAROS_BINARY_OPERATOR(==, eq)
PHAROS_BINARY_OPERATOR(!=, ne)
#undef PHAROS_BINARY_OPERATOR

// With the number first. Out of line where the order matters.
inline Tensor operator+(const Scalar& a, const Tensor& b) { return at::add(b, a); }
inline Tensor operator*(const Scalar& a, const Tensor& b) { return at::mul(b, a); }
PHAROS_API Tensor operator-(const Scalar& a, const Tensor& b);
PHAROS_API Tensor operator/(const Scalar& a, const Tensor& b);
PHAROS_API Tensor operator%(const Scalar& a, const Tensor& b);
inline Tensor operator&(const Scalar& a, const Tensor& b) { return at::bitwise_and(b, a); }
inline Tensor operator|(const Scalar& a, const Tensor& b) { return at::bitwise_or(b, a); }
inline Tensor operator^(const Scalar& a, const Tensor& b) { return at::bitwise_xor(b, a); }
inline Tensor operator<(const Scalar& a, const Tensor& b) { return at::gt(b, a); }
inline Tensor operator<=(const Scalar& a, const Tensor& b) { return at::ge(b, a); }
inline Tensor operator>(const Scalar& a, const Tensor& b) { return at::lt(b, a); }
inline Tensor operator>=(const Scalar& a, const Tensor& b) { return at::le(b, a); }
inline Tensor operator==(const Scalar& a, const Tensor& b) { return at::eq(b, a); }
inline Tensor operator!=(const Scalar& a, const Tensor& b) { return at::ne(b, a); }

// A plain number names a dim; without these it would become `unbiased`.
inline Tensor std(const Tensor& self, int dim) { return at::std(self, IntArrayRef{dim}); }
inline Tensor var(const Tensor& self, int dim) { return at::var(self, IntArrayRef{dim}); }
inline std::tuple<Tensor, Tensor> std_mean(const Tensor& self, int dim) {
  return at::std_mean(self, IntArrayRef{dim});
}
inline std::tuple<Tensor, Tensor> var_mean(const Tensor& self, int dim) {
  return at::var_mean(self, IntArrayRef{dim});
}

}  // namespace at

namespace c10 {
// A tensor of no dims, with the dtype of the number.
PHAROS_API at::Tensor scalar_to_tensor(const Scalar& s, Device device = Device(DeviceType::CPU));
}  // namespace c10
