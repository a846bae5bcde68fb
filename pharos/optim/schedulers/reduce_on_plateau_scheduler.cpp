// ReduceLROnPlateauScheduler: counts epochs without progress.
#include <pharos/optim/schedulers/reduce_on_plateau_scheduler.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "optim/fields.h"

namespace torch::optim {

using c10::IValue;
using c10::impl::GenericDict;
using pharos::optim::from_value;
using pharos::optim::to_double;
using Plateau = ReduceLROnPlateauScheduler;

Plateau::MinLr::MinLr() = default;
Plateau::MinLr::MinLr(double all) : values{all} {}
Plateau::MinLr::MinLr(std::initializer_list<double> each) : values(each) {}
Plateau::MinLr::MinLr(std::vector<double> each) : values(std::move(each)) {}
Plateau::MinLr::MinLr(const std::vector<float>& each) : values(each.begin(), each.end()) {}

Plateau::ReduceLROnPlateauScheduler(Optimizer& optimizer, SchedulerMode mode, double factor,
                                    int patience, double threshold, ThresholdMode threshold_mode,
                                    int cooldown, const MinLr& min_lr, double eps, bool verbose)
    : optimizer_(optimizer),
      mode_(mode),
      factor_(factor),
      patience_(patience),
      threshold_(threshold),
      threshold_mode_(threshold_mode),
      cooldown_(cooldown),
      min_lrs_(min_lr.values),
      eps_(eps),
      verbose_(verbose) {
  TORCH_CHECK_VALUE(factor < 1.0, "Factor should be < 1.0.");
  const size_t groups = optimizer.param_groups().size();
  if (min_lrs_.empty()) min_lrs_.assign(groups, 0);
  if (min_lrs_.size() == 1) min_lrs_.assign(groups, min_lrs_[0]);
  TORCH_CHECK_VALUE(min_lrs_.size() == groups, "expected ", groups, " min_lrs, got ",
                    min_lrs_.size());
  reset();
}
Plateau::~ReduceLROnPlateauScheduler() = default;

void Plateau::reset() {
  const double infinity = std::numeric_limits<double>::infinity();
  best_ = mode_ == min ? infinity : -infinity;
  cooldown_counter_ = 0;
  num_bad_epochs_ = 0;
}

bool Plateau::is_better(double metric) const {
  const double rel = mode_ == min ? 1 - threshold_ : 1 + threshold_;
  const double by = mode_ == min ? -threshold_ : threshold_;
  const double bound = threshold_mode_ == ThresholdMode::rel ? best_ * rel : best_ + by;
  return mode_ == min ? metric < bound : metric > bound;
}

void Plateau::step(double metric) {
  ++last_epoch_;
  if (is_better(metric)) {
    best_ = metric;
    num_bad_epochs_ = 0;
  } else {
    ++num_bad_epochs_;
  }
  if (cooldown_counter_ > 0) {
    --cooldown_counter_;
    num_bad_epochs_ = 0;
  }
  if (num_bad_epochs_ > patience_) {
    reduce_lr(last_epoch_);
    cooldown_counter_ = cooldown_;
    num_bad_epochs_ = 0;
  }
}

void Plateau::reduce_lr(int64_t epoch) {
  auto& groups = optimizer_.param_groups();
  // Groups that came later take the bound that all have, if there is one.
  const bool uniform =
      std::all_of(min_lrs_.begin(), min_lrs_.end(), [&](double v) { return v == min_lrs_[0]; });
  TORCH_CHECK(min_lrs_.size() == groups.size() || (uniform && !min_lrs_.empty()),
              "The number of param groups in the `optimizer` (", groups.size(),
              ") differs from when `ReduceLROnPlateau` was initialized (", min_lrs_.size(),
              "), usually due to a new param group being added to the optimizer. Please modify the "
              "`min_lrs` field to match the length of the `optimizer` param groups.");
  if (min_lrs_.size() != groups.size()) min_lrs_.resize(groups.size(), min_lrs_[0]);
  for (size_t i = 0; i < groups.size(); ++i) {
    const double old_lr = groups[i].options().get_lr();
    const double new_lr = std::max(old_lr * factor_, min_lrs_[i]);
    if (old_lr - new_lr <= eps_) continue;
    groups[i].options().set_lr(new_lr);
    if (verbose_)
      std::printf("Epoch %lld: reducing learning rate of group %zu to %.4e\n",
                  static_cast<long long>(epoch), i, new_lr);
  }
}

std::vector<double> Plateau::get_last_lr() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& group : optimizer_.param_groups())
    out.push_back(group.options().get_lr());
  return out;
}

c10::IValue Plateau::state_dict() const {
  GenericDict d(c10::AnyType::get(), c10::AnyType::get());
  const double infinity = std::numeric_limits<double>::infinity();
  d.insert("factor", factor_);
  d.insert("default_min_lr", min_lrs_.empty() ? IValue() : IValue(min_lrs_[0]));
  d.insert("min_lrs", min_lrs_);
  d.insert("patience", patience_);
  d.insert("cooldown", cooldown_);
  d.insert("eps", eps_);
  d.insert("last_epoch", last_epoch_);
  d.insert("_last_lr", get_last_lr());
  d.insert("mode_worse", mode_ == min ? infinity : -infinity);
  d.insert("mode", mode_ == min ? "min" : "max");
  d.insert("threshold", threshold_);
  d.insert("threshold_mode", threshold_mode_ == ThresholdMode::rel ? "rel" : "abs");
  d.insert("best", best_);
  d.insert("cooldown_counter", cooldown_counter_);
  d.insert("num_bad_epochs", num_bad_epochs_);
  return IValue(d);
}

void Plateau::load_state_dict(const c10::IValue& state_dict) {
  const GenericDict d = state_dict.toGenericDict();
  const auto read = [&](const char* name, auto& out) {
    if (d.contains(name)) from_value(d.at(name), out);
  };
  const std::string mode = d.contains("mode") ? d.at("mode").toStringRef() : "min";
  const std::string kind =
      d.contains("threshold_mode") ? d.at("threshold_mode").toStringRef() : "rel";
  TORCH_CHECK_VALUE(mode == "min" || mode == "max", "mode ", mode, " is unknown!");
  TORCH_CHECK_VALUE(kind == "rel" || kind == "abs", "threshold mode ", kind, " is unknown!");
  std::vector<double> min_lrs = min_lrs_;
  if (d.contains("min_lrs")) {
    const IValue given = d.at("min_lrs");
    min_lrs.clear();
    for (const IValue& v : given.toListRef()) min_lrs.push_back(to_double(v));
  }
  mode_ = mode == "min" ? min : max;
  threshold_mode_ = kind == "rel" ? ThresholdMode::rel : ThresholdMode::abs;
  min_lrs_ = std::move(min_lrs);
  read("factor", factor_);
  read("patience", patience_);
  read("cooldown", cooldown_);
  read("eps", eps_);
  read("last_epoch", last_epoch_);
  read("threshold", threshold_);
  read("best", best_);
  read("cooldown_counter", cooldown_counter_);
  read("num_bad_epochs", num_bad_epochs_);
}

}  // namespace torch::optim
