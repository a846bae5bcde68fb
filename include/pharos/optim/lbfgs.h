// L-BFGS, with a strong Wolfe line search where it is asked for. `maximize` is Python's option: the
// loss is to grow.
#pragma once

#include <pharos/maybe.h>
#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API LBFGSOptions : public TabledOptions {
  LBFGSOptions(double lr = 1);
  TORCH_ARG(double, lr) = 1;
  TORCH_ARG(int64_t, max_iter) = 20;
  TORCH_ARG(std::optional<int64_t>, max_eval) = std::nullopt;
  TORCH_ARG(double, tolerance_grad) = 1e-7;
  TORCH_ARG(double, tolerance_change) = 1e-9;
  TORCH_ARG(int64_t, history_size) = 100;
  PHAROS_ARG(pharos::Maybe<std::string>, line_search_fn);
  TORCH_ARG(bool, maximize) = false;

  PHAROS_OPTIMIZER_OPTIONS(LBFGSOptions);
};

struct PHAROS_API LBFGSParamState : public TabledState {
  TORCH_ARG(int64_t, func_evals) = 0;
  TORCH_ARG(int64_t, n_iter) = 0;
  TORCH_ARG(double, t) = 0;
  TORCH_ARG(double, prev_loss) = 0;
  TORCH_ARG(Tensor, d);
  TORCH_ARG(Tensor, H_diag);
  TORCH_ARG(Tensor, prev_flat_grad);
  PHAROS_ARG(std::vector<Tensor>, old_dirs);
  PHAROS_ARG(std::vector<Tensor>, old_stps);
  PHAROS_ARG(std::vector<Tensor>, ro);
  PHAROS_ARG(pharos::Maybe<std::vector<Tensor>>, al);

  PHAROS_OPTIMIZER_STATE(LBFGSParamState);
};

class PHAROS_API LBFGS : public Optimizer {
  PHAROS_OPTIMIZER(LBFGS)
  explicit LBFGS(const std::vector<OptimizerParamGroup>& param_groups, LBFGSOptions defaults = {});
  explicit LBFGS(std::vector<Tensor> params, LBFGSOptions defaults = {});
  Tensor step(LossClosure closure) override;
};

}  // namespace torch::optim
