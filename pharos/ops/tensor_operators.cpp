// Operators whose number comes first and whose order matters.
#include <pharos/tensor_operators.h>

namespace at {

Tensor operator-(const Scalar& a, const Tensor& b) { return at::rsub(b, a); }
Tensor operator/(const Scalar& a, const Tensor& b) { return at::reciprocal(b).mul(a); }
Tensor operator%(const Scalar& a, const Tensor& b) { return at::remainder(a, b); }

}  // namespace at

at::Tensor c10::scalar_to_tensor(const Scalar& s, Device device) {
  return at::scalar_tensor(s, at::TensorOptions(s.type()).device(device));
}
