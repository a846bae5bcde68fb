// The table of devices beside the CPU: what a plug-in brings. A row holds functions for copies,
// synchronisation and seeds and the plug-in's kernels by operator name; its allocator is registered
// with c10::SetAllocator.
#pragma once

#include <pharos/core/device.h>

#include <cstddef>
#include <cstdint>

namespace at {
class Tensor;
}

namespace pharos {

// Compiled into plug-ins and checked when they register.
constexpr int kDeviceTableVersion = 2;

// Of an operator with a shape rule the kernel takes the results, made by the rule, before the
// arguments: `void(const Tensor& out, const Tensor& self, const Tensor& other, const Scalar& alpha)`.
// Of a direct operator it has the operator's own signature and makes the results. The generated
// `ops/<family>_decls.h` has both as prototypes of the CPU's.
struct DeviceKernel {
  const char* op;  // "aten::add.Tensor": the functional row whose kernel this is
  void (*kernel)();
};

struct DeviceRow {
  int version = kDeviceTableVersion;
  const char* name = nullptr;
  const DeviceKernel* kernels = nullptr;
  size_t kernel_count = 0;
  // Copies between a tensor of this device and one of this device or the CPU: any strides, any
  // dtypes, equal shapes.
  void (*copy)(const at::Tensor& to, const at::Tensor& from) = nullptr;
  void (*synchronize)(c10::DeviceIndex) = nullptr;
  c10::DeviceIndex (*device_count)() = nullptr;
  // Seeds the generators of all its devices; at::manual_seed calls it.
  void (*manual_seed)(uint64_t seed) = nullptr;
};

// Checks version and that every kernel names an operator, then makes the row visible. The row stays
// where it is for the rest of the process.
PHAROS_API void register_device(c10::DeviceType type, const DeviceRow* row);
// Null where no plug-in has registered.
PHAROS_API const DeviceRow* device_row(c10::DeviceType type);
// The device's kernel for the operator at this place of the operator table; null where it has none.
void (*device_kernel_at(c10::DeviceType type, size_t op))();

}  // namespace pharos
