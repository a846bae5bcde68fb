// Tensors from nothing: empty, zeros, ones, full and their _like and new_ forms.
#include <pharos/ops/functions.h>

#include "kernels/cpu/copy.h"
#include "ops/factory/factory.h"
#include "ops/factory_decls.h"

namespace pharos::ops {
namespace {

using c10::Layout;
using OptType = std::optional<ScalarType>;
using OptLayout = std::optional<Layout>;
using OptDevice = std::optional<Device>;
using OptBool = std::optional<bool>;
using OptFormat = std::optional<MemoryFormat>;

inline void check_layout(const OptLayout& layout) {
  if (PHAROS_UNLIKELY(layout && *layout != Layout::Strided))
    TORCH_CHECK_NOT_IMPLEMENTED(false, "only the strided layout is implemented, got ", *layout);
}
inline ScalarType type_or_default(const OptType& dtype) {
  return dtype ? *dtype : c10::get_default_dtype();
}
inline Device device_or_cpu(const OptDevice& device) {
  return device ? *device : Device(c10::DeviceType::CPU);
}

inline Tensor make_empty(IntArrayRef size, ScalarType dtype, const OptDevice& device) {
  if (PHAROS_LIKELY(!device || device->is_cpu())) return empty_cpu(size, dtype);
  return empty_on(*device, size, dtype);
}

}  // namespace

Tensor fill_new(Tensor t, const Scalar& value) {
  if (t.is_cpu()) {
    cpu::fill_value(t, value);
    return t;
  }
  return t.is_meta() ? t : t.fill_(value);
}
Tensor zero_new(Tensor t) {
  if (t.is_cpu()) {
    cpu::fill_zero(t);
    return t;
  }
  return t.is_meta() ? t : t.zero_();
}

Tensor empty(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device, OptBool,
             OptFormat format) {
  check_layout(layout);
  const ScalarType type = type_or_default(dtype);
  if (PHAROS_LIKELY(!format || *format == MemoryFormat::Contiguous))
    return make_empty(size, type, device);
  TORCH_CHECK(*format != MemoryFormat::Preserve,
              "memory format option is only supported by strided tensors");
  checked_numel(size);
  int64_t strides[kMaxDims];
  format_strides(size, *format, strides);
  return empty_strided_on(device_or_cpu(device), size, IntArrayRef(strides, size.size()), type);
}

Tensor empty_strided(IntArrayRef size, IntArrayRef stride, OptType dtype, OptLayout layout,
                     OptDevice device, OptBool) {
  check_layout(layout);
  TORCH_CHECK(size.size() == stride.size(), "dimensionality of sizes (", size.size(),
              ") must match dimensionality of strides (", stride.size(), ")");
  for (int64_t s : stride)
    TORCH_CHECK(s >= 0, "empty_strided: negative strides are not supported, got ", stride);
  return empty_strided_on(device_or_cpu(device), size, stride, type_or_default(dtype));
}

Tensor empty_permuted(IntArrayRef size, IntArrayRef physical_layout, OptType dtype,
                      OptLayout layout, OptDevice device, OptBool) {
  check_layout(layout);
  TORCH_CHECK(physical_layout.size() == size.size(),
              "Number of dimensions in size does not match the length of the physical_layout; i.e. "
              "len(size) = ",
              size.size(), " is not equal to len(physical_layout) = ", physical_layout.size());
  checked_numel(size);
  int64_t strides[kMaxDims];
  uint64_t seen = 0;
  int64_t stride = 1;
  const auto n = static_cast<int64_t>(size.size());
  for (int64_t i = n - 1; i >= 0; --i) {
    const int64_t d = physical_layout[static_cast<size_t>(i)];
    TORCH_CHECK(d >= 0 && d < n, "Dimension out of range (expected to be between 0 and ", n - 1,
                ", but got ", d, " at index ", i,
                ").  NB: negative dims not currently supported; file an issue if you want it.");
    TORCH_CHECK(!(seen >> d & 1), "Duplicate dim not allowed");
    seen |= uint64_t{1} << d;
    strides[d] = stride;
    stride *= std::max<int64_t>(size[static_cast<size_t>(d)], 1);
  }
  return empty_strided_on(device_or_cpu(device), size, IntArrayRef(strides, size.size()),
                          type_or_default(dtype));
}

Tensor empty_like(const Tensor& self, OptType dtype, OptLayout layout, OptDevice device, OptBool,
                  OptFormat format) {
  check_layout(layout);
  const TensorImpl& t = *self.unsafeGetTensorImpl();
  TORCH_CHECK(self.defined(), "tensor does not have a device");
  const ScalarType type = dtype.value_or(t.dtype_);
  const Device to = device.value_or(t.device());
  const MemoryFormat f = format.value_or(MemoryFormat::Preserve);
  if (f == MemoryFormat::Contiguous) return empty_on(to, t.sizes(), type);
  int64_t strides[kMaxDims];
  if (PHAROS_LIKELY(f == MemoryFormat::Preserve)) {
    if (PHAROS_LIKELY(t.is_contiguous() || t.is_non_overlapping_and_dense()))
      return to == t.device() ? empty_dense_like(t, type)
                              : empty_strided_on(to, t.sizes(), t.strides(), type);
    dense_strides_like(t.sizes(), t.strides(), strides);
  } else {
    format_strides(t.sizes(), f, strides);
  }
  return empty_strided_on(to, t.sizes(), IntArrayRef(strides, t.ndim), type);
}

// The dtype that `full` gives a number.
static ScalarType type_of_fill(const Scalar& v) {
  if (v.isBoolean()) return c10::kBool;
  if (v.isIntegral(false)) return c10::kLong;
  return v.isComplex() ? c10::toComplexType(c10::get_default_dtype()) : c10::get_default_dtype();
}

Tensor full(IntArrayRef size, const Scalar& fill_value, OptType dtype, OptLayout layout,
            OptDevice device, OptBool) {
  check_layout(layout);
  return fill_new(make_empty(size, dtype.value_or(type_of_fill(fill_value)), device), fill_value);
}
Tensor zeros(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device, OptBool) {
  check_layout(layout);
  for (const int64_t n : size) TORCH_CHECK(n >= 0, "zeros: Dimension size must be non-negative.");
  return zero_new(make_empty(size, type_or_default(dtype), device));
}
Tensor ones(IntArrayRef size, OptType dtype, OptLayout layout, OptDevice device, OptBool) {
  check_layout(layout);
  return fill_new(make_empty(size, type_or_default(dtype), device), 1);
}
Tensor scalar_tensor(const Scalar& s, OptType dtype, OptLayout layout, OptDevice device, OptBool) {
  check_layout(layout);
  const ScalarType type = type_or_default(dtype);
  if (!device || device->is_cpu()) return scalar_cpu(s, type);
  return fill_new(empty_on(*device, {}, type), s);
}

Tensor full_like(const Tensor& self, const Scalar& v, OptType dtype, OptLayout layout,
                 OptDevice device, OptBool pin, OptFormat format) {
  return fill_new(ops::empty_like(self, dtype, layout, device, pin, format), v);
}
Tensor zeros_like(const Tensor& self, OptType dtype, OptLayout layout, OptDevice device,
                  OptBool pin, OptFormat format) {
  return zero_new(ops::empty_like(self, dtype, layout, device, pin, format));
}
Tensor ones_like(const Tensor& self, OptType dtype, OptLayout layout, OptDevice device, OptBool pin,
                 OptFormat format) {
  return fill_new(ops::empty_like(self, dtype, layout, device, pin, format), 1);
}

Tensor new_empty(const Tensor& self, IntArrayRef size, OptType dtype, OptLayout layout,
                 OptDevice device, OptBool) {
  check_layout(layout);
  return empty_on(device.value_or(self.device()), size, dtype.value_or(self.scalar_type()));
}
Tensor new_empty_strided(const Tensor& self, IntArrayRef size, IntArrayRef stride, OptType dtype,
                         OptLayout layout, OptDevice device, OptBool pin) {
  return ops::empty_strided(size, stride, dtype.value_or(self.scalar_type()), layout,
                            device.value_or(self.device()), pin);
}
Tensor new_full(const Tensor& self, IntArrayRef size, const Scalar& v, OptType dtype,
                OptLayout layout, OptDevice device, OptBool pin) {
  return fill_new(ops::new_empty(self, size, dtype, layout, device, pin), v);
}
Tensor new_ones(const Tensor& self, IntArrayRef size, OptType dtype, OptLayout layout,
                OptDevice device, OptBool pin) {
  return fill_new(ops::new_empty(self, size, dtype, layout, device, pin), 1);
}
Tensor new_zeros(const Tensor& self, IntArrayRef size, OptType dtype, OptLayout layout,
                 OptDevice device, OptBool pin) {
  return zero_new(ops::new_empty(self, size, dtype, layout, device, pin));
}

}  // namespace pharos::ops
