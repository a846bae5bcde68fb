// Schedulers of learning rates. Those of this library follow Python: the constructor is epoch 0,
// and the n-th step() sets the rates of epoch n (LibTorch's StepLR is one step later).
#pragma once

#include <pharos/optim/optimizer.h>

namespace torch::optim {

class PHAROS_API LRScheduler {
 public:
  // The optimizer outlives the scheduler.
  explicit LRScheduler(torch::optim::Optimizer& optimizer);
  virtual ~LRScheduler();
  LRScheduler(const LRScheduler&) = delete;

  void step();
  // The rates that were set last.
  const std::vector<double>& get_last_lr() const;
  // Python's dict.
  c10::IValue state_dict() const;
  void load_state_dict(const c10::IValue& state_dict);

 protected:
  // New rates, one for each group. step_count_ is the number of step() calls before this one.
  virtual std::vector<double> get_lrs() = 0;
  std::vector<double> get_current_lrs() const;
  // Fields of the state dict beside those of all schedulers.
  virtual void save_fields(c10::impl::GenericDict& fields) const;
  virtual void load_fields(const c10::impl::GenericDict& fields);
  // For the rates of epoch 0, where they are not the optimizer's.
  void set_initial_lrs(const std::vector<double>& learning_rates);
  int64_t last_epoch() const { return static_cast<int64_t>(step_count_) + 1; }

  unsigned step_count_ = 0;
  std::vector<double> base_lrs_;
  torch::optim::Optimizer& optimizer_;

 private:
  void set_optimizer_lrs(const std::vector<double>& learning_rates);
  std::vector<double> last_lrs_;
};

PHAROS_API serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                                const LRScheduler& scheduler);
PHAROS_API serialize::InputArchive& operator>>(serialize::InputArchive& archive,
                                               LRScheduler& scheduler);

}  // namespace torch::optim
