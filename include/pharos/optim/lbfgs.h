// L-BFGS, with a strong Wolfe line search where it is asked for. `maximize` is Python's option: the
// loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API LBFGSOptions : public OptimizerOptions {
  LBFGSOptions(double lr = 1);
  TORCH_ARG(double, lr) = 1;
  TORCH_ARG(int64_t, max_iter) = 20;
  TORCH_ARG(std::optional<int64_t>, max_eval) = std::nullopt;
  TORCH_ARG(double, tolerance_grad) = 1e-7;
  TORCH_ARG(double, tolerance_change) = 1e-9;
  TORCH_ARG(int64_t, history_size) = 100;
  TORCH_ARG(std::optional<std::string>, line_search_fn) = std::nullopt;
  TORCH_ARG(bool, maximize) = false;

 public:
  ~LBFGSOptions() override;
  LBFGSOptions(const LBFGSOptions&);
  LBFGSOptions& operator=(const LBFGSOptions&);
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const LBFGSOptions& lhs, const LBFGSOptions& rhs);
  double get_lr() const override;
  void set_lr(const double lr) override;
};

struct PHAROS_API LBFGSParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, func_evals) = 0;
  TORCH_ARG(int64_t, n_iter) = 0;
  TORCH_ARG(double, t) = 0;
  TORCH_ARG(double, prev_loss) = 0;
  TORCH_ARG(Tensor, d);
  TORCH_ARG(Tensor, H_diag);
  TORCH_ARG(Tensor, prev_flat_grad);
  TORCH_ARG(std::vector<Tensor>, old_dirs);
  TORCH_ARG(std::vector<Tensor>, old_stps);
  TORCH_ARG(std::vector<Tensor>, ro);
  TORCH_ARG(std::optional<std::vector<Tensor>>, al) = std::nullopt;

 public:
  LBFGSParamState();
  LBFGSParamState(const LBFGSParamState&);
  LBFGSParamState& operator=(const LBFGSParamState&);
  ~LBFGSParamState() override;
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const LBFGSParamState& lhs, const LBFGSParamState& rhs);
};

class PHAROS_API LBFGS : public Optimizer {
 public:
  explicit LBFGS(const std::vector<OptimizerParamGroup>& param_groups, LBFGSOptions defaults = {});
  explicit LBFGS(std::vector<Tensor> params, LBFGSOptions defaults = {});
  LBFGS(LBFGS&&) noexcept;
  LBFGS& operator=(LBFGS&&) noexcept;
  ~LBFGS() override;

  Tensor step(LossClosure closure) override;

 protected:
  std::unique_ptr<OptimizerParamState> make_state() const override;
  const char* python_options() const override;
};

}  // namespace torch::optim
