// torch::tensor({{1, 2}, {3, 4}}) and torch::from_blob: tensors from values and from foreign
// memory.
#pragma once

#include <pharos/tensor.h>

#include <functional>
#include <initializer_list>
#include <vector>

namespace torch {
namespace detail {

// A number, a braced list (of lists), or an array of numbers; borrowed for one call.
class PHAROS_API TensorDataContainer {
 public:
  TensorDataContainer();
  TensorDataContainer(std::initializer_list<TensorDataContainer> list);
#define PHAROS_TENSOR_DATA(T, Name)             \
  TensorDataContainer(T value);                 \
  TensorDataContainer(c10::ArrayRef<T> values); \
  TensorDataContainer(const std::vector<T>& values);
  PHAROS_FORALL_SCALAR_TYPES(PHAROS_TENSOR_DATA)
#undef PHAROS_TENSOR_DATA
  TensorDataContainer(long long value);

  at::Tensor to_tensor(at::TensorOptions options) const;

 private:
  enum class Kind : uint8_t { kNumber, kList, kArray };
  void write(char*& to, c10::ScalarType dtype) const;
  bool same_sizes(const TensorDataContainer& o) const;
  void append_sizes(std::vector<int64_t>& sizes) const;

  Kind kind_;
  c10::ScalarType dtype_;
  int64_t size_ = 0;
  const void* data_ = nullptr;  // the list's first container, or the array's first number
  c10::Scalar number_;
};

}  // namespace detail

// Integers become kLong and floating numbers the default dtype unless the options name one.
PHAROS_API at::Tensor tensor(detail::TensorDataContainer data,
                             const at::TensorOptions& options = {});

using Deleter = std::function<void(void*)>;
// A tensor over memory that it does not own; the deleter runs when the last tensor on it ends.
PHAROS_API at::Tensor from_blob(void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                                const Deleter& deleter, const at::TensorOptions& options = {});
PHAROS_API at::Tensor from_blob(void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                                const at::TensorOptions& options = {});
PHAROS_API at::Tensor from_blob(void* data, at::IntArrayRef sizes, const Deleter& deleter,
                                const at::TensorOptions& options = {});
PHAROS_API at::Tensor from_blob(void* data, at::IntArrayRef sizes,
                                const at::TensorOptions& options = {});

}  // namespace torch

namespace at {
using torch::from_blob;
using torch::tensor;
}  // namespace at
