// c10::StorageImpl and its handle: one buffer that tensors share, with the version counter of
// everything that aliases it.
#pragma once

#include <pharos/core/allocator.h>
#include <pharos/core/intrusive_ptr.h>

#include <atomic>

namespace c10 {

struct PHAROS_API StorageImpl {
  enum Flag : uint8_t {
    kEmbedded = 1,  // lives at the head of a one-block tensor; the block is freed with it
    kResizable = 2,
  };

  std::atomic<uint32_t> refcount{1};
  std::atomic<uint32_t> version_{0};
  // Null without a plain buffer: meta, empty; private layouts, which data() would first make plain.
  void* data_ = nullptr;
  size_t nbytes_ = 0;
  void (*deleter_)(void*) = nullptr;
  void* ctx_ = nullptr;
  Allocator* allocator_ = nullptr;
  DeviceType device_type = DeviceType::CPU;
  DeviceIndex device_index = -1;
  uint8_t pool_class = 0;
  uint8_t flags = 0;
  // Names the contents, together with the version, for caches of what is computed from them (packed
  // weights): 0 until a cache asks, kExposed for good once memory is out that anybody may write to
  // without counting a version. No two storages ever have the same name.
  static constexpr uint64_t kExposed = 1;
  std::atomic<uint64_t> contents{0};

  void retain() noexcept { refcount.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refcount.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  uint32_t use_count() const noexcept { return refcount.load(std::memory_order_relaxed); }
  void bump_version() noexcept { version_.fetch_add(1, std::memory_order_relaxed); }

  size_t nbytes() const { return nbytes_; }
  const void* data() const { return data_; }
  void* mutable_data() {
    expose();
    return data_;
  }
  Device device() const { return Device(device_type, device_index); }
  Allocator* allocator() const { return allocator_; }
  bool resizable() const { return flags & kResizable; }
  // A writable pointer to the memory leaves the library.
  void expose() noexcept {
    if (contents.load(std::memory_order_relaxed) != kExposed) end_contents(kExposed);
  }
  // The contents have changed without counting a version.
  void renew_contents() noexcept {
    if (contents.load(std::memory_order_relaxed) > kExposed) end_contents(0);
  }
  // The name of the contents, or 0 where nothing may be kept.
  uint64_t name_contents() noexcept;

  // Replaces the buffer; the old one is given back.
  void set_data_ptr(DataPtr&& p, size_t nbytes);
  // Grows or shrinks the buffer, keeping the bytes that fit both.
  void resize(size_t nbytes);
  void destroy() noexcept;
  // For memory that nobody else writes to: like set_data_ptr, but exposes nothing.
  void replace_buffer(DataPtr&& p, size_t nbytes);

 private:
  void end_contents(uint64_t next) noexcept;
};
static_assert(sizeof(StorageImpl) == 64, "a storage is one cache line");

class PHAROS_API Storage {
 public:
  struct use_byte_size_t {};
  Storage() = default;
  Storage(intrusive_ptr<StorageImpl> p) : impl_(std::move(p)) {}
  Storage(use_byte_size_t, size_t nbytes, Allocator* allocator = nullptr, bool resizable = false);
  Storage(use_byte_size_t, size_t nbytes, DataPtr data, Allocator* allocator = nullptr,
          bool resizable = false);
  explicit operator bool() const { return impl_.defined(); }
  size_t nbytes() const { return impl_->nbytes(); }
  const void* data() const { return impl_->data(); }
  void* mutable_data() const { return impl_->mutable_data(); }
  // Pointers that own nothing.
  DataPtr data_ptr() const { return DataPtr(mutable_data(), device()); }
  DataPtr mutable_data_ptr() const { return data_ptr(); }
  Device device() const { return impl_->device(); }
  DeviceType device_type() const { return impl_->device_type; }
  size_t use_count() const { return impl_.use_count(); }
  bool is_alias_of(const Storage& o) const { return impl_ == o.impl_; }
  StorageImpl* unsafeGetStorageImpl() const { return impl_.get(); }

 private:
  intrusive_ptr<StorageImpl> impl_;
};

}  // namespace c10
namespace at {
using c10::Allocator;
using c10::DataPtr;
using c10::Storage;
}  // namespace at
