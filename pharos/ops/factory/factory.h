// What factories of several files share.
#pragma once

#include "ops/geometry.h"

namespace pharos::ops {

// A fresh tensor with its values set; meta tensors pass through.
Tensor fill_new(Tensor t, const c10::Scalar& value);
Tensor zero_new(Tensor t);
// out[i] = start + i * step.
void fill_sequence(const Tensor& out, const c10::Scalar& start, const c10::Scalar& step);

}  // namespace pharos::ops
