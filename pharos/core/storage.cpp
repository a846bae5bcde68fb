// Storage: buffers, their growth and their end; the allocator registry of device types.
#include <pharos/core/storage.h>

#include <cstring>

#include "core/contents.h"
#include "core/pool.h"

namespace pharos {

namespace {
std::atomic<ForgetContents> forget{nullptr};
}

void on_forget_contents(ForgetContents f) noexcept { forget.store(f, std::memory_order_release); }
void forget_contents(uint64_t name) noexcept {
  if (ForgetContents f = forget.load(std::memory_order_acquire)) f(name);
}

}  // namespace pharos

namespace c10 {

Allocator::~Allocator() = default;
intrusive_ptr_target::~intrusive_ptr_target() = default;

void Allocator::copy_data(void* dest, const void* src, size_t n) const {
  std::memcpy(dest, src, n);
}

namespace {

// A pool block handed out through the Allocator interface keeps its class in a header of its own.
constexpr size_t kHeader = 64;

void free_pool_block(void* block) { pharos::pool_free(block, *static_cast<int*>(block)); }

struct CpuAllocator final : Allocator {
  DataPtr allocate(size_t n) override {
    if (n == 0) return DataPtr(nullptr, nullptr, nullptr, Device(DeviceType::CPU));
    TORCH_CHECK(n <= SIZE_MAX - kHeader,
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", n, " bytes.");
    const int size_class = pharos::pool_class_of(n + kHeader);
    char* block = static_cast<char*>(pharos::pool_allocate(size_class));
    *reinterpret_cast<int*>(block) = size_class;
    return DataPtr(block + kHeader, block, &free_pool_block, Device(DeviceType::CPU));
  }
  DeleterFnPtr raw_deleter() const override { return nullptr; }
};

CpuAllocator& cpu_allocator() {
  static CpuAllocator* const a = new CpuAllocator;
  return *a;
}

std::atomic<Allocator*> allocators[static_cast<int>(DeviceType::COMPILE_TIME_MAX_DEVICE_TYPES)];

}  // namespace

Allocator* GetAllocator(DeviceType t) {
  Allocator* a = allocators[static_cast<int>(t)].load(std::memory_order_acquire);
  if (!a && t == DeviceType::CPU) return &cpu_allocator();
  TORCH_CHECK(a, "Allocator for ", DeviceTypeName(t, true), " is not set.");
  return a;
}
void SetAllocator(DeviceType t, Allocator* a) {
  allocators[static_cast<int>(t)].store(a, std::memory_order_release);
}
Allocator* GetCPUAllocator() { return GetAllocator(DeviceType::CPU); }

uint64_t StorageImpl::name_contents() noexcept {
  uint64_t name = contents.load(std::memory_order_relaxed);
  if (name == 0) {
    static std::atomic<uint64_t> last{kExposed};
    const uint64_t fresh = last.fetch_add(1, std::memory_order_relaxed) + 1;
    if (contents.compare_exchange_strong(name, fresh, std::memory_order_relaxed)) name = fresh;
  }
  return name == kExposed ? 0 : name;
}

void StorageImpl::end_contents(uint64_t next) noexcept {
  uint64_t name = contents.load(std::memory_order_relaxed);
  do {
    if (name == kExposed) return;
  } while (!contents.compare_exchange_weak(name, next, std::memory_order_relaxed));
  if (name != 0) pharos::forget_contents(name);
}

void StorageImpl::set_data_ptr(DataPtr&& p, size_t nbytes) {
  expose();
  replace_buffer(std::move(p), nbytes);
}

void StorageImpl::replace_buffer(DataPtr&& p, size_t nbytes) {
  renew_contents();
  if (deleter_) deleter_(ctx_);
  data_ = p.get();
  deleter_ = p.get_deleter();
  ctx_ = p.release_context();
  if (!ctx_) deleter_ = nullptr;
  nbytes_ = nbytes;
}

namespace {

// Other tensors may point into the old buffer: it lives as long as the storage.
struct GrownBuffer {
  DataPtr fresh;
  void (*old_deleter)(void*);
  void* old_ctx;
  static void free(void* p) {
    auto* g = static_cast<GrownBuffer*>(p);
    if (g->old_deleter) g->old_deleter(g->old_ctx);
    delete g;
  }
};

}  // namespace

void StorageImpl::resize(size_t nbytes) {
  TORCH_CHECK(resizable(), "Trying to resize storage that is not resizable");
  if (device_type == DeviceType::Meta) {
    nbytes_ = nbytes;
    return;
  }
  Allocator* a = allocator_ ? allocator_ : GetAllocator(device_type);
  DataPtr fresh = a->allocate(nbytes);
  const size_t keep = nbytes < nbytes_ ? nbytes : nbytes_;
  if (keep > 0 && data_) a->copy_data(fresh.get(), data_, keep);
  if (use_count() == 1 || !deleter_) return replace_buffer(std::move(fresh), nbytes);
  renew_contents();
  data_ = fresh.get();
  ctx_ = new GrownBuffer{std::move(fresh), deleter_, ctx_};
  deleter_ = &GrownBuffer::free;
  nbytes_ = nbytes;
}

void StorageImpl::destroy() noexcept {
  renew_contents();
  if (deleter_) deleter_(ctx_);
  // Embedded or not, a storage is the head of a pool block.
  pharos::pool_free(this, pool_class);
}

namespace {

intrusive_ptr<StorageImpl> make_storage(size_t nbytes, DataPtr data, Allocator* a, bool resizable) {
  const int size_class = pharos::pool_class_of(sizeof(StorageImpl));
  auto* s = new (pharos::pool_allocate(size_class)) StorageImpl;
  s->pool_class = static_cast<uint8_t>(size_class);
  s->device_type = data.device().type();
  s->device_index = data.device().index();
  s->allocator_ = a;
  if (resizable) s->flags |= StorageImpl::kResizable;
  s->replace_buffer(std::move(data), nbytes);
  return intrusive_ptr<StorageImpl>::reclaim(s);
}

}  // namespace

Storage::Storage(use_byte_size_t, size_t nbytes, Allocator* a, bool resizable) {
  if (!a) a = GetCPUAllocator();
  impl_ = make_storage(nbytes, a->allocate(nbytes), a, resizable);
}
Storage::Storage(use_byte_size_t, size_t nbytes, DataPtr data, Allocator* a, bool resizable)
    : impl_(make_storage(nbytes, std::move(data), a, resizable)) {
  impl_->expose();  // who brings the memory may go on writing to it
}

}  // namespace c10
