// at::set_num_threads and its kin, at::parallel_for: threads as programs see them.
#pragma once

#include <pharos/core/macros.h>

#include <cstdint>

namespace pharos {
PHAROS_API void run_in_parallel(int64_t begin, int64_t end, int64_t grain,
                                void (*body)(void* context, int64_t begin, int64_t end),
                                void* context);
}

namespace at {

PHAROS_API int get_num_threads();
PHAROS_API void set_num_threads(int n);
PHAROS_API int get_num_interop_threads();
PHAROS_API void set_num_interop_threads(int n);
PHAROS_API int get_thread_num();
PHAROS_API bool in_parallel_region();
PHAROS_API void init_num_threads();

// f(begin, end) for parts of the range.
template <typename F>
void parallel_for(int64_t begin, int64_t end, int64_t grain_size, const F& f) {
  pharos::run_in_parallel(
      begin, end, grain_size,
      [](void* context, int64_t b, int64_t e) { (*static_cast<const F*>(context))(b, e); },
      const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace at

namespace torch {
using at::get_num_interop_threads;
using at::get_num_threads;
using at::init_num_threads;
using at::set_num_interop_threads;
using at::set_num_threads;
}  // namespace torch
