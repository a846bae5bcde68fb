// RMSprop: one call of a fused operator a group.
#include <pharos/ops/functions.h>
#include <pharos/optim/rmsprop.h>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

RMSpropOptions::RMSpropOptions(double lr) : lr_(lr) {}

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(momentum) F(alpha) F(eps) F(centered) F(weight_decay) P(capturable) P(foreach) \
  F(maximize) P(differentiable)
PHAROS_DEFINE_OPTIONS(RMSpropOptions, PHAROS_OPTIONS, )

#define PHAROS_STATE(F, S, P) \
  S(step) F(square_avg) F(momentum_buffer) F(grad_avg)
PHAROS_DEFINE_STATE(RMSpropParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(RMSprop)

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
