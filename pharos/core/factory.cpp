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

inline int embedded_class(size_t nbytes) {
  return static_cast<int>((kDataOffset + nbytes + kSmallStep - 1) / kSmallStep);
}

// Storage and impl, whose geometry is unset, at the front of a block.
C10_ALWAYS_INLINE TensorImpl* embed(char* block, int size_class, size_t nbytes) {
  auto* s = new (block) StorageImpl;
  s->pool_class = static_cast<uint8_t>(size_class);
  s->flags = StorageImpl::kEmbedded | StorageImpl::kResizable;
  s->nbytes_ = nbytes;
  s->data_ = block + kDataOffset;
  auto* t = new (block + sizeof(StorageImpl)) TensorImpl(TensorImpl::UnsetGeometry{});
  t->flags = TensorImpl::kContiguous | TensorImpl::kEmbedded;
  t->storage = s;
  t->data = block + kDataOffset;
  return t;
}

C10_ALWAYS_INLINE void clear_geometry(TensorImpl* t) {
  std::memset(t->sizes_, 0, sizeof t->sizes_);
  std::memset(t->strides_, 0, sizeof t->strides_);
}

// An impl with storage for `nbytes` on the CPU; geometry and dtype are left to the caller.
PHAROS_NOINLINE TensorImpl* allocate_dense(size_t nbytes) {
  if (PHAROS_LIKELY(nbytes <= kEmbeddedMax)) {
    const int size_class = embedded_class(nbytes);
    TensorImpl* t = embed(static_cast<char*>(pool_allocate(size_class)), size_class, nbytes);
    clear_geometry(t);
    return t;
  }
  c10::Storage storage(c10::Storage::use_byte_size_t(), nbytes, nullptr, true);
  TensorImpl* t = allocate_impl();
  t->storage = storage.unsafeGetStorageImpl();
  t->storage->retain();
  t->data = static_cast<char*>(t->storage->data_);
  return t;
}

// The same without a geometry where this thread has a block at hand, otherwise null. Callers take
// their slow paths as tail calls, so that the straight one saves no registers.
C10_ALWAYS_INLINE TensorImpl* allocate_at_hand(size_t nbytes) {
  if (PHAROS_UNLIKELY(nbytes > kEmbeddedMax)) return nullptr;
  const int size_class = embedded_class(nbytes);
  ThreadCache* cache = thread_state.cache;
  FreeBlock* block = cache->head[size_class];
  if (PHAROS_UNLIKELY(!block)) return nullptr;
  cache->head[size_class] = block->next;
  cache->room[size_class]++;
  return embed(reinterpret_cast<char*>(block), size_class, nbytes);
}

C10_ALWAYS_INLINE void mark_inference(TensorImpl* t) {
  static_assert((kSpecialInterposer | kSpecialInference | kSpecialSavedHooks | kSpecialAnomaly) ==
                    uint64_t{TensorImpl::kThreadFlags} << 32,
                "the thread's special word shares keys with the flags of tensors");
  constexpr int kShift = 42;
  static_assert(uint64_t{TensorImpl::kInference} == kSpecialInference >> kShift);
  t->flags |= static_cast<uint32_t>(thread_state.special >> kShift) & TensorImpl::kInference;
}

// Sizes and strides of at most kInlineDims dims; the unused ones are zero already.
C10_ALWAYS_INLINE void fill_contiguous(TensorImpl& t, IntArrayRef sizes) {
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

namespace {

PHAROS_NOINLINE Tensor empty_cpu_slow(IntArrayRef sizes, ScalarType dtype) {
  const int64_t n = numel_of(sizes);
  int64_t bytes;
  TORCH_CHECK(!__builtin_mul_overflow(n, static_cast<int64_t>(elementSize(dtype)), &bytes),
              "Storage size calculation overflowed with sizes=", sizes);
  TensorImpl* t = allocate_dense(static_cast<size_t>(bytes));
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  t->set_contiguous(sizes);
  mark_inference(t);
  return owner;
}

}  // namespace

Tensor empty_cpu(IntArrayRef sizes, ScalarType dtype) {
  if (PHAROS_UNLIKELY(sizes.size() > TensorImpl::kInlineDims)) return empty_cpu_slow(sizes, dtype);
  int64_t n = 1;
  bool bad = false;
  for (int64_t s : sizes) {
    bad |= s < 0;
    bad |= __builtin_mul_overflow(n, s, &n);
  }
  if (PHAROS_UNLIKELY(bad || n > static_cast<int64_t>(kEmbeddedMax)))
    return empty_cpu_slow(sizes, dtype);
  TensorImpl* t = allocate_at_hand(static_cast<size_t>(n) * elementSize(dtype));
  if (PHAROS_UNLIKELY(!t)) return empty_cpu_slow(sizes, dtype);
  clear_geometry(t);
  t->dtype_ = dtype;
  t->numel_ = n;
  fill_contiguous(*t, sizes);
  mark_inference(t);
  return Tensor::reclaim(t);
}

Tensor empty_strided_cpu(IntArrayRef sizes, IntArrayRef strides, ScalarType dtype) {
  checked_numel(sizes);
  TensorImpl* t = allocate_dense(span_bytes(sizes, strides, elementSize(dtype)));
  Tensor owner = Tensor::reclaim(t);
  t->dtype_ = dtype;
  t->set_geometry(sizes, strides);
  mark_inference(t);
  return owner;
}

namespace {

C10_ALWAYS_INLINE Tensor filled_like(TensorImpl* t, const TensorImpl& like, ScalarType dtype) {
  t->dtype_ = dtype;
  t->ndim = like.ndim;
  t->numel_ = like.numel_;
  t->flags =
      (t->flags & ~uint32_t(TensorImpl::kContiguous)) | (like.flags & TensorImpl::kContiguous);
  std::memcpy(t->sizes_, like.sizes_, sizeof like.sizes_);
  std::memcpy(t->strides_, like.strides_, sizeof like.strides_);
  mark_inference(t);
  return Tensor::reclaim(t);
}

PHAROS_NOINLINE Tensor empty_dense_like_slow(const TensorImpl& like, ScalarType dtype) {
  if (like.ndim > TensorImpl::kInlineDims || like.device_type != DeviceType::CPU)
    return empty_strided_on(like.device(), like.sizes(), like.strides(), dtype);
  const size_t bytes = static_cast<size_t>(like.numel_) * elementSize(dtype);
  return filled_like(allocate_dense(bytes), like, dtype);
}

}  // namespace

Tensor empty_dense_like(const TensorImpl& like, ScalarType dtype) {
  if (PHAROS_UNLIKELY(like.ndim > TensorImpl::kInlineDims || like.device_type != DeviceType::CPU))
    return empty_dense_like_slow(like, dtype);
  TensorImpl* t = allocate_at_hand(static_cast<size_t>(like.numel_) * elementSize(dtype));
  if (PHAROS_UNLIKELY(!t)) return empty_dense_like_slow(like, dtype);
  return filled_like(t, like, dtype);
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
  mark_inference(t);
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

Tensor repeated_view_of(const Tensor& src, IntArrayRef sizes) {
  if (PHAROS_UNLIKELY(sizes.size() > TensorImpl::kInlineDims)) return Tensor();
  int64_t numel = 1, negative = 0;
  bool overflow = false;
  for (int64_t s : sizes) {
    negative |= s;
    overflow |= __builtin_mul_overflow(numel, s, &numel);
  }
  if (PHAROS_UNLIKELY(negative < 0 || overflow)) return Tensor();
  TensorImpl* t = alias_without_geometry(*src.unsafeGetTensorImpl(), 0);
  std::copy(sizes.begin(), sizes.end(), t->sizes_);
  t->ndim = static_cast<uint8_t>(sizes.size());
  t->numel_ = numel;
  // One element, or none, lies like any other tensor of those sizes.
  if (numel > 1) t->flags &= ~uint32_t(TensorImpl::kContiguous);
  return Tensor::reclaim(t);
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
