// Adagrad (Duchi et al., 2011). `maximize` is Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API AdagradOptions : public TabledOptions {
  AdagradOptions(double lr = 1e-2);
  TORCH_ARG(double, lr) = 1e-2;
  TORCH_ARG(double, lr_decay) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, initial_accumulator_value) = 0;
  TORCH_ARG(double, eps) = 1e-10;
  TORCH_ARG(bool, maximize) = false;

  PHAROS_OPTIMIZER_OPTIONS(AdagradOptions);
};

struct PHAROS_API AdagradParamState : public TabledState {
  TORCH_ARG(torch::Tensor, sum);
  TORCH_ARG(int64_t, step) = 0;

  PHAROS_OPTIMIZER_STATE(AdagradParamState);
};

class PHAROS_API Adagrad : public Optimizer {
  PHAROS_OPTIMIZER(Adagrad)
  explicit Adagrad(const std::vector<OptimizerParamGroup>& param_groups,
                   AdagradOptions defaults = {});
  explicit Adagrad(std::vector<Tensor> params, AdagradOptions defaults = {});
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch::optim
