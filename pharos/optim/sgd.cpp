// SGD: one call of a fused operator a group and kind of momentum buffer.
#include <pharos/ops/functions.h>
#include <pharos/optim/sgd.h>

#include <limits>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

SGDOptions::SGDOptions(double lr) : lr_(lr) {}

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(momentum) F(dampening) F(weight_decay) F(nesterov) F(maximize) P(foreach) \
  P(differentiable) P(fused)
// The learning rate has no default: whatever is given is meant, and differs from a fresh one.
PHAROS_DEFINE_OPTIONS(SGDOptions, PHAROS_OPTIONS, std::numeric_limits<double>::quiet_NaN())

#define PHAROS_STATE(F, S, P) \
  F(momentum_buffer)
PHAROS_DEFINE_STATE(SGDParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(SGD)

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
