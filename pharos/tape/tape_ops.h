// The operators that the tape itself needs, as function pointers: the tape stands below the operator
// declarations. The table is filled by pharos/ops/tape_ops.cpp.
#pragma once

#include <pharos/tensor.h>

namespace pharos::tape {

using at::Tensor;

struct TapeOps {
  Tensor (*add)(const Tensor& a, const Tensor& b);
  void (*add_inplace)(const Tensor& a, const Tensor& b);
  Tensor (*sum_to_size)(const Tensor& t, c10::IntArrayRef sizes);
  // Casts a gradient to its input's dtype; complex to real takes the real part.
  Tensor (*cast_gradient)(const Tensor& t, c10::ScalarType dtype);
  Tensor (*ones_like)(const Tensor& t);
  Tensor (*clone)(const Tensor& t);
  // A copy with the geometry of `like` where that is dense, contiguous otherwise.
  Tensor (*clone_as)(const Tensor& t, const Tensor& like);
  void (*copy_inplace)(const Tensor& to, const Tensor& from);
  void (*zero_inplace)(const Tensor& t);
  Tensor (*as_strided)(const Tensor& t, c10::IntArrayRef sizes, c10::IntArrayRef strides, int64_t offset);
  // The view anew, taken from its base by recorded operators.
  Tensor (*regenerate_view)(const Tensor& base, const Tensor& view);
  Tensor (*detach)(const Tensor& t);
  bool (*any_nan)(const Tensor& t);
};
extern const TapeOps tape_ops;

}  // namespace pharos::tape
