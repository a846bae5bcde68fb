// Samples of the losses and of their gradients as operators.
#include <algorithm>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

constexpr int kNone = 0, kMean = 1, kSum = 2;

// Plus and minus one.
Tensor signs(c10::IntArrayRef sizes) { return at::where(bools(sizes), 1.0, -1.0).to(at::kFloat); }
Tensor longs(std::vector<int64_t> values, c10::IntArrayRef sizes) {
  Tensor t = at::empty(sizes, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}
using List = std::vector<int64_t>;

// ---- elementwise ----

// The input, the target, the reduction, parameters; TARGET makes targets of a shape.
#define ELEMENTWISE(row, target, ...)                                             \
  OP_SAMPLES(row, s) {                                                            \
    s.half_tolerance(2e-3, "means of halves round at other places");              \
    for (int reduction : {kNone, kMean, kSum})                                    \
      s.add(randn({3, 4}), target({3, 4}), reduction __VA_OPT__(, ) __VA_ARGS__); \
    s.add(strided(randn({2, 3})), target({2, 3}));                                \
    s.add(randn({}), target({}));                                                 \
    s.add(randn({0, 4}), target({0, 4}), kSum);                                   \
    s.add(randn({90, 100}), target({90, 100}));                                   \
    s.add(randn({90, 100}), target({100}), kSum);                                 \
    s.error("The size of tensor a (2)", randn({2}), target({3}));                 \
  }
// The gradient of a result before it.
#define ELEMENTWISE_BACKWARD(row, target, ...)                                               \
  OP_SAMPLES(row, s) {                                                                       \
    s.only_base_dtype("integers have gradients in PyTorch whose losses it refuses");         \
    s.half_tolerance(2e-3, "means of halves round at other places");                         \
    for (at::ScalarType t : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16})             \
      s.add(randn({3, 4}).to(t), randn({3, 4}).to(t), target({3, 4}).to(t),                  \
            kNone __VA_OPT__(, ) __VA_ARGS__);                                               \
    for (int reduction : {kMean, kSum})                                                      \
      s.add(randn({}), randn({2, 3}), target({2, 3}), reduction __VA_OPT__(, ) __VA_ARGS__); \
  }
ELEMENTWISE("mse_loss", randn)
ELEMENTWISE("l1_loss", randn)
ELEMENTWISE("smooth_l1_loss", randn, 0.7)
ELEMENTWISE("huber_loss", randn, 0.7)
ELEMENTWISE_BACKWARD("mse_loss_backward", randn)
ELEMENTWISE_BACKWARD("smooth_l1_loss_backward", randn, 1.5)
ELEMENTWISE_BACKWARD("huber_loss_backward", randn, 1.5)
OP_SAMPLES("soft_margin_loss", s) {
  s.constant({"target"});
  s.only_base_dtype("PyTorch's composition takes complex numbers too, which have no margin");
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum}) s.add(randn({3, 4}), signs({3, 4}), reduction);
  s.add(strided(randn({2, 3})), signs({2, 3}));
  s.add(randn({}), signs({}));
  for (at::ScalarType t : {at::kDouble, at::kHalf, at::kBFloat16})
    s.add(randn({3, 4}).to(t), signs({3, 4}).to(t));
  s.error("The size of tensor a (2)", randn({2}), signs({3}));
}
OP_SAMPLES("soft_margin_loss_backward", s) {
  s.constant({"target"});
  s.only_base_dtype("PyTorch's composition takes complex numbers too, which have no margin");
  s.half_tolerance(2e-3, "means of halves round at other places");
  s.add(randn({3, 4}), randn({3, 4}), signs({3, 4}), kNone);
  for (int reduction : {kMean, kSum}) s.add(randn({}), randn({2, 3}), signs({2, 3}), reduction);
}

OP_SAMPLES("hinge_embedding_loss", s) {
  s.half_tolerance(2e-3, "means of halves round at other places");
  s.add(randn({3, 4}), signs({3, 4}));
  s.add(randn({3, 4}), signs({4}), 0.5, kNone);
  s.add(randn({}), signs({}), 2.0, kSum);
}
OP_SAMPLES("kl_div", s) {
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kNone, kMean, kSum}) {
    s.add(randn({3, 4}), uniform({3, 4}, 0.1, 0.9), reduction);
    s.add(randn({3, 4}), randn({4}), reduction, true);
  }
  s.add(randn({}), uniform({}, 0.1, 0.9));
  s.add(randn({3}), at::zeros({3}), kNone).no_gradient_of_last("targets below zero have none");
}
OP_SAMPLES("poisson_nll_loss", s) {
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kNone, kMean, kSum}) {
    s.add(uniform({3, 4}, 0.2, 2), uniform({3, 4}, 1.2, 4), true, false, 1e-8, reduction);
    s.add(uniform({3, 4}, 0.2, 2), uniform({4}, 1.2, 4), false, true, 1e-2, reduction);
  }
  s.add(uniform({4}, 0.2, 2), uniform({4}, 0.2, 0.8), true, true, 1e-8, kNone);
}
OP_SAMPLES("binary_cross_entropy", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  const auto p = [](c10::IntArrayRef sizes) { return uniform(sizes, 0.1, 0.9); };
  for (int reduction : {kMean, kNone, kSum}) s.add(p({3, 4}), p({3, 4}), rand({4}), reduction);
  s.add(p({3, 4}), p({3, 4}));
  s.add(p({}), p({}));
  s.add(p({90, 100}), p({90, 100}), rand({100}));
  s.add(ints({6}, 0, 2).to(at::kFloat), p({6}), none, kNone)
      .no_gradient_of_last("no probabilities below 0 and above 1");
  s.add(rand({0}), rand({0}));
  s.error("all elements of input should be between 0 and 1", at::full({2}, 1.5), rand({2}));
  s.error("The size of tensor a (2) must match the size of tensor b (3)", rand({2}), rand({3}));
}
OP_SAMPLES("binary_cross_entropy_backward", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  const auto p = [](c10::IntArrayRef sizes) { return uniform(sizes, 0.1, 0.9); };
  s.add(randn({2, 3}), p({2, 3}), p({2, 3}), rand({2, 3}), kNone);
  s.add(randn({}), p({2, 3}), p({2, 3}));
  s.add(randn({}), p({2, 3}), p({2, 3}), rand({2, 3}), kSum);
}
OP_SAMPLES("binary_cross_entropy_with_logits", s) {
  s.constant({"weight", "pos_weight"});
  s.half_tolerance(3e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum})
    s.add(randn({3, 4}), rand({3, 4}), rand({4}), uniform({4}, 0.5, 2), reduction);
  s.add(randn({3, 4}), rand({3, 4}));
  s.add(randn({3, 4}), rand({3, 4}), none, uniform({4}, 0.5, 2));
  s.add(randn({90, 100}), rand({90, 100}), rand({100}), uniform({100}, 0.5, 2));
  s.add(randn({5}) * 200, rand({5}), none, none, kNone);
  s.add(randn({}), rand({}));
  s.error("The size of tensor a", randn({2}), rand({3}));
}

// ---- of several inputs ----

OP_SAMPLES("margin_ranking_loss", s) {
  s.half_tolerance(3e-3, "means of halves round at other places");
  s.add(randn({3, 4}), randn({3, 4}), signs({3, 4}));
  for (int reduction : {kNone, kSum}) s.add(randn({4}), randn({4}), signs({4}), 0.5, reduction);
  s.error("The size of tensor a (2) must match", randn({2}), randn({3}), signs({2}));
}
OP_SAMPLES("cosine_embedding_loss", s) {
  s.half_tolerance(3e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum})
    s.add(randn({4, 3}), randn({4, 3}), signs({4}), 0.2, reduction);
  s.add(randn({3}), randn({3}), signs({}));
  s.error("1D target tensor expects 2D input tensors", randn({3}), randn({3}), signs({3}));
  s.error("0D or 1D target tensor expected", randn({3, 2}), randn({3, 2}), signs({3, 2}));
}
OP_SAMPLES("triplet_margin_loss", s) {
  s.half_tolerance(1e-2, "norms of halves round at other places");
  s.add(randn({3, 4}), randn({3, 4}), randn({3, 4}));
  s.add(randn({3, 4}), randn({3, 4}), randn({3, 4}), 2.0, 1.5, 1e-3, true, kNone);
  s.add(randn({4}), randn({4}), randn({4}), 1.5, 2.0, 1e-6, true, kSum);
  s.error("The anchor, positive, and negative tensors are expected to have the same number of",
          randn({3, 4}), randn({4}), randn({3, 4}));
}

// ---- negative log likelihood ----

OP_SAMPLES("nll_loss", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum})
    s.add(randn({4, 3}), ints({4}, 0, 3), rand({3}), reduction, 1);
  s.add(randn({4, 3}), ints({4}, 0, 3));
  s.add(randn({3}), ints({}, 0, 3), rand({3}));
  s.add(randn({0, 3}), ints({0}, 0, 3), none, kSum);
  s.add(randn({500, 19}), ints({500}, 0, 19), rand({19}));
  s.add(randn({2, 3}), at::ones({2}, at::kLong), none, kMean, 1)
      .no_gradient_of_last("a mean of nothing");
  s.error("Target 5 is out of bounds.", randn({2, 3}), at::full({2}, 5, at::kLong));
  s.error("0D or 1D target tensor expected, multi-target not supported", randn({2, 3}),
          ints({2, 1}, 0, 3));
  s.error("size mismatch (got input: [2, 3], target: [3])", randn({2, 3}), ints({3}, 0, 3));
}
OP_SAMPLES("nll_loss_forward", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kSum})
    s.add(randn({4, 3}), ints({4}, 0, 3), rand({3}), reduction, 1);
  s.add(randn({4, 3}), ints({4}, 0, 3), rand({3}), kNone, -100);
  s.add(randn({3}), ints({}, 0, 3), none, kMean, -100);
  s.error("weight tensor should be defined either for all 3 classes or no classes", randn({2, 3}),
          ints({2}, 0, 3), rand({2}), kMean, -100);
}
OP_SAMPLES("nll_loss_backward", s) {
  s.constant({"weight", "total_weight"});
  s.half_tolerance(2e-3, "quotients of halves round at other places");
  const Tensor weight = uniform({3}, 0.5, 1), target = longs({0, 1, 2, 1}, {4});
  const Tensor total = weight.index_select(0, target).sum();
  s.add(randn({}), randn({4, 3}), target, weight, kMean, -100, total);
  s.add(randn({}), randn({4, 3}), target, weight, kSum, 1, total);
  s.add(randn({4}), randn({4, 3}), target, none, kNone, 1, at::zeros({}));
  s.add(randn({}), randn({3}), longs({1}, {}), none, kMean, -100, at::ones({}));
}
OP_SAMPLES("nll_loss2d", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum})
    s.add(randn({2, 3, 2, 4}), ints({2, 2, 4}, 0, 3), rand({3}), reduction, 1);
  s.add(channels_last(randn({2, 3, 2, 4})), ints({2, 2, 4}, 0, 3));
  s.error("only batches of spatial targets supported (3D tensors) but got targets of dimension: 2",
          randn({2, 3, 2, 4}), ints({2, 2}, 0, 3));
}
OP_SAMPLES("nll_loss2d_forward", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kSum})
    s.add(randn({2, 3, 2, 4}), ints({2, 2, 4}, 0, 3), rand({3}), reduction, 1);
  s.add(randn({2, 3, 2, 1}), ints({2, 2, 1}, 0, 3), none, kNone, -100);
  s.error("size mismatch (got input: [2, 3, 2, 4]", randn({2, 3, 2, 4}), ints({2, 2, 3}, 0, 3),
          none, kMean, -100);
}
OP_SAMPLES("nll_loss2d_backward", s) {
  s.constant({"weight", "total_weight"});
  s.half_tolerance(2e-3, "quotients of halves round at other places");
  const Tensor weight = uniform({3}, 0.5, 1), target = longs({0, 1, 2, 1, 0, 2}, {1, 2, 3});
  const Tensor total = weight.index_select(0, target.flatten()).sum();
  s.add(randn({}), randn({1, 3, 2, 3}), target, weight, kMean, -100, total);
  s.add(randn({}), randn({1, 3, 2, 3}), target, none, kSum, 1, at::full({}, 4.0));
  s.add(randn({1, 2, 3}), randn({1, 3, 2, 3}), target, weight, kNone, 1, at::zeros({}));
}
OP_SAMPLES("nll_loss_nd", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  s.add(randn({4, 3}), ints({4}, 0, 3), rand({3}), kSum, 1);
  s.add(randn({2, 3, 4}), ints({2, 4}, 0, 3));
  for (int reduction : {kMean, kNone})
    s.add(randn({2, 3, 2, 2, 2}), ints({2, 2, 2, 2}, 0, 3), rand({3}), reduction, 2);
  s.error("Expected target size [2, 4], got [2, 3]", randn({2, 3, 4}), ints({2, 3}, 0, 3));
}
OP_SAMPLES("cross_entropy_loss", s) {
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum}) {
    s.add(randn({4, 3}), ints({4}, 0, 3), rand({3}), reduction, 1, 0.1);
    s.add(randn({2, 3, 4}), at::softmax(randn({2, 3, 4}), 1), rand({3}), reduction, -100, 0.1);
  }
  s.add(randn({4, 3}), ints({4}, 0, 3));
  s.add(randn({3}), ints({}, 0, 3), none, kMean, -100, 0.2);
  s.add(randn({2, 3, 2, 2}), ints({2, 2, 2}, 0, 3), none, kMean, 1);
  s.add(randn({4, 3}), at::softmax(randn({4, 3}), 1));
  s.add(randn({300, 40}), ints({300}, 0, 40), rand({40}), kMean, 3, 0.1);
  s.add(randn({2, 3}), at::ones({2}, at::kLong), none, kMean, 1, 0.1)
      .no_gradient_of_last("a mean of nothing");
  s.add(randn({2, 19, 20, 20}), ints({2, 20, 20}, 0, 19));
  s.error("label_smoothing must be between 0.0 and 1.0. Got: 1.5", randn({2, 3}), ints({2}, 0, 3),
          none, kMean, -100, 1.5);
  s.error("Expected floating point type for target with class probabilities, got Long",
          randn({2, 3}), ints({2, 3}, 0, 3));
}

// ---- margins over classes ----

OP_SAMPLES("multi_margin_loss", s) {
  s.skip_second_gradient("PyTorch has none either");
  s.constant({"weight"});
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum})
    s.add(randn({4, 3}), ints({4}, 0, 3), 2, 1.5, rand({3}), reduction);
  s.add(randn({4, 3}), ints({4}, 0, 3));
  s.add(randn({3}), ints({}, 0, 3), 1, 0.5);
  s.error("only p == 1 and p == 2 supported", randn({2, 3}), ints({2}, 0, 3), 3);
  s.error("Expected target size [2], but got [3]. Input has shape [2, 3].", randn({2, 3}),
          ints({3}, 0, 3));
}
OP_SAMPLES("multi_margin_loss_backward", s) {
  s.no_derivative();
  s.half_tolerance(2e-3, "means of halves round at other places");
  s.add(randn({}), randn({4, 3}), ints({4}, 0, 3), 1, 1);
  s.add(randn({}), randn({4, 3}), ints({4}, 0, 3), 2, 1.5, rand({3}), kSum);
  s.add(randn({4}), randn({4, 3}), ints({4}, 0, 3), 2, 0.5, rand({3}), kNone);
}
Tensor labels() { return longs({1, 3, -1, 0, 2, -1, 1, 1, 0, 1, 2, 3}, {3, 4}); }
OP_SAMPLES("multilabel_margin_loss", s) {
  s.skip_second_gradient("PyTorch has none either");
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum}) s.add(randn({3, 4}), labels(), reduction);
  s.add(randn({4}), longs({2, 0, -1, 3}, {4}));
  s.error("inconsistent target size", randn({2, 3}), ints({2, 2}, 0, 3));
}
OP_SAMPLES("multilabel_margin_loss_forward", s) {
  s.skip_second_gradient("PyTorch has none either");
  s.half_tolerance(2e-3, "means of halves round at other places");
  for (int reduction : {kMean, kNone, kSum}) s.add(randn({3, 4}), labels(), reduction);
  s.add(randn({4}), longs({2, 0, -1, 3}, {4}), kMean);
  s.error("inconsistent target size", randn({2, 3}), ints({2, 2}, 0, 3), kMean);
}
OP_SAMPLES("multilabel_margin_loss_backward", s) {
  s.no_derivative();
  s.half_tolerance(2e-3, "means of halves round at other places");
  const Tensor is_target = longs({0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1}, {3, 4}).to(at::kFloat);
  s.add(randn({}), randn({3, 4}), labels(), kMean, is_target);
  s.add(randn({}), randn({3, 4}), labels(), kSum, is_target);
  s.add(randn({3}), randn({3, 4}), labels(), kNone, is_target);
}

// ---- connectionist temporal classification ----

Tensor log_probs(int64_t steps, int64_t batch, int64_t classes) {
  return at::log_softmax(randn({steps, batch, classes}), 2);
}
constexpr const char* kCtcGradient =
    "PyTorch's gradient is that of the softmax before the log probabilities";
OP_SAMPLES("ctc_loss.IntList", s) {
  s.skip_gradient(kCtcGradient);
  for (int reduction : {kMean, kNone, kSum})
    s.add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), List{6, 5}, List{3, 2}, 0,
          reduction);
  s.add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1}, {5}), List{6, 6}, List{3, 2}, 0, kNone);
  s.add(log_probs(6, 2, 4), longs({1, 2, 3}, {3}), List{6, 6}, List{3, 0}, 0, kNone);
  s.add(log_probs(2, 1, 4), longs({1, 2, 3}, {1, 3}), List{2}, List{3}, 0, kNone);
  // The second target does not fit.
  s.add(log_probs(3, 2, 4), longs({0, 1, 0, 0, 0, 0}, {2, 3}), List{3, 3}, List{2, 3}, 3, kNone,
        true);
  s.add(log_probs(4, 1, 3).squeeze(1), longs({1, 2}, {2}), List{4}, List{2});
  s.error("blank must be in label range", log_probs(4, 1, 3), longs({1}, {1}), List{4}, List{1}, 3);
  s.error("input_lengths must be of size batch_size", log_probs(4, 2, 3), longs({1, 1}, {2, 1}),
          List{4}, List{1, 1});
}
OP_SAMPLES("ctc_loss.Tensor", s) {
  s.skip_gradient(kCtcGradient);
  s.data_dependent_shape();
  for (int reduction : {kMean, kNone, kSum})
    s.add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), longs({6, 5}, {2}),
          longs({3, 2}, {2}), 0, reduction);
  s.add(log_probs(3, 2, 4), longs({0, 1, 0, 0, 0, 0}, {2, 3}), longs({3, 3}, {2}),
        longs({2, 3}, {2}), 3, kNone, true);
  s.error("input_lengths must be integral", log_probs(4, 1, 3), longs({1}, {1}), at::ones({1}),
          longs({1}, {1}));
}
OP_SAMPLES("_ctc_loss", s) {
  s.skip_gradient(kCtcGradient);
  s.add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), List{6, 6}, List{3, 3});
  s.add(log_probs(3, 2, 4), longs({0, 1, 2, 0, 0, 0}, {2, 3}), List{3, 3}, List{3, 3}, 3, true);
  s.error("target_lengths must be of size batch_size", log_probs(4, 2, 3), longs({1, 1}, {2, 1}),
          List{4, 4}, List{1});
}
OP_SAMPLES("_ctc_loss.Tensor", s) {
  s.skip_gradient(kCtcGradient);
  s.data_dependent_shape();
  s.add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), longs({6, 6}, {2}),
        longs({3, 3}, {2}));
  s.add(log_probs(3, 2, 4), longs({0, 1, 2, 0, 0, 0}, {2, 3}), longs({3, 3}, {2}),
        longs({3, 3}, {2}), 3, true);
}
OP_SAMPLES("_ctc_loss_backward", s) {
  s.no_derivative();
  s.only_base_dtype("the forward results among the inputs are of one dtype");
  const auto add = [&](const Tensor& p, const Tensor& targets, List in, List out, int64_t blank,
                       bool zero_infinity) {
    const auto [loss, alpha] = at::_ctc_loss(p, targets, in, out, blank, zero_infinity);
    s.add(randn({p.size(1)}).to(p.scalar_type()), p, targets, in, out, loss, alpha, blank,
          zero_infinity);
  };
  add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), {6, 6}, {3, 3}, 0, false);
  add(log_probs(3, 2, 4), longs({0, 1, 2, 0, 0, 0}, {2, 3}), {3, 3}, {3, 3}, 3, true);
  add(log_probs(6, 2, 4).to(at::kDouble), longs({1, 2, 2, 3, 1, 2}, {2, 3}), {6, 6}, {3, 3}, 0,
      false);
}
OP_SAMPLES("_ctc_loss_backward.Tensor", s) {
  s.no_derivative();
  s.only_base_dtype("the forward results among the inputs are of one dtype");
  s.data_dependent_shape();
  const auto add = [&](const Tensor& p, const Tensor& targets, const Tensor& in, const Tensor& out,
                       int64_t blank, bool zero_infinity) {
    const auto [loss, alpha] = at::_ctc_loss(p, targets, in, out, blank, zero_infinity);
    s.add(randn({p.size(1)}), p, targets, in, out, loss, alpha, blank, zero_infinity);
  };
  add(log_probs(6, 2, 4), longs({1, 2, 2, 3, 1, 2}, {2, 3}), longs({6, 6}, {2}), longs({3, 3}, {2}),
      0, false);
  add(log_probs(3, 2, 4), longs({0, 1, 2, 0, 0, 0}, {2, 3}), longs({3, 3}, {2}), longs({3, 3}, {2}),
      3, true);
}

}  // namespace
}  // namespace pharos::testing
