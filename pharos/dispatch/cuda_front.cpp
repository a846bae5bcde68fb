// torch::cuda in front of the device table.
#include <pharos/core/exception.h>
#include <pharos/cuda.h>

#include "dispatch/device_table.h"

namespace torch::cuda {

static const pharos::DeviceRow* row() { return pharos::device_row(c10::DeviceType::CUDA); }

c10::DeviceIndex device_count() {
  return row() && row()->device_count ? row()->device_count() : c10::DeviceIndex{0};
}
bool is_available() { return device_count() > 0; }
bool cudnn_is_available() { return is_available(); }
// Calls that come before any device is there are remembered by no one, as in PyTorch without CUDA.
void manual_seed(uint64_t) {}
void manual_seed_all(uint64_t) {}
void synchronize(int64_t device_index) {
  const c10::DeviceIndex count = device_count();
  TORCH_CHECK(count > 0, "No CUDA GPUs are available");
  TORCH_CHECK(device_index < 0 || device_index < count,
              "Device index out of range: ", device_index);
  if (row()->synchronize)
    row()->synchronize(static_cast<c10::DeviceIndex>(device_index < 0 ? 0 : device_index));
}

}  // namespace torch::cuda
