// where's shape rule and the composite operators of the family.
#include "ops/logic/logic.h"

#include "ops/logic_decls.h"

namespace pharos::ops {

void where(Out& out, const Tensor& condition, const Tensor& self, const Tensor& other) {
  const ScalarType c = condition.scalar_type();
  TORCH_CHECK(c == c10::kBool || c == c10::kByte,
              "where expected condition to be a boolean tensor, but got a tensor with dtype ", c);
  out.allow_same();
  set_broadcast(out, 0, promoted(self, other), {&condition, &self, &other});
}

Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other) {
  return at::where(condition, wrapped_scalar(self), other);
}
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other) {
  return at::where(condition, self, wrapped_scalar(other));
}
Tensor where(const Tensor& condition, const Scalar& self, const Scalar& other) {
  return at::where(condition, wrapped_scalar(self), wrapped_scalar(other));
}
std::vector<Tensor> where(const Tensor& condition) { return at::nonzero_numpy(condition); }

Tensor isreal(const Tensor& self) {
  if (self.is_complex()) return at::imag(self) == 0;
  return at::ones_like(self, self.options().dtype(c10::kBool));
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  TORCH_CHECK(self.scalar_type() == other.scalar_type(), self.scalar_type(), " did not match ",
              other.scalar_type());
  TORCH_CHECK(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  TORCH_CHECK(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  Tensor close = self == other;
  if (equal_nan && (self.is_floating_point() || self.is_complex()))
    close = close | (at::isnan(self) & at::isnan(other));
  if (rtol == 0 && atol == 0) return close;
  const bool integers = isIntegralType(self.scalar_type(), true);
  const Tensor a = integers ? self.to(c10::get_default_dtype()) : self;
  const Tensor b = integers ? other.to(c10::get_default_dtype()) : other;
  const Tensor allowed = atol + (rtol * b).abs();
  const Tensor actual = (a - b).abs();
  return close | (at::isfinite(actual) & (actual <= allowed));
}

#define PHAROS_SCALAR_FIRST(name)                        \
  Tensor name(const Scalar& self, const Tensor& other) { \
    return at::name(wrapped_scalar(self), other);        \
  }
PHAROS_SCALAR_FIRST(bitwise_and)
PHAROS_SCALAR_FIRST(bitwise_or)
PHAROS_SCALAR_FIRST(bitwise_xor)
PHAROS_SCALAR_FIRST(bitwise_left_shift)
PHAROS_SCALAR_FIRST(bitwise_right_shift)
#undef PHAROS_SCALAR_FIRST

#define PHAROS_SHIFT(name, of)                                                                 \
  Tensor __##name##__(const Tensor& self, const Scalar& other) { return at::of(self, other); } \
  Tensor __##name##__(const Tensor& self, const Tensor& other) { return at::of(self, other); }
PHAROS_SHIFT(lshift, bitwise_left_shift)
PHAROS_SHIFT(rshift, bitwise_right_shift)
#undef PHAROS_SHIFT

#define PHAROS_INPLACE(name, of)                                                     \
  Tensor& __##name##__(Tensor& self, const Scalar& other) { return self.of(other); } \
  Tensor& __##name##__(Tensor& self, const Tensor& other) { return self.of(other); }
PHAROS_INPLACE(iand, bitwise_and_)
PHAROS_INPLACE(ior, bitwise_or_)
PHAROS_INPLACE(ixor, bitwise_xor_)
PHAROS_INPLACE(ilshift, bitwise_left_shift_)
PHAROS_INPLACE(irshift, bitwise_right_shift_)
#undef PHAROS_INPLACE

}  // namespace pharos::ops
