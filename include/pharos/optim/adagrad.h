// Adagrad (Duchi et al., 2011). `maximize` is Python's option: the loss is to grow.
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

struct PHAROS_API AdagradOptions : public OptimizerOptions {
  AdagradOptions(double lr = 1e-2);
  TORCH_ARG(double, lr) = 1e-2;
  TORCH_ARG(double, lr_decay) = 0;
  TORCH_ARG(double, weight_decay) = 0;
  TORCH_ARG(double, initial_accumulator_value) = 0;
  TORCH_ARG(double, eps) = 1e-10;
  TORCH_ARG(bool, maximize) = false;

 public:
  ~AdagradOptions() override;
  AdagradOptions(const AdagradOptions&);
  AdagradOptions& operator=(const AdagradOptions&);
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdagradOptions& lhs, const AdagradOptions& rhs);
  double get_lr() const override;
  void set_lr(const double lr) override;
};

struct PHAROS_API AdagradParamState : public OptimizerParamState {
  TORCH_ARG(torch::Tensor, sum);
  TORCH_ARG(int64_t, step) = 0;

 public:
  AdagradParamState();
  AdagradParamState(const AdagradParamState&);
  AdagradParamState& operator=(const AdagradParamState&);
  ~AdagradParamState() override;
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  PHAROS_API friend bool operator==(const AdagradParamState& lhs, const AdagradParamState& rhs);
};

class PHAROS_API Adagrad : public Optimizer {
 public:
  explicit Adagrad(const std::vector<OptimizerParamGroup>& param_groups,
                   AdagradOptions defaults = {});
  explicit Adagrad(std::vector<Tensor> params, AdagradOptions defaults = {});
  Adagrad(Adagrad&&) noexcept;
  Adagrad& operator=(Adagrad&&) noexcept;
  ~Adagrad() override;

  Tensor step(LossClosure closure = nullptr) override;

 protected:
  std::unique_ptr<OptimizerParamState> make_state() const override;
  const char* python_options() const override;
};

}  // namespace torch::optim
