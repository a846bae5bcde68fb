// Gradients of the copy operators that are longer than a line.
#pragma once

#include "ops/geometry.h"

namespace pharos::backward {

using at::TensorList;
using c10::TensorOptions;

Tensor to_copy_backward(const Tensor& grad, const TensorOptions& options);

}  // namespace pharos::backward
