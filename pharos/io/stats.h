// Sum, extremes and counts of what is no number, of a tensor as it lies in memory. Own loops rather
// than operators: this folder stands below them.
#pragma once

#include <pharos/tensor.h>

namespace pharos::io {

struct TensorStats {
  bool known = false;  // false where elements overlap so that there are more of them than storage
  double sum = 0, imag_sum = 0;
  bool has_extremes = false;  // false for complex and where there are only NaNs, or nothing
  double min = 0, max = 0;
  int64_t nan = 0, inf = 0;
};
TensorStats tensor_stats(const at::Tensor& t);

}  // namespace pharos::io
