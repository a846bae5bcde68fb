// At each milestone the rates are multiplied by `gamma`.
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>

namespace torch::optim {

class PHAROS_API MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, double gamma = 0.1);
  ~MultiStepLR() override;

 protected:
  std::vector<double> get_lrs() override;
  void save_fields(c10::impl::GenericDict& fields) const override;
  void load_fields(const c10::impl::GenericDict& fields) override;

 private:
  std::vector<int64_t> milestones_;
  double gamma_;
};

}  // namespace torch::optim
