// Registration and look-up of device rows.
#include "dispatch/device_table.h"

#include <atomic>
#include <cstring>
#include <string>

#include "dispatch/op_table.h"

namespace pharos {
namespace {

std::atomic<const DeviceRow*>
    rows[static_cast<int>(c10::DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES)];

bool names_operator(const char* op) {
  for (size_t i = 0; i < kOpTableSize; ++i) {
    std::string full = kOpTable[i].name;
    if (kOpTable[i].overload[0]) full += std::string(".") + kOpTable[i].overload;
    if (full == op) return true;
  }
  return false;
}

}  // namespace

void register_device(c10::DeviceType type, const DeviceRow* row) {
  TORCH_CHECK(row && row->version == kDeviceTableVersion, "the plug-in for device ", type,
              " was built for version ", row ? row->version : -1,
              " of the device table; this library has version ", kDeviceTableVersion);
  TORCH_CHECK(type != c10::DeviceType::CPU && type != c10::DeviceType::Meta, "device ", type,
              " is built in");
  for (size_t i = 0; i < row->kernel_count; ++i)
    TORCH_CHECK(names_operator(row->kernels[i].op), "the plug-in for device ", type,
                " has a kernel for ", row->kernels[i].op, ", which is no operator of this library");
  rows[static_cast<int>(type)].store(row, std::memory_order_release);
}

const DeviceRow* device_row(c10::DeviceType type) {
  return rows[static_cast<int>(type)].load(std::memory_order_acquire);
}

}  // namespace pharos
