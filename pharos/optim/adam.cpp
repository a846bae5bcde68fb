// Adam: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/adam.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

using c10::IValue;
using pharos::optim::read_field;
using pharos::optim::same;
using pharos::optim::write_field;
using serialize::InputArchive;
using serialize::OutputArchive;

AdamOptions::AdamOptions(double lr) : lr_(lr) {}
AdamOptions::AdamOptions(const AdamOptions&) = default;
AdamOptions& AdamOptions::operator=(const AdamOptions&) = default;
AdamOptions::~AdamOptions() = default;
std::unique_ptr<OptimizerOptions> AdamOptions::clone() const {
  return std::make_unique<AdamOptions>(*this);
}
double AdamOptions::get_lr() const { return lr(); }
void AdamOptions::set_lr(const double lr) { this->lr(lr); }
bool operator==(const AdamOptions& a, const AdamOptions& b) {
  return a.lr() == b.lr() && a.betas() == b.betas() && a.eps() == b.eps() &&
         a.weight_decay() == b.weight_decay() && a.amsgrad() == b.amsgrad() &&
         a.maximize() == b.maximize() && a.decoupled_weight_decay() == b.decoupled_weight_decay();
}
void AdamOptions::serialize(InputArchive& archive) {
  read_field(archive, "lr", lr());
  read_field(archive, "betas", betas());
  read_field(archive, "eps", eps());
  read_field(archive, "weight_decay", weight_decay());
  read_field(archive, "amsgrad", amsgrad());
  read_field(archive, "maximize", maximize());
  read_field(archive, "decoupled_weight_decay", decoupled_weight_decay());
}
void AdamOptions::serialize(OutputArchive& archive) const {
  write_field(archive, "lr", IValue(lr()));
  write_field(archive, "betas", IValue(betas()));
  write_field(archive, "eps", IValue(eps()));
  write_field(archive, "weight_decay", IValue(weight_decay()));
  write_field(archive, "amsgrad", IValue(amsgrad()));
  write_field(archive, "maximize", IValue(maximize()));
  write_field(archive, "decoupled_weight_decay", IValue(decoupled_weight_decay()));
}

AdamParamState::AdamParamState() = default;
AdamParamState::AdamParamState(const AdamParamState&) = default;
AdamParamState& AdamParamState::operator=(const AdamParamState&) = default;
AdamParamState::~AdamParamState() = default;
std::unique_ptr<OptimizerParamState> AdamParamState::clone() const {
  return std::make_unique<AdamParamState>(*this);
}
bool operator==(const AdamParamState& a, const AdamParamState& b) {
  return a.step() == b.step() && same(a.exp_avg(), b.exp_avg()) &&
         same(a.exp_avg_sq(), b.exp_avg_sq()) && same(a.max_exp_avg_sq(), b.max_exp_avg_sq());
}
void AdamParamState::serialize(InputArchive& archive) {
  read_field(archive, "step", step());
  read_field(archive, "exp_avg", exp_avg());
  read_field(archive, "exp_avg_sq", exp_avg_sq());
  read_field(archive, "max_exp_avg_sq", max_exp_avg_sq());
}
void AdamParamState::serialize(OutputArchive& archive) const {
  write_field(archive, "step", pharos::optim::step_tensor(step()));
  write_field(archive, "exp_avg", exp_avg());
  write_field(archive, "exp_avg_sq", exp_avg_sq());
  write_field(archive, "max_exp_avg_sq", max_exp_avg_sq());
}

Adam::Adam(Adam&&) noexcept = default;
Adam& Adam::operator=(Adam&&) noexcept = default;
Adam::~Adam() = default;
Adam::Adam(std::vector<Tensor> params, AdamOptions defaults)
    : Adam(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
           std::move(defaults)) {}
std::unique_ptr<OptimizerParamState> Adam::make_state() const {
  return std::make_unique<AdamParamState>();
}
const char* Adam::python_options() const {
  return "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused "
         "decoupled_weight_decay";
}

Adam::Adam(const std::vector<OptimizerParamGroup>& param_groups, AdamOptions defaults)
    : Optimizer(param_groups, std::make_unique<AdamOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  TORCH_CHECK(std::get<0>(defaults.betas()) >= 0 && std::get<0>(defaults.betas()) < 1.0,
              "Invalid beta parameter at index 0: ", std::get<0>(defaults.betas()));
  TORCH_CHECK(std::get<1>(defaults.betas()) >= 0 && std::get<1>(defaults.betas()) < 1.0,
              "Invalid beta parameter at index 1: ", std::get<1>(defaults.betas()));
  TORCH_CHECK(defaults.weight_decay() >= 0,
              "Invalid weight_decay value: ", defaults.weight_decay());
}

Tensor Adam::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  Tensor loss = pharos::optim::evaluate(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<AdamOptions&>(group.options());
    pharos::optim::UsesLists lists;
    for (const Tensor& p : group.params()) {
      const Tensor& grad = p.grad();
      if (!grad.defined()) continue;
      bool fresh;
      auto& state = pharos::optim::state_of<AdamParamState>(state_, p, fresh);
      if (PHAROS_UNLIKELY(!state.exp_avg().defined())) {
        state.exp_avg(at::zeros_like(p.detach()));
        state.exp_avg_sq(at::zeros_like(p.detach()));
      }
      if (PHAROS_UNLIKELY(o.amsgrad() && !state.max_exp_avg_sq().defined()))
        state.max_exp_avg_sq(at::zeros_like(p.detach()));
      state.step() += 1;
      lists->push(p, grad);
      lists->first.push(state.exp_avg());
      lists->second.push(state.exp_avg_sq());
      if (o.amsgrad()) lists->third.push(state.max_exp_avg_sq());
      lists->push_step(state.step());
    }
    if (lists->params.empty()) continue;
    if (o.decoupled_weight_decay())
      at::_fused_adamw_(lists->params, lists->grads, lists->first, lists->second, lists->third,
                        lists->steps, o.lr(), std::get<0>(o.betas()), std::get<1>(o.betas()),
                        o.weight_decay(), o.eps(), o.amsgrad(), o.maximize());
    else
      at::_fused_adam_(lists->params, lists->grads, lists->first, lists->second, lists->third,
                       lists->steps, o.lr(), std::get<0>(o.betas()), std::get<1>(o.betas()),
                       o.weight_decay(), o.eps(), o.amsgrad(), o.maximize());
  }
  return loss;
}

}  // namespace torch::optim
