// Steps of optimisers on raw memory: parameters, gradients and states of many tensors in one call.
// Tensors are dense with one layout for all their parts, so a tensor is a run of elements.
#pragma once

#include <pharos/core/scalar_type.h>

#include <cstddef>
#include <cstdint>

namespace pharos::cpu {

enum class OptimKind { kSgd, kAdam, kAdagrad, kRmsprop };

// Scalars of one call. What a kind does not name it does not read.
struct OptimParams {
  double lr = 0;            // sgd, rmsprop
  double beta1 = 0;         // adam; sgd, rmsprop: momentum
  double beta2 = 0;         // adam; rmsprop: alpha
  double eps = 0;           // adam, adagrad, rmsprop
  double weight_decay = 0;  // added to the gradient ...
  double shrink = 1;        // ... or, decoupled: the parameter is multiplied by this first
  double dampening = 0;     // sgd
  double grad_scale = 1;    // the gradient is divided by it, in memory too
  bool nesterov = false;    // sgd
  bool first_step = false;  // sgd: the momentum buffer starts as the gradient
  bool maximize = false;
};

// data: the parameter, its gradient, and the states, null where there is none:
//   sgd momentum buffer; adam exp_avg, exp_avg_sq, max_exp_avg_sq; adagrad sum;
//   rmsprop square_avg, momentum buffer, grad_avg.
// scalars: adam lr / (1 - beta1^step), sqrt(1 - beta2^step); adagrad lr / (1 + (step - 1) * decay).
constexpr int kOptimParts = 5;
struct OptimTensor {
  void* data[kOptimParts];
  int64_t numel;
  double scalars[2];
};

// f16, bf16, f32, f64. The first two are computed in f32 and rounded once.
void optim_step(OptimKind kind, c10::ScalarType dtype, const OptimParams& params,
                const OptimTensor* tensors, size_t count);

}  // namespace pharos::cpu
