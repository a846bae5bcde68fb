// Every `step_size` epochs the rates are multiplied by `gamma`.
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>

namespace torch::optim {

class PHAROS_API StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, const unsigned step_size, const double gamma = 0.1);
  ~StepLR() override;

 protected:
  std::vector<double> get_lrs() override;
  void save_fields(c10::impl::GenericDict& fields) const override;
  void load_fields(const c10::impl::GenericDict& fields) override;

 private:
  unsigned step_size_;
  double gamma_;
};

}  // namespace torch::optim
