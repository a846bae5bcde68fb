// The table of devices beside the CPU: what a plug-in brings. A row holds functions for copies and
// synchronisation and the plug-in's kernels by operator name; its allocator is registered with
// c10::SetAllocator.
#pragma once

#include <pharos/core/device.h>

#include <cstddef>

namespace at {
class Tensor;
}

namespace pharos {

// Compiled into plug-ins and checked when they register.
constexpr int kDeviceTableVersion = 1;

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
};

// Checks version and that every kernel names an operator, then makes the row visible.
PHAROS_API void register_device(c10::DeviceType type, const DeviceRow* row);
// Null where no plug-in has registered.
PHAROS_API const DeviceRow* device_row(c10::DeviceType type);

}  // namespace pharos
