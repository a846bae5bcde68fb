// c10::Device, DeviceType, Layout and MemoryFormat with PyTorch's numbers.
#pragma once

#include <pharos/core/array_ref.h>

#include <string>

namespace c10 {

enum class DeviceType : int8_t {
  CPU = 0,
  CUDA = 1,
  MKLDNN = 2,
  OPENGL = 3,
  OPENCL = 4,
  IDEEP = 5,
  HIP = 6,
  FPGA = 7,
  MAIA = 8,
  XLA = 9,
  Vulkan = 10,
  Metal = 11,
  XPU = 12,
  MPS = 13,
  Meta = 14,
  HPU = 15,
  VE = 16,
  Lazy = 17,
  IPU = 18,
  MTIA = 19,
  PrivateUse1 = 20,
  COMPILE_TIME_MAX_DEVICE_TYPES = 21,
};
constexpr DeviceType kCPU = DeviceType::CPU;
constexpr DeviceType kCUDA = DeviceType::CUDA;
constexpr DeviceType kHIP = DeviceType::HIP;
constexpr DeviceType kMPS = DeviceType::MPS;
constexpr DeviceType kXPU = DeviceType::XPU;
constexpr DeviceType kXLA = DeviceType::XLA;
constexpr DeviceType kMeta = DeviceType::Meta;
constexpr DeviceType kPrivateUse1 = DeviceType::PrivateUse1;

using DeviceIndex = int8_t;

PHAROS_API std::string DeviceTypeName(DeviceType t, bool lower_case = false);
PHAROS_API std::ostream& operator<<(std::ostream& out, DeviceType t);
inline bool isValidDeviceType(DeviceType t) {
  return t >= DeviceType::CPU && t < DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES;
}

// A device type and an index; -1 means "the current one".
struct PHAROS_API Device {
  using Type = DeviceType;
  Device(DeviceType type, DeviceIndex index = -1) : type_(type), index_(index) { validate(); }
  // "cpu", "cuda", "cuda:1", "meta", ...
  Device(const std::string& text);
  Device(const char* text);
  bool operator==(const Device& o) const { return type_ == o.type_ && index_ == o.index_; }
  bool operator!=(const Device& o) const { return !(*this == o); }
  DeviceType type() const { return type_; }
  DeviceIndex index() const { return index_; }
  void set_index(DeviceIndex i) { index_ = i; }
  bool has_index() const { return index_ != -1; }
  bool is_cpu() const { return type_ == DeviceType::CPU; }
  bool is_cuda() const { return type_ == DeviceType::CUDA; }
  bool is_meta() const { return type_ == DeviceType::Meta; }
  bool is_mps() const { return type_ == DeviceType::MPS; }
  bool is_privateuseone() const { return type_ == DeviceType::PrivateUse1; }
  bool supports_as_strided() const { return true; }
  std::string str() const;

 private:
  void validate() {
    if (PHAROS_UNLIKELY(index_ < -1 || (type_ == DeviceType::CPU && index_ > 0))) invalid();
  }
  [[noreturn]] void invalid() const;
  DeviceType type_;
  DeviceIndex index_ = -1;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const Device& d);

enum class Layout : int8_t { Strided = 0, Sparse = 1, SparseCsr = 2, Mkldnn = 3, NumOptions = 8 };
constexpr Layout kStrided = Layout::Strided;
constexpr Layout kSparse = Layout::Sparse;
PHAROS_API std::ostream& operator<<(std::ostream& out, Layout l);

enum class MemoryFormat : int8_t {
  Contiguous = 0,
  Preserve = 1,
  ChannelsLast = 2,
  ChannelsLast3d = 3,
  NumOptions = 4
};
PHAROS_API std::ostream& operator<<(std::ostream& out, MemoryFormat f);

// Strides of a dense tensor of these sizes in the given format (channels-last needs 4 or 5 dims).
PHAROS_API std::vector<int64_t> get_channels_last_strides_2d(IntArrayRef sizes);
PHAROS_API std::vector<int64_t> get_channels_last_strides_3d(IntArrayRef sizes);

}  // namespace c10
