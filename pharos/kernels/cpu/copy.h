// Copies and fills of CPU tensors of any strides and dtypes.
#pragma once

#include <pharos/tensor.h>

namespace pharos::cpu {

// dst = src, broadcast and converted. Conj and neg bits are the caller's affair; the two do not
// overlap, except that they may be the same elements of the same dtype.
void copy_values(const at::Tensor& dst, const at::Tensor& src);
void fill_value(const at::Tensor& dst, const c10::Scalar& value);
void fill_zero(const at::Tensor& dst);

}  // namespace pharos::cpu
