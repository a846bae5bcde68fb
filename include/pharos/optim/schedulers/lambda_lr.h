// Rates are the first ones times what a function gives for the epoch.
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>

namespace torch::optim {

class PHAROS_API LambdaLR : public LRScheduler {
 public:
  LambdaLR(Optimizer& optimizer, std::function<double(int64_t)> lr_lambda);
  LambdaLR(Optimizer& optimizer, std::vector<std::function<double(int64_t)>> lr_lambdas);
  ~LambdaLR() override;

 protected:
  std::vector<double> get_lrs() override;
  void save_fields(c10::impl::GenericDict& fields) const override;
  void load_fields(const c10::impl::GenericDict& fields) override;

 private:
  struct Lambdas;
  Lambdas* lambdas_;
};

}  // namespace torch::optim
