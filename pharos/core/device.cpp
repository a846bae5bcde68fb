// Names of devices, layouts and memory formats; tensor options as text.
#include <pharos/core/device.h>
#include <pharos/core/tensor_options.h>

#include <cctype>
#include <ostream>

#include "core/devices.h"

namespace c10 {
namespace {

struct TypeName {
  DeviceType type;
  const char* upper;
};
constexpr TypeName kTypeNames[] = {
    {DeviceType::CPU, "CPU"},
    {DeviceType::CUDA, "CUDA"},
    {DeviceType::MKLDNN, "MKLDNN"},
    {DeviceType::OPENGL, "OPENGL"},
    {DeviceType::OPENCL, "OPENCL"},
    {DeviceType::IDEEP, "IDEEP"},
    {DeviceType::HIP, "HIP"},
    {DeviceType::FPGA, "FPGA"},
    {DeviceType::MAIA, "MAIA"},
    {DeviceType::XLA, "XLA"},
    {DeviceType::Vulkan, "VULKAN"},
    {DeviceType::Metal, "METAL"},
    {DeviceType::XPU, "XPU"},
    {DeviceType::MPS, "MPS"},
    {DeviceType::Meta, "META"},
    {DeviceType::HPU, "HPU"},
    {DeviceType::VE, "VE"},
    {DeviceType::Lazy, "LAZY"},
    {DeviceType::IPU, "IPU"},
    {DeviceType::MTIA, "MTIA"},
    {DeviceType::PrivateUse1, "PRIVATEUSEONE"},
};

}  // namespace

std::string DeviceTypeName(DeviceType t, bool lower_case) {
  for (const TypeName& n : kTypeNames) {
    if (n.type != t) continue;
    std::string s = n.upper;
    if (lower_case)
      for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return s;
  }
  TORCH_CHECK(false, "Unknown device: ", static_cast<int>(t));
}

std::ostream& operator<<(std::ostream& out, DeviceType t) { return out << DeviceTypeName(t, true); }

void Device::invalid() const {
  TORCH_CHECK(index_ >= -1, "Device index must be -1 or non-negative, got ",
              static_cast<int>(index_));
  TORCH_CHECK(false, "CPU device index must be -1 or zero, got ", static_cast<int>(index_));
}

Device::Device(const char* text) : Device(std::string(text)) {}

Device::Device(const std::string& text) : type_(DeviceType::CPU) {
  TORCH_CHECK(!text.empty(), "Device string must not be empty");
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  bool known = false;
  for (const TypeName& n : kTypeNames) {
    if (DeviceTypeName(n.type, true) != name) continue;
    type_ = n.type;
    known = true;
  }
  TORCH_CHECK(known,
              "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, "
              "maia, xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at start "
              "of device string: ",
              text);
  if (colon == std::string::npos) return;
  const std::string digits = text.substr(colon + 1);
  bool valid = !digits.empty() && digits.size() <= 3 && (digits.size() == 1 || digits[0] != '0');
  for (char c : digits) valid = valid && std::isdigit(static_cast<unsigned char>(c));
  TORCH_CHECK(valid && std::stoi(digits) < 128, "Invalid device string: '", text, "'");
  index_ = static_cast<DeviceIndex>(std::stoi(digits));
  validate();
}

std::string Device::str() const {
  std::string s = DeviceTypeName(type_, true);
  if (has_index()) s += ":" + std::to_string(index_);
  return s;
}
std::ostream& operator<<(std::ostream& out, const Device& d) { return out << d.str(); }

std::ostream& operator<<(std::ostream& out, Layout l) {
  switch (l) {
    case Layout::Strided:
      return out << "Strided";
    case Layout::Sparse:
      return out << "Sparse";
    case Layout::SparseCsr:
      return out << "SparseCsr";
    case Layout::Mkldnn:
      return out << "Mkldnn";
    default:
      return out << "Unknown layout";
  }
}

std::ostream& operator<<(std::ostream& out, MemoryFormat f) {
  switch (f) {
    case MemoryFormat::Preserve:
      return out << "Preserve";
    case MemoryFormat::Contiguous:
      return out << "Contiguous";
    case MemoryFormat::ChannelsLast:
      return out << "ChannelsLast";
    case MemoryFormat::ChannelsLast3d:
      return out << "ChannelsLast3d";
    default:
      return out << "Unknown memory format";
  }
}

std::vector<int64_t> get_channels_last_strides_2d(IntArrayRef s) {
  TORCH_CHECK(s.size() == 4 || s.size() == 3, "ChannelsLast2d doesn't support size ", s.size());
  if (s.size() == 3) return {1, s[0] * s[2], s[0]};
  return {s[1] * s[2] * s[3], 1, s[1] * s[3], s[1]};
}
std::vector<int64_t> get_channels_last_strides_3d(IntArrayRef s) {
  TORCH_CHECK(s.size() == 5 || s.size() == 4, "ChannelsLast3d doesn't support size ", s.size());
  if (s.size() == 4) return {1, s[0] * s[2] * s[3], s[0] * s[3], s[0]};
  return {s[1] * s[2] * s[3] * s[4], 1, s[1] * s[3] * s[4], s[1] * s[4], s[1]};
}

TensorOptions TensorOptions::merge_in(TensorOptions o) const {
  TensorOptions r = *this;
  if (o.has_dtype()) r = r.dtype(o.dtype_);
  if (o.has_device()) r = r.device(o.device_);
  if (o.has_layout()) r = r.layout(o.layout_);
  if (o.has_requires_grad()) r = r.requires_grad(o.requires_grad_);
  if (o.has_pinned_memory()) r = r.pinned_memory(o.pinned_);
  if (o.has_memory_format()) r = r.memory_format(o.memory_format_);
  return r;
}

std::ostream& operator<<(std::ostream& out, const TensorOptions& o) {
  const auto mark = [&](bool has) { return has ? "" : " (default)"; };
  out << "TensorOptions(dtype=" << o.dtype() << mark(o.has_dtype()) << ", device=" << o.device()
      << mark(o.has_device()) << ", layout=" << o.layout() << mark(o.has_layout())
      << ", requires_grad=" << (o.requires_grad() ? "true" : "false") << mark(o.has_requires_grad())
      << ", pinned_memory=" << (o.pinned_memory() ? "true" : "false") << mark(o.has_pinned_memory())
      << ", memory_format=";
  if (o.has_memory_format())
    out << *o.memory_format_opt();
  else
    out << "(nullopt)";
  return out << ")";
}

}  // namespace c10

namespace pharos {

std::string backend_name(c10::DeviceType t) {
  switch (t) {
    case c10::DeviceType::Meta:
      return "Meta";
    case c10::DeviceType::PrivateUse1:
      return "PrivateUse1";
    default:
      return c10::DeviceTypeName(t);
  }
}

}  // namespace pharos
