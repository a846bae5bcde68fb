// What all optimizers share: parameter groups with inherited options, gradients, states. Files are
// in state_dict.cpp.
#include <pharos/optim/optimizer.h>

#include <typeinfo>
#include <unordered_set>

#include "optim/fields.h"

namespace torch::optim {

using c10::IValue;
using c10::impl::GenericDict;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

// ---- options and states ----

OptimizerParamState::~OptimizerParamState() = default;
std::unique_ptr<OptimizerParamState> OptimizerParamState::clone() const {
  TORCH_CHECK(false,
              "clone() has not been implemented for torch::optim::OptimizerParamState. "
              "Subclass torch::optim::OptimizerCloneableParamState<YourOptimizerParamState> "
              "instead of torch::optim::OptimizerParamState to inherit the ability to clone.");
}
void OptimizerParamState::serialize(InputArchive&) {
  TORCH_CHECK(false,
              "void serialize(torch::serialize::InputArchive& archive) has not been "
              "implemented for torch::optim::OptimizerParamState. ");
}
void OptimizerParamState::serialize(OutputArchive&) const {
  TORCH_CHECK(false,
              "void serialize(torch::serialize::OutputArchive& archive) has not been "
              "implemented for torch::optim::OptimizerParamState. ");
}

OptimizerOptions::~OptimizerOptions() = default;
std::unique_ptr<OptimizerOptions> OptimizerOptions::clone() const {
  TORCH_CHECK(false,
              "clone() has not been implemented for torch::optim::OptimizerOptions. "
              "Subclass torch::optim::OptimizerCloneableOptions<YourOptimizerOptions> "
              "instead of torch::optim::OptimizerOptions to inherit the ability to clone.");
}
void OptimizerOptions::serialize(InputArchive&) {
  TORCH_CHECK(false,
              "void serialize(torch::serialize::InputArchive& archive) has not been "
              "implemented for torch::optim::OptimizerOptions. ");
}
void OptimizerOptions::serialize(OutputArchive&) const {
  TORCH_CHECK(false,
              "void serialize(torch::serialize::OutputArchive& archive) has not been "
              "implemented for torch::optim::OptimizerOptions. ");
}
double OptimizerOptions::get_lr() const {
  TORCH_CHECK(false,
              "double get_lr() has not been overidden and implemented in subclass of "
              "torch::optim::OptimizerOptions, you must override it in your subclass.");
}
void OptimizerOptions::set_lr(const double) {
  TORCH_CHECK(false,
              "double set_lr() has not been overidden and implemented in subclass of "
              "torch::optim::OptimizerOptions, you must override it in your subclass.");
}

// ---- groups ----

OptionsPointer::OptionsPointer(std::unique_ptr<OptimizerOptions> options) noexcept
    : options_(options.release()) {}
OptionsPointer::OptionsPointer(OptionsPointer&& o) noexcept : options_(o.options_) {
  o.options_ = nullptr;
}
OptionsPointer& OptionsPointer::operator=(OptionsPointer&& o) noexcept {
  std::swap(options_, o.options_);
  return *this;
}
OptionsPointer::~OptionsPointer() { delete options_; }

OptimizerParamGroup::OptimizerParamGroup(const OptimizerParamGroup& o)
    : params_(o.params_),
      options_(o.has_options() ? o.options().clone() : nullptr),
      extra_(o.extra_.isNone() ? IValue() : IValue(o.extra_.toGenericDict().copy())) {}
OptimizerParamGroup::OptimizerParamGroup(OptimizerParamGroup&&) noexcept = default;
OptimizerParamGroup::OptimizerParamGroup(std::vector<Tensor> params) : params_(std::move(params)) {}
OptimizerParamGroup::OptimizerParamGroup(std::vector<Tensor> params,
                                         std::unique_ptr<OptimizerOptions> options)
    : params_(std::move(params)), options_(std::move(options)) {}
OptimizerParamGroup& OptimizerParamGroup::operator=(OptimizerParamGroup&&) noexcept = default;
OptimizerParamGroup::~OptimizerParamGroup() = default;

bool OptimizerParamGroup::has_options() const { return static_cast<bool>(options_); }
OptimizerOptions& OptimizerParamGroup::options() {
  TORCH_CHECK(has_options(), "the parameter group has no options");
  return *options_;
}
const OptimizerOptions& OptimizerParamGroup::options() const {
  return const_cast<OptimizerParamGroup*>(this)->options();
}
void OptimizerParamGroup::set_options(std::unique_ptr<OptimizerOptions> options) {
  options_ = std::move(options);
}
std::vector<Tensor>& OptimizerParamGroup::params() { return params_; }
const std::vector<Tensor>& OptimizerParamGroup::params() const { return params_; }
GenericDict OptimizerParamGroup::extra() const {
  if (extra_.isNone()) extra_ = GenericDict(c10::AnyType::get(), c10::AnyType::get());
  return extra_.toGenericDict();
}
bool OptimizerParamGroup::has_extra(const std::string& key) const {
  return !extra_.isNone() && extra_.toGenericDict().contains(key);
}

// ---- inherited options ----

namespace {

std::unique_ptr<OptimizerOptions> inherited(const OptimizerOptions& given,
                                            OptimizerOptions& defaults) {
  auto result = given.clone();
  const auto* tabled = dynamic_cast<const TabledOptions*>(&given);
  if (!tabled) return result;  // a program's own
  TORCH_CHECK(typeid(given) == typeid(defaults),
              "the options of a parameter group are those of another optimizer");
  const auto fresh = tabled->table().fresh();
  for (const auto& f : tabled->table())
    if (f.of && f.type->same(f.of(*result), f.of(*fresh)))
      f.type->read(f.type->write(f.of(defaults)).value(), f.of(*result));
  return result;
}

}  // namespace

// ---- the optimizer ----

Optimizer::Optimizer(Optimizer&&) noexcept = default;
Optimizer& Optimizer::operator=(Optimizer&&) noexcept = default;
Optimizer::~Optimizer() = default;

Optimizer::Optimizer(const std::vector<OptimizerParamGroup>& param_groups,
                     std::unique_ptr<OptimizerOptions> defaults)
    : defaults_(std::move(defaults)) {
  for (const OptimizerParamGroup& group : param_groups) add_param_group(group);
}
Optimizer::Optimizer(std::vector<Tensor> parameters, std::unique_ptr<OptimizerOptions> defaults)
    : defaults_(std::move(defaults)) {
  add_param_group(OptimizerParamGroup(std::move(parameters)));
}

void Optimizer::add_param_group(const OptimizerParamGroup& param_group) {
  for (const Tensor& p : param_group.params()) {
    TORCH_CHECK(p.defined(),
                "optimizer can only optimize Tensors, but one of the params is "
                "undefined");
    TORCH_CHECK(p.is_leaf(), "can't optimize a non-leaf Tensor");
  }
  TORCH_INTERNAL_ASSERT(defaults_);
  OptimizerParamGroup group(param_group);
  group.set_options(group.has_options() ? inherited(group.options(), *defaults_)
                                        : defaults_->clone());
  std::unordered_set<void*> seen;
  for (const OptimizerParamGroup& other : param_groups_)
    for (const Tensor& p : other.params()) seen.insert(p.unsafeGetTensorImpl());
  for (const Tensor& p : group.params())
    TORCH_CHECK(seen.count(p.unsafeGetTensorImpl()) == 0,
                "some parameters appear in more than one parameter group");
  param_groups_.push_back(std::move(group));
}

void Optimizer::add_parameters(const std::vector<Tensor>& parameters) {
  auto& own = this->parameters();
  own.insert(own.end(), parameters.begin(), parameters.end());
}

void Optimizer::zero_grad(bool set_to_none) {
  for (OptimizerParamGroup& group : param_groups_) {
    for (Tensor& p : group.params()) {
      if (!p.grad().defined()) continue;
      if (set_to_none) {
        p.mutable_grad().reset();
      } else {
        p.mutable_grad().detach_();
        p.mutable_grad().zero_();
      }
    }
  }
}

const std::vector<Tensor>& Optimizer::parameters() const noexcept {
  return param_groups_.at(0).params();
}
std::vector<Tensor>& Optimizer::parameters() noexcept { return param_groups_.at(0).params(); }
size_t Optimizer::size() const noexcept {
  size_t n = 0;
  for (const OptimizerParamGroup& group : param_groups_) n += group.params().size();
  return n;
}
OptimizerOptions& Optimizer::defaults() noexcept { return *defaults_; }
const OptimizerOptions& Optimizer::defaults() const noexcept { return *defaults_; }
std::vector<OptimizerParamGroup>& Optimizer::param_groups() noexcept { return param_groups_; }
const std::vector<OptimizerParamGroup>& Optimizer::param_groups() const noexcept {
  return param_groups_;
}
StateMap& Optimizer::state() noexcept { return state_; }
const StateMap& Optimizer::state() const noexcept { return state_; }

std::unique_ptr<OptimizerParamState> Optimizer::make_state() const { return nullptr; }

}  // namespace torch::optim
