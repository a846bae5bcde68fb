// Half a cosine from the rates down to `eta_min` in `T_max` epochs (Loshchilov and Hutter, 2016).
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>

namespace torch::optim {

class PHAROS_API CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min = 0);
  ~CosineAnnealingLR() override;

 protected:
  std::vector<double> get_lrs() override;
  void save_fields(c10::impl::GenericDict& fields) const override;
  void load_fields(const c10::impl::GenericDict& fields) override;

 private:
  int64_t t_max_;
  double eta_min_;
};

}  // namespace torch::optim
