// Scratch memory for kernels: 64-byte aligned, kept per thread for the next call.
// The memory comes through two replaceable functions, so that statistics can count it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pharos::cpu {

using ScratchAlloc = void* (*)(size_t bytes);
using ScratchFree = void (*)(void* pointer, size_t bytes);
// To be called before the first kernel; both or neither.
void set_scratch_functions(ScratchAlloc alloc, ScratchFree free);

void* scratch_take(size_t bytes, size_t* got);  // throws std::bad_alloc
void scratch_give(void* pointer, size_t bytes) noexcept;
// Frees what the calling thread keeps.
void scratch_trim() noexcept;

// n items of T, not initialised.
template <class T>
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(int64_t n) { resize(n); }
  ~Scratch() {
    if (data_) scratch_give(data_, bytes_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  // Contents are lost.
  void resize(int64_t n) {
    if (data_) scratch_give(data_, bytes_);
    data_ = nullptr;
    if (n > 0) data_ = scratch_take(static_cast<size_t>(n) * sizeof(T), &bytes_);
  }
  T* get() const noexcept { return static_cast<T*>(data_); }
  T& operator[](int64_t i) const noexcept { return get()[i]; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace pharos::cpu
