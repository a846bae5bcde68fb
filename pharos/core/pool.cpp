// Slow paths of the memory pool: refilling and draining thread caches, system memory, statistics,
// the cap, threads that end and processes that fork.
#include "core/pool.h"

#include <pharos/core/allocator.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace pharos {

void pool_thread_exit(ThreadCache* cache);

namespace {

constexpr size_t kSlabBytes = size_t{1} << 18;
// A thread keeps at most this many bytes of free blocks per class (but at least one block up to
// kThreadMax); the rest goes to the central lists, where other threads find it.
constexpr size_t kThreadBytesPerClass = size_t{64} << 10;
constexpr size_t kThreadMax = size_t{1} << 20;
// Blocks of this size and more are mapped on their own, so that trimming gives them back whole.
constexpr size_t kMapThreshold = size_t{256} << 10;

// What a thread without a cache has: empty lists without room, so that every call takes the slow
// path. Constant data: it is never written.
constexpr ThreadCache kEmptyCache{};

size_t class_size(int c) {
  if (c <= kSmallClasses) return kSmallStep * static_cast<size_t>(c);
  const int step = c - kSmallClasses;  // 1.. : 5/4, 6/4, 7/4, 2 times 4 KiB, ...
  const int doubling = (step - 1) / 4, quarter = (step - 1) % 4 + 1;
  return (kSmallMax << doubling) + quarter * ((kSmallMax << doubling) / 4);
}

uint16_t thread_room(int c) {
  if (c == 0) return 0;
  const size_t size = class_size(c);
  if (size > kThreadMax) return 0;
  const size_t n = kThreadBytesPerClass / size;
  return static_cast<uint16_t>(std::clamp<size_t>(n, 2, 512));
}

struct Central {
  std::mutex mutex;
  FreeBlock* head[kClassCount] = {};
  size_t count[kClassCount] = {};
  ThreadCache caches{};  // ring of all thread caches
  char* slab = nullptr;
  size_t slab_left = 0;
  std::atomic<size_t> reserved{0};
  size_t peak = 0;
  std::atomic<size_t> limit{0};
  pthread_key_t exit_key;
};

// Leaked on purpose: tensors in static storage are freed after every destructor here has run.
Central& central() {
  static Central* const c = [] {
    auto* made = new Central;
    made->caches.next_cache = made->caches.prev_cache = &made->caches;
    pthread_key_create(&made->exit_key,
                       [](void* cache) { pool_thread_exit(static_cast<ThreadCache*>(cache)); });
    pthread_atfork([] { central().mutex.lock(); }, [] { central().mutex.unlock(); },
                   [] { central().mutex.unlock(); });
    return made;
  }();
  return *c;
}

size_t read_number(const char* path) {
  size_t value = 0;
  if (std::FILE* f = std::fopen(path, "r")) {
    unsigned long long v = 0;
    if (std::fscanf(f, "%llu", &v) == 1) value = v;
    std::fclose(f);
  }
  return value;
}

size_t default_limit() {
  size_t limit =
      static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const size_t v = read_number(path);
    if (v > 0) limit = std::min(limit, v);
  }
  return limit;
}

size_t current_limit(Central& c) {
  size_t limit = c.limit.load(std::memory_order_relaxed);
  if (limit == 0) c.limit.store(limit = default_limit(), std::memory_order_relaxed);
  return limit;
}

void* system_allocate(size_t bytes) {
  if (bytes >= kMapThreshold) {
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
  }
  return std::aligned_alloc(64, bytes);
}

void system_free(void* p, size_t bytes) {
  if (bytes >= kMapThreshold)
    munmap(p, bytes);
  else
    std::free(p);
}

size_t trim_locked(Central& c) {
  size_t freed = 0;
  for (int i = kSmallClasses + 1; i < kClassCount; ++i) {
    while (FreeBlock* b = c.head[i]) {
      c.head[i] = b->next;
      c.count[i]--;
      system_free(b, class_size(i));
      freed += class_size(i);
    }
  }
  c.reserved -= freed;
  return freed;
}

[[noreturn]] void out_of_memory(size_t bytes, size_t reserved, size_t limit) {
  throw_error(ErrorKind::OutOfMemory,
              message("DefaultCPUAllocator: can't allocate memory: you tried to allocate ", bytes,
                      " bytes. ", reserved, " bytes are in use; the limit is ", limit, " bytes."));
}

// Takes `bytes` from the system, within the cap; c.mutex is held.
void* reserve(Central& c, size_t bytes, size_t wanted) {
  const size_t limit = current_limit(c);
  if (bytes > limit || c.reserved + bytes > limit) trim_locked(c);
  const size_t reserved = c.reserved;
  if (bytes > limit || reserved + bytes > limit) out_of_memory(wanted, reserved, limit);
  void* p = system_allocate(bytes);
  if (!p) {
    trim_locked(c);
    p = system_allocate(bytes);
    if (!p) out_of_memory(wanted, c.reserved, limit);
  }
  c.reserved += bytes;
  c.peak = std::max(c.peak, c.reserved.load());
  return p;
}

// One block of a class from the central lists, a slab or the system; c.mutex is held.
FreeBlock* take_one(Central& c, int size_class, size_t wanted) {
  if (FreeBlock* b = c.head[size_class]) {
    c.head[size_class] = b->next;
    c.count[size_class]--;
    return b;
  }
  const size_t size = class_size(size_class);
  if (size_class > kSmallClasses) return static_cast<FreeBlock*>(reserve(c, size, wanted));
  if (c.slab_left < size) {
    c.slab = static_cast<char*>(reserve(c, kSlabBytes, wanted));
    c.slab_left = kSlabBytes;
  }
  auto* b = reinterpret_cast<FreeBlock*>(c.slab);
  c.slab += size;
  c.slab_left -= size;
  return b;
}

void give_back(Central& c, FreeBlock* b, int size_class) {
  b->next = c.head[size_class];
  c.head[size_class] = b;
  c.count[size_class]++;
}

thread_local bool thread_ended = false;

bool make_thread_cache() {
  if (thread_state.cache != &kEmptyCache) return true;
  if (thread_ended) return false;
  Central& c = central();
  auto* cache = static_cast<ThreadCache*>(std::calloc(1, sizeof(ThreadCache)));
  if (!cache) return false;
  for (int i = 0; i < kClassCount; ++i) cache->room[i] = thread_room(i);
  {
    std::lock_guard<std::mutex> lock(c.mutex);
    cache->next_cache = c.caches.next_cache;
    cache->prev_cache = &c.caches;
    c.caches.next_cache->prev_cache = cache;
    c.caches.next_cache = cache;
  }
  thread_state.cache = cache;
  pthread_setspecific(c.exit_key, cache);
  return true;
}

}  // namespace

void pool_thread_exit(ThreadCache* cache) {
  // Objects with later destructors may still free tensors: they find the empty cache.
  thread_state.cache = const_cast<ThreadCache*>(&kEmptyCache);
  thread_ended = true;
  Central& c = central();
  std::lock_guard<std::mutex> lock(c.mutex);
  for (int i = 1; i < kClassCount; ++i)
    while (FreeBlock* b = cache->head[i]) {
      cache->head[i] = b->next;
      give_back(c, b, i);
    }
  cache->prev_cache->next_cache = cache->next_cache;
  cache->next_cache->prev_cache = cache->prev_cache;
  std::free(cache);
}

thread_local constinit ThreadState thread_state __attribute__((tls_model("initial-exec"))) = {
    const_cast<ThreadCache*>(&kEmptyCache), 0, true, true, 0, 0, 0, nullptr, nullptr};

int pool_class_of_large(size_t bytes) {
  int doubling = 0;
  while (doubling < 30 && bytes > (kSmallMax << (doubling + 1))) ++doubling;
  const size_t low = kSmallMax << doubling, quarter = low / 4;
  const size_t q = (bytes - low + quarter - 1) / quarter;
  const size_t c = kSmallClasses + 4 * static_cast<size_t>(doubling) + q;
  if (c >= static_cast<size_t>(kClassCount))
    out_of_memory(bytes, central().reserved, current_limit(central()));
  return static_cast<int>(c);
}

size_t pool_class_size(int size_class) { return class_size(size_class); }

void* pool_allocate_slow(int size_class, size_t bytes) {
  const size_t wanted = bytes ? bytes : class_size(size_class);
  const bool cached = make_thread_cache();
  Central& c = central();
  std::lock_guard<std::mutex> lock(c.mutex);
  FreeBlock* result = take_one(c, size_class, wanted);
  if (cached && size_class <= kSmallClasses) {
    // A batch at once, so that the lock is rare.
    ThreadCache* cache = thread_state.cache;
    const int batch = std::min<int>(cache->room[size_class] / 2, 32);
    for (int i = 0; i < batch; ++i) {
      if (!c.head[size_class] && c.slab_left < class_size(size_class)) break;
      FreeBlock* b = take_one(c, size_class, wanted);
      b->next = cache->head[size_class];
      cache->head[size_class] = b;
      cache->room[size_class]--;
    }
  }
  return result;
}

void pool_free_slow(void* p, int size_class) noexcept {
  const bool cached = make_thread_cache();
  ThreadCache* cache = thread_state.cache;
  if (cached && cache->room[size_class] > 0) return pool_free(p, size_class);
  Central& c = central();
  std::lock_guard<std::mutex> lock(c.mutex);
  give_back(c, static_cast<FreeBlock*>(p), size_class);
  if (!cached || size_class > kSmallClasses) return;
  // The list is full: half of it moves to the central list, where other threads find it.
  for (int n = thread_room(size_class) / 2; n > 0 && cache->head[size_class]; --n) {
    FreeBlock* b = cache->head[size_class];
    cache->head[size_class] = b->next;
    cache->room[size_class]++;
    give_back(c, b, size_class);
  }
}

MemoryStats memory_stats() {
  Central& c = central();
  std::lock_guard<std::mutex> lock(c.mutex);
  size_t free_bytes = c.slab_left;
  for (int i = 1; i < kClassCount; ++i) free_bytes += c.count[i] * class_size(i);
  for (ThreadCache* t = c.caches.next_cache; t != &c.caches; t = t->next_cache)
    for (int i = 1; i < kClassCount; ++i)
      free_bytes += static_cast<size_t>(thread_room(i) - t->room[i]) * class_size(i);
  const size_t reserved = c.reserved;
  return {reserved - std::min(reserved, free_bytes), reserved, c.peak, current_limit(c)};
}

size_t trim() {
  Central& c = central();
  std::lock_guard<std::mutex> lock(c.mutex);
  if (thread_state.cache != &kEmptyCache) {
    ThreadCache* cache = thread_state.cache;
    for (int i = kSmallClasses + 1; i < kClassCount; ++i)
      while (FreeBlock* b = cache->head[i]) {
        cache->head[i] = b->next;
        cache->room[i]++;
        give_back(c, b, i);
      }
  }
  return trim_locked(c);
}

void set_memory_limit(size_t bytes) { central().limit.store(bytes, std::memory_order_relaxed); }

}  // namespace pharos
