// AdamW (Loshchilov and Hutter, 2017): Adam with decoupled weight decay. `maximize` is Python's
// option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

#include <tuple>

namespace torch::optim {

struct PHAROS_API AdamWOptions : public OptimizerOptions {
  AdamWOptions(double lr = 1e-3);
  TORCH_ARG(double, lr) = 1e-3;
  typedef std::tuple<double, double> betas_t;
  TORCH_ARG(betas_t, betas) = betas_t(0.9, 0.999);
  TORCH_ARG(double, eps) = 1e-8;
  TORCH_ARG(double, weight_decay) = 1e-2;
  TORCH_ARG(bool, amsgrad) = false;
  TORCH_ARG(bool, maximize) = false;

 public:
  ~AdamWOptions() override;
  AdamWOptions(const AdamWOptions&);
  AdamWOptions& operator=(const AdamWOptions&);
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdamWOptions& lhs, const AdamWOptions& rhs);
  double get_lr() const override;
  void set_lr(const double lr) override;
};

struct PHAROS_API AdamWParamState : public OptimizerParamState {
  TORCH_ARG(int64_t, step) = 0;
  TORCH_ARG(torch::Tensor, exp_avg);
  TORCH_ARG(torch::Tensor, exp_avg_sq);
  TORCH_ARG(torch::Tensor, max_exp_avg_sq);

 public:
  AdamWParamState();
  AdamWParamState(const AdamWParamState&);
  AdamWParamState& operator=(const AdamWParamState&);
  ~AdamWParamState() override;
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdamWParamState& lhs, const AdamWParamState& rhs);
};

class PHAROS_API AdamW : public Optimizer {
 public:
  explicit AdamW(const std::vector<OptimizerParamGroup>& param_groups, AdamWOptions defaults = {});
  explicit AdamW(std::vector<Tensor> params, AdamWOptions defaults = {});
  AdamW(AdamW&&) noexcept;
  AdamW& operator=(AdamW&&) noexcept;
  ~AdamW() override;

  Tensor step(LossClosure closure = nullptr) override;

 protected:
  std::unique_ptr<OptimizerParamState> make_state() const override;
  const char* python_options() const override;
};

}  // namespace torch::optim
