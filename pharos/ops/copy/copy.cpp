// Copies of whole tensors: copy_, clone, contiguous, to; fills; item.
#include <pharos/ops/functions.h>

#include <cstring>

#include "dispatch/device_table.h"
#include "kernels/cpu/copy.h"
#include "ops/copy/copy.h"
#include "ops/copy_decls.h"
#include "tape/record.h"

namespace pharos::ops {
namespace {

struct CopyNode final : tape::NodeOf<2> {
  std::string name() const override { return "CopyBackwards"; }
  void run(Tensor* grads, Tensor* out) override {
    if (edges[0].fn) out[0] = at::zeros_like(grads[0]);
    if (edges[1].fn) out[1] = grads[0];
  }
};

bool overlapping(const TensorImpl& a, const TensorImpl& b) {
  if (a.storage != b.storage || a.numel() == 0) return false;
  const char* a_end = a.data + span_bytes(a.sizes(), a.strides(), a.itemsize());
  const char* b_end = b.data + span_bytes(b.sizes(), b.strides(), b.itemsize());
  return a.data < b_end && b.data < a_end;
}

void check_broadcast(IntArrayRef to, IntArrayRef from) {
  bool fits = from.size() <= to.size();
  for (size_t i = 0; fits && i < from.size(); ++i) {
    const int64_t s = from[from.size() - 1 - i], t = to[to.size() - 1 - i];
    TORCH_CHECK(s == t || s == 1 || t == 1, "The size of tensor a (", t,
                ") must match the size of tensor b (", s, ") at non-singleton dimension ",
                to.size() - 1 - i);
    fits = s == t || s == 1;
  }
  if (fits) return;
  if (from.size() > to.size()) {
    // Leading ones of the source are dropped where nothing else differs.
    int64_t common[kMaxDims];
    const IntArrayRef shape = broadcast_shapes(to, from, common);
    TORCH_CHECK(false, "output with shape ", to, " doesn't match the broadcast shape ", shape);
  }
  int64_t common[kMaxDims];
  TORCH_CHECK(false, "output with shape ", to, " doesn't match the broadcast shape ",
              broadcast_shapes(to, from, common));
}

void copy_between_devices(const Tensor& to, const Tensor& from) {
  const c10::Device d = to.device().is_cpu() ? from.device() : to.device();
  const DeviceRow* row = device_row(d.type());
  TORCH_CHECK_NOT_IMPLEMENTED(row && row->copy,
                              "Could not run 'aten::copy_' with arguments from the '",
                              c10::DeviceTypeName(d.type()), "' backend.");
  row->copy(to, from.sizes() == to.sizes() ? from : from.expand(to.sizes()));
}

// Below autograd; `self` has no lazy bits.
void write(const Tensor& self, const Tensor& src) {
  const TensorImpl *to = self.unsafeGetTensorImpl(), *from = src.unsafeGetTensorImpl();
  if (to->device_type == c10::DeviceType::Meta) return;
  TORCH_CHECK_NOT_IMPLEMENTED(from->device_type != c10::DeviceType::Meta,
                              "Cannot copy out of meta tensor; no data!");
  if (!self.is_cpu() || !src.is_cpu()) return copy_between_devices(self, src);
  if (to->data == from->data && to->dtype_ == from->dtype_ && to->strides() == from->strides() &&
      to->sizes() == from->sizes())
    return;
  if (PHAROS_UNLIKELY(overlapping(*to, *from))) return cpu::copy_values(self, src.clone());
  cpu::copy_values(self, src);
}

}  // namespace

Tensor& copy_(Tensor& self, const Tensor& src, bool non_blocking) {
  TORCH_CHECK(self.defined(), "self is undefined");
  TORCH_CHECK(src.defined(), "src is undefined");
  TensorImpl* to = self.unsafeGetTensorImpl();
  uint64_t key = tape::key_of(self) | tape::key_of(src);
  if (PHAROS_UNLIKELY(key & tape::kLazyKey)) {
    if (self.is_conj()) {
      self._conj().copy_(src.conj(), non_blocking);
      return self;
    }
    if (self.is_neg()) {
      self._neg_view().copy_(src.neg(), non_blocking);
      return self;
    }
    if (!(src.is_same(self))) return copy_(self, src.resolve_conj().resolve_neg(), non_blocking);
  }
  if (self.is_same(src)) return self;
  check_broadcast(to->sizes(), src.sizes());
  if (PHAROS_UNLIKELY(src.is_complex() && !self.is_complex()))
    TORCH_WARN_ONCE("Casting complex values to real discards the imaginary part");
  if (key & tape::kViewKey) key |= tape::stale_key(self) | tape::stale_key(src);
  const bool recording = tape::records(key);
  tape::check_inplace(self, recording);
  if (PHAROS_LIKELY(!recording)) {
    tape::BelowAutograd below;
    write(self, src);
    tape::bump_version(self);
    return self;
  }
  auto node = tape::make_node<CopyNode>();
  tape::connect(node->edges_[0], self);
  if (src.is_floating_point() || src.is_complex())
    tape::connect_broadcast(node->edges_[1], src, self);
  {
    tape::BelowAutograd below;
    write(self, src);
  }
  tape::bump_version(self);
  if (c10::isDifferentiableType(to->dtype_)) tape::rebase_history(self, node.get());
  return self;
}

Tensor copy(const Tensor& self, const Tensor& src, bool non_blocking) {
  Tensor out = self.clone();
  return out.copy_(src, non_blocking);
}

namespace {

// Storage for a copy of `self` in a memory format.
Tensor empty_for_copy(const Tensor& self, ScalarType dtype, c10::Device device,
                      c10::MemoryFormat format) {
  const TensorImpl& t = *self.unsafeGetTensorImpl();
  if (PHAROS_LIKELY(format == c10::MemoryFormat::Preserve)) {
    if (PHAROS_LIKELY(t.is_contiguous() || t.is_non_overlapping_and_dense()))
      return device == t.device() ? empty_dense_like(t, dtype)
                                  : empty_strided_on(device, t.sizes(), t.strides(), dtype);
    int64_t strides[kMaxDims];
    dense_strides_like(t.sizes(), t.strides(), strides);
    return empty_strided_on(device, t.sizes(), IntArrayRef(strides, t.ndim), dtype);
  }
  if (format == c10::MemoryFormat::Contiguous) return empty_on(device, t.sizes(), dtype);
  int64_t strides[kMaxDims];
  format_strides(t.sizes(), format, strides);
  return empty_strided_on(device, t.sizes(), IntArrayRef(strides, t.ndim), dtype);
}

}  // namespace

Tensor clone(const Tensor& self, std::optional<c10::MemoryFormat> memory_format) {
  Tensor out = empty_for_copy(self, self.scalar_type(), self.device(),
                              memory_format.value_or(c10::MemoryFormat::Preserve));
  write(out, self);
  return out;
}

Tensor contiguous(const Tensor& self, c10::MemoryFormat memory_format) {
  if (self.is_contiguous(memory_format)) return self;
  TORCH_CHECK(memory_format != c10::MemoryFormat::Preserve,
              "preserve memory format is unsupported by the contiguous operator");
  return self.clone(memory_format);
}

Tensor _to_copy(const Tensor& self, std::optional<ScalarType> dtype, std::optional<c10::Layout>,
                std::optional<c10::Device> device, std::optional<bool>, bool,
                std::optional<c10::MemoryFormat> memory_format) {
  const c10::Device to = device.value_or(self.device());
  Tensor out = empty_for_copy(self, dtype.value_or(self.scalar_type()), to,
                              memory_format.value_or(c10::MemoryFormat::Preserve));
  if (self.is_complex() && !out.is_complex())
    TORCH_WARN_ONCE("Casting complex values to real discards the imaginary part");
  write(out, self);
  return out;
}

namespace {

bool same_device(const Tensor& self, const std::optional<c10::Device>& device) {
  if (!device) return true;
  const c10::Device have = self.device();
  return device->type() == have.type() && (!device->has_index() || device->index() == have.index());
}

bool same_format(const Tensor& self, const std::optional<c10::MemoryFormat>& format) {
  const c10::MemoryFormat f = format.value_or(c10::MemoryFormat::Preserve);
  return f == c10::MemoryFormat::Preserve || self.is_contiguous(f);
}

Tensor convert(const Tensor& self, std::optional<ScalarType> dtype,
               std::optional<c10::Layout> layout, std::optional<c10::Device> device,
               bool non_blocking, bool copy, std::optional<c10::MemoryFormat> format) {
  TORCH_CHECK_NOT_IMPLEMENTED(!layout || *layout == c10::Layout::Strided,
                              "to(): only the strided layout is implemented");
  if (!copy && (!dtype || *dtype == self.scalar_type()) && same_device(self, device) &&
      same_format(self, format))
    return self;
  return at::_to_copy(self, dtype, std::nullopt, device, std::nullopt, non_blocking, format);
}

}  // namespace

Tensor to_dtype_layout(const Tensor& self, std::optional<ScalarType> dtype,
                       std::optional<c10::Layout> layout, std::optional<c10::Device> device,
                       std::optional<bool>, bool non_blocking, bool copy,
                       std::optional<c10::MemoryFormat> memory_format) {
  return convert(self, dtype, layout, device, non_blocking, copy, memory_format);
}
Tensor to_device(const Tensor& self, c10::Device device, ScalarType dtype, bool non_blocking,
                 bool copy, std::optional<c10::MemoryFormat> memory_format) {
  return convert(self, dtype, std::nullopt, device, non_blocking, copy, memory_format);
}
Tensor to_dtype(const Tensor& self, ScalarType dtype, bool non_blocking, bool copy,
                std::optional<c10::MemoryFormat> memory_format) {
  return convert(self, dtype, std::nullopt, std::nullopt, non_blocking, copy, memory_format);
}
Tensor to_other(const Tensor& self, const Tensor& other, bool non_blocking, bool copy,
                std::optional<c10::MemoryFormat> memory_format) {
  return convert(self, other.scalar_type(), std::nullopt, other.device(), non_blocking, copy,
                 memory_format);
}
Tensor type_as(const Tensor& self, const Tensor& other) {
  return self.to(other.device(), other.scalar_type());
}

// ---- fills ----

Tensor& fill_scalar_(Tensor& self, const Scalar& value) {
  if (self.is_meta()) return self;
  if (!self.is_cpu()) {
    write(self, scalar_cpu(value, self.scalar_type()));
    return self;
  }
  cpu::fill_value(self, value);
  return self;
}
Tensor fill_scalar(const Tensor& self, const Scalar& value) {
  Tensor out = empty_for_copy(self, self.scalar_type(), self.device(), c10::MemoryFormat::Preserve);
  return fill_scalar_(out, value);
}

Tensor& fill_tensor_(Tensor& self, const Tensor& value) {
  TORCH_CHECK(value.dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ",
              value.dim(), " dimensions.");
  write(self, value);
  return self;
}
Tensor fill_tensor(const Tensor& self, const Tensor& value) {
  Tensor out = empty_for_copy(self, self.scalar_type(), self.device(), c10::MemoryFormat::Preserve);
  return fill_tensor_(out, value);
}

Tensor& zero_(Tensor& self) {
  if (self.is_meta()) return self;
  if (!self.is_cpu()) return fill_scalar_(self, 0);
  cpu::fill_zero(self);
  return self;
}

// ---- values ----

// A tensor of its own: history given to the argument itself would be a cycle.
Tensor lift(const Tensor& self) { return view_of(self, self.sizes(), self.strides()); }
Tensor lift_fresh(const Tensor& self) { return self; }

Scalar _local_scalar_dense(const Tensor& self) {
  TORCH_CHECK(!self.is_meta(), "Tensor.item() cannot be called on meta tensors");
  if (!self.is_cpu()) return self.cpu().item();
  const void* p = self.unsafeGetTensorImpl()->data;
  switch (self.scalar_type()) {
#define PHAROS_CASE(T, Name)      \
  case ScalarType::Name: {        \
    T v;                          \
    std::memcpy(&v, p, sizeof v); \
    return Scalar(v);             \
  }
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "\"_local_scalar_dense_cpu\" not implemented for '",
                                  self.scalar_type(), "'");
  }
}

Scalar item(const Tensor& self) {
  TORCH_CHECK(self.numel() == 1, "a Tensor with ", self.numel(),
              " elements cannot be converted to Scalar");
  return at::_local_scalar_dense(self);
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor to_copy_backward(const Tensor& grad, const TensorOptions& options) {
  return grad.to(options.device(), options.dtype_or_default());
}

}  // namespace pharos::backward
