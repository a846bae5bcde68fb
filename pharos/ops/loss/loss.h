// Shape rules and backward functions of the loss family.
#pragma once

#include <pharos/tensor_operators.h>

#include <tuple>
#include <vector>

#include "ops/index/index.h"
#include "ops/out.h"
#include "ops/plain.h"

namespace pharos::ops {

// One value per element, or one in all.
void loss_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction);
void loss_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target);
void smooth_l1_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction,
                     double beta);
void huber_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction,
                 double delta);
void soft_margin_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction);
void bce_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
               int64_t reduction);
void bce_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                        const OptTensor& weight);
void bce_logits_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
                      const OptTensor& pos_weight, int64_t reduction);
void nll_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
               int64_t reduction);
void nll_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                        const OptTensor& weight, int64_t reduction, const Tensor& total_weight);
void nll2d_shape(Out& out, const Tensor& self, const Tensor& target, const OptTensor& weight,
                 int64_t reduction);
void nll2d_backward_shape(Out& out, const Tensor& grad, const Tensor& self, const Tensor& target,
                          const OptTensor& weight, int64_t reduction, const Tensor& total_weight);
void multilabel_margin_shape(Out& out, const Tensor& self, const Tensor& target, int64_t reduction);
void multi_margin_shape(Out& out, const Tensor& self, const Tensor& target, const Scalar& p,
                        const OptTensor& weight, int64_t reduction);
// The result has the shape of `self`, contiguous.
void as_self_shape(Out& out, const Tensor& self);

Tensor reduce_loss(const Tensor& loss, int64_t reduction);

}  // namespace pharos::ops

namespace pharos::backward {

using ops::OptTensor;

Tensor mse_loss_double_backward(const Tensor& grad, const Tensor& self, int64_t reduction);
Tensor smooth_l1_loss_double_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                      int64_t reduction, double beta);
Tensor huber_loss_double_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                  int64_t reduction, double delta);
Tensor soft_margin_loss_double_backward(const Tensor& grad, const Tensor& self,
                                        const Tensor& target, int64_t reduction);
Tensor bce_target_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                           const OptTensor& weight, int64_t reduction);
Tensor bce_double_backward(const Tensor& grad_output, const Tensor& grad, const Tensor& self,
                           const Tensor& target, const OptTensor& weight, int64_t reduction);
Tensor bce_double_backward_target(const Tensor& grad, const Tensor& grad_output, const Tensor& self,
                                  const Tensor& target, const OptTensor& weight, int64_t reduction);
Tensor bce_logits_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                           const OptTensor& weight, const OptTensor& pos_weight, int64_t reduction);
Tensor bce_logits_target_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                                  const OptTensor& weight, const OptTensor& pos_weight,
                                  int64_t reduction);

}  // namespace pharos::backward
