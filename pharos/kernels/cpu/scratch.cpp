// Per-thread cache of scratch blocks, and row conversion of half-precision numbers.
#include "kernels/cpu/scratch.h"

#include <cstdlib>
#include <new>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {
namespace {

void* default_alloc(size_t bytes) { return std::aligned_alloc(64, bytes); }
void default_free(void* pointer, size_t) { std::free(pointer); }
ScratchAlloc alloc_function = default_alloc;
ScratchFree free_function = default_free;

constexpr int kSlots = 8;
constexpr size_t kKeepBytes = size_t{64} << 20;  // per thread

struct Cache {
  void* pointer[kSlots] = {};
  size_t bytes[kSlots] = {};
  size_t kept = 0;
  bool dead = false;  // after thread exit: give and take go straight to the functions

  void clear() noexcept {
    for (int i = 0; i < kSlots; ++i) {
      if (pointer[i]) free_function(pointer[i], bytes[i]);
      pointer[i] = nullptr;
    }
    kept = 0;
  }
  ~Cache() {
    clear();
    dead = true;
  }
};
thread_local Cache cache;

}  // namespace

void set_scratch_functions(ScratchAlloc alloc, ScratchFree free) {
  scratch_trim();
  alloc_function = alloc ? alloc : default_alloc;
  free_function = free ? free : default_free;
}

void* scratch_take(size_t bytes, size_t* got) {
  Cache& c = cache;
  int best = -1;
  if (!c.dead) {
    for (int i = 0; i < kSlots; ++i) {
      // A block more than four times too big is left for who needs it.
      if (c.pointer[i] && c.bytes[i] >= bytes && c.bytes[i] / 4 <= bytes + 4096 &&
          (best < 0 || c.bytes[i] < c.bytes[best])) {
        best = i;
      }
    }
  }
  if (best >= 0) {
    void* p = c.pointer[best];
    *got = c.bytes[best];
    c.kept -= c.bytes[best];
    c.pointer[best] = nullptr;
    return p;
  }
  const size_t rounded = (bytes + 4095) / 4096 * 4096;
  if (rounded < bytes) throw std::bad_alloc();
  void* p = alloc_function(rounded);
  if (p == nullptr) throw std::bad_alloc();
  *got = rounded;
  return p;
}

void scratch_give(void* pointer, size_t bytes) noexcept {
  Cache& c = cache;
  if (!c.dead && c.kept + bytes <= kKeepBytes) {
    for (int i = 0; i < kSlots; ++i) {
      if (c.pointer[i] == nullptr) {
        c.pointer[i] = pointer;
        c.bytes[i] = bytes;
        c.kept += bytes;
        return;
      }
    }
  }
  free_function(pointer, bytes);
}

void scratch_trim() noexcept {
  if (!cache.dead) cache.clear();
}

}  // namespace pharos::cpu
