// c10::Allocator and DataPtr: where storages get their memory. Also the memory statistics, trimming
// and cap of the built-in CPU allocator.
#pragma once

#include <pharos/core/device.h>

#include <cstddef>

namespace c10 {

using DeleterFnPtr = void (*)(void*);

// A data pointer with the context and function that give it back.
class DataPtr {
 public:
  DataPtr() : device_(DeviceType::CPU) {}
  DataPtr(void* data, Device device) : data_(data), device_(device) {}
  DataPtr(void* data, void* ctx, DeleterFnPtr deleter, Device device)
      : data_(data), ctx_(ctx), deleter_(deleter), device_(device) {}
  DataPtr(DataPtr&& o) noexcept
      : data_(o.data_), ctx_(o.ctx_), deleter_(o.deleter_), device_(o.device_) {
    o.data_ = o.ctx_ = nullptr;
    o.deleter_ = nullptr;
  }
  DataPtr& operator=(DataPtr&& o) noexcept {
    if (this != &o) {
      clear();
      data_ = o.data_;
      ctx_ = o.ctx_;
      deleter_ = o.deleter_;
      device_ = o.device_;
      o.data_ = o.ctx_ = nullptr;
      o.deleter_ = nullptr;
    }
    return *this;
  }
  DataPtr(const DataPtr&) = delete;
  DataPtr& operator=(const DataPtr&) = delete;
  ~DataPtr() { clear(); }
  void clear() {
    if (deleter_ && ctx_) deleter_(ctx_);
    data_ = ctx_ = nullptr;
    deleter_ = nullptr;
  }
  void* get() const { return data_; }
  void* mutable_get() { return data_; }
  void* get_context() const { return ctx_; }
  DeleterFnPtr get_deleter() const { return deleter_; }
  // Gives up the context; the caller frees it with the deleter.
  void* release_context() {
    void* c = ctx_;
    ctx_ = nullptr;
    return c;
  }
  Device device() const { return device_; }
  explicit operator bool() const { return data_ || ctx_; }

 private:
  void* data_ = nullptr;
  void* ctx_ = nullptr;
  DeleterFnPtr deleter_ = nullptr;
  Device device_;
};

struct PHAROS_API Allocator {
  virtual ~Allocator();
  virtual DataPtr allocate(size_t n) = 0;
  virtual DeleterFnPtr raw_deleter() const { return nullptr; }
  virtual void copy_data(void* dest, const void* src, size_t n) const;
};

// The allocator of a device type; CPU's is the built-in pool until replaced.
PHAROS_API Allocator* GetAllocator(DeviceType t);
PHAROS_API void SetAllocator(DeviceType t, Allocator* a);
PHAROS_API Allocator* GetCPUAllocator();

}  // namespace c10

namespace pharos {

struct MemoryStats {
  size_t allocated_bytes;  // held by live tensors, rounded up to block sizes
  size_t reserved_bytes;   // taken from the system: allocated + kept for reuse
  size_t peak_reserved_bytes;
  size_t limit_bytes;  // requests that would take reserved_bytes above it fail
};
// CPU memory of this process. Other threads' caches are read without stopping them, so the split
// between allocated and kept is exact only while they are idle.
PHAROS_API MemoryStats memory_stats();
// Gives memory kept for reuse back to the system; returns the number of bytes given back.
PHAROS_API size_t trim();
// Default: the smaller of the cgroup's limit and physical memory.
PHAROS_API void set_memory_limit(size_t bytes);

}  // namespace pharos
