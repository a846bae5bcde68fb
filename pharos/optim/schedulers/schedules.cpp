// The schedules of <pharos/optim/schedulers/>, in Python's recursive forms, so that rates agree to
// the last bit and chained schedulers multiply.
#include <pharos/optim/optim.h>

#include <algorithm>
#include <cmath>

#include "optim/fields.h"

namespace torch::optim {

using c10::IValue;
using c10::impl::GenericDict;
using pharos::optim::from_value;
using pharos::optim::to_int;

namespace {

const double kPi = 3.14159265358979323846;

template <typename F>
std::vector<double> each(std::vector<double> lrs, F&& f) {
  for (size_t i = 0; i < lrs.size(); ++i) lrs[i] = f(lrs[i], i);
  return lrs;
}

template <typename T>
void load(const GenericDict& fields, const char* name, T& out) {
  if (fields.contains(name)) from_value(fields.at(name), out);
}

}  // namespace

StepLR::StepLR(Optimizer& optimizer, const unsigned step_size, const double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  TORCH_CHECK_VALUE(step_size > 0, "step_size should be a positive integer");
}
StepLR::~StepLR() = default;
std::vector<double> StepLR::get_lrs() {
  if (last_epoch() % step_size_ != 0) return get_current_lrs();
  return each(get_current_lrs(), [&](double lr, size_t) { return lr * gamma_; });
}
void StepLR::save_fields(GenericDict& fields) const {
  fields.insert("step_size", static_cast<int64_t>(step_size_));
  fields.insert("gamma", gamma_);
}
void StepLR::load_fields(const GenericDict& fields) {
  int64_t size = step_size_;
  load(fields, "step_size", size);
  TORCH_CHECK_VALUE(size > 0 && size < (int64_t{1} << 32), "step_size is ", size);
  step_size_ = static_cast<unsigned>(size);
  load(fields, "gamma", gamma_);
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<int64_t> milestones, double gamma)
    : LRScheduler(optimizer), milestones_(std::move(milestones)), gamma_(gamma) {
  std::sort(milestones_.begin(), milestones_.end());
}
MultiStepLR::~MultiStepLR() = default;
std::vector<double> MultiStepLR::get_lrs() {
  const auto times = std::count(milestones_.begin(), milestones_.end(), last_epoch());
  if (times == 0) return get_current_lrs();
  const double factor = std::pow(gamma_, static_cast<double>(times));
  return each(get_current_lrs(), [&](double lr, size_t) { return lr * factor; });
}
void MultiStepLR::save_fields(GenericDict& fields) const {
  // Python counts how often each milestone is given.
  GenericDict counts(c10::AnyType::get(), c10::AnyType::get());
  for (const int64_t m : milestones_)
    counts.insert_or_assign(
        m, static_cast<int64_t>(std::count(milestones_.begin(), milestones_.end(), m)));
  fields.insert("milestones", counts);
  fields.insert("gamma", gamma_);
}
void MultiStepLR::load_fields(const GenericDict& fields) {
  load(fields, "gamma", gamma_);
  if (!fields.contains("milestones")) return;
  IValue given = fields.at("milestones");
  if (given.isObject()) given = given.toObjectRef().state();
  const GenericDict counts = given.toGenericDict();
  std::vector<int64_t> milestones;
  for (const auto& e : counts) {
    const int64_t times = to_int(e.value());
    TORCH_CHECK(times >= 0 && times < 1000, "a milestone is given ", times, " times");
    milestones.insert(milestones.end(), static_cast<size_t>(times), to_int(e.key()));
  }
  std::sort(milestones.begin(), milestones.end());
  milestones_ = std::move(milestones);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma)
    : LRScheduler(optimizer), gamma_(gamma) {}
ExponentialLR::~ExponentialLR() = default;
std::vector<double> ExponentialLR::get_lrs() {
  return each(get_current_lrs(), [&](double lr, size_t) { return lr * gamma_; });
}
void ExponentialLR::save_fields(GenericDict& fields) const { fields.insert("gamma", gamma_); }
void ExponentialLR::load_fields(const GenericDict& fields) { load(fields, "gamma", gamma_); }

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min)
    : LRScheduler(optimizer), t_max_(T_max), eta_min_(eta_min) {
  TORCH_CHECK_VALUE(T_max > 0, "Expected positive integer T_max, but got ", T_max);
}
CosineAnnealingLR::~CosineAnnealingLR() = default;
std::vector<double> CosineAnnealingLR::get_lrs() {
  const int64_t epoch = last_epoch();
  const auto t = static_cast<double>(t_max_);
  if ((epoch - 1 - t_max_) % (2 * t_max_) == 0) {
    return each(get_current_lrs(), [&](double lr, size_t i) {
      return lr + (base_lrs_[i] - eta_min_) * (1 - std::cos(kPi / t)) / 2;
    });
  }
  const double now = 1 + std::cos(kPi * static_cast<double>(epoch) / t);
  const double before = 1 + std::cos(kPi * static_cast<double>(epoch - 1) / t);
  return each(get_current_lrs(),
              [&](double lr, size_t) { return now / before * (lr - eta_min_) + eta_min_; });
}
void CosineAnnealingLR::save_fields(GenericDict& fields) const {
  fields.insert("T_max", t_max_);
  fields.insert("eta_min", eta_min_);
}
void CosineAnnealingLR::load_fields(const GenericDict& fields) {
  int64_t t_max = t_max_;
  load(fields, "T_max", t_max);
  TORCH_CHECK_VALUE(t_max > 0, "Expected positive integer T_max, but got ", t_max);
  t_max_ = t_max;
  load(fields, "eta_min", eta_min_);
}

LinearLR::LinearLR(Optimizer& optimizer, double start_factor, double end_factor,
                   int64_t total_iters)
    : LRScheduler(optimizer),
      start_factor_(start_factor),
      end_factor_(end_factor),
      total_iters_(total_iters) {
  TORCH_CHECK_VALUE(start_factor <= 1 && start_factor > 0,
                    "Starting multiplicative factor expected to be greater than 0 and less or "
                    "equal to 1.");
  TORCH_CHECK_VALUE(end_factor <= 1 && end_factor >= 0,
                    "Ending multiplicative factor expected to be between 0 and 1.");
  set_initial_lrs(each(base_lrs_, [&](double lr, size_t) { return lr * start_factor_; }));
}
LinearLR::~LinearLR() = default;
std::vector<double> LinearLR::get_lrs() {
  const int64_t epoch = last_epoch();
  if (epoch > total_iters_) return get_current_lrs();
  const double slope = end_factor_ - start_factor_;
  const double factor = 1.0 + slope / (static_cast<double>(total_iters_) * start_factor_ +
                                       static_cast<double>(epoch - 1) * slope);
  return each(get_current_lrs(), [&](double lr, size_t) { return lr * factor; });
}
void LinearLR::save_fields(GenericDict& fields) const {
  fields.insert("start_factor", start_factor_);
  fields.insert("end_factor", end_factor_);
  fields.insert("total_iters", total_iters_);
}
void LinearLR::load_fields(const GenericDict& fields) {
  load(fields, "start_factor", start_factor_);
  load(fields, "end_factor", end_factor_);
  load(fields, "total_iters", total_iters_);
}

struct LambdaLR::Lambdas {
  std::vector<std::function<double(int64_t)>> all;
};

LambdaLR::LambdaLR(Optimizer& optimizer, std::function<double(int64_t)> lr_lambda)
    : LambdaLR(optimizer, std::vector<std::function<double(int64_t)>>(
                              optimizer.param_groups().size(), std::move(lr_lambda))) {}
LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<std::function<double(int64_t)>> lr_lambdas)
    : LRScheduler(optimizer), lambdas_(new Lambdas{std::move(lr_lambdas)}) {
  const auto& all = lambdas_->all;
  TORCH_CHECK_VALUE(all.size() == base_lrs_.size(), "Expected ", base_lrs_.size(),
                    " lr_lambdas, but got ", all.size());
  set_initial_lrs(each(base_lrs_, [&](double lr, size_t i) { return lr * all[i](0); }));
}
LambdaLR::~LambdaLR() { delete lambdas_; }
std::vector<double> LambdaLR::get_lrs() {
  return each(base_lrs_, [&](double lr, size_t i) { return lr * lambdas_->all[i](last_epoch()); });
}
// Functions are not saved; Python has None in their place.
void LambdaLR::save_fields(GenericDict& fields) const {
  c10::impl::GenericList none(c10::AnyType::get());
  for (size_t i = 0; i < lambdas_->all.size(); ++i) none.push_back(IValue());
  fields.insert("lr_lambdas", none);
}
void LambdaLR::load_fields(const GenericDict&) {}

}  // namespace torch::optim
