// Questions about geometry that the inline arrays of an impl answer without a loop: unused dims are
// zero. (Written out: the compiler leaves loops of five as loops.)
#pragma once

#include <pharos/core/tensor_impl.h>

namespace pharos {

static_assert(c10::TensorImpl::kInlineDims == 5);

inline bool same_inline_sizes(const c10::TensorImpl& a, const c10::TensorImpl& b) {
  const int64_t *x = a.sizes_, *y = b.sizes_;
  return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}

// All inline strides are zero: one item, repeated.
inline bool has_zero_strides(const c10::TensorImpl& t) {
  const int64_t* s = t.strides_;
  return (s[0] | s[1] | s[2] | s[3] | s[4]) == 0;
}

}  // namespace pharos
