// The public functions about threads, in front of the kernels' pool.
#include <pharos/core/exception.h>
#include <pharos/parallel.h>

#include "kernels/cpu/parallel.h"

namespace pharos {

void run_in_parallel(int64_t begin, int64_t end, int64_t grain,
                     void (*body)(void*, int64_t, int64_t), void* context) {
  TORCH_CHECK(grain >= 0, "parallel_for: grain_size must not be negative, got ", grain);
  if (begin >= end) return;
  // One part per thread, where that is more than the grain.
  const int64_t threads = get_num_threads(), part = (end - begin + threads - 1) / threads;
  cpu::parallel_run(begin, end, part > grain ? part : grain, body, context);
}

}  // namespace pharos

namespace at {

static void check_count(int n) { TORCH_CHECK(n > 0, "Expected positive number of threads"); }
int get_num_threads() { return pharos::get_num_threads(); }
void set_num_threads(int n) {
  check_count(n);
  pharos::set_num_threads(n);
}
int get_num_interop_threads() { return pharos::get_num_interop_threads(); }
void set_num_interop_threads(int n) {
  check_count(n);
  pharos::set_num_interop_threads(n);
}
int get_thread_num() { return pharos::cpu::get_thread_num(); }
bool in_parallel_region() { return pharos::cpu::in_parallel_region(); }
void init_num_threads() {}

}  // namespace at
