// AdamW: one call of a fused operator a group.
#include <pharos/optim/adamw.h>

#include "optim/adam_step.h"
#include "optim/fields.h"

namespace torch::optim {

AdamWOptions::AdamWOptions(double lr) : lr_(lr) {}

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(betas) F(eps) F(weight_decay) F(amsgrad) F(maximize) P(foreach) P(capturable) \
  P(differentiable) P(fused) P(decoupled_weight_decay)
PHAROS_DEFINE_OPTIONS(AdamWOptions, PHAROS_OPTIONS, )

#define PHAROS_STATE(F, S, P) \
  S(step) F(exp_avg) F(exp_avg_sq) F(max_exp_avg_sq)
PHAROS_DEFINE_STATE(AdamWParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(AdamW)

AdamW::AdamW(const std::vector<OptimizerParamGroup>& param_groups, AdamWOptions defaults)
    : Optimizer(param_groups, std::make_unique<AdamWOptions>(defaults)) {
  pharos::optim::check_adam(defaults);
}

Tensor AdamW::step(LossClosure closure) {
  return pharos::optim::adam_step<AdamWOptions, AdamWParamState>(
      param_groups_, state_, closure, [](const AdamWOptions&) { return true; });
}

}  // namespace torch::optim
