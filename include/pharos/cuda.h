// torch::cuda: what programs ask before they choose a device. Without a plug-in there is none.
#pragma once

#include <pharos/core/device.h>

namespace torch::cuda {

PHAROS_API c10::DeviceIndex device_count();
PHAROS_API bool is_available();
PHAROS_API bool cudnn_is_available();
PHAROS_API void manual_seed(uint64_t seed);
PHAROS_API void manual_seed_all(uint64_t seed);
PHAROS_API void synchronize(int64_t device_index = -1);

}  // namespace torch::cuda

namespace at {
inline bool hasCUDA() { return torch::cuda::is_available(); }
inline size_t getNumGPUs() { return static_cast<size_t>(torch::cuda::device_count()); }
inline bool hasMPS() { return false; }
}  // namespace at
