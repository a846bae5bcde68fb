// Shape rules and backward functions of the conv family.
#pragma once

#include <pharos/tensor_operators.h>

#include <array>
#include <tuple>

#include "ops/out.h"
#include "ops/plain.h"

namespace pharos::ops {

// The arguments of one convolution, checked and expanded to one value per spatial dim.
struct ConvArgs {
  int dims;  // spatial
  bool transposed;
  int64_t groups;
  int64_t stride[3], padding[3], dilation[3], output_padding[3];

  ConvArgs(const Tensor& weight, IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
           bool transposed, IntArrayRef output_padding, int64_t groups);
  // PyTorch's checks of shapes; fills the sizes of the result (batch, channels, spatial).
  void check(const Tensor& input, const Tensor& weight, const OptTensor& bias) const;
  void output_sizes(const Tensor& input, const Tensor& weight, int64_t* sizes) const;
};

void convolution_shape(Out& out, const Tensor& input, const Tensor& weight, const OptTensor& bias,
                       IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                       bool transposed, IntArrayRef output_padding, int64_t groups);

// A tensor laid out as convolutions lay out their results: channels last if either input is.
Tensor conv_result(const Tensor& input, const Tensor& weight, int64_t groups, IntArrayRef sizes);

}  // namespace pharos::ops

namespace pharos::backward {

std::tuple<Tensor, Tensor, Tensor> conv_grad(const Tensor& grad, const Tensor& input,
                                             const Tensor& weight, IntArrayRef stride,
                                             IntArrayRef padding, IntArrayRef dilation,
                                             bool transposed, IntArrayRef output_padding,
                                             int64_t groups, std::array<bool, 3> needs);
// Gradients by grad_output, input and weight of convolution_backward's three results.
std::tuple<Tensor, Tensor, Tensor> conv_double_backward(
    const Tensor* grads, const Tensor& grad_output, const Tensor& input, const Tensor& weight,
    IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
    IntArrayRef output_padding, int64_t groups, std::array<bool, 3> needs);

}  // namespace pharos::backward
