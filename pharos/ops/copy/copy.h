// Gradients of the copy operators that are longer than a line.
#pragma once

#include "ops/geometry.h"

namespace pharos::backward {

using at::TensorList;
using c10::TensorOptions;

Tensor to_copy_backward(const Tensor& grad, const TensorOptions& options);
Tensor repeat_gradient(const Tensor& grad, IntArrayRef repeats, IntArrayRef sizes);
Tensor roll_gradient(const Tensor& grad, IntArrayRef shifts, IntArrayRef dims);
Tensor constant_pad_gradient(const Tensor& grad, IntArrayRef pad);
// Of padding that repeats elements: each element collects what its copies get.
Tensor pad_gradient(const Tensor& grad, IntArrayRef sizes, IntArrayRef padding, bool reflect);
std::vector<Tensor> block_diag_gradient(const Tensor& grad, TensorList tensors);
Tensor as_strided_scatter_gradient(const Tensor& grad, IntArrayRef size, IntArrayRef stride,
                                   std::optional<int64_t> offset);

}  // namespace pharos::backward

namespace pharos {
class Out;
}

namespace pharos::ops {

void tril_shape(Out& out, const Tensor& self);
void triu_shape(Out& out, const Tensor& self);

}  // namespace pharos::ops
