// The cache of packed weights: one list in the order of use under one lock, with an index by the
// name of the contents.
#include "kernels/cpu/packed_weights.h"

#include <pharos/core/allocator.h>
#include <pthread.h>

#include <atomic>
#include <exception>
#include <list>
#include <mutex>
#include <unordered_map>

#include "core/contents.h"

namespace pharos::cpu {
namespace {

using Layout = dnnl::memory::desc;

struct Slot {
  WeightKey key;
  const void* address;
  Layout layout;
  uint64_t used;      // the cache's clock at the last use
  PackedBlock block;  // null after the first use
  int64_t bytes() const { return block ? static_cast<int64_t>(layout.get_size()) : 0; }
};

std::atomic<int64_t> limit{int64_t{256} << 20};

class Cache {
 public:
  PackedWeight find(const WeightKey& key, const void* address, const Layout& layout) {
    Slots dead;  // destroyed after the lock is given back
    const std::lock_guard<std::mutex> guard(lock_);
    drop_other_versions(key, dead);
    const uint64_t now = ++clock_;
    const auto slot = locate(key, address, layout);
    if (slot == slots_.end()) {
      slots_.push_front({key, address, layout, now, nullptr});
      by_name_.emplace(key.id, slots_.begin());
      while (slots_.size() > kMaxPackedSlots) drop(std::prev(slots_.end()), dead);
      return {};
    }
    const uint64_t before = slot->used;
    slot->used = now;
    slots_.splice(slots_.begin(), slots_, slot);
    return {slot->block, !slot->block && has_room(static_cast<int64_t>(layout.get_size()), before)};
  }

  void keep(const WeightKey& key, const void* address, const Layout& layout, PackedBlock block) {
    Slots dead;
    const std::lock_guard<std::mutex> guard(lock_);
    const auto slot = locate(key, address, layout);
    if (slot == slots_.end() || slot->block) return;
    slot->block = std::move(block);
    bytes_ += slot->bytes();
    slots_.splice(slots_.begin(), slots_, slot);
    drop_beyond_limit(dead);
  }

  void forget(uint64_t name) noexcept {
    Slots dead;
    const std::lock_guard<std::mutex> guard(lock_);
    auto [it, end] = by_name_.equal_range(name);
    for (; it != end; it = by_name_.erase(it)) bury(it->second, dead);
  }

  void shrink() {
    Slots dead;
    const std::lock_guard<std::mutex> guard(lock_);
    drop_beyond_limit(dead);
  }

  void clear() {
    Slots dead;
    const std::lock_guard<std::mutex> guard(lock_);
    dead.swap(slots_);
    by_name_.clear();
    bytes_ = 0;
  }

  PackedWeightUse use() {
    const std::lock_guard<std::mutex> guard(lock_);
    return {slots_.size(), bytes_};
  }

 private:
  using Slots = std::list<Slot>;  // most recently used first

  Slots::iterator locate(const WeightKey& key, const void* address, const Layout& layout) {
    auto [it, end] = by_name_.equal_range(key.id);
    for (; it != end; ++it) {
      const Slot& s = *it->second;
      if (s.key.version == key.version && s.address == address && s.layout == layout)
        return it->second;
    }
    return slots_.end();
  }

  void bury(Slots::iterator slot, Slots& dead) {
    bytes_ -= slot->bytes();
    dead.splice(dead.end(), slots_, slot);
  }

  void drop(Slots::iterator slot, Slots& dead) {
    auto it = by_name_.equal_range(slot->key.id).first;
    while (it->second != slot) ++it;
    by_name_.erase(it);
    bury(slot, dead);
  }

  void drop_other_versions(const WeightKey& key, Slots& dead) {
    auto [it, end] = by_name_.equal_range(key.id);
    while (it != end) {
      if (it->second->key.version == key.version) {
        ++it;
      } else {
        bury(it->second, dead);
        it = by_name_.erase(it);
      }
    }
  }

  void drop_beyond_limit(Slots& dead) {
    while (bytes_ > limit) drop(std::prev(slots_.end()), dead);
  }

  // Room may be made of what was last used before `since`, the previous use of who asks: weights
  // that take turns must not push each other out when they are too many.
  bool has_room(int64_t bytes, uint64_t since) const {
    int64_t room = limit - bytes_;
    for (auto slot = slots_.rbegin(); room < bytes && slot != slots_.rend(); ++slot) {
      if (slot->used > since) return false;
      room += slot->bytes();
    }
    return room >= bytes;
  }

  Slots slots_;
  std::unordered_multimap<uint64_t, Slots::iterator> by_name_;
  uint64_t clock_ = 0;
  int64_t bytes_ = 0;
  std::mutex lock_;
};

Cache* current = nullptr;

Cache& cache() {
  static std::once_flag once;
  std::call_once(once, [] {
    current = new Cache;
    on_forget_contents([](uint64_t name) noexcept { current->forget(name); });
    // A thread that did not survive the fork may have been at work on it: leak it, start afresh.
    pthread_atfork(nullptr, nullptr, [] { current = new Cache; });
  });
  return *current;
}

}  // namespace

PackedWeight find_packed_weight(const WeightKey& key, const void* address, const Layout& layout) {
  return cache().find(key, address, layout);
}

PackedBlock new_packed_block(const Layout& layout) {
  try {
    return std::make_shared<const c10::DataPtr>(
        c10::GetCPUAllocator()->allocate(layout.get_size()));
  } catch (const std::exception&) {
    return nullptr;
  }
}

void keep_packed_weight(const WeightKey& key, const void* address, const Layout& layout,
                        PackedBlock block) {
  cache().keep(key, address, layout, std::move(block));
}

void set_packed_weight_limit(int64_t bytes) {
  limit = bytes < 0 ? 0 : bytes;
  cache().shrink();
}
void clear_packed_weights() { cache().clear(); }
PackedWeightUse packed_weight_use() { return cache().use(); }

}  // namespace pharos::cpu
