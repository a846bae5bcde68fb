// Allocation of tensors: one block for impl, storage and data of small CPU tensors, separate blocks
// for large ones, allocators of the device table for other devices.
#include "core/factory.h"

#include <algorithm>

#include "core/pool.h"

namespace pharos {
namespace {

using c10::Device;
using c10::DeviceType;
using c10::StorageImpl;

constexpr int kImplClass = (sizeof(TensorImpl) + kSmallStep - 1) / kSmallStep;
// Storage, impl and data of a one-block tensor; the data begins on a cache line of its own.
constexpr size_t kDataOffset = (sizeof(StorageImpl) + sizeof(TensorImpl) + 63) / 64 * 64;
constexpr size_t kEmbeddedMax = 3072;

// An impl with storage for `nbytes` on the CPU; geometry and dtype are left to the caller.
C10_ALWAYS_INLINE TensorImpl* allocate_dense(size_t nbytes) {
  if (PHAROS_LIKELY(nbytes <= kEmbeddedMax)) {
    const int size_class = static_cast<int>((kDataOffset + nbytes + kSmallStep - 1) / kSmallStep);
    char* block = static_cast<char*>(pool_allocate(size_class));
    auto* s = new (block) StorageImpl;
    s->pool_class = static_cast<uint8_t>(size_class);
    s->flags = StorageImpl::kEmbedded | StorageImpl::kResizable;
    s->nbytes_ = nbytes;
    s->data_ = block + kDataOffset;
    auto* t = new (block + sizeof(StorageImpl)) TensorImpl;
    t->flags = TensorImpl::kContiguous | TensorImpl::kEmbedded;
    t->storage = s;
    t->data = block + kDataOffset;
    return t;
  }
  c10::Storage storage(c10::Storage::use_byte_size_t(), nbytes, nullptr, true);
  TensorImpl* t = allocate_impl();
  t->storage = storage.unsafeGetStorageImpl();
  t->storage->retain();
  t->data = static_cast<char*>(t->storage->data_);
  return t;
}

}  // namespace

namespace {

// Sizes and strides of at most kInlineDims dims; the unused ones are zero already.
inline void fill_contiguous(TensorImpl& t, IntArrayRef sizes) {
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    const int64_t n = sizes[i];
    t.sizes_[i] = n;
    t.strides_[i] = stride;
    stride *= n > 1 ? n : 1;
  }
  t.ndim = static_cast<uint8_t>(sizes.size());
}

}  // namespace

TensorImpl* allocate_impl() { return new (pool_allocate(kImplClass)) TensorImpl; }

namespace {

PHAROS_COLD int64_t bad_numel(IntArrayRef sizes) {
  bool empty = false;
  for (int64_t s : sizes) {
    TORCH_CHECK(s >= 0, "Trying to create tensor with negative dimension ", s, ": ", sizes);
    empty |= s == 0;
  }
  // A zero anywhere makes the product zero, whatever the others are.
  TORCH_CHECK(empty, "numel: integer multiplication overflow: ", sizes);
  return 0;
}

inline int64_t numel_of(IntArrayRef sizes) {
  int64_t n = 1;
  bool bad = false;
  for (int64_t s : sizes) {
    bad |= s < 0;
    bad |= __builtin_mul_overflow(n, s, &n);
  }
  return PHAROS_LIKELY(!bad) ? n : bad_numel(sizes);
}

}  // namespace

int64_t checked_numel(IntArrayRef sizes) { return numel_of(sizes); }

size_t span_bytes(IntArrayRef sizes, IntArrayRef strides, size_t itemsize) {
  int64_t last = 0;
  bool overflow = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    int64_t step;
    overflow |= __builtin_mul_overflow(sizes[i] - 1, strides[i], &step);
    overflow |= __builtin_add_overflow(last, step, &last);
  }
  int64_t bytes;
  overflow |= __builtin_mul_overflow(last + 1, static_cast<int64_t>(itemsize), &bytes);
  TORCH_CHECK(!overflow, "Storage size calculation overflowed with sizes=", sizes,
              " and strides=", strides);
  return static_cast<size_t>(bytes);
}

Tensor empty_cpu(IntArrayRef sizes, ScalarType dtype) {
  const int64_t n = numel_of(sizes);
  int64_t bytes;
  TORCH_CHECK(!__builtin_mul_overflow(n, static_cast<int64_t>(elementSize(dtype)), &bytes),
              "Storage size calculation overflowed with sizes=", sizes);
  TensorImpl* t = allocate_dense(static_cast<size_t>(bytes));
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  if (PHAROS_LIKELY(sizes.size() <= TensorImpl::kInlineDims)) {
    fill_contiguous(*t, sizes);
    t->numel_ = n;
  } else {
    t->set_contiguous(sizes);
  }
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInference)) t->flags |= TensorImpl::kInference;
  return owner;
}

Tensor empty_strided_cpu(IntArrayRef sizes, IntArrayRef strides, ScalarType dtype) {
  checked_numel(sizes);
  TensorImpl* t = allocate_dense(span_bytes(sizes, strides, elementSize(dtype)));
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  t->set_geometry(sizes, strides);
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInference)) t->flags |= TensorImpl::kInference;
  return owner;
}

Tensor empty_dense_like(const TensorImpl& like, ScalarType dtype) {
  if (PHAROS_LIKELY(like.ndim <= TensorImpl::kInlineDims && like.device_type == DeviceType::CPU)) {
    TensorImpl* t = allocate_dense(static_cast<size_t>(like.numel_) * elementSize(dtype));
    t->dtype_ = dtype;
    t->ndim = like.ndim;
    t->numel_ = like.numel_;
    t->flags =
        (t->flags & ~uint32_t(TensorImpl::kContiguous)) | (like.flags & TensorImpl::kContiguous);
    std::memcpy(t->sizes_, like.sizes_, sizeof like.sizes_);
    std::memcpy(t->strides_, like.strides_, sizeof like.strides_);
    if (PHAROS_UNLIKELY(thread_state.special & kSpecialInference))
      t->flags |= TensorImpl::kInference;
    return Tensor::reclaim(t);
  }
  return empty_strided_on(like.device(), like.sizes(), like.strides(), dtype);
}

Tensor empty_on(Device device, IntArrayRef sizes, ScalarType dtype) {
  if (device.is_cpu()) return empty_cpu(sizes, dtype);
  int64_t strides[64], stride = 1;
  TORCH_CHECK(sizes.size() <= 64, "tensors have at most 64 dims, got ", sizes.size());
  checked_numel(sizes);
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  return empty_strided_on(device, sizes, IntArrayRef(strides, sizes.size()), dtype);
}

Tensor empty_strided_on(Device device, IntArrayRef sizes, IntArrayRef strides, ScalarType dtype) {
  if (device.is_cpu()) return empty_strided_cpu(sizes, strides, dtype);
  checked_numel(sizes);
  const size_t bytes = span_bytes(sizes, strides, elementSize(dtype));
  const bool meta = device.is_meta();
  c10::Allocator* a = meta ? nullptr : c10::GetAllocator(device.type());
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes,
                       meta ? c10::DataPtr(nullptr, device) : a->allocate(bytes), a, true);
  TensorImpl* t = allocate_impl();
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  t->set_storage(storage.unsafeGetStorageImpl(), 0);
  t->device_type = device.type();
  t->device_index = meta ? device.index() : storage.device().index();
  t->set_geometry(sizes, strides);
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInference)) t->flags |= TensorImpl::kInference;
  return owner;
}

Tensor view_on(StorageImpl* storage, int64_t byte_offset, IntArrayRef sizes, IntArrayRef strides,
               ScalarType dtype) {
  TensorImpl* t = allocate_impl();
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  t->set_storage(storage, byte_offset);
  t->set_geometry(sizes, strides);
  return owner;
}

namespace {

// An impl on src's storage with its dtype, device and lazy bits; geometry is left to the caller.
inline TensorImpl* alias_without_geometry(const TensorImpl& from, int64_t offset) {
  TensorImpl* t = allocate_impl();
  from.storage->retain();
  t->storage = from.storage;
  t->data = from.data + offset * static_cast<int64_t>(from.itemsize());
  std::memcpy(&t->ndim, &from.ndim, 4);
  t->flags |= from.flags & (TensorImpl::kConj | TensorImpl::kNeg | TensorImpl::kInference);
  if (PHAROS_UNLIKELY(from.flags & TensorImpl::kOwnVersion)) t->share_version(from);
  return t;
}

}  // namespace

Tensor view_of(const Tensor& src, IntArrayRef sizes, IntArrayRef strides, int64_t offset) {
  Tensor owner = Tensor::reclaim(alias_without_geometry(*src.unsafeGetTensorImpl(), offset));
  owner.unsafeGetTensorImpl()->set_geometry(sizes, strides);
  return owner;
}

Tensor contiguous_view_of(const Tensor& src, IntArrayRef sizes) {
  const TensorImpl& from = *src.unsafeGetTensorImpl();
  TensorImpl* t = alias_without_geometry(from, 0);
  Tensor owner = Tensor::reclaim(t);
  if (PHAROS_UNLIKELY(sizes.size() > TensorImpl::kInlineDims)) {
    t->set_contiguous(sizes);
    return owner;
  }
  fill_contiguous(*t, sizes);
  t->numel_ = from.numel_;
  return owner;
}

Tensor scalar_cpu(const c10::Scalar& v, ScalarType dtype) {
  Tensor t = empty_cpu({}, dtype);
  void* p = t.unsafeGetTensorImpl()->data;
  switch (dtype) {
#define PHAROS_CASE(T, Name)         \
  case ScalarType::Name:             \
    *static_cast<T*>(p) = v.to<T>(); \
    break;
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "tensors of dtype ", dtype, " are not supported");
  }
  return t;
}

Tensor wrapped_scalar(const c10::Scalar& v) {
  Tensor t = scalar_cpu(v, v.type());
  t.unsafeGetTensorImpl()->set_wrapped_number(true);
  return t;
}

}  // namespace pharos
