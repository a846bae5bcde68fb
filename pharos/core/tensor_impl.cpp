// TensorImpl: geometry, storage changes, versions and destruction.
#include <pharos/core/tensor_impl.h>

#include <algorithm>

#include "core/factory.h"
#include "core/pool.h"
#include "core/tape_hooks.h"
#include "core/tensor_extra.h"

namespace c10 {

using pharos::VersionCounter;

namespace {

constexpr int kImplClass = (sizeof(TensorImpl) + pharos::kSmallStep - 1) / pharos::kSmallStep;

void release_version(VersionCounter* v) {
  if (v && v->refcount.fetch_sub(1, std::memory_order_acq_rel) == 1) delete v;
}

bool contiguous(const int64_t* sizes, const int64_t* strides, int ndim, int64_t numel) {
  if (numel == 0) return true;
  int64_t expected = 1;
  for (int i = ndim - 1; i >= 0; --i) {
    if (sizes[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= sizes[i];
  }
  return true;
}

bool channels_last(const TensorImpl& t, const int* order, int n) {
  int64_t expected = 1;
  for (int i = 0; i < n; ++i) {
    const int d = order[i];
    if (t.sizes_data()[d] == 1) continue;
    if (t.strides_data()[d] != expected) return false;
    expected *= t.sizes_data()[d];
  }
  return true;
}

}  // namespace

TensorExtra::~TensorExtra() {
  delete[] dims;
  release_version(version);
}

void TensorExtra::set_version(VersionCounter* v) {
  release_version(version);
  version = v;
}

void TensorImpl::destroy() noexcept {
  if (autograd) pharos::tape_hooks.release_autograd(this);
  if (base) base->release();
  delete extra;
  StorageImpl* own = flags & kEmbedded ? reinterpret_cast<StorageImpl*>(this) - 1 : nullptr;
  if (storage && storage != own) storage->release();
  if (own)
    own->release();
  else
    pharos::pool_free(this, kImplClass);
}

const int64_t* TensorImpl::out_of_line_sizes() const { return extra->dims; }
uint32_t TensorImpl::own_version() const {
  return extra->version->version.load(std::memory_order_relaxed);
}
void TensorImpl::bump_own_version() {
  // The storage's own counter does not see this write.
  if (storage) storage->renew_contents();
  extra->version->version.fetch_add(1, std::memory_order_relaxed);
}

uint32_t TensorImpl::large_output_nr() const { return pharos::tape_hooks.large_output_nr(this); }

TensorExtra* TensorImpl::ensure_extra() {
  if (!extra) extra = new TensorExtra;
  return extra;
}

bool TensorImpl::is_contiguous(MemoryFormat f) const {
  static constexpr int k2d[] = {1, 3, 2, 0}, k3d[] = {1, 4, 3, 2, 0};
  switch (f) {
    case MemoryFormat::ChannelsLast:
      return ndim == 4 && channels_last(*this, k2d, 4);
    case MemoryFormat::ChannelsLast3d:
      return ndim == 5 && channels_last(*this, k3d, 5);
    default:
      return is_contiguous();
  }
}

bool TensorImpl::is_non_overlapping_and_dense() const {
  if (flags & kContiguous) return true;
  if (numel_ < 2) return true;
  int order[64];
  int n = 0;
  for (int i = 0; i < ndim; ++i)
    if (sizes_data()[i] != 1) order[n++] = i;
  std::sort(order, order + n, [&](int a, int b) { return strides_data()[a] < strides_data()[b]; });
  int64_t expected = 1;
  for (int i = 0; i < n; ++i) {
    if (strides_data()[order[i]] != expected) return false;
    expected *= sizes_data()[order[i]];
  }
  return true;
}

int64_t TensorImpl::storage_offset() const {
  const auto size = static_cast<int64_t>(itemsize());
  if (!storage || !storage->data_) return reinterpret_cast<int64_t>(data) / size;
  return (data - static_cast<char*>(storage->data_)) / size;
}

void TensorImpl::set_storage_offset(int64_t elements) {
  data = static_cast<char*>(storage->data_) + elements * static_cast<int64_t>(itemsize());
}

void TensorImpl::set_geometry(IntArrayRef sizes, IntArrayRef strides) {
  const int n = static_cast<int>(sizes.size());
  if (PHAROS_UNLIKELY(n > kInlineDims || ndim > kInlineDims))
    return set_geometry_slow(sizes, strides);
  // The arguments may be this tensor's own arrays, which is why unused dims are cleared last.
  int64_t numel = 1, expected = 1;
  bool dense = true;
  for (int i = n; i-- > 0;) {
    const int64_t size = sizes[static_cast<size_t>(i)], stride = strides[static_cast<size_t>(i)];
    sizes_[i] = size;
    strides_[i] = stride;
    dense = dense && (size == 1 || stride == expected);
    expected *= size;
    numel *= size;
  }
  for (int i = n; i < kInlineDims; ++i) sizes_[i] = strides_[i] = 0;
  ndim = static_cast<uint8_t>(n);
  numel_ = numel;
  flags = dense || numel == 0 ? flags | kContiguous : flags & ~uint32_t(kContiguous);
}

void TensorImpl::set_geometry_slow(IntArrayRef sizes, IntArrayRef strides) {
  const int n = static_cast<int>(sizes.size());
  TORCH_CHECK(n <= 64, "tensors have at most 64 dims, got ", n);
  int64_t* to_sizes = sizes_;
  int64_t* to_strides = strides_;
  int64_t* fresh = nullptr;
  if (n > kInlineDims) {
    fresh = new int64_t[2 * static_cast<size_t>(n)];
    to_sizes = fresh;
    to_strides = fresh + n;
  }
  int64_t numel = 1;
  // The arguments may be this tensor's own arrays.
  int64_t copy[64];
  std::copy(strides.begin(), strides.end(), copy);
  for (int i = 0; i < n; ++i) {
    to_sizes[i] = sizes[i];
    numel *= sizes[i];
  }
  std::copy(copy, copy + n, to_strides);
  if (n <= kInlineDims) {
    std::fill(sizes_ + n, sizes_ + kInlineDims, 0);
    std::fill(strides_ + n, strides_ + kInlineDims, 0);
    if (PHAROS_UNLIKELY(extra && extra->dims)) {
      delete[] extra->dims;
      extra->dims = nullptr;
    }
  } else {
    std::fill(sizes_, sizes_ + kInlineDims, 0);
    std::fill(strides_, strides_ + kInlineDims, 0);
    delete[] ensure_extra()->dims;
    extra->dims = fresh;
  }
  ndim = static_cast<uint8_t>(n);
  numel_ = numel;
  if (contiguous(to_sizes, to_strides, n, numel))
    flags |= kContiguous;
  else
    flags &= ~uint32_t(kContiguous);
}

void TensorImpl::set_contiguous(IntArrayRef sizes) {
  int64_t strides[64];
  const int n = static_cast<int>(sizes.size());
  TORCH_CHECK(n <= 64, "tensors have at most 64 dims, got ", n);
  int64_t stride = 1;
  for (int i = n - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= std::max<int64_t>(sizes[i], 1);
  }
  set_geometry(sizes, IntArrayRef(strides, static_cast<size_t>(n)));
}

void TensorImpl::set_storage(StorageImpl* s, int64_t byte_offset) {
  s->retain();
  StorageImpl* own = flags & kEmbedded ? reinterpret_cast<StorageImpl*>(this) - 1 : nullptr;
  // The embedded storage is this tensor's block: it stays owned until the tensor ends.
  if (storage && storage != own) storage->release();
  if (s == own) s->release();
  storage = s;
  data = static_cast<char*>(s->data_) + byte_offset;
  device_type = s->device_type;
  device_index = s->device_index;
}

void TensorImpl::share_version(const TensorImpl& other) {
  other.extra->version->refcount.fetch_add(1, std::memory_order_relaxed);
  ensure_extra()->set_version(other.extra->version);
  flags |= kOwnVersion;
}

TensorImpl* TensorImpl::shallow_alias() const {
  TensorImpl* t = pharos::allocate_impl();
  t->storage = storage;
  if (storage) storage->retain();
  t->data = data;
  t->numel_ = numel_;
  std::memcpy(&t->ndim, &ndim, 4);
  t->flags = flags & (kContiguous | kConj | kNeg | kInference);
  std::memcpy(t->sizes_, sizes_, sizeof sizes_);
  std::memcpy(t->strides_, strides_, sizeof strides_);
  if (PHAROS_UNLIKELY(extra != nullptr)) {
    if (extra->dims) {
      t->ensure_extra()->dims = new int64_t[2 * static_cast<size_t>(ndim)];
      std::copy(extra->dims, extra->dims + 2 * ndim, t->extra->dims);
    }
    if (flags & kOwnVersion) t->share_version(*this);
  }
  return t;
}

}  // namespace c10
