// What Adam and AdamW share, which differ in their options' defaults and in how weights decay.
#pragma once

#include <pharos/ops/functions.h>

#include "optim/step.h"

namespace pharos::optim {

template <typename Options>
void check_adam(const Options& o) {
  TORCH_CHECK(o.lr() >= 0, "Invalid learning rate: ", o.lr());
  TORCH_CHECK(o.eps() >= 0, "Invalid epsilon value: ", o.eps());
  const auto [first, second] = o.betas();
  TORCH_CHECK(first >= 0 && first < 1.0, "Invalid beta parameter at index 0: ", first);
  TORCH_CHECK(second >= 0 && second < 1.0, "Invalid beta parameter at index 1: ", second);
  TORCH_CHECK(o.weight_decay() >= 0, "Invalid weight_decay value: ", o.weight_decay());
}

template <typename Options, typename State, typename Decoupled>
Tensor adam_step(std::vector<torch::optim::OptimizerParamGroup>& groups,
                 torch::optim::StateMap& states,
                 const torch::optim::Optimizer::LossClosure& closure, Decoupled decoupled) {
  c10::NoGradGuard no_grad;
  Tensor loss = evaluate(closure);
  for (auto& group : groups) {
    const auto& o = static_cast<Options&>(group.options());
    UsesLists lists;
    for (const Tensor& p : group.params()) {
      const Tensor& grad = p.grad();
      if (!grad.defined()) continue;
      bool fresh;
      auto& state = state_of<State>(states, p, fresh);
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
    const auto step = [&](auto fused) {
      fused(lists->params, lists->grads, lists->first, lists->second, lists->third, lists->steps,
            o.lr(), std::get<0>(o.betas()), std::get<1>(o.betas()), o.weight_decay(), o.eps(),
            o.amsgrad(), o.maximize());
    };
    if (decoupled(o))
      step([](auto&&... a) { at::_fused_adamw_(a...); });
    else
      step([](auto&&... a) { at::_fused_adam_(a...); });
  }
  return loss;
}

}  // namespace pharos::optim
