// Registration and look-up of device rows.
#include "dispatch/device_table.h"

#include <atomic>
#include <memory>
#include <string_view>

#include "core/devices.h"
#include "dispatch/op_table.h"

namespace pharos {
namespace {

using Kernel = void (*)();

// A registered row and its kernels by the operators' places in the table.
struct Registered {
  const DeviceRow* row;
  std::unique_ptr<Kernel[]> kernels;
};

std::atomic<const Registered*>
    devices[static_cast<int>(c10::DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES)];

const Registered* registered(c10::DeviceType type) {
  return devices[static_cast<int>(type)].load(std::memory_order_acquire);
}

const OpRow* row_named(std::string_view full) {
  const size_t dot = full.find('.');
  return find_op(full.substr(0, dot), dot == full.npos ? "" : full.substr(dot + 1));
}

}  // namespace

void register_device(c10::DeviceType type, const DeviceRow* row) {
  TORCH_CHECK(row && row->version == kDeviceTableVersion, "the plug-in for device ", type,
              " was built for version ", row ? row->version : -1,
              " of the device table; this library has version ", kDeviceTableVersion);
  TORCH_CHECK(type != c10::DeviceType::CPU && type != c10::DeviceType::Meta, "device ", type,
              " is built in");
  auto entry = std::make_unique<Registered>();
  entry->row = row;
  entry->kernels = std::make_unique<Kernel[]>(kOpTableSize);
  for (size_t i = 0; i < row->kernel_count; ++i) {
    const OpRow* op = row_named(row->kernels[i].op);
    TORCH_CHECK(op && op >= kOpTable && op < kOpTable + kOpTableSize, "the plug-in for device ",
                type, " has a kernel for ", row->kernels[i].op,
                ", which is no operator of this library");
    entry->kernels[static_cast<size_t>(op - kOpTable)] = row->kernels[i].kernel;
  }
  const Registered* none = nullptr;
  TORCH_CHECK(devices[static_cast<int>(type)].compare_exchange_strong(none, entry.get()), "device ",
              type, " has a plug-in already");
  entry.release();  // read by any thread until the process ends
  if (row->manual_seed) seed_device_with(type, row->manual_seed);
}

const DeviceRow* device_row(c10::DeviceType type) {
  const Registered* r = registered(type);
  return r ? r->row : nullptr;
}

Kernel device_kernel_at(c10::DeviceType type, size_t op) {
  const Registered* r = registered(type);
  return r ? r->kernels[op] : nullptr;
}

}  // namespace pharos
