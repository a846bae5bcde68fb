// torch::tensor and torch::from_blob.
#include <pharos/ops/functions.h>
#include <pharos/tensor_new.h>

#include <cstring>

#include "kernels/cpu/convert.h"
#include "ops/geometry.h"

namespace torch {
namespace detail {

using c10::ScalarType;

TensorDataContainer::TensorDataContainer() : kind_(Kind::kList), dtype_(c10::get_default_dtype()) {}

TensorDataContainer::TensorDataContainer(std::initializer_list<TensorDataContainer> list)
    : kind_(Kind::kList),
      dtype_(list.size() == 0 ? c10::get_default_dtype() : list.begin()->dtype_),
      size_(static_cast<int64_t>(list.size())),
      data_(list.begin()) {
  for (const TensorDataContainer& item : list) {
    TORCH_CHECK(item.dtype_ == dtype_,
                "Expected all elements of the tensor to have the same scalar type: ", dtype_,
                ", but got element of scalar type: ", item.dtype_);
    TORCH_CHECK(same_sizes(item) || &item == list.begin(),
                "Expected all sub-lists to have the same sizes in nested braced lists");
  }
}

#define PHAROS_TENSOR_DATA(T, Name)                                       \
  TensorDataContainer::TensorDataContainer(T value)                       \
      : kind_(Kind::kNumber), dtype_(ScalarType::Name), number_(value) {} \
  TensorDataContainer::TensorDataContainer(c10::ArrayRef<T> values)       \
      : kind_(Kind::kArray),                                              \
        dtype_(ScalarType::Name),                                         \
        size_(static_cast<int64_t>(values.size())),                       \
        data_(values.data()) {}
PHAROS_FORALL_SCALAR_TYPES(PHAROS_TENSOR_DATA)
#undef PHAROS_TENSOR_DATA

TensorDataContainer::TensorDataContainer(long long value)
    : TensorDataContainer(static_cast<int64_t>(value)) {}

namespace {
// A std::vector<bool> has no array to borrow.
template <typename T>
c10::ArrayRef<T> borrowed(const std::vector<T>& v) {
  if constexpr (std::is_same_v<T, bool>)
    TORCH_CHECK(false, "torch::tensor: pass an array of bool; std::vector<bool> holds bits");
  else
    return v;
}
}  // namespace

#define PHAROS_TENSOR_DATA(T, Name)                                 \
  TensorDataContainer::TensorDataContainer(const std::vector<T>& v) \
      : TensorDataContainer(borrowed(v)) {}
PHAROS_FORALL_SCALAR_TYPES(PHAROS_TENSOR_DATA)
#undef PHAROS_TENSOR_DATA

// Whether `o` has the sizes of this list's first item.
bool TensorDataContainer::same_sizes(const TensorDataContainer& o) const {
  std::vector<int64_t> a, b;
  static_cast<const TensorDataContainer*>(data_)->append_sizes(a);
  o.append_sizes(b);
  return a == b;
}

void TensorDataContainer::append_sizes(std::vector<int64_t>& sizes) const {
  if (kind_ == Kind::kNumber) return;
  sizes.push_back(size_);
  if (kind_ == Kind::kList && size_ > 0)
    static_cast<const TensorDataContainer*>(data_)->append_sizes(sizes);
}

void TensorDataContainer::write(char*& to, ScalarType dtype) const {
  if (kind_ == Kind::kList) {
    for (int64_t i = 0; i < size_; ++i)
      static_cast<const TensorDataContainer*>(data_)[i].write(to, dtype);
    return;
  }
  if (kind_ == Kind::kArray) {
    pharos::cpu::convert_dense(size_, to, dtype, data_, dtype_);
    to += size_ * static_cast<int64_t>(c10::elementSize(dtype));
    return;
  }
  const at::Tensor one = pharos::scalar_cpu(number_, dtype);
  std::memcpy(to, one.unsafeGetTensorImpl()->data, c10::elementSize(dtype));
  to += c10::elementSize(dtype);
}

at::Tensor TensorDataContainer::to_tensor(at::TensorOptions options) const {
  ScalarType dtype = dtype_;
  if (options.has_dtype())
    dtype = options.dtype();
  else if (dtype == c10::kInt || dtype == c10::kLong)
    dtype = c10::kLong;
  else if (dtype == c10::kFloat || dtype == c10::kDouble)
    dtype = c10::get_default_dtype();
  std::vector<int64_t> sizes;
  append_sizes(sizes);
  at::Tensor out = pharos::empty_cpu(sizes, dtype);
  char* to = out.unsafeGetTensorImpl()->data;
  write(to, dtype);
  if (options.has_device() && !options.device().is_cpu()) out = out.to(options.device());
  if (options.requires_grad()) out.set_requires_grad(true);
  return out;
}

}  // namespace detail

at::Tensor tensor(detail::TensorDataContainer data, const at::TensorOptions& options) {
  return data.to_tensor(options);
}

namespace {

void run_deleter(void* ctx) {
  auto* call = static_cast<std::function<void()>*>(ctx);
  (*call)();
  delete call;
}

at::Tensor over(void* data, at::IntArrayRef sizes, at::IntArrayRef strides, const Deleter* deleter,
                const at::TensorOptions& options) {
  TORCH_CHECK(sizes.size() == strides.size(), "from_blob: ", sizes.size(), " sizes but ",
              strides.size(), " strides");
  pharos::checked_numel(sizes);
  const c10::ScalarType dtype = options.dtype_or_default();
  const size_t bytes = pharos::span_bytes(sizes, strides, c10::elementSize(dtype));
  void* ctx = nullptr;
  if (deleter)
    ctx = new std::function<void()>([d = *deleter, data] {
      if (d) d(data);
    });
  c10::DataPtr p(data, ctx, ctx ? &run_deleter : nullptr, options.device());
  const c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, std::move(p));
  at::Tensor out = pharos::view_on(storage.unsafeGetStorageImpl(), 0, sizes, strides, dtype);
  if (options.requires_grad()) out.set_requires_grad(true);
  return out;
}

at::Tensor over(void* data, at::IntArrayRef sizes, const Deleter* deleter,
                const at::TensorOptions& options) {
  TORCH_CHECK(sizes.size() <= pharos::kMaxDims, "tensors have at most 64 dims");
  int64_t strides[pharos::kMaxDims];
  pharos::contiguous_strides(sizes, strides);
  return over(data, sizes, at::IntArrayRef(strides, sizes.size()), deleter, options);
}

}  // namespace

at::Tensor from_blob(void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                     const Deleter& deleter, const at::TensorOptions& options) {
  return over(data, sizes, strides, &deleter, options);
}
at::Tensor from_blob(void* data, at::IntArrayRef sizes, at::IntArrayRef strides,
                     const at::TensorOptions& options) {
  return over(data, sizes, strides, nullptr, options);
}
at::Tensor from_blob(void* data, at::IntArrayRef sizes, const Deleter& deleter,
                     const at::TensorOptions& options) {
  return over(data, sizes, &deleter, options);
}
at::Tensor from_blob(void* data, at::IntArrayRef sizes, const at::TensorOptions& options) {
  return over(data, sizes, static_cast<const Deleter*>(nullptr), options);
}

}  // namespace torch
