// Samples of optimiser steps over lists of parameters.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Tensors = std::vector<Tensor>;
constexpr at::ScalarType kFloats[] = {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16};
constexpr const char* kSteps = "step counts keep their dtype";

// Lengths above and below that of a vector, with a rest.
Tensors list(at::ScalarType t, double low = -1, double high = 1) {
  return {uniform({37}, low, high).to(t), uniform({2, 3}, low, high).to(t)};
}
Tensors sums(at::ScalarType t) { return list(t, 0.1, 1); }
Tensors steps(double n) { return {at::full({}, n), at::full({}, n + 1)}; }
Tensor number(double v) { return at::full({}, v); }

// Learning rate as a number or, in the other row, as a tensor.
template <typename Rate>
void adam(Samples& s, Rate rate) {
  s.only_base_dtype(kSteps);
  s.data_dependent_shape();
  for (at::ScalarType t : kFloats)
    s.add(list(t), list(t), list(t), sums(t), Tensors{}, steps(3), rate(0.01), 0.9, 0.99, 0.1, 1e-8,
          false, false);
  const auto t = at::kFloat;
  s.add(list(t), list(t), list(t), sums(t), sums(t), steps(3), rate(0.1), 0.8, 0.95, 0.0, 1e-3,
        true, true);
  s.add(list(t), list(t), list(t), sums(t), Tensors{}, steps(1), rate(0.1), 0.9, 0.99, 0.0, 1e-8,
        false, false, number(4), number(0));
  s.add(list(t), list(t), list(t), sums(t), Tensors{}, steps(1), rate(0.1), 0.9, 0.99, 0.0, 1e-8,
        false, false, number(4), number(1));
}
template <typename Rate>
void sgd(Samples& s, Rate rate) {
  s.only_base_dtype(kSteps);
  s.data_dependent_shape();
  for (at::ScalarType t : kFloats)
    s.add(list(t), list(t), list(t), 0.1, 0.9, rate(0.01), 0.2, false, false, false);
  const auto t = at::kFloat;
  s.add(list(t), list(t), list(t), 0.0, 0.9, rate(0.1), 0.0, true, true, false);
  s.add(list(t), list(t), list(t), 0.0, 0.9, rate(0.1), 0.5, false, false, true);
  s.add(list(t), list(t), Tensors{}, 0.0, 0.0, rate(0.1), 0.0, false, false, true);
  s.add(list(t), list(t), list(t), 0.1, 0.9, rate(0.1), 0.0, false, false, false, number(4),
        number(0));
  s.add(list(t), list(t), list(t), 0.1, 0.9, rate(0.1), 0.0, false, false, false, number(4),
        number(1));
}
template <typename Rate>
void adagrad(Samples& s, Rate rate) {
  s.only_base_dtype(kSteps);
  s.data_dependent_shape();
  for (at::ScalarType t : kFloats)
    s.add(list(t), list(t), sums(t), steps(3), rate(0.01), 0.1, 0.1, 1e-8, false);
  const auto t = at::kFloat;
  s.add(list(t), list(t), sums(t), steps(3), rate(0.1), 0.0, 0.0, 1e-3, true);
  s.add(list(t), list(t), sums(t), steps(1), rate(0.1), 0.0, 0.0, 1e-8, false, number(4),
        number(0));
  s.add(list(t), list(t), sums(t), steps(1), rate(0.1), 0.0, 0.0, 1e-8, false, number(4),
        number(1));
}
double plain_rate(double v) { return v; }

OP_SAMPLES("_fused_adam_", s) { adam(s, plain_rate); }
OP_SAMPLES("_fused_adam_.tensor_lr", s) { adam(s, number); }
OP_SAMPLES("_fused_adamw_", s) { adam(s, plain_rate); }
OP_SAMPLES("_fused_adamw_.tensor_lr", s) { adam(s, number); }
OP_SAMPLES("_fused_sgd_", s) { sgd(s, plain_rate); }
OP_SAMPLES("_fused_sgd_.tensor_lr", s) { sgd(s, number); }
OP_SAMPLES("_fused_adagrad_", s) { adagrad(s, plain_rate); }
OP_SAMPLES("_fused_adagrad_.tensor_lr", s) { adagrad(s, number); }

}  // namespace
}  // namespace pharos::testing
