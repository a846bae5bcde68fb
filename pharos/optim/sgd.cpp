// SGD: one call of a fused operator a group and kind of momentum buffer.
#include <pharos/ops/functions.h>
#include <pharos/optim/sgd.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

using c10::IValue;
using pharos::optim::read_field;
using pharos::optim::same;
using pharos::optim::write_field;
using serialize::InputArchive;
using serialize::OutputArchive;

SGDOptions::SGDOptions(double lr) : lr_(lr) {}
SGDOptions::SGDOptions(const SGDOptions&) = default;
SGDOptions& SGDOptions::operator=(const SGDOptions&) = default;
SGDOptions::~SGDOptions() = default;
std::unique_ptr<OptimizerOptions> SGDOptions::clone() const {
  return std::make_unique<SGDOptions>(*this);
}
double SGDOptions::get_lr() const { return lr(); }
void SGDOptions::set_lr(const double lr) { this->lr(lr); }
bool operator==(const SGDOptions& a, const SGDOptions& b) {
  return a.lr() == b.lr() && a.momentum() == b.momentum() && a.dampening() == b.dampening() &&
         a.weight_decay() == b.weight_decay() && a.nesterov() == b.nesterov() &&
         a.maximize() == b.maximize();
}
void SGDOptions::serialize(InputArchive& archive) {
  read_field(archive, "lr", lr());
  read_field(archive, "momentum", momentum());
  read_field(archive, "dampening", dampening());
  read_field(archive, "weight_decay", weight_decay());
  read_field(archive, "nesterov", nesterov());
  read_field(archive, "maximize", maximize());
}
void SGDOptions::serialize(OutputArchive& archive) const {
  write_field(archive, "lr", IValue(lr()));
  write_field(archive, "momentum", IValue(momentum()));
  write_field(archive, "dampening", IValue(dampening()));
  write_field(archive, "weight_decay", IValue(weight_decay()));
  write_field(archive, "nesterov", IValue(nesterov()));
  write_field(archive, "maximize", IValue(maximize()));
}

SGDParamState::SGDParamState() = default;
SGDParamState::SGDParamState(const SGDParamState&) = default;
SGDParamState& SGDParamState::operator=(const SGDParamState&) = default;
SGDParamState::~SGDParamState() = default;
std::unique_ptr<OptimizerParamState> SGDParamState::clone() const {
  return std::make_unique<SGDParamState>(*this);
}
bool operator==(const SGDParamState& a, const SGDParamState& b) {
  return same(a.momentum_buffer(), b.momentum_buffer());
}
void SGDParamState::serialize(InputArchive& archive) {
  read_field(archive, "momentum_buffer", momentum_buffer());
}
void SGDParamState::serialize(OutputArchive& archive) const {
  write_field(archive, "momentum_buffer", momentum_buffer());
}

SGD::SGD(SGD&&) noexcept = default;
SGD& SGD::operator=(SGD&&) noexcept = default;
SGD::~SGD() = default;
SGD::SGD(std::vector<Tensor> params, SGDOptions defaults)
    : SGD(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
          std::move(defaults)) {}
std::unique_ptr<OptimizerParamState> SGD::make_state() const {
  return std::make_unique<SGDParamState>();
}
const char* SGD::python_options() const {
  return "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused";
}

SGD::SGD(const std::vector<OptimizerParamGroup>& param_groups, SGDOptions defaults)
    : Optimizer(param_groups, std::make_unique<SGDOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.momentum() >= 0, "Invalid momentum value: ", defaults.momentum());
  TORCH_CHECK(defaults.weight_decay() >= 0,
              "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(!defaults.nesterov() || (defaults.momentum() > 0 && defaults.dampening() == 0),
              "Nesterov momentum requires a momentum and zero dampening");
}

Tensor SGD::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  Tensor loss = pharos::optim::evaluate(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<SGDOptions&>(group.options());
    // A momentum buffer begins as the first gradient: those that begin now are stepped apart.
    bool beginning = false;
    for (const bool first_step : {false, true}) {
      if (first_step && !beginning) break;
      pharos::optim::UsesLists lists;
      for (const Tensor& p : group.params()) {
        const Tensor& grad = p.grad();
        if (!grad.defined()) continue;
        if (o.momentum() != 0) {
          bool fresh;
          auto& state = pharos::optim::state_of<SGDParamState>(state_, p, fresh);
          const bool begins = !state.momentum_buffer().defined();
          beginning |= begins;
          if (begins != first_step) continue;
          if (begins) state.momentum_buffer(at::empty_like(p.detach()));
          lists->first.push(state.momentum_buffer());
        }
        lists->push(p, grad);
      }
      if (lists->params.empty()) continue;
      at::_fused_sgd_(lists->params, lists->grads, lists->first, o.weight_decay(), o.momentum(),
                      o.lr(), o.dampening(), o.nesterov(), o.maximize(), first_step);
    }
  }
  return loss;
}

}  // namespace torch::optim
