// parallel_for over a small thread pool of our own: the only way kernels use threads.
// A range is cut into chunks of exactly `grain` items, whatever the number of threads, so a kernel
// that keeps one partial result per chunk gives equal bits for any number of threads.
// Nested calls run serially. This header stays light: no <thread>, no <functional>.
#pragma once

#include <cstdint>
#include <type_traits>

namespace pharos {

// Number of threads (the caller included) that parallel_for may use. The default is the smallest of
// hardware, affinity mask and container CPU quota; PHAROS_NUM_THREADS, then OMP_NUM_THREADS
// override.
int get_num_threads() noexcept;
void set_num_threads(int n);  // throws std::invalid_argument when n < 1

// Inter-op threads are kept as a number only: nothing runs on them.
int get_num_interop_threads() noexcept;
void set_num_interop_threads(int n);

namespace cpu {

// True inside a parallel_for body that really runs in parallel (on workers and on the caller).
bool in_parallel_region() noexcept;
// 0 on the caller, 1.. on workers.
int get_thread_num() noexcept;

using ChunkFn = void (*)(void* context, int64_t begin, int64_t end);
void parallel_run(int64_t begin, int64_t end, int64_t grain, ChunkFn fn, void* context);

// Calls f(b, e) for [begin, begin + grain), [begin + grain, ...) ...; the last chunk may be
// shorter. An exception of any chunk reaches the caller; the remaining chunks may be skipped.
template <class F>
inline void parallel_for(int64_t begin, int64_t end, int64_t grain, F&& f) {
  if (begin >= end) return;
  if (grain < 1) grain = 1;
  if (end - begin <= grain) {
    f(begin, end);
    return;
  }
  using Body = std::remove_reference_t<F>;
  parallel_run(
      begin, end, grain,
      [](void* context, int64_t b, int64_t e) { (*static_cast<Body*>(context))(b, e); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

// Grain such that a chunk costs about `target` units of work when one item costs `cost`.
inline int64_t grain_for(int64_t cost, int64_t target = 32768) noexcept {
  const int64_t g = target / (cost > 0 ? cost : 1);
  return g > 0 ? g : 1;
}

// While alive, OpenMP (which oneDNN runs on) uses exactly our number of threads, or one inside a
// parallel region or in a forked child; the host program's setting comes back on destruction.
class OmpGuard {
 public:
  OmpGuard() noexcept : OmpGuard(0) {}
  explicit OmpGuard(int threads) noexcept;  // 0: as above
  ~OmpGuard();
  OmpGuard(const OmpGuard&) = delete;
  OmpGuard& operator=(const OmpGuard&) = delete;
  int threads() const noexcept { return threads_; }

 private:
  int saved_ = 0;
  int threads_ = 1;
};

}  // namespace cpu
}  // namespace pharos
