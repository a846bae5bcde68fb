// A factor that goes from `start_factor` to `end_factor` in `total_iters` epochs.
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>

namespace torch::optim {

class PHAROS_API LinearLR : public LRScheduler {
 public:
  LinearLR(Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1,
           int64_t total_iters = 5);
  ~LinearLR() override;

 protected:
  std::vector<double> get_lrs() override;
  void save_fields(c10::impl::GenericDict& fields) const override;
  void load_fields(const c10::impl::GenericDict& fields) override;

 private:
  double start_factor_;
  double end_factor_;
  int64_t total_iters_;
};

}  // namespace torch::optim
