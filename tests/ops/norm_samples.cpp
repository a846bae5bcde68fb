// Samples of normalisations and of their gradients' operators.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;

constexpr const char* kSums = "sums in another order than PyTorch's";

Tensor scale(int64_t n) { return uniform({n}, 0.5, 1.5); }
c10::List<bool> mask3(bool a, bool b, bool c) {
  c10::List<bool> list;
  for (bool v : {a, b, c}) list.push_back(v);
  return list;
}

// ---- over batches ----

// The first six arguments: input, weight, bias, running mean and variance, training.
template <typename... Rest>
void batch_norm_samples(Samples& s, const Rest&... rest) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.constant({"running_mean", "running_var"});
  s.add(randn({3, 2, 2}), scale(2), randn({2}), none, none, true, 0.1, 1e-5, rest...);
  s.add(randn({3, 2}), scale(2), randn({2}), randn({2}), scale(2), true, 0.3, 1e-3, rest...);
  s.add(randn({2, 2, 3}), none, none, randn({2}), scale(2), false, 0.1, 0.1, rest...);
  s.add(randn({2, 3, 1, 2}), scale(3), none, randn({3}), scale(3), false, 0.1, 1e-5, rest...);
  s.add(channels_last(randn({2, 3, 2, 2})), none, randn({3}), none, none, true, 0.0, 1e-5, rest...);
  s.add(channels_last(randn({2, 3, 2, 2})), scale(3), randn({3}), randn({3}), scale(3), false, 0.1,
        1e-5, rest...);
}
void batch_norm_errors(Samples& s) {
  s.error("running_mean should contain 2 elements not 3", randn({3, 2}), none, none, randn({3}),
          scale(3), true, 0.1, 1e-5, true);
  s.error("weight should contain 2 elements not 3", randn({3, 2}), scale(3), none, none, none, true,
          0.1, 1e-5, true);
  s.error("running_mean must be defined in evaluation mode", randn({3, 2}), none, none, none, none,
          false, 0.1, 1e-5, true);
}
OP_SAMPLES("batch_norm", s) {
  batch_norm_samples(s, true);
  s.add(randn({3, 2}), none, none, none, none, true, 0.1, 1e-5, false);
  s.add(randn({0, 2, 2}), none, none, none, none, true, 0.1, 1e-5, false);
  batch_norm_errors(s);
}
OP_SAMPLES("_batch_norm_impl_index", s) {
  batch_norm_samples(s, true);
  s.add(randn({3, 2}), none, none, none, none, true, 0.1, 1e-5, false);
  batch_norm_errors(s);
}
OP_SAMPLES("native_batch_norm", s) { batch_norm_samples(s); }
OP_SAMPLES("native_batch_norm_backward", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(2e-2, kSums);
  s.skip_gradient("the statistics are functions of the input");
  const Tensor x = randn({3, 2, 2}), y = channels_last(randn({2, 3, 2, 2}));
  s.add(randn({3, 2, 2}), x, scale(2), none, none, randn({2}), scale(2), true, 1e-5,
        mask3(true, true, true));
  s.add(randn({2, 3, 2, 2}), y, none, randn({3}), scale(3), none, none, false, 0.1,
        mask3(true, false, true));
  s.add(channels_last(randn({2, 3, 2, 2})), y, scale(3), none, none, randn({3}), scale(3), true,
        1e-5, mask3(true, true, false));
}
OP_SAMPLES("instance_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.constant({"running_mean", "running_var"});
  s.add(randn({2, 2, 4}), scale(2), randn({2}), none, none, true, 0.1, 1e-5, true);
  s.add(randn({2, 2, 3}), none, none, randn({2}), scale(2), true, 0.3, 1e-3, false);
  s.add(randn({2, 2, 2, 2}), scale(2), randn({2}), randn({2}), scale(2), false, 0.1, 0.1, true);
  s.add(channels_last(randn({2, 3, 2, 2})), scale(3), randn({3}), none, none, true, 0.1, 1e-5,
        true);
  s.error("Expected running_mean and running_var to be defined when use_input_stats is false",
          randn({1, 2, 3}), none, none, none, none, false, 0.1, 1e-5, true);
}

// ---- over trailing dims and groups ----

OP_SAMPLES("layer_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.add(randn({2, 3}), List{3}, scale(3), randn({3}));
  s.add(randn({2, 2, 3}), List{2, 3}, uniform({2, 3}, 0.5, 1.5));
  s.add(randn({2, 3}), List{3}, none, randn({3}), 0.1, false);
  s.add(randn({0, 3}), List{3});
  s.add(channels_last(randn({1, 2, 2, 3})), List{3});
  s.error(
      "Given normalized_shape=[2], expected input with shape [*, 2], but got input of size[2, 3]",
      randn({2, 3}), List{2});
  s.error("Expected normalized_shape to be at least 1-dimensional", randn({2}), List{});
}
OP_SAMPLES("native_layer_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.add(randn({2, 3}), List{3}, scale(3), randn({3}), 1e-5);
  s.add(randn({2, 2, 3}), List{2, 3}, none, none, 0.1);
}
OP_SAMPLES("native_layer_norm_backward", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(2e-2, kSums);
  s.skip_gradient("the statistics are functions of the input");
  s.add(randn({2, 3}), randn({2, 3}), List{3}, randn({2, 1}), scale(2).unsqueeze(1), scale(3),
        randn({3}), mask3(true, true, true));
  s.add(randn({2, 2, 3}), randn({2, 2, 3}), List{2, 3}, randn({2, 1, 1}),
        uniform({2, 1, 1}, 0.5, 1.5), none, none, mask3(true, false, false));
}
OP_SAMPLES("group_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.add(randn({2, 4, 2}), 2, scale(4), randn({4}));
  s.add(randn({2, 3, 2}), 1, none, none, 0.1, false);
  s.add(randn({2, 3, 2}), 3, scale(3));
  s.add(channels_last(randn({2, 4, 2, 2})), 2, scale(4), randn({4}));
  s.error(
      "Expected number of channels in input to be divisible by num_groups, but got input of "
      "shape [1, 3, 2] and num_groups=2",
      randn({1, 3, 2}), 2);
  s.error(
      "Expected weight to be a vector of size equal to the number of channels in input, but got "
      "weight of shape [2] and input of shape [1, 4, 2]",
      randn({1, 4, 2}), 2, randn({2}));
}
OP_SAMPLES("native_group_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.add(randn({2, 4, 2}), scale(4), randn({4}), 2, 4, 2, 2, 1e-5);
  s.add(randn({2, 3, 2}), none, none, 2, 3, 2, 1, 0.1);
}
OP_SAMPLES("native_group_norm_backward", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(2e-2, kSums);
  s.skip_gradient("the statistics are functions of the input");
  s.add(randn({2, 4, 2}), randn({2, 4, 2}), randn({2, 2}), uniform({2, 2}, 0.5, 1.5), scale(4), 2,
        4, 2, 2, mask3(true, true, true));
  s.add(randn({2, 3, 2}), randn({2, 3, 2}), randn({2, 1}), uniform({2, 1}, 0.5, 1.5), none, 2, 3, 2,
        1, mask3(true, false, false));
}
OP_SAMPLES("rms_norm", s) {
  s.tolerance(1e-5, 1e-5, kSums);
  s.half_tolerance(8e-3, "PyTorch rounds statistics or steps to half");
  s.add(randn({2, 3}), List{3}, scale(3));
  s.add(randn({2, 2, 3}), List{2, 3}, none, 0.1);
  s.error("Given normalized_shape=[2], expected input with shape [*2], but got input of size[2, 3]",
          randn({2, 3}), List{2});
}

}  // namespace
}  // namespace pharos::testing
