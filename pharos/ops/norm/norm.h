// Shape rules, checks and backward functions of the norm family.
#pragma once

#include <pharos/tensor_operators.h>

#include <array>
#include <tuple>

#include "ops/index/index.h"
#include "ops/out.h"
#include "ops/plain.h"

namespace pharos::ops {

void batch_norm_shape(Out& out, const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                      const OptTensor& running_mean, const OptTensor& running_var, bool training);
void layer_norm_shape(Out& out, const Tensor& input, IntArrayRef normalized_shape,
                      const OptTensor& weight, const OptTensor& bias);
void group_norm_shape(Out& out, const Tensor& input, const OptTensor& weight, const OptTensor& bias,
                      int64_t N, int64_t C, int64_t HxW, int64_t group);
// The dtype of statistics: that of the parameters where they are wider than the input.
ScalarType norm_stat_type(const Tensor& input, std::initializer_list<const OptTensor*> params);
// `t`'s layout for a result: channels last if that is what it suggests.
Tensor norm_like(const Tensor& t);

}  // namespace pharos::ops

namespace pharos::backward {

using ops::OptTensor;
using Grads3 = std::tuple<Tensor, Tensor, Tensor>;

Grads3 batch_norm_grad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                       const Tensor& running_mean, const Tensor& running_var,
                       const Tensor& save_mean, const Tensor& save_invstd, bool train, double eps,
                       std::array<bool, 3> needs);
Grads3 layer_norm_grad(const Tensor& grad, const Tensor& input, IntArrayRef shape,
                       const Tensor& mean, const Tensor& rstd, const Tensor& weight,
                       const Tensor& bias, double eps, std::array<bool, 3> needs);
Grads3 group_norm_grad(const Tensor& grad, const Tensor& input, const Tensor& mean,
                       const Tensor& rstd, const Tensor& weight, int64_t N, int64_t C, int64_t HxW,
                       int64_t group, double eps, std::array<bool, 3> needs);

// Gradients of native_*_norm_backward by the gradient that it was given, the input and the weight,
// from those of its three results. The statistics count as functions of the input.
Grads3 batch_norm_double_backward(const Tensor& gg_input, const Tensor& gg_weight,
                                  const Tensor& gg_bias, const Tensor& grad, const Tensor& input,
                                  const Tensor& weight, const Tensor& running_mean,
                                  const Tensor& running_var, bool train, double eps,
                                  std::array<bool, 3> needs);
Grads3 layer_norm_double_backward(const Tensor& gg_input, const Tensor& gg_weight,
                                  const Tensor& gg_bias, const Tensor& grad, const Tensor& input,
                                  IntArrayRef shape, const Tensor& mean, const Tensor& rstd,
                                  const Tensor& weight, std::array<bool, 3> needs);

}  // namespace pharos::backward
