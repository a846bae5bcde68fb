// Inner loops of reductions on rows of accumulator type.
#pragma once

#include "kernels/cpu/reduce.h"

namespace pharos::cpu {

template <class A>
struct ReduceKernels {
  A identity;
  // Reduces n items (a block: at most some thousands). `arg`: p of kPowSum, the mean of kVariance.
  A (*row)(const A* p, int64_t n, A arg);
  // acc[j] takes in p[r * stride + j] for all rows r; `args` as above, one per column.
  void (*columns)(A* acc, const A* p, int64_t stride, int64_t rows, int64_t n, const A* args);
  // Joins two partial results.
  A (*combine)(A a, A b);
};

// Null where the kind does not exist for A. A: float, double, int64_t, uint8_t, complex of both.
template <class A>
const ReduceKernels<A>* reduce_kernels(ReduceKind kind);
// reduce_plain.cpp: those without vectors.
template <class A>
const ReduceKernels<A>* plain_kernels(ReduceKind kind);

// Position of the first largest (smallest) item of n > 0; a NaN beats all numbers.
template <class A>
int64_t arg_extreme(const A* p, int64_t n, bool largest);
// best[j], index[j] take in p[j], which is at position `at`; NaN wins, the first of equals stays.
template <class A>
void arg_extreme_columns(A* best, int64_t* index, const A* p, int64_t at, int64_t n, bool largest);

}  // namespace pharos::cpu
