// Adam (Kingma and Ba, 2014), with AMSGrad. `maximize` is Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

#include <tuple>

namespace torch::optim {

struct PHAROS_API AdamOptions : public TabledOptions {
  AdamOptions(double lr = 1e-3);
  TORCH_ARG(double, lr) = 1e-3;
  typedef std::tuple<double, double> betas_t;
  TORCH_ARG(betas_t, betas) = betas_t(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_ARG(bool, maximize) = false;
  TORCH_ARG(bool, decoupled_weight_decay) = false;

  PHAROS_OPTIMIZER_OPTIONS(AdamOptions);
};

struct PHAROS_API AdamParamState : public TabledState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(torch::Tensor, exp_avg);
  TORCH_ARG(torch::Tensor, exp_avg_sq);
  TORCH_ARG(torch::Tensor, max_exp_avg_sq);

  PHAROS_OPTIMIZER_STATE(AdamParamState);
};

class PHAROS_API Adam : public Optimizer {
  PHAROS_OPTIMIZER(Adam)
  explicit Adam(const std::vector<OptimizerParamGroup>& param_groups, AdamOptions defaults = {});
  explicit Adam(std::vector<Tensor> params, AdamOptions defaults = {});
  Tensor step(LossClosure closure = nullptr) override;
};

}  // namespace torch::optim
