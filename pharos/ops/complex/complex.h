// Shape rules and gradients of complex operators.
#pragma once

#include "ops/pointwise/pointwise.h"

namespace pharos::ops {

void complex(Out& out, const Tensor& real, const Tensor& imag);
void polar(Out& out, const Tensor& abs, const Tensor& angle);

}  // namespace pharos::ops

namespace pharos::backward {

std::tuple<Tensor, Tensor> polar_backward(const Tensor& grad, const Tensor& result);

}  // namespace pharos::backward
