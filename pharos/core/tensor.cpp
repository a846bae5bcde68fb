// Tensor's members that are no operators and need no tape.
#include <pharos/dispatch_types.h>
#include <pharos/tensor.h>

#include <ostream>

#include "core/devices.h"
#include "core/thread_state.h"

namespace at {

void Tensor::undefined() { TORCH_CHECK(false, "tensor does not have a device"); }

void Tensor::wrong_type(ScalarType t) const {
  TORCH_CHECK(false, "expected scalar type ", t, " but found ", scalar_type());
}
void Tensor::wrong_rank(size_t n) const {
  TORCH_CHECK(false, "TensorAccessor expected ", n, " dims but tensor has ", dim());
}

int64_t Tensor::size(int64_t d) const {
  const TensorImpl* t = get();
  const int64_t n = t->ndim, at = d < 0 ? d + n : d;
  if (PHAROS_UNLIKELY(n == 0))
    TORCH_CHECK_INDEX(false, "Dimension specified as ", d, " but tensor has no dimensions");
  TORCH_CHECK_INDEX(at >= 0 && at < n, "Dimension out of range (expected to be in range of [", -n,
                    ", ", n - 1, "], but got ", d, ")");
  return t->sizes_data()[at];
}

int64_t Tensor::stride(int64_t d) const {
  const TensorImpl* t = get();
  const int64_t n = t->ndim, at = d < 0 ? d + n : d;
  if (PHAROS_UNLIKELY(n == 0))
    TORCH_CHECK_INDEX(false, "Dimension specified as ", d, " but tensor has no dimensions");
  TORCH_CHECK_INDEX(at >= 0 && at < n, "Dimension out of range (expected to be in range of [", -n,
                    ", ", n - 1, "], but got ", d, ")");
  return t->strides_data()[at];
}

namespace {

// Whether the strides grow in the order of channels last; gaps are allowed.
bool ordered_channels_last(const TensorImpl& t, const int* order, int n) {
  const int64_t *sizes = t.sizes_data(), *strides = t.strides_data();
  if (strides[1] == 0) return false;
  int64_t least = 0;
  for (int i = 0; i < n; ++i) {
    const int d = order[i];
    if (sizes[d] == 0 || strides[d] < least) return false;
    // N111 tensors with identical strides are contiguous ones.
    if (d == 0 && least == strides[1]) return false;
    least = strides[d];
    if (sizes[d] > 1) least *= sizes[d];
  }
  return true;
}

}  // namespace

MemoryFormat Tensor::suggest_memory_format() const {
  static constexpr int k2d[] = {1, 3, 2, 0}, k3d[] = {1, 4, 3, 2, 0};
  const TensorImpl* t = get();
  if (t->ndim == 4 && ordered_channels_last(*t, k2d, 4)) return MemoryFormat::ChannelsLast;
  if (t->ndim == 5 && ordered_channels_last(*t, k3d, 5)) return MemoryFormat::ChannelsLast3d;
  return MemoryFormat::Contiguous;
}

TensorOptions Tensor::options() const {
  return TensorOptions().dtype(scalar_type()).device(device()).layout(layout());
}

std::string Tensor::toString() const { return defined() ? type().toString() : "UndefinedType"; }

std::string DeprecatedTypeProperties::toString() const {
  return pharos::backend_name(device_type()) + c10::toString(scalarType()) + "Type";
}
std::ostream& operator<<(std::ostream& out, const DeprecatedTypeProperties& t) {
  return out << t.toString();
}

Tensor Tensor::pin_memory() const {
  get();
  TORCH_CHECK(false, "Cannot access accelerator device when none is available.");
}

void* Tensor::data_ptr() const {
  TensorImpl* t = get();
  if (PHAROS_UNLIKELY(!t->storage || !t->storage->data_)) return nullptr;
  t->storage->expose();
  return t->data;
}
const void* Tensor::const_data_ptr() const {
  const TensorImpl* t = get();
  if (PHAROS_UNLIKELY(!t->storage || !t->storage->data_)) return nullptr;
  return t->data;
}

}  // namespace at

namespace pharos {
void no_dispatch(const char* name, at::ScalarType t) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, '"', name, "\" not implemented for '", c10::toString(t), "'");
}
}  // namespace pharos
