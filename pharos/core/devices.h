// Devices as the rest of the library sees them: names of their back ends, seeds of those that
// plug-ins bring.
#pragma once

#include <pharos/core/device.h>

#include <cstdint>
#include <string>

namespace pharos {

// As in "CPUFloatType" and "from the 'CPU' backend".
std::string backend_name(c10::DeviceType t);
// From now on at::manual_seed calls `f` too.
void seed_device_with(c10::DeviceType type, void (*f)(uint64_t seed));

}  // namespace pharos
