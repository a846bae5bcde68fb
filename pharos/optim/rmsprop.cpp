// RMSprop: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/rmsprop.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

using c10::IValue;
using pharos::optim::read_field;
using pharos::optim::same;
using pharos::optim::write_field;
using serialize::InputArchive;
using serialize::OutputArchive;

RMSpropOptions::RMSpropOptions(double lr) : lr_(lr) {}
RMSpropOptions::RMSpropOptions(const RMSpropOptions&) = default;
RMSpropOptions& RMSpropOptions::operator=(const RMSpropOptions&) = default;
RMSpropOptions::~RMSpropOptions() = default;
std::unique_ptr<OptimizerOptions> RMSpropOptions::clone() const {
  return std::make_unique<RMSpropOptions>(*this);
}
double RMSpropOptions::get_lr() const { return lr(); }
void RMSpropOptions::set_lr(const double lr) { this->lr(lr); }
bool operator==(const RMSpropOptions& a, const RMSpropOptions& b) {
  return a.lr() == b.lr() && a.momentum() == b.momentum() && a.alpha() == b.alpha() &&
         a.eps() == b.eps() && a.centered() == b.centered() &&
         a.weight_decay() == b.weight_decay() && a.maximize() == b.maximize();
}
void RMSpropOptions::serialize(InputArchive& archive) {
  read_field(archive, "lr", lr());
  read_field(archive, "momentum", momentum());
  read_field(archive, "alpha", alpha());
  read_field(archive, "eps", eps());
  read_field(archive, "centered", centered());
  read_field(archive, "weight_decay", weight_decay());
  read_field(archive, "maximize", maximize());
}
void RMSpropOptions::serialize(OutputArchive& archive) const {
  write_field(archive, "lr", IValue(lr()));
  write_field(archive, "momentum", IValue(momentum()));
  write_field(archive, "alpha", IValue(alpha()));
  write_field(archive, "eps", IValue(eps()));
  write_field(archive, "centered", IValue(centered()));
  write_field(archive, "weight_decay", IValue(weight_decay()));
  write_field(archive, "maximize", IValue(maximize()));
}

RMSpropParamState::RMSpropParamState() = default;
RMSpropParamState::RMSpropParamState(const RMSpropParamState&) = default;
RMSpropParamState& RMSpropParamState::operator=(const RMSpropParamState&) = default;
RMSpropParamState::~RMSpropParamState() = default;
std::unique_ptr<OptimizerParamState> RMSpropParamState::clone() const {
  return std::make_unique<RMSpropParamState>(*this);
}
bool operator==(const RMSpropParamState& a, const RMSpropParamState& b) {
  return a.step() == b.step() && same(a.square_avg(), b.square_avg()) &&
         same(a.momentum_buffer(), b.momentum_buffer()) && same(a.grad_avg(), b.grad_avg());
}
void RMSpropParamState::serialize(InputArchive& archive) {
  read_field(archive, "step", step());
  read_field(archive, "square_avg", square_avg());
  read_field(archive, "momentum_buffer", momentum_buffer());
  read_field(archive, "grad_avg", grad_avg());
}
void RMSpropParamState::serialize(OutputArchive& archive) const {
  write_field(archive, "step", pharos::optim::step_tensor(step()));
  write_field(archive, "square_avg", square_avg());
  write_field(archive, "momentum_buffer", momentum_buffer());
  write_field(archive, "grad_avg", grad_avg());
}

RMSprop::RMSprop(RMSprop&&) noexcept = default;
RMSprop& RMSprop::operator=(RMSprop&&) noexcept = default;
RMSprop::~RMSprop() = default;
RMSprop::RMSprop(std::vector<Tensor> params, RMSpropOptions defaults)
    : RMSprop(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
              std::move(defaults)) {}
std::unique_ptr<OptimizerParamState> RMSprop::make_state() const {
  return std::make_unique<RMSpropParamState>();
}
const char* RMSprop::python_options() const {
  return "lr momentum alpha eps centered weight_decay capturable foreach maximize differentiable";
}

RMSprop::RMSprop(const std::vector<OptimizerParamGroup>& param_groups, RMSpropOptions defaults)
    : Optimizer(param_groups, std::make_unique<RMSpropOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  TORCH_CHECK(defaults.momentum() >= 0, "Invalid momentum value: ", defaults.momentum());
  TORCH_CHECK(defaults.weight_decay() >= 0,
              "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(defaults.alpha() >= 0, "Invalid alpha value: ", defaults.alpha());
}

Tensor RMSprop::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  Tensor loss = pharos::optim::evaluate(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<RMSpropOptions&>(group.options());
    pharos::optim::UsesLists lists;
    for (const Tensor& p : group.params()) {
      const Tensor& grad = p.grad();
      if (!grad.defined()) continue;
      bool fresh;
      auto& state = pharos::optim::state_of<RMSpropParamState>(state_, p, fresh);
      if (PHAROS_UNLIKELY(!state.square_avg().defined()))
        state.square_avg(at::zeros_like(p.detach()));
      if (PHAROS_UNLIKELY(o.momentum() > 0 && !state.momentum_buffer().defined()))
        state.momentum_buffer(at::zeros_like(p.detach()));
      if (PHAROS_UNLIKELY(o.centered() && !state.grad_avg().defined()))
        state.grad_avg(at::zeros_like(p.detach()));
      state.step() += 1;
      lists->push(p, grad);
      lists->first.push(state.square_avg());
      if (o.momentum() > 0) lists->second.push(state.momentum_buffer());
      if (o.centered()) lists->third.push(state.grad_avg());
    }
    if (lists->params.empty()) continue;
    at::_fused_rmsprop_(lists->params, lists->grads, lists->first, lists->second, lists->third,
                        o.lr(), o.alpha(), o.eps(), o.weight_decay(), o.momentum(), o.centered(),
                        o.maximize());
  }
  return loss;
}

}  // namespace torch::optim
