// operator<< of tensors.
#include <pharos/tensor.h>

#include <ostream>

namespace at {

std::ostream& print(std::ostream& out, const Tensor& t, int64_t) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "printing tensors is not implemented yet: ", t.toString());
  return out;
}
std::ostream& operator<<(std::ostream& out, const Tensor& t) { return print(out, t, 80); }
void Tensor::print() const {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "printing tensors is not implemented yet");
}

}  // namespace at
