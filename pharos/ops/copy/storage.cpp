// Operators that change which memory a tensor looks at: set_, resize_.
#include <pharos/ops/functions.h>

#include "ops/copy/copy.h"
#include "ops/copy_decls.h"

namespace pharos::ops {
namespace {

// As the storage's bytes may not be known to be enough, it grows.
void ensure_bytes(TensorImpl* t, int64_t offset) {
  size_t bytes = span_bytes(t->sizes(), t->strides(), t->itemsize());
  if (bytes == 0) return;
  bytes += static_cast<size_t>(offset) * t->itemsize();
  if (bytes > t->storage->nbytes()) {
    t->storage->resize(bytes);
    t->set_storage_offset(offset);
  }
}

void set_all(Tensor& self, c10::StorageImpl* storage, int64_t offset, IntArrayRef size,
             IntArrayRef stride) {
  TensorImpl* t = self.unsafeGetTensorImpl();
  TORCH_CHECK(offset >= 0, "Tensor: invalid storage offset ", offset);
  int64_t strides[kMaxDims];
  if (stride.data() == nullptr || stride.size() != size.size()) {
    TORCH_CHECK(stride.empty(), "unequal size length (", size.size(), ") and stride length (",
                stride.size(), ")");
    contiguous_strides(size, strides);
    stride = IntArrayRef(strides, size.size());
  }
  for (int64_t s : stride)
    TORCH_CHECK(s >= 0, "set_storage: negative strides are not supported, got ", stride);
  const size_t span = span_bytes(size, stride, t->itemsize());
  if (!storage->resizable())
    check_in_storage(size, stride, offset, t->itemsize(), storage->nbytes());
  (void)span;
  t->set_storage(storage, offset * static_cast<int64_t>(t->itemsize()));
  t->set_geometry(size, stride);
  ensure_bytes(t, offset);
}

}  // namespace

Tensor& set_storage_(Tensor& self, c10::Storage source) {
  const auto n = static_cast<int64_t>(source.nbytes() / self.itemsize());
  set_all(self, source.unsafeGetStorageImpl(), 0, {n}, {});
  return self;
}
Tensor& set_storage_offset_(Tensor& self, c10::Storage source, int64_t storage_offset,
                            IntArrayRef size, IntArrayRef stride) {
  set_all(self, source.unsafeGetStorageImpl(), storage_offset, size, stride);
  return self;
}
Tensor& set_tensor_offset_(Tensor& self, const Tensor& source, int64_t storage_offset,
                           IntArrayRef size, IntArrayRef stride) {
  TORCH_CHECK(source.scalar_type() == self.scalar_type(), "set_: the source has dtype ",
              source.scalar_type(), ", self ", self.scalar_type());
  set_all(self, source.unsafeGetTensorImpl()->storage, storage_offset, size, stride);
  return self;
}
Tensor& set_tensor_(Tensor& self, const Tensor& source) {
  if (self.is_same(source)) return self;
  return set_tensor_offset_(self, source, source.storage_offset(), source.sizes(),
                            source.strides());
}
Tensor& set_empty_(Tensor& self) {
  const Tensor fresh = empty_on(self.device(), {0}, self.scalar_type());
  set_all(self, fresh.unsafeGetTensorImpl()->storage, 0, {0}, {});
  return self;
}

Tensor& resize_(Tensor& self, IntArrayRef size, std::optional<c10::MemoryFormat> memory_format) {
  TORCH_CHECK(!self.requires_grad(), "cannot resize variables that require grad");
  TensorImpl* t = self.unsafeGetTensorImpl();
  checked_numel(size);
  const int64_t offset = t->storage_offset();
  if (!t->sizes().equals(size)) {
    int64_t strides[kMaxDims];
    contiguous_strides(size, strides);
    const IntArrayRef st(strides, size.size());
    // Refused before anything changes, so that a failing call leaves the tensor as it was.
    const size_t bytes = span_bytes(size, st, t->itemsize());
    if (bytes > 0 && bytes + static_cast<size_t>(offset) * t->itemsize() > t->storage->nbytes())
      TORCH_CHECK(t->storage->resizable(), "Trying to resize storage that is not resizable");
    t->set_geometry(size, st);
    ensure_bytes(t, offset);
  }
  if (memory_format) {
    TORCH_CHECK(*memory_format != c10::MemoryFormat::Preserve, "Unsupported memory format",
                *memory_format);
    int64_t strides[kMaxDims];
    format_strides(size, *memory_format, strides);
    t->set_geometry(size, IntArrayRef(strides, size.size()));
  }
  return self;
}

Tensor& resize_as_(Tensor& self, const Tensor& the_template,
                   std::optional<c10::MemoryFormat> memory_format) {
  self.resize_(the_template.sizes());
  if (memory_format) {
    c10::MemoryFormat format = *memory_format;
    if (format == c10::MemoryFormat::Preserve) format = the_template.suggest_memory_format();
    int64_t strides[kMaxDims];
    format_strides(self.sizes(), format, strides);
    self.unsafeGetTensorImpl()->set_geometry(self.sizes(),
                                             IntArrayRef(strides, self.sizes().size()));
  }
  return self;
}

}  // namespace pharos::ops
