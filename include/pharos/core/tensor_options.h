// c10::TensorOptions: dtype, device, layout, requires_grad, ... each optional, built by chaining.
#pragma once

#include <pharos/core/device.h>
#include <pharos/core/scalar_type.h>

namespace c10 {

class PHAROS_API TensorOptions {
 public:
  TensorOptions() = default;
  TensorOptions(ScalarType t) : dtype_(t), has_(kDtype) {}
  TensorOptions(caffe2::TypeMeta t) : TensorOptions(t.toScalarType()) {}
  // Templates keep {kCPU, 0} from being read as a device.
  template <typename T, typename = std::enable_if_t<std::is_same_v<std::decay_t<T>, Device>>>
  TensorOptions(T&& d) : device_(d), has_(kDevice) {}
  TensorOptions(DeviceType d, DeviceIndex index = -1) : TensorOptions(Device(d, index)) {}
  TensorOptions(const char* device) : TensorOptions(Device(device)) {}
  TensorOptions(const std::string& device) : TensorOptions(Device(device)) {}
  TensorOptions(Layout l) : layout_(l), has_(kLayout) {}
  TensorOptions(MemoryFormat f) : memory_format_(f), has_(kFormat) {}

  [[nodiscard]] TensorOptions dtype(ScalarType t) const {
    TensorOptions r = *this;
    r.dtype_ = t;
    r.has_ |= kDtype;
    return r;
  }
  [[nodiscard]] TensorOptions dtype(caffe2::TypeMeta t) const { return dtype(t.toScalarType()); }
  [[nodiscard]] TensorOptions dtype(std::optional<ScalarType> t) const {
    if (t) return dtype(*t);
    TensorOptions r = *this;
    r.has_ &= ~kDtype;
    return r;
  }
  template <typename T>
  TensorOptions& dtype() {
    dtype_ = CppTypeToScalarType<T>::value;
    has_ |= kDtype;
    return *this;
  }
  [[nodiscard]] TensorOptions device(Device d) const {
    TensorOptions r = *this;
    r.device_ = d;
    r.has_ |= kDevice;
    return r;
  }
  [[nodiscard]] TensorOptions device(DeviceType t, DeviceIndex index = -1) const {
    return device(Device(t, index));
  }
  [[nodiscard]] TensorOptions device(const std::optional<Device>& d) const {
    return d ? device(*d) : *this;
  }
  [[nodiscard]] TensorOptions device_index(DeviceIndex i) const {
    return device(Device(DeviceType::CUDA, i));
  }
  [[nodiscard]] TensorOptions layout(Layout l) const {
    TensorOptions r = *this;
    r.layout_ = l;
    r.has_ |= kLayout;
    return r;
  }
  [[nodiscard]] TensorOptions layout(std::optional<Layout> l) const {
    return l ? layout(*l) : *this;
  }
  [[nodiscard]] TensorOptions requires_grad(bool v) const {
    TensorOptions r = *this;
    r.requires_grad_ = v;
    r.has_ |= kRequiresGrad;
    return r;
  }

  [[nodiscard]] TensorOptions pinned_memory(bool v) const {
    TensorOptions r = *this;
    r.pinned_ = v;
    r.has_ |= kPinned;
    return r;
  }

  [[nodiscard]] TensorOptions memory_format(MemoryFormat f) const {
    TensorOptions r = *this;
    r.memory_format_ = f;
    r.has_ |= kFormat;
    return r;
  }
  [[nodiscard]] TensorOptions memory_format(std::optional<MemoryFormat> f) const {
    return f ? memory_format(*f) : *this;
  }

  caffe2::TypeMeta dtype() const { return dtype_or_default(); }
  ScalarType dtype_or_default() const { return has_ & kDtype ? dtype_ : get_default_dtype(); }
  Device device() const { return device_; }
  Layout layout() const { return layout_; }
  bool requires_grad() const { return requires_grad_; }
  bool pinned_memory() const { return pinned_; }
  bool has_dtype() const { return has_ & kDtype; }
  bool has_device() const { return has_ & kDevice; }
  bool has_layout() const { return has_ & kLayout; }
  bool has_requires_grad() const { return has_ & kRequiresGrad; }
  bool has_pinned_memory() const { return has_ & kPinned; }
  bool has_memory_format() const { return has_ & kFormat; }
  C10_ALWAYS_INLINE std::optional<ScalarType> dtype_opt() const {
    return optional_of(has_dtype(), dtype_);
  }
  C10_ALWAYS_INLINE std::optional<Device> device_opt() const {
    return optional_of(has_device(), device_);
  }
  C10_ALWAYS_INLINE std::optional<Layout> layout_opt() const {
    return optional_of(has_layout(), layout_);
  }
  C10_ALWAYS_INLINE std::optional<bool> requires_grad_opt() const {
    return optional_of(has_requires_grad(), requires_grad_);
  }
  C10_ALWAYS_INLINE std::optional<bool> pinned_memory_opt() const {
    return optional_of(has_pinned_memory(), pinned_);
  }
  C10_ALWAYS_INLINE std::optional<MemoryFormat> memory_format_opt() const {
    return optional_of(has_memory_format(), memory_format_);
  }
  bool is_sparse() const { return layout_ == Layout::Sparse; }
  // What `other` sets wins.
  [[nodiscard]] TensorOptions merge_in(TensorOptions other) const;
  bool operator==(const TensorOptions& o) const {
    return dtype_or_default() == o.dtype_or_default() && device_ == o.device_ &&
           layout_ == o.layout_ && requires_grad_ == o.requires_grad_ && pinned_ == o.pinned_;
  }
  bool operator!=(const TensorOptions& o) const { return !(*this == o); }

 private:
  enum : uint8_t {
    kDtype = 1,
    kDevice = 2,
    kLayout = 4,
    kRequiresGrad = 8,
    kPinned = 16,
    kFormat = 32
  };
  // Built in place: optional's converting constructor is the costliest of its members to compile.
  template <typename T>
  C10_ALWAYS_INLINE static std::optional<T> optional_of(bool has, const T& v) {
    if (has) return std::optional<T>(std::in_place, v);
    return {};
  }

  Device device_ = Device(DeviceType::CPU);
  ScalarType dtype_ = ScalarType::Float;
  Layout layout_ = Layout::Strided;
  MemoryFormat memory_format_ = MemoryFormat::Contiguous;
  bool requires_grad_ = false, pinned_ = false;
  uint8_t has_ = 0;
};
PHAROS_API std::ostream& operator<<(std::ostream& out, const TensorOptions& o);

inline TensorOptions dtype(ScalarType t) { return TensorOptions(t); }
inline TensorOptions dtype(caffe2::TypeMeta t) { return TensorOptions(t); }
inline TensorOptions device(Device d) { return TensorOptions(d); }
inline TensorOptions device_index(DeviceIndex i) { return TensorOptions(DeviceType::CUDA, i); }
inline TensorOptions layout(Layout l) { return TensorOptions(l); }
inline TensorOptions requires_grad(bool v = true) { return TensorOptions().requires_grad(v); }
inline TensorOptions memory_format(MemoryFormat f) { return TensorOptions(f); }
template <typename T>
TensorOptions dtype() {
  return TensorOptions(CppTypeToScalarType<T>::value);
}

}  // namespace c10
