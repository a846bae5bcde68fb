// Shape rules of activations and the functions of their second derivatives.
#pragma once

#include "ops/pointwise/pointwise.h"

namespace pharos::ops {

void relu(Out& out, const Tensor& self);
void celu(Out& out, const Tensor& self, const Scalar& alpha);
void gelu(Out& out, const Tensor& self, string_view approximate);
void hardtanh(Out& out, const Tensor& self, const Scalar& min_val, const Scalar& max_val);
void softshrink(Out& out, const Tensor& self, const Scalar& lambd);
void log_sigmoid_forward(Out& out, const Tensor& self);
void log_sigmoid_backward(Out& out, const Tensor& grad, const Tensor& self, const Tensor& buffer);
void glu(Out& out, const Tensor& self, int64_t dim);
void leaky_relu_backward(Out& out, const Tensor& grad, const Tensor& self, const Scalar& slope,
                         bool self_is_result);
void elu_backward(Out& out, const Tensor& grad, const Scalar& alpha, const Scalar& scale,
                  const Scalar& input_scale, bool is_result, const Tensor& self_or_result);
void gelu_backward(Out& out, const Tensor& grad, const Tensor& self, string_view approximate);
void softmax(Out& out, const Tensor& self, int64_t dim, bool half_to_float);
void softmax_backward(Out& out, const Tensor& grad, const Tensor& output, int64_t dim,
                      ScalarType input_dtype);

// A negative dim counted from the end; IndexError if there is no such dim.
int64_t wrap_dim(int64_t dim, int64_t ndim);

}  // namespace pharos::ops

namespace pharos::backward {

Tensor elu_double_backward(const Tensor& grad, const Tensor& grad_output, const Scalar& alpha,
                           const Scalar& scale, const Scalar& input_scale, bool is_result,
                           const Tensor& self_or_result);
Tensor gelu_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                            string_view approximate);
Tensor silu_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self);
Tensor mish_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& self);
Tensor softplus_double_backward(const Tensor& grad, const Tensor& self, const Scalar& beta,
                                const Scalar& threshold);
Tensor log_sigmoid_double_backward(const Tensor& grad, const Tensor& self);
Tensor softmax_double_backward(const Tensor& grad, const Tensor& grad_output, const Tensor& output,
                               int64_t dim);

}  // namespace pharos::backward
