// Tensor's hand-written members that are operators beneath: to, item.
#include <pharos/ops/functions.h>

#include "ops/rows.h"

namespace at {

Scalar Tensor::item() const { return pharos::op::item_(*this); }

Tensor Tensor::to(TensorOptions o, bool non_blocking, bool copy,
                  std::optional<MemoryFormat> format) const {
  TORCH_CHECK(!(format && o.has_memory_format()),
              "Cannot set memory_format both in TensorOptions and explicit argument; please delete "
              "the redundant setter.");
  TORCH_CHECK(!o.requires_grad(),
              "to(options) expects unset requires_grad flag, but got options.requires_grad set as "
              "true");
  if (!format) format = o.memory_format_opt();
  return pharos::op::to_dtype_layout(*this, o.dtype_opt(), o.layout_opt(), o.device_opt(),
                                     o.pinned_memory_opt(), non_blocking, copy, format);
}
Tensor Tensor::to(Device device, ScalarType dtype, bool non_blocking, bool copy,
                  std::optional<MemoryFormat> format) const {
  return pharos::op::to_device(*this, device, dtype, non_blocking, copy, format);
}
Tensor Tensor::to(ScalarType dtype, bool non_blocking, bool copy,
                  std::optional<MemoryFormat> format) const {
  return pharos::op::to_dtype(*this, dtype, non_blocking, copy, format);
}
Tensor Tensor::to(const Tensor& other, bool non_blocking, bool copy,
                  std::optional<MemoryFormat> format) const {
  return pharos::op::to_other(*this, other, non_blocking, copy, format);
}

}  // namespace at
