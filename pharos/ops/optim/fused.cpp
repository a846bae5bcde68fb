// The fused optimiser steps: lists of parameters, gradients and states become one table of pointers
// and one kernel call. What the kernel does not take goes through tensor operators, one by one.
#include <pharos/ops/functions.h>

#include <cmath>

#include "kernels/cpu/optim.h"
#include "ops/optim/composed.h"
#include "ops/optim_decls.h"

namespace pharos::ops {

using at::Tensor;
using at::TensorList;
using c10::ScalarType;
using c10::TensorImpl;
using cpu::OptimKind;
using cpu::OptimParams;
using cpu::OptimTensor;

namespace {

using MaybeTensor = std::optional<Tensor>;

bool kernel_dtype(ScalarType t) {
  return t == ScalarType::Float || t == ScalarType::Double || t == ScalarType::BFloat16 ||
         t == ScalarType::Half;
}

// One layout without holes, so that equal positions in memory are equal elements.
bool takes_kernel(const Tensor& t) {
  const TensorImpl* impl = t.unsafeGetTensorImpl();
  return kernel_dtype(impl->dtype_) && t.is_cpu() && !t.is_neg() &&
         (impl->is_contiguous() || impl->is_non_overlapping_and_dense());
}
bool same_layout(const Tensor& a, const Tensor& b) {
  const TensorImpl *x = a.unsafeGetTensorImpl(), *y = b.unsafeGetTensorImpl();
  return x->dtype_ == y->dtype_ && b.is_cpu() && !b.is_neg() && a.sizes() == b.sizes() &&
         ((x->is_contiguous() && y->is_contiguous()) || a.strides() == b.strides());
}

double number_of(const Tensor& t) {
  if (t.is_cpu() && t.scalar_type() == ScalarType::Float && t.numel() == 1)
    return t.const_data_ptr<float>()[0];
  if (t.is_cpu() && t.scalar_type() == ScalarType::Double && t.numel() == 1)
    return t.const_data_ptr<double>()[0];
  return t.item<double>();
}

// Collects what the kernel takes, and calls it when the table is full or the dtype changes.
class Table {
 public:
  Table(OptimKind kind, const OptimParams& params) : kind_(kind), params_(params) {}
  // False where the tensors do not fit. parts: param, grad, states; null or undefined where none.
  bool add(const Tensor* const (&parts)[cpu::kOptimParts], double scalar0, double scalar1) {
    const Tensor& param = *parts[0];
    if (!takes_kernel(param)) return false;
    for (int k = 1; k < cpu::kOptimParts; ++k)
      if (parts[k] && !same_layout(param, *parts[k])) return false;
    if (count_ == kRows || (count_ > 0 && dtype_ != param.scalar_type())) flush();
    dtype_ = param.scalar_type();
    OptimTensor& row = rows_[count_++];
    for (int k = 0; k < cpu::kOptimParts; ++k)
      row.data[k] = parts[k] ? parts[k]->unsafeGetTensorImpl()->data : nullptr;
    row.numel = param.numel();
    row.scalars[0] = scalar0;
    row.scalars[1] = scalar1;
    return true;
  }
  void flush() {
    if (count_ > 0) cpu::optim_step(kind_, dtype_, params_, rows_, count_);
    count_ = 0;
  }

 private:
  static constexpr size_t kRows = 256;
  OptimKind kind_;
  const OptimParams& params_;
  ScalarType dtype_ = ScalarType::Undefined;
  size_t count_ = 0;
  OptimTensor rows_[kRows];
};

void check_length(const char* op, const char* name, TensorList self, TensorList other) {
  TORCH_CHECK(self.size() == other.size(), op, ": expected ", name, " to have ", self.size(),
              " tensors, one for each of self, but got ", other.size());
}

// Gradient scaling found an infinity: nothing is to be done.
bool skips(const MaybeTensor& found_inf) {
  return found_inf && found_inf->defined() && number_of(*found_inf) == 1;
}
double scale_of(const MaybeTensor& grad_scale) {
  return grad_scale && grad_scale->defined() ? number_of(*grad_scale) : 1;
}
const Tensor& unscaled(const Tensor& grad, double scale) {
  if (scale != 1) Tensor(grad).div_(scale);
  return grad;
}

// 1 - beta^step, which neighbours in a list nearly always share.
struct Corrections {
  double beta1, beta2, step = -1, first = 1, second_root = 1;
  void at(double s) {
    if (s == step) return;
    step = s;
    first = 1 - std::pow(beta1, s);
    second_root = std::sqrt(1 - std::pow(beta2, s));
  }
};

struct AdamLists {
  TensorList params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps;
};

void run_adam(const char* op, const AdamLists& lists, StepOptions o, const MaybeTensor& grad_scale,
              const MaybeTensor& found_inf) {
  check_length(op, "grads", lists.params, lists.grads);
  check_length(op, "exp_avgs", lists.params, lists.exp_avgs);
  check_length(op, "exp_avg_sqs", lists.params, lists.exp_avg_sqs);
  check_length(op, "state_steps", lists.params, lists.steps);
  if (o.amsgrad) check_length(op, "max_exp_avg_sqs", lists.params, lists.max_exp_avg_sqs);
  if (skips(found_inf)) return;
  OptimParams p;
  p.beta1 = o.beta1;
  p.beta2 = o.beta2;
  p.eps = o.eps;
  p.weight_decay = o.decoupled ? 0 : o.weight_decay;
  p.shrink = o.decoupled && o.weight_decay != 0 ? 1 - o.lr * o.weight_decay : 1;
  p.maximize = o.maximize;
  p.grad_scale = scale_of(grad_scale);
  Table table(OptimKind::kAdam, p);
  Corrections c{o.beta1, o.beta2};
  for (size_t i = 0; i < lists.params.size(); ++i) {
    c.at(number_of(lists.steps[i]));
    const Tensor* max = o.amsgrad ? &lists.max_exp_avg_sqs[i] : nullptr;
    if (table.add(
            {&lists.params[i], &lists.grads[i], &lists.exp_avgs[i], &lists.exp_avg_sqs[i], max},
            o.lr / c.first, c.second_root))
      continue;
    o.step = c.step;
    adam_composed(lists.params[i], unscaled(lists.grads[i], p.grad_scale), lists.exp_avgs[i],
                  lists.exp_avg_sqs[i], max ? *max : Tensor(), o);
  }
  table.flush();
}

StepOptions adam_options(double lr, double beta1, double beta2, double weight_decay, double eps,
                         bool amsgrad, bool maximize, bool decoupled) {
  StepOptions o;
  o.lr = lr;
  o.beta1 = beta1;
  o.beta2 = beta2;
  o.weight_decay = weight_decay;
  o.eps = eps;
  o.amsgrad = amsgrad;
  o.maximize = maximize;
  o.decoupled = decoupled;
  return o;
}

}  // namespace

void fused_adam(TensorList self, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                TensorList max_exp_avg_sqs, TensorList state_steps, double lr, double beta1,
                double beta2, double weight_decay, double eps, bool amsgrad, bool maximize,
                const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  run_adam("_fused_adam_", {self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps},
           adam_options(lr, beta1, beta2, weight_decay, eps, amsgrad, maximize, false), grad_scale,
           found_inf);
}

void fused_adam_tensor_lr(TensorList self, TensorList grads, TensorList exp_avgs,
                          TensorList exp_avg_sqs, TensorList max_exp_avg_sqs,
                          TensorList state_steps, const Tensor& lr, double beta1, double beta2,
                          double weight_decay, double eps, bool amsgrad, bool maximize,
                          const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  fused_adam(self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, number_of(lr), beta1,
             beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}

void fused_adamw(TensorList self, TensorList grads, TensorList exp_avgs, TensorList exp_avg_sqs,
                 TensorList max_exp_avg_sqs, TensorList state_steps, double lr, double beta1,
                 double beta2, double weight_decay, double eps, bool amsgrad, bool maximize,
                 const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  run_adam("_fused_adamw_", {self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps},
           adam_options(lr, beta1, beta2, weight_decay, eps, amsgrad, maximize, true), grad_scale,
           found_inf);
}

void fused_adamw_tensor_lr(TensorList self, TensorList grads, TensorList exp_avgs,
                           TensorList exp_avg_sqs, TensorList max_exp_avg_sqs,
                           TensorList state_steps, const Tensor& lr, double beta1, double beta2,
                           double weight_decay, double eps, bool amsgrad, bool maximize,
                           const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  fused_adamw(self, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, state_steps, number_of(lr),
              beta1, beta2, weight_decay, eps, amsgrad, maximize, grad_scale, found_inf);
}

void fused_sgd(TensorList self, TensorList grads, TensorList momentum_buffer_list,
               double weight_decay, double momentum, double lr, double dampening, bool nesterov,
               bool maximize, bool is_first_step, const MaybeTensor& grad_scale,
               const MaybeTensor& found_inf) {
  check_length("_fused_sgd_", "grads", self, grads);
  if (momentum != 0)
    check_length("_fused_sgd_", "momentum_buffer_list", self, momentum_buffer_list);
  if (skips(found_inf)) return;
  OptimParams p;
  p.lr = lr;
  p.beta1 = momentum;
  p.weight_decay = weight_decay;
  p.dampening = dampening;
  p.grad_scale = scale_of(grad_scale);
  p.nesterov = nesterov;
  p.first_step = is_first_step;
  p.maximize = maximize;
  StepOptions o;
  o.lr = lr;
  o.weight_decay = weight_decay;
  o.momentum = momentum;
  o.dampening = dampening;
  o.nesterov = nesterov;
  o.first_step = is_first_step;
  o.maximize = maximize;
  Table table(OptimKind::kSgd, p);
  for (size_t i = 0; i < self.size(); ++i) {
    const Tensor* buffer = momentum != 0 ? &momentum_buffer_list[i] : nullptr;
    if (table.add({&self[i], &grads[i], buffer, nullptr, nullptr}, 0, 0)) continue;
    sgd_composed(self[i], unscaled(grads[i], p.grad_scale), buffer ? *buffer : Tensor(), o);
  }
  table.flush();
}

void fused_sgd_tensor_lr(TensorList self, TensorList grads, TensorList momentum_buffer_list,
                         double weight_decay, double momentum, const Tensor& lr, double dampening,
                         bool nesterov, bool maximize, bool is_first_step,
                         const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  fused_sgd(self, grads, momentum_buffer_list, weight_decay, momentum, number_of(lr), dampening,
            nesterov, maximize, is_first_step, grad_scale, found_inf);
}

void fused_adagrad(TensorList self, TensorList grads, TensorList state_sums, TensorList state_steps,
                   double lr, double lr_decay, double weight_decay, double eps, bool maximize,
                   const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  check_length("_fused_adagrad_", "grads", self, grads);
  check_length("_fused_adagrad_", "state_sums", self, state_sums);
  check_length("_fused_adagrad_", "state_steps", self, state_steps);
  if (skips(found_inf)) return;
  OptimParams p;
  p.weight_decay = weight_decay;
  p.eps = eps;
  p.maximize = maximize;
  p.grad_scale = scale_of(grad_scale);
  StepOptions o;
  o.lr = lr;
  o.lr_decay = lr_decay;
  o.weight_decay = weight_decay;
  o.eps = eps;
  o.maximize = maximize;
  Table table(OptimKind::kAdagrad, p);
  for (size_t i = 0; i < self.size(); ++i) {
    o.step = number_of(state_steps[i]);
    if (table.add({&self[i], &grads[i], &state_sums[i], nullptr, nullptr},
                  lr / (1 + (o.step - 1) * lr_decay), 0))
      continue;
    adagrad_composed(self[i], unscaled(grads[i], p.grad_scale), state_sums[i], o);
  }
  table.flush();
}

void fused_adagrad_tensor_lr(TensorList self, TensorList grads, TensorList state_sums,
                             TensorList state_steps, const Tensor& lr, double lr_decay,
                             double weight_decay, double eps, bool maximize,
                             const MaybeTensor& grad_scale, const MaybeTensor& found_inf) {
  fused_adagrad(self, grads, state_sums, state_steps, number_of(lr), lr_decay, weight_decay, eps,
                maximize, grad_scale, found_inf);
}

void fused_rmsprop(TensorList self, TensorList grads, TensorList square_avgs,
                   TensorList momentum_buffers, TensorList grad_avgs, double lr, double alpha,
                   double eps, double weight_decay, double momentum, bool centered, bool maximize) {
  check_length("_fused_rmsprop_", "grads", self, grads);
  check_length("_fused_rmsprop_", "square_avgs", self, square_avgs);
  if (momentum > 0) check_length("_fused_rmsprop_", "momentum_buffers", self, momentum_buffers);
  if (centered) check_length("_fused_rmsprop_", "grad_avgs", self, grad_avgs);
  OptimParams p;
  p.lr = lr;
  p.beta1 = momentum;
  p.beta2 = alpha;
  p.eps = eps;
  p.weight_decay = weight_decay;
  p.maximize = maximize;
  StepOptions o;
  o.lr = lr;
  o.alpha = alpha;
  o.eps = eps;
  o.weight_decay = weight_decay;
  o.momentum = momentum;
  o.centered = centered;
  o.maximize = maximize;
  Table table(OptimKind::kRmsprop, p);
  for (size_t i = 0; i < self.size(); ++i) {
    const Tensor* buffer = momentum > 0 ? &momentum_buffers[i] : nullptr;
    const Tensor* average = centered ? &grad_avgs[i] : nullptr;
    if (table.add({&self[i], &grads[i], &square_avgs[i], buffer, average}, 0, 0)) continue;
    rmsprop_composed(self[i], grads[i], square_avgs[i], buffer ? *buffer : Tensor(),
                     average ? *average : Tensor(), o);
  }
  table.flush();
}

}  // namespace pharos::ops
