// Adam (Kingma and Ba, 2014), with AMSGrad. `maximize` is Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

#include <tuple>

namespace torch::optim {

struct PHAROS_API AdamOptions : public OptimizerOptions {
  AdamOptions(double lr = 1e-3);
  TORCH_ARG(double, lr) = 1e-3;
  typedef std::tuple<double, double> betas_t;
  TORCH_ARG(betas_t, betas) = betas_t(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_ARG(bool, maximize) = false;
  TORCH_ARG(bool, decoupled_weight_decay) = false;

 public:
  ~AdamOptions() override;
  AdamOptions(const AdamOptions&);
  AdamOptions& operator=(const AdamOptions&);
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdamOptions& lhs, const AdamOptions& rhs);
  double get_lr() const override;
  void set_lr(const double lr) override;
};

struct PHAROS_API AdamParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(torch::Tensor, exp_avg);
  TORCH_ARG(torch::Tensor, exp_avg_sq);
  TORCH_ARG(torch::Tensor, max_exp_avg_sq);

 public:
  AdamParamState();
  AdamParamState(const AdamParamState&);
  AdamParamState& operator=(const AdamParamState&);
  ~AdamParamState() override;
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdamParamState& lhs, const AdamParamState& rhs);
};

class PHAROS_API Adam : public Optimizer {
 public:
  explicit Adam(const std::vector<OptimizerParamGroup>& param_groups, AdamOptions defaults = {});
  explicit Adam(std::vector<Tensor> params, AdamOptions defaults = {});
  Adam(Adam&&) noexcept;
  Adam& operator=(Adam&&) noexcept;
  ~Adam() override;

  Tensor step(LossClosure closure = nullptr) override;

 protected:
  std::unique_ptr<OptimizerParamState> make_state() const override;
  const char* python_options() const override;
};

}  // namespace torch::optim
