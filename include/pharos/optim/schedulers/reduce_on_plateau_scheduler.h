// Lower rates when a metric stops to improve. Numbers are Python's, in f64; the optimizer's first
// rates are kept until then.
#pragma once

#include <pharos/optim/optimizer.h>

#include <initializer_list>

namespace torch::optim {

class PHAROS_API ReduceLROnPlateauScheduler {
 public:
  enum SchedulerMode { min, max };
  enum ThresholdMode { rel, abs };
  // One lower bound for all groups, or one for each.
  struct PHAROS_API MinLr {
    MinLr();
    MinLr(double all);
    MinLr(std::initializer_list<double> each);
    MinLr(std::vector<double> each);
    MinLr(const std::vector<float>& each);
    std::vector<double> values;
  };
  ReduceLROnPlateauScheduler(Optimizer& optimizer, SchedulerMode mode = min, double factor = 0.1,
                             int patience = 10, double threshold = 1e-4,
                             ThresholdMode threshold_mode = rel, int cooldown = 0,
                             const MinLr& min_lr = {}, double eps = 1e-8, bool verbose = false);
  virtual ~ReduceLROnPlateauScheduler();
  ReduceLROnPlateauScheduler(const ReduceLROnPlateauScheduler&) = delete;

  void step(double metric);
  std::vector<double> get_last_lr() const;
  // Python's dict.
  c10::IValue state_dict() const;
  void load_state_dict(const c10::IValue& state_dict);

 private:
  void reset();
  void reduce_lr(int64_t epoch);
  bool is_better(double metric) const;

  Optimizer& optimizer_;
  SchedulerMode mode_;
  double factor_;
  int64_t patience_;
  double threshold_;
  ThresholdMode threshold_mode_;
  int64_t cooldown_;
  int64_t cooldown_counter_ = 0;
  std::vector<double> min_lrs_;
  double eps_;
  bool verbose_;
  double best_ = 0;
  int64_t last_epoch_ = 0;
  int64_t num_bad_epochs_ = 0;
};
using ReduceLROnPlateau = ReduceLROnPlateauScheduler;

}  // namespace torch::optim
