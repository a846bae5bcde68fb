// The CPU memory pool: 64-byte aligned blocks from size classes. Blocks up to 4 KiB are cut from
// slabs and handed out by per-thread lists without locks; larger ones come from the system and are
// kept for reuse.
#pragma once

#include "core/thread_state.h"

#include <cstddef>
#include <cstdint>

namespace pharos {

// Size classes: 1..64 are multiples of 64 bytes; above that, four steps per doubling. kHuge marks
// blocks beyond the classes, whose size is kept in a header in front of them.
constexpr size_t kSmallStep = 64;
constexpr int kSmallClasses = 64;
constexpr size_t kSmallMax = kSmallStep * kSmallClasses;
constexpr int kClassCount = 189;
constexpr uint8_t kForeignClass = 0;

struct FreeBlock {
  FreeBlock* next;
};

// Lists of free blocks by class. `room` counts down to the number of blocks that may still be kept.
struct ThreadCache {
  FreeBlock* head[kClassCount];
  uint16_t room[kClassCount];
  ThreadCache* next_cache;
  ThreadCache* prev_cache;
};

void* pool_allocate_slow(int size_class, size_t bytes);
void pool_free_slow(void* p, int size_class) noexcept;
// The class of blocks that hold `bytes` (which must be above 0), and the size of its blocks.
int pool_class_of_large(size_t bytes);
size_t pool_class_size(int size_class);

inline int pool_class_of(size_t bytes) {
  return PHAROS_LIKELY(bytes <= kSmallMax) ? static_cast<int>((bytes + kSmallStep - 1) / kSmallStep)
                                           : pool_class_of_large(bytes);
}

inline void* pool_allocate(int size_class) {
  ThreadCache* cache = thread_state.cache;
  FreeBlock* block = cache->head[size_class];
  if (PHAROS_UNLIKELY(!block)) return pool_allocate_slow(size_class, 0);
  cache->head[size_class] = block->next;
  cache->room[size_class]++;
  return block;
}

inline void pool_free(void* p, int size_class) noexcept {
  ThreadCache* cache = thread_state.cache;
  if (PHAROS_UNLIKELY(cache->room[size_class] == 0)) return pool_free_slow(p, size_class);
  cache->room[size_class]--;
  auto* block = static_cast<FreeBlock*>(p);
  block->next = cache->head[size_class];
  cache->head[size_class] = block;
}

}  // namespace pharos
