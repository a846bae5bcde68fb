// What operators on raw-pointer kernels share: plain memory, element types, names of C++ types as
// PyTorch's messages have them, size products.
#pragma once

#include <string>

#include "core/factory.h"
#include "kernels/cpu/copy.h"
#include "kernels/cpu/dtype.h"

namespace pharos::ops {

using at::Scalar;
using OptTensor = std::optional<Tensor>;

inline cpu::DType dtype_of(ScalarType t) { return static_cast<cpu::DType>(t); }
inline cpu::DType dtype_of(const Tensor& t) { return dtype_of(t.scalar_type()); }

// `t` itself if it is contiguous, otherwise a contiguous copy.
Tensor plain_copy(const Tensor& t);
inline Tensor plain(const Tensor& t) { return t.is_contiguous() ? t : plain_copy(t); }
// The same in another dtype.
Tensor plain(const Tensor& t, ScalarType dtype);
// The tensor of an optional argument; undefined if there is none.
inline Tensor or_undefined(const OptTensor& t) { return t && t->defined() ? *t : Tensor(); }
inline const void* data_or_null(const Tensor& t) {
  return t.defined() ? t.unsafeGetTensorImpl()->data : nullptr;
}
inline char* data_of(const Tensor& t) { return t.unsafeGetTensorImpl()->data; }
template <typename T>
T* data_as(const Tensor& t) {
  return reinterpret_cast<T*>(t.unsafeGetTensorImpl()->data);
}

// "float", "long int", "c10::Half": how PyTorch's messages print a tensor's dtype().
const char* cpp_name(ScalarType t);
// "torch.FloatTensor": how they print its type.
std::string legacy_name(const Tensor& t);
int64_t product(IntArrayRef sizes);
// Calls the function with a value of the element type: float, double (and halves where asked).
[[noreturn]] void no_kernel(const char* name, ScalarType t);
// NotImplementedError as PyTorch's, unless `t` is float, double, or (if `half`) a half.
void require_floating(const char* kernel, ScalarType t, bool half = true);

// A result that a kernel writes contiguously: the tensor itself, or a temporary that finish()
// copies to it.
class PlainResult {
 public:
  explicit PlainResult(const Tensor& target);
  void finish() {
    if (!direct_) cpu::copy_values(target_, plain_);
  }
  const Tensor& tensor() const { return plain_; }
  char* data() const { return data_of(plain_); }

 private:
  const Tensor& target_;
  Tensor plain_;
  bool direct_;
};

// f of float* or double* by dtype.
template <typename F>
void for_real(const char* name, ScalarType t, F&& f) {
  if (t == ScalarType::Float)
    f(float{});
  else if (t == ScalarType::Double)
    f(double{});
  else
    no_kernel(name, t);
}

}  // namespace pharos::ops
