// Optimizers with the options that a golden case names.
#include "optim/problem.h"

namespace optim_problem {

using namespace torch::optim;

namespace {

double number(const json& v) { return v.is_boolean() ? (v.get<bool>() ? 1 : 0) : v.get<double>(); }

#define TAKE(field) \
  if (options.contains(#field)) o.field(options[#field].get<std::decay_t<decltype(o.field())>>())

SGDOptions read(SGDOptions o, const json& options) {
  TAKE(lr);
  TAKE(momentum);
  TAKE(dampening);
  TAKE(weight_decay);
  TAKE(nesterov);
  TAKE(maximize);
  return o;
}
template <typename O>
O read_adam(O o, const json& options) {
  TAKE(lr);
  TAKE(eps);
  TAKE(weight_decay);
  TAKE(amsgrad);
  TAKE(maximize);
  if (options.contains("betas"))
    o.betas({number(options["betas"][0]), number(options["betas"][1])});
  return o;
}
AdamOptions read(AdamOptions o, const json& options) {
  o = read_adam(o, options);
  TAKE(decoupled_weight_decay);
  return o;
}
AdamWOptions read(AdamWOptions o, const json& options) { return read_adam(o, options); }
RMSpropOptions read(RMSpropOptions o, const json& options) {
  TAKE(lr);
  TAKE(alpha);
  TAKE(eps);
  TAKE(weight_decay);
  TAKE(momentum);
  TAKE(centered);
  TAKE(maximize);
  return o;
}
AdagradOptions read(AdagradOptions o, const json& options) {
  TAKE(lr);
  TAKE(lr_decay);
  TAKE(weight_decay);
  TAKE(initial_accumulator_value);
  TAKE(eps);
  TAKE(maximize);
  return o;
}
LBFGSOptions read(LBFGSOptions o, const json& options) {
  TAKE(lr);
  TAKE(max_iter);
  TAKE(history_size);
  TAKE(tolerance_change);
  if (options.contains("max_eval")) o.max_eval(options["max_eval"].get<int64_t>());
  if (options.contains("line_search_fn"))
    o.line_search_fn(options["line_search_fn"].get<std::string>());
  return o;
}
#undef TAKE

template <typename Kind, typename Options>
std::unique_ptr<Optimizer> build(const json& groups, const std::vector<Tensor>& params,
                                 Options defaults) {
  if (groups.size() == 1) return std::make_unique<Kind>(params, read(defaults, groups[0]));
  std::vector<OptimizerParamGroup> list;
  for (size_t i = 0; i < groups.size(); ++i)
    list.emplace_back(std::vector<Tensor>{params[i]},
                      std::make_unique<Options>(read(Options(1e-3), groups[i])));
  return std::make_unique<Kind>(list, defaults.lr(0.01));
}

}  // namespace

std::unique_ptr<Optimizer> make(const std::string& name, const json& groups,
                                const std::vector<Tensor>& params) {
  if (name == "SGD") return build<SGD>(groups, params, SGDOptions(1e-3));
  if (name == "Adam") return build<Adam>(groups, params, AdamOptions());
  if (name == "AdamW") return build<AdamW>(groups, params, AdamWOptions());
  if (name == "RMSprop") return build<RMSprop>(groups, params, RMSpropOptions());
  if (name == "Adagrad") return build<Adagrad>(groups, params, AdagradOptions());
  return build<LBFGS>(groups, params, LBFGSOptions());
}

}  // namespace optim_problem
