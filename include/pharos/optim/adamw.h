// AdamW (Loshchilov and Hutter, 2017): Adam with decoupled weight decay. `maximize` is Python's
// option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

#include <tuple>

namespace torch::optim {

struct PHAROS_API AdamWOptions : public TabledOptions {
  AdamWOptions(double lr = 1e-3);
  TORCH_ARG(double, lr) = 1e-3;
  typedef std::tuple<double, double> betas_t;
  TORCH_ARG(betas_t, betas) = betas_t(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 1e-2;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_ARG(bool, maximize) = false;

  PHAROS_OPTIMIZER_OPTIONS(AdamWOptions);
};

struct PHAROS_API AdamWParamState : public TabledState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(torch::Tensor, exp_avg);
  TORCH_ARG(torch::Tensor, exp_avg_sq);
  TORCH_ARG(torch::Tensor, max_exp_avg_sq);

  PHAROS_OPTIMIZER_STATE(AdamWParamState);
};

class PHAROS_API AdamW : public Optimizer {
  PHAROS_OPTIMIZER(AdamW)
  explicit AdamW(const std::vector<OptimizerParamGroup>& param_groups, AdamWOptions defaults = {});
  explicit AdamW(std::vector<Tensor> params, AdamWOptions defaults = {});
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch::optim
