// Reductions over any set of dims of a strided array, on raw pointers.
// The work is cut into tasks by sizes alone and partial results are combined in a fixed tree, so
// the bits of a result do not depend on the number of threads. Floating sums are pairwise above
// blocks of a few thousand items; halves accumulate in float, integers in int64.
#pragma once

#include <pharos/core/scalar_type.h>

namespace pharos::cpu {

using c10::ScalarType;

enum class ReduceKind : uint8_t {
  kSum,
  kNanSum,  // NaN counts as zero
  kProd,
  kMin,  // NaN wins
  kMax,
  kAbsSum,  // these five see |x|, so complex input becomes real
  kSquareSum,
  kAbsMin,
  kAbsMax,
  kPowSum,  // sum of |x|^p
  kCount,   // number of nonzero items, an int64
  kAny,     // a bool
  kAll,
  kVariance,  // sum of squared distances from the mean, in two passes
};

struct Reduction {
  ReduceKind kind = ReduceKind::kSum;
  ScalarType in_type = ScalarType::Float;
  ScalarType out_type = ScalarType::Float;
  double p = 2;        // of kPowSum
  double divisor = 1;  // the result is divided by it, then raised to `root`
  double root = 1;     // 1, 0.5 or 1/p
  int ndim = 0;
  const int64_t* sizes = nullptr;
  const int64_t* in_strides = nullptr;   // in items
  const int64_t* out_strides = nullptr;  // in items, one per input dim; those reduced are ignored
  uint64_t reduced = 0;                  // bit d: dim d is reduced
  // kVariance only: where the means go, laid out as the result; may be null.
  void* mean_out = nullptr;
  const int64_t* mean_strides = nullptr;
};

// The type in which values of `t` are accumulated.
constexpr ScalarType accumulate_type(ScalarType t) {
  return c10::isIntegralType(t, true) ? ScalarType::Long : c10::toOpMathType(t);
}

// Reduces in values of accumulate_type(out_type); with an empty extent the identity is written.
void reduce(const Reduction& r, const void* in, void* out);

}  // namespace pharos::cpu
