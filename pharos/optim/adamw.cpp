// AdamW: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/adamw.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

using c10::IValue;
using pharos::optim::read_field;
using pharos::optim::same;
using pharos::optim::write_field;
using serialize::InputArchive;
using serialize::OutputArchive;

AdamWOptions::AdamWOptions(double lr) : lr_(lr) {}
AdamWOptions::AdamWOptions(const AdamWOptions&) = default;
AdamWOptions& AdamWOptions::operator=(const AdamWOptions&) = default;
AdamWOptions::~AdamWOptions() = default;
std::unique_ptr<OptimizerOptions> AdamWOptions::clone() const {
  return std::make_unique<AdamWOptions>(*this);
}
double AdamWOptions::get_lr() const { return lr(); }
void AdamWOptions::set_lr(const double lr) { this->lr(lr); }
bool operator==(const AdamWOptions& a, const AdamWOptions& b) {
  return a.lr() == b.lr() && a.betas() == b.betas() && a.eps() == b.eps() &&
         a.weight_decay() == b.weight_decay() && a.amsgrad() == b.amsgrad() &&
         a.maximize() == b.maximize();
}
void AdamWOptions::serialize(InputArchive& archive) {
  read_field(archive, "lr", lr());
  read_field(archive, "betas", betas());
  read_field(archive, "eps", eps());
  read_field(archive, "weight_decay", weight_decay());
  read_field(archive, "amsgrad", amsgrad());
  read_field(archive, "maximize", maximize());
}
void AdamWOptions::serialize(OutputArchive& archive) const {
  write_field(archive, "lr", IValue(lr()));
  write_field(archive, "betas", IValue(betas()));
  write_field(archive, "eps", IValue(eps()));
  write_field(archive, "weight_decay", IValue(weight_decay()));
  write_field(archive, "amsgrad", IValue(amsgrad()));
  write_field(archive, "maximize", IValue(maximize()));
}

AdamWParamState::AdamWParamState() = default;
AdamWParamState::AdamWParamState(const AdamWParamState&) = default;
AdamWParamState& AdamWParamState::operator=(const AdamWParamState&) = default;
AdamWParamState::~AdamWParamState() = default;
std::unique_ptr<OptimizerParamState> AdamWParamState::clone() const {
  return std::make_unique<AdamWParamState>(*this);
}
bool operator==(const AdamWParamState& a, const AdamWParamState& b) {
  return a.step() == b.step() && same(a.exp_avg(), b.exp_avg()) &&
         same(a.exp_avg_sq(), b.exp_avg_sq()) && same(a.max_exp_avg_sq(), b.max_exp_avg_sq());
}
void AdamWParamState::serialize(InputArchive& archive) {
  read_field(archive, "step", step());
  read_field(archive, "exp_avg", exp_avg());
  read_field(archive, "exp_avg_sq", exp_avg_sq());
  read_field(archive, "max_exp_avg_sq", max_exp_avg_sq());
}
void AdamWParamState::serialize(OutputArchive& archive) const {
  write_field(archive, "step", pharos::optim::step_tensor(step()));
  write_field(archive, "exp_avg", exp_avg());
  write_field(archive, "exp_avg_sq", exp_avg_sq());
  write_field(archive, "max_exp_avg_sq", max_exp_avg_sq());
}

AdamW::AdamW(AdamW&&) noexcept = default;
AdamW& AdamW::operator=(AdamW&&) noexcept = default;
AdamW::~AdamW() = default;
AdamW::AdamW(std::vector<Tensor> params, AdamWOptions defaults)
    : AdamW(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
            std::move(defaults)) {}
std::unique_ptr<OptimizerParamState> AdamW::make_state() const {
  return std::make_unique<AdamWParamState>();
}
const char* AdamW::python_options() const {
  return "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused "
         "decoupled_weight_decay";
}

AdamW::AdamW(const std::vector<OptimizerParamGroup>& param_groups, AdamWOptions defaults)
    : Optimizer(param_groups, std::make_unique<AdamWOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  TORCH_CHECK(std::get<0>(defaults.betas()) >= 0 && std::get<0>(defaults.betas()) < 1.0,
              "Invalid beta parameter at index 0: ", std::get<0>(defaults.betas()));
  TORCH_CHECK(std::get<1>(defaults.betas()) >= 0 && std::get<1>(defaults.betas()) < 1.0,
              "Invalid beta parameter at index 1: ", std::get<1>(defaults.betas()));
  TORCH_CHECK(defaults.weight_decay() >= 0,
              "Invalid weight_decay value: ", defaults.weight_decay());
}

Tensor AdamW::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  Tensor loss = pharos::optim::evaluate(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<AdamWOptions&>(group.options());
    pharos::optim::UsesLists lists;
    for (const Tensor& p : group.params()) {
      const Tensor& grad = p.grad();
      if (!grad.defined()) continue;
      bool fresh;
      auto& state = pharos::optim::state_of<AdamWParamState>(state_, p, fresh);
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
    at::_fused_adamw_(lists->params, lists->grads, lists->first, lists->second, lists->third,
                      lists->steps, o.lr(), std::get<0>(o.betas()), std::get<1>(o.betas()),
                      o.weight_decay(), o.eps(), o.amsgrad(), o.maximize());
  }
  return loss;
}

}  // namespace torch::optim
