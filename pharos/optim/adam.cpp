// Adam: one call of a fused operator a group.
#include <pharos/optim/adam.h>

#include "optim/adam_step.h"
#include "optim/fields.h"

namespace torch::optim {

AdamOptions::AdamOptions(double lr) : lr_(lr) {}

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(betas) F(eps) F(weight_decay) F(amsgrad) F(maximize) P(foreach) P(capturable) \
  P(differentiable) P(fused) F(decoupled_weight_decay)
PHAROS_DEFINE_OPTIONS(AdamOptions, PHAROS_OPTIONS, )

#define PHAROS_STATE(F, S, P) \
  S(step) F(exp_avg) F(exp_avg_sq) F(max_exp_avg_sq)
PHAROS_DEFINE_STATE(AdamParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(Adam)

Adam::Adam(const std::vector<OptimizerParamGroup>& param_groups, AdamOptions defaults)
    : Optimizer(param_groups, std::make_unique<AdamOptions>(defaults)) {
  pharos::optim::check_adam(defaults);
}

Tensor Adam::step(LossClosure closure) {
  return pharos::optim::adam_step<AdamOptions, AdamParamState>(
      param_groups_, state_, closure,
      [](const AdamOptions& o) { return o.decoupled_weight_decay(); });
}

}  // namespace torch::optim
