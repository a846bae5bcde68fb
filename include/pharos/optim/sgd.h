// Stochastic gradient descent with momentum, Nesterov momentum and weight decay. `maximize` is
// Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API SGDOptions : public TabledOptions {
  SGDOptions(double lr);
  TORCH_ARG(double, lr) = 0;
  TORCH_ARG(double, momentum) = 0;
  TORCH_ARG(double, dampening) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, nesterov) = false;
  TORCH_ARG(bool, maximize) = false;

  PHAROS_OPTIMIZER_OPTIONS(SGDOptions);
};

struct PHAROS_API SGDParamState : public TabledState {
  TORCH_ARG(torch::Tensor, momentum_buffer);

  PHAROS_OPTIMIZER_STATE(SGDParamState);
};

class PHAROS_API SGD : public Optimizer {
  PHAROS_OPTIMIZER(SGD)
  explicit SGD(const std::vector<OptimizerParamGroup>& param_groups, SGDOptions defaults);
  explicit SGD(std::vector<Tensor> params, SGDOptions defaults);
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch::optim
