// The steps of single tensors as tensor operators: what the fused steps fall back on, and the
// oracle of their kernels. Complex parameters are steps of their real views.
#pragma once

#include <pharos/tensor.h>

namespace pharos::ops {

struct StepOptions {
  double lr = 0, weight_decay = 0, eps = 0;
  double beta1 = 0, beta2 = 0, step = 0, lr_decay = 0;  // adam, adagrad
  double momentum = 0, dampening = 0, alpha = 0;        // sgd, rmsprop
  bool decoupled = false, amsgrad = false, maximize = false;
  bool nesterov = false, first_step = false, centered = false;
};

// States that the options do not ask for are undefined.
void adam_composed(at::Tensor param, at::Tensor grad, at::Tensor exp_avg, at::Tensor exp_avg_sq,
                   at::Tensor max_exp_avg_sq, const StepOptions& o);
void sgd_composed(at::Tensor param, at::Tensor grad, at::Tensor momentum_buffer,
                  const StepOptions& o);
void adagrad_composed(at::Tensor param, at::Tensor grad, at::Tensor state_sum,
                      const StepOptions& o);
void rmsprop_composed(at::Tensor param, at::Tensor grad, at::Tensor square_avg,
                      at::Tensor momentum_buffer, at::Tensor grad_avg, const StepOptions& o);

}  // namespace pharos::ops
