// The base of schedulers: rates of the groups and Python's state dict.
#include <pharos/optim/schedulers/lr_scheduler.h>

#include "optim/fields.h"

namespace torch::optim {

using c10::IValue;
using c10::impl::GenericDict;
using pharos::optim::to_double;
using pharos::optim::to_int;

namespace {

GenericDict new_dict() { return GenericDict(c10::AnyType::get(), c10::AnyType::get()); }

std::vector<double> to_numbers(const IValue& v) {
  std::vector<double> out;
  for (const IValue& item : v.toListRef()) out.push_back(to_double(item));
  return out;
}

}  // namespace

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {
  for (OptimizerParamGroup& group : optimizer.param_groups()) {
    GenericDict extra = group.extra();
    // Python keeps the first rates with the groups, where a checkpoint finds them again.
    extra.insert("initial_lr", group.options().get_lr());
    base_lrs_.push_back(to_double(extra.at("initial_lr")));
  }
  last_lrs_ = get_current_lrs();
}
LRScheduler::~LRScheduler() = default;

void LRScheduler::step() {
  set_optimizer_lrs(get_lrs());
  ++step_count_;
}

const std::vector<double>& LRScheduler::get_last_lr() const { return last_lrs_; }

std::vector<double> LRScheduler::get_current_lrs() const {
  std::vector<double> out;
  for (const OptimizerParamGroup& group : optimizer_.param_groups())
    out.push_back(group.options().get_lr());
  return out;
}

void LRScheduler::set_initial_lrs(const std::vector<double>& learning_rates) {
  set_optimizer_lrs(learning_rates);
}

void LRScheduler::set_optimizer_lrs(const std::vector<double>& learning_rates) {
  auto& groups = optimizer_.param_groups();
  TORCH_CHECK(learning_rates.size() == groups.size(),
              "Number of learning rates not equal to the number of param groups\n",
              "Number of learning rates given: ", learning_rates.size(),
              "\nNumber of param groups: ", groups.size());
  for (size_t i = 0; i < groups.size(); ++i) groups[i].options().set_lr(learning_rates[i]);
  last_lrs_ = learning_rates;
}

void LRScheduler::save_fields(GenericDict&) const {}
void LRScheduler::load_fields(const GenericDict&) {}

c10::IValue LRScheduler::state_dict() const {
  GenericDict d = new_dict();
  save_fields(d);
  const auto epochs = static_cast<int64_t>(step_count_);
  d.insert("base_lrs", base_lrs_);
  d.insert("last_epoch", epochs);
  d.insert("_step_count", epochs + 1);
  d.insert("_is_initial", false);
  d.insert("_get_lr_called_within_step", false);
  d.insert("_last_lr", last_lrs_);
  return IValue(d);
}

void LRScheduler::load_state_dict(const c10::IValue& state_dict) {
  const GenericDict d = state_dict.toGenericDict();
  const int64_t epochs = to_int(d.at("last_epoch"));
  TORCH_CHECK(epochs >= 0 && epochs < (int64_t{1} << 31), "last_epoch is ", epochs);
  const auto base = to_numbers(d.at("base_lrs")), last = to_numbers(d.at("_last_lr"));
  const size_t groups = optimizer_.param_groups().size();
  TORCH_CHECK_VALUE(base.size() == groups && last.size() == groups,
                    "loaded state dict has a different number of parameter groups");
  load_fields(d);
  base_lrs_ = base;
  last_lrs_ = last;
  step_count_ = static_cast<unsigned>(epochs);
}

serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                     const LRScheduler& scheduler) {
  const GenericDict d = scheduler.state_dict().toGenericDict();
  for (const auto& e : d) archive.write(e.key().toStringRef(), e.value());
  return archive;
}
serialize::InputArchive& operator>>(serialize::InputArchive& archive, LRScheduler& scheduler) {
  GenericDict d = new_dict();
  for (const std::string& key : archive.keys()) {
    IValue v;
    archive.read(key, v);
    d.insert_or_assign(key, v);
  }
  scheduler.load_state_dict(IValue(d));
  return archive;
}

}  // namespace torch::optim
