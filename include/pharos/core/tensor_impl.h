// c10::TensorImpl: what a Tensor points to. 144 bytes, no virtual table: a reference count, a view
// on a storage, up to five inline dims, and one tagged word for autograd.
#pragma once

#include <pharos/core/storage.h>
#include <pharos/core/tensor_options.h>

#include <cstring>

namespace torch::autograd {
struct Node;
struct AutogradMeta;
}  // namespace torch::autograd

namespace c10 {

struct TensorExtra;

struct PHAROS_API TensorImpl {
  static constexpr int kInlineDims = 5;

  // Each flag is the exact predicate that it states.
  enum Flag : uint32_t {
    kContiguous = 1u << 0,      // strides are those of a C-contiguous tensor (dims of size 1 free)
    kRequiresGrad = 1u << 1,    // a leaf that requires grad, or a non-leaf with a grad_fn
    kConj = 1u << 2,            // values are the complex conjugate of the stored ones
    kNeg = 1u << 3,             // values are the negative of the stored ones
    kEmbedded = 1u << 4,        // shares its block with its first storage
    kInference = 1u << 5,       // made under InferenceMode: no version counter, no autograd
    kOwnVersion = 1u << 6,      // its alias group's counter is extra->version, not the storage's
    kWrappedNumber = 1u << 7,   // a number that became a tensor: weakest in promotion
    kUndefined = 1u << 8,       // only in keys: an argument that is no tensor
    kNoGradView = 1u << 9,      // a view made under no_grad
    kMultiView = 1u << 10,      // a view made by an operator that returns several
    kCustomView = 1u << 11,     // a view made by a custom Function
    kInferenceView = 1u << 12,  // a view made under InferenceMode of a normal tensor
    kView = 1u << 13,           // `base` is set
    kThreadFlags = 0xfu << 14,  // only in keys: the thread's special word (core/thread_state.h)
    kOutputShift = 20,          // the upper 12 bits: which output of its grad_fn this is
    kManyOutputs = 0xfff,       // in those bits: the number stands in the AutogradMeta
  };

  mutable std::atomic<uint32_t> refcount{1};
  // For views: the version at which the autograd word was last valid (see tape/views.h).
  uint32_t attr_version = 0;
  StorageImpl* storage = nullptr;
  // Address of the first element, or its byte offset while the storage has no plain buffer.
  char* data = nullptr;
  int64_t numel_ = 0;
  // 0; or a Node* (the grad_fn of a plain operator result); or an AutogradMeta* with bit 0 set.
  uintptr_t autograd = 0;
  uint8_t ndim = 0;
  ScalarType dtype_ = ScalarType::Undefined;
  DeviceType device_type = DeviceType::CPU;
  DeviceIndex device_index = -1;
  uint32_t flags = kContiguous;
  // For a differentiable view: the tensor it is a view of (never itself a view). Owned.
  TensorImpl* base = nullptr;
  TensorExtra* extra = nullptr;
  // Unused inline dims are zero, so that shapes compare and copy as fixed runs of words. With more
  // dims than fit, both arrays live in `extra`.
  int64_t sizes_[kInlineDims];
  int64_t strides_[kInlineDims];

  // For makers that fill in the whole geometry themselves.
  struct UnsetGeometry {};
  explicit TensorImpl(UnsetGeometry) {}
  TensorImpl() : sizes_{}, strides_{} {}

  C10_ALWAYS_INLINE void retain() const noexcept {
    refcount.fetch_add(1, std::memory_order_relaxed);
  }
  void release() const noexcept {
    if (refcount.fetch_sub(1, std::memory_order_acq_rel) == 1)
      const_cast<TensorImpl*>(this)->destroy();
  }
  void destroy() noexcept;
  uint32_t use_count() const noexcept { return refcount.load(std::memory_order_relaxed); }

  // dtype, device and flags of a tensor as one word: keys of several arguments are OR-ed.
  uint64_t key() const {
    uint64_t k;
    std::memcpy(&k, &ndim, 8);
    return k;
  }
  const int64_t* sizes_data() const {
    return PHAROS_LIKELY(ndim <= kInlineDims) ? sizes_ : out_of_line_sizes();
  }
  const int64_t* strides_data() const {
    return PHAROS_LIKELY(ndim <= kInlineDims) ? strides_ : out_of_line_sizes() + ndim;
  }
  IntArrayRef sizes() const { return IntArrayRef(sizes_data(), ndim); }
  IntArrayRef strides() const { return IntArrayRef(strides_data(), ndim); }
  int64_t dim() const { return ndim; }
  int64_t numel() const { return numel_; }
  ScalarType dtype() const { return dtype_; }
  size_t itemsize() const { return elementSize(dtype_); }
  Device device() const { return Device(device_type, device_index); }
  bool has(uint32_t flag) const { return flags & flag; }
  bool is_contiguous() const { return flags & kContiguous; }
  bool is_contiguous(MemoryFormat f) const;
  bool is_non_overlapping_and_dense() const;
  uint32_t output_nr() const {
    const uint32_t nr = flags >> kOutputShift;
    return PHAROS_LIKELY(nr != kManyOutputs) ? nr : large_output_nr();
  }
  int64_t storage_offset() const;
  // Of a view whose base came to require grad later, `kRequiresGrad` says so only after its history
  // was asked for; this predicate always does.
  bool requires_grad() const {
    return (flags & kRequiresGrad) ||
           (PHAROS_UNLIKELY(base != nullptr) && (base->flags & kRequiresGrad));
  }
  bool is_inference() const { return flags & kInference; }
  void set_wrapped_number(bool v) {
    flags = v ? flags | kWrappedNumber : flags & ~uint32_t(kWrappedNumber);
  }

  uint32_t version() const {
    return PHAROS_LIKELY(!(flags & kOwnVersion)) ? storage->version_.load(std::memory_order_relaxed)
                                                 : own_version();
  }
  void bump_version() {
    if (PHAROS_LIKELY(!(flags & kOwnVersion)))
      storage->bump_version();
    else
      bump_own_version();
  }

  // Sets sizes and strides and everything derived from them; `data` and `storage` stay.
  void set_geometry(IntArrayRef sizes, IntArrayRef strides);
  void set_contiguous(IntArrayRef sizes);
  void set_storage_offset(int64_t elements);
  // A new impl that views the same storage with the same geometry; no autograd, no base.
  TensorImpl* shallow_alias() const;
  // Points at another storage (retained) with a byte offset.
  void set_storage(StorageImpl* s, int64_t byte_offset);
  TensorExtra* ensure_extra();
  // Joins the alias group of `other`, which has a version counter of its own.
  void share_version(const TensorImpl& other);

 private:
  void set_geometry_slow(IntArrayRef sizes, IntArrayRef strides);
  const int64_t* out_of_line_sizes() const;
  uint32_t own_version() const;
  uint32_t large_output_nr() const;
  void bump_own_version();
};
static_assert(sizeof(TensorImpl) == 144, "see DESIGN: about 128, at most 144 bytes");

}  // namespace c10
