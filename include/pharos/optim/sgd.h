// Stochastic gradient descent with momentum, Nesterov momentum and weight decay. `maximize` is
// Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API SGDOptions : public OptimizerOptions {
  SGDOptions(double lr);
  TORCH_ARG(double, lr) = 0;
  TORCH_ARG(double, momentum) = 0;
  TORCH_ARG(double, dampening) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(bool, nesterov) = false;
  TORCH_ARG(bool, maximize) = false;

 public:
  ~SGDOptions() override;
  SGDOptions(const SGDOptions&);
  SGDOptions& operator=(const SGDOptions&);
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const SGDOptions& lhs, const SGDOptions& rhs);
  double get_lr() const override;
  void set_lr(const double lr) override;
};

struct PHAROS_API SGDParamState : public OptimizerParamState {
  TORCH_ARG(torch::Tensor, momentum_buffer);

 public:
  SGDParamState();
  SGDParamState(const SGDParamState&);
  SGDParamState& operator=(const SGDParamState&);
  ~SGDParamState() override;
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const SGDParamState& lhs, const SGDParamState& rhs);
};

class PHAROS_API SGD : public Optimizer {
 public:
  explicit SGD(const std::vector<OptimizerParamGroup>& param_groups, SGDOptions defaults);
  explicit SGD(std::vector<Tensor> params, SGDOptions defaults);
  SGD(SGD&&) noexcept;
  SGD& operator=(SGD&&) noexcept;
  ~SGD() override;

  Tensor step(LossClosure closure = nullptr) override;

 protected:
  std::unique_ptr<OptimizerParamState> make_state() const override;
  const char* python_options() const override;
};

}  // namespace torch::optim
