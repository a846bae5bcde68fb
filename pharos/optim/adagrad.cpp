// Adagrad: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/adagrad.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

AdagradOptions::AdagradOptions(double lr) : lr_(lr) {}

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(lr_decay) F(eps) F(weight_decay) F(initial_accumulator_value) P(foreach) F(maximize) \
  P(differentiable) P(fused)
PHAROS_DEFINE_OPTIONS(AdagradOptions, PHAROS_OPTIONS, )

#define PHAROS_STATE(F, S, P) \
  S(step) F(sum)
PHAROS_DEFINE_STATE(AdagradParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(Adagrad)

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
