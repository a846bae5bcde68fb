// How finely loops are cut whose result does not depend on the cut.
#pragma once

#include "kernels/cpu/parallel.h"

namespace pharos::cpu {

// One chunk when all is little work, else chunks small enough that two threads end at nearly the
// same time. A multiple of `unit` items.
inline int64_t even_grain(int64_t n, int64_t cost, int64_t unit = 1) noexcept {
  if (cost < 1) cost = 1;
  if (n <= 49152 / cost) return n > 0 ? n : 1;
  return (grain_for(cost, 8192) + unit - 1) / unit * unit;
}

}  // namespace pharos::cpu
