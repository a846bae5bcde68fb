// RMSprop (Tieleman and Hinton, 2012), with momentum and centring. `maximize` is Python's option:
// the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API RMSpropOptions : public TabledOptions {
  RMSpropOptions(double lr = 1e-2);
  TORCH_ARG(double, lr) = 1e-2;
  TORCH_ARG(double, alpha) = 0.99;
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, momentum) = 0;
  TORCH_ARG(bool, centered) = false;
  TORCH_ARG(bool, maximize) = false;

  PHAROS_OPTIMIZER_OPTIONS(RMSpropOptions);
};

struct PHAROS_API RMSpropParamState : public TabledState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(torch::Tensor, square_avg);
  TORCH_ARG(torch::Tensor, momentum_buffer);
  TORCH_ARG(torch::Tensor, grad_avg);

  PHAROS_OPTIMIZER_STATE(RMSpropParamState);
};

class PHAROS_API RMSprop : public Optimizer {
  PHAROS_OPTIMIZER(RMSprop)
  explicit RMSprop(const std::vector<OptimizerParamGroup>& param_groups,
                   RMSpropOptions defaults = {});
  explicit RMSprop(std::vector<Tensor> params, RMSpropOptions defaults = {});
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch::optim
