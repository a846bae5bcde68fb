// Optimiser steps made of tensor operators, in PyTorch's order of operations.
#include "ops/optim/composed.h"

#include <pharos/ops/functions.h>

#include <cmath>

namespace pharos::ops {

using at::Tensor;

namespace {

Tensor ascending(const Tensor& param, const Tensor& grad, const StepOptions& o) {
  Tensor g = o.maximize ? grad.neg() : grad;
  if (o.weight_decay != 0 && !o.decoupled) g = g.add(param, o.weight_decay);
  return g;
}

void real_view(Tensor& t) {
  if (t.defined() && t.is_complex()) t = at::view_as_real(t);
}

}  // namespace

void adam_composed(Tensor param, Tensor grad, Tensor exp_avg, Tensor exp_avg_sq,
                   Tensor max_exp_avg_sq, const StepOptions& o) {
  grad = ascending(param, grad, o);
  if (o.weight_decay != 0 && o.decoupled) param.mul_(1 - o.lr * o.weight_decay);
  if (param.is_complex()) grad = grad.resolve_conj();
  for (Tensor* t : {&param, &grad, &exp_avg, &exp_avg_sq, &max_exp_avg_sq}) real_view(*t);
  exp_avg.lerp_(grad, 1 - o.beta1);
  exp_avg_sq.mul_(o.beta2).addcmul_(grad, grad, 1 - o.beta2);
  if (o.amsgrad) at::maximum_out(max_exp_avg_sq, max_exp_avg_sq, exp_avg_sq);
  const double correction = std::sqrt(1 - std::pow(o.beta2, o.step));
  const Tensor& square = o.amsgrad ? max_exp_avg_sq : exp_avg_sq;
  const Tensor denominator = square.sqrt().div_(correction).add_(o.eps);
  param.addcdiv_(exp_avg, denominator, -o.lr / (1 - std::pow(o.beta1, o.step)));
}

void sgd_composed(Tensor param, Tensor grad, Tensor buffer, const StepOptions& o) {
  grad = ascending(param, grad, o);
  if (o.momentum != 0) {
    if (o.first_step)
      buffer.copy_(grad);
    else
      buffer.mul_(o.momentum).add_(grad, 1 - o.dampening);
    grad = o.nesterov ? grad.add(buffer, o.momentum) : buffer;
  }
  param.add_(grad, -o.lr);
}

void adagrad_composed(Tensor param, Tensor grad, Tensor state_sum, const StepOptions& o) {
  grad = ascending(param, grad, o);
  if (param.is_complex()) grad = grad.resolve_conj();
  for (Tensor* t : {&param, &grad, &state_sum}) real_view(*t);
  state_sum.addcmul_(grad, grad, 1);
  param.addcdiv_(grad, state_sum.sqrt().add_(o.eps), -o.lr / (1 + (o.step - 1) * o.lr_decay));
}

void rmsprop_composed(Tensor param, Tensor grad, Tensor square_avg, Tensor momentum_buffer,
                      Tensor grad_avg, const StepOptions& o) {
  grad = ascending(param, grad, o);
  if (param.is_complex()) grad = grad.resolve_conj();
  for (Tensor* t : {&param, &grad, &square_avg, &momentum_buffer, &grad_avg}) real_view(*t);
  square_avg.mul_(o.alpha).addcmul_(grad, grad, 1 - o.alpha);
  Tensor average;
  if (o.centered) {
    grad_avg.lerp_(grad, 1 - o.alpha);
    average = square_avg.addcmul(grad_avg, grad_avg, -1).sqrt_().add_(o.eps);
  } else {
    average = square_avg.sqrt().add_(o.eps);
  }
  if (o.momentum > 0) {
    momentum_buffer.mul_(o.momentum).addcdiv_(grad, average);
    param.add_(momentum_buffer, -o.lr);
  } else {
    param.addcdiv_(grad, average, -o.lr);
  }
}

}  // namespace pharos::ops
