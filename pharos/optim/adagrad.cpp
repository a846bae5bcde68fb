// Adagrad: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/adagrad.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

using c10::IValue;
using pharos::optim::read_field;
using pharos::optim::same;
using pharos::optim::write_field;
using serialize::InputArchive;
using serialize::OutputArchive;

AdagradOptions::AdagradOptions(double lr) : lr_(lr) {}
AdagradOptions::AdagradOptions(const AdagradOptions&) = default;
AdagradOptions& AdagradOptions::operator=(const AdagradOptions&) = default;
AdagradOptions::~AdagradOptions() = default;
std::unique_ptr<OptimizerOptions> AdagradOptions::clone() const {
  return std::make_unique<AdagradOptions>(*this);
}
double AdagradOptions::get_lr() const { return lr(); }
void AdagradOptions::set_lr(const double lr) { this->lr(lr); }
bool operator==(const AdagradOptions& a, const AdagradOptions& b) {
  return a.lr() == b.lr() && a.lr_decay() == b.lr_decay() && a.eps() == b.eps() &&
         a.weight_decay() == b.weight_decay() &&
         a.initial_accumulator_value() == b.initial_accumulator_value() &&
         a.maximize() == b.maximize();
}
void AdagradOptions::serialize(InputArchive& archive) {
  read_field(archive, "lr", lr());
  read_field(archive, "lr_decay", lr_decay());
  read_field(archive, "eps", eps());
  read_field(archive, "weight_decay", weight_decay());
  read_field(archive, "initial_accumulator_value", initial_accumulator_value());
  read_field(archive, "maximize", maximize());
}
void AdagradOptions::serialize(OutputArchive& archive) const {
  write_field(archive, "lr", IValue(lr()));
  write_field(archive, "lr_decay", IValue(lr_decay()));
  write_field(archive, "eps", IValue(eps()));
  write_field(archive, "weight_decay", IValue(weight_decay()));
  write_field(archive, "initial_accumulator_value", IValue(initial_accumulator_value()));
  write_field(archive, "maximize", IValue(maximize()));
}

AdagradParamState::AdagradParamState() = default;
AdagradParamState::AdagradParamState(const AdagradParamState&) = default;
AdagradParamState& AdagradParamState::operator=(const AdagradParamState&) = default;
AdagradParamState::~AdagradParamState() = default;
std::unique_ptr<OptimizerParamState> AdagradParamState::clone() const {
  return std::make_unique<AdagradParamState>(*this);
}
bool operator==(const AdagradParamState& a, const AdagradParamState& b) {
  return a.step() == b.step() && same(a.sum(), b.sum());
}
void AdagradParamState::serialize(InputArchive& archive) {
  read_field(archive, "step", step());
  read_field(archive, "sum", sum());
}
void AdagradParamState::serialize(OutputArchive& archive) const {
  write_field(archive, "step", pharos::optim::step_tensor(step()));
  write_field(archive, "sum", sum());
}

Adagrad::Adagrad(Adagrad&&) noexcept = default;
Adagrad& Adagrad::operator=(Adagrad&&) noexcept = default;
Adagrad::~Adagrad() = default;
Adagrad::Adagrad(std::vector<Tensor> params, AdagradOptions defaults)
    : Adagrad(std::vector<OptimizerParamGroup>{OptimizerParamGroup(std::move(params))},
              std::move(defaults)) {}
std::unique_ptr<OptimizerParamState> Adagrad::make_state() const {
  return std::make_unique<AdagradParamState>();
}
const char* Adagrad::python_options() const {
  return "lr lr_decay eps weight_decay initial_accumulator_value foreach maximize differentiable "
         "fused";
}

namespace {
using pharos::optim::state_of;
void start(AdagradParamState& state, const Tensor& p, double value) {
  const c10::Scalar fill =
      p.is_complex() ? c10::Scalar(c10::complex<double>(value, value)) : c10::Scalar(value);
  state.step(0);
  state.sum(at::full_like(p.detach(), fill));
}
}  // namespace

Adagrad::Adagrad(const std::vector<OptimizerParamGroup>& param_groups, AdagradOptions defaults)
    : Optimizer(param_groups, std::make_unique<AdagradOptions>(defaults)) {
  TORCH_CHECK(defaults.lr() >= 0, "Invalid learning rate: ", defaults.lr());
  TORCH_CHECK(defaults.lr_decay() >= 0, "Invalid lr_decay value: ", defaults.lr_decay());
  TORCH_CHECK(defaults.weight_decay() >= 0,
              "Invalid weight_decay value: ", defaults.weight_decay());
  TORCH_CHECK(defaults.initial_accumulator_value() >= 0,
              "Invalid initial_accumulator_value value: ", defaults.initial_accumulator_value());
  TORCH_CHECK(defaults.eps() >= 0, "Invalid epsilon value: ", defaults.eps());
  for (const OptimizerParamGroup& group : param_groups_) {
    for (const Tensor& p : group.params()) {
      bool fresh;
      start(state_of<AdagradParamState>(state_, p, fresh), p, defaults.initial_accumulator_value());
    }
  }
}

Tensor Adagrad::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  Tensor loss = pharos::optim::evaluate(closure);
  for (OptimizerParamGroup& group : param_groups_) {
    const auto& o = static_cast<AdagradOptions&>(group.options());
    pharos::optim::UsesLists lists;
    for (const Tensor& p : group.params()) {
      const Tensor& grad = p.grad();
      if (!grad.defined()) continue;
      bool fresh;
      auto& state = state_of<AdagradParamState>(state_, p, fresh);
      if (PHAROS_UNLIKELY(!state.sum().defined()))
        start(state, p, static_cast<AdagradOptions&>(*defaults_).initial_accumulator_value());
      state.step() += 1;
      lists->push(p, grad);
      lists->first.push(state.sum());
      lists->push_step(state.step());
    }
    if (lists->params.empty()) continue;
    at::_fused_adagrad_(lists->params, lists->grads, lists->first, lists->steps, o.lr(),
                        o.lr_decay(), o.weight_decay(), o.eps(), o.maximize());
  }
  return loss;
}

}  // namespace torch::optim
