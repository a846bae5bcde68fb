// Samples of pooling and of its gradients' operators.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;

// Values that differ by far more than the steps of numeric gradients.
Tensor planes(c10::IntArrayRef sizes) { return distinct(sizes) * 0.25; }

constexpr const char* kHalfSums = "PyTorch adds windows in another order";

// ---- maxima ----

#define MAX_POOL1D(row, ...)                                            \
  OP_SAMPLES(row, s) {                                                  \
    s.add(planes({2, 2, 6}), List{3});                                  \
    s.add(planes({2, 7}), List{3}, List{2}, List{1}, List{2}, true);    \
    s.add(planes({1, 1, 5}), List{2}, List{2}, List{0}, List{1}, true); \
    s.add(planes({0, 2, 4}), List{2});                                  \
    __VA_ARGS__;                                                        \
  }
MAX_POOL1D("max_pool1d",
           s.error("max_pool1d() padding should be at most half of kernel size, but got padding=2 "
                   "and kernel_size=2",
                   randn({1, 4}), List{2}, List{2}, List{2}))
MAX_POOL1D(
    "max_pool1d_with_indices",
    s.error("pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and "
            "dilation=1",
            randn({1, 4}), List{2}, List{2}, List{2});
    s.error("max_pool1d() argument 'kernel_size' should contain one int (got 2)", randn({1, 4}),
            List{2, 2});
    s.error(
        "Expected 2 to 3 dimensions, but got 1-dimensional tensor for argument #1 'self' (while "
        "checking arguments for max_pool1d)",
        randn({4}), List{2}))
#define MAX_POOL2D(row)                                                                      \
  OP_SAMPLES(row, s) {                                                                       \
    s.add(planes({1, 2, 4, 4}), List{2, 2});                                                 \
    s.add(planes({2, 5, 6}), List{3, 2}, List{2, 1}, List{1, 0}, List{1, 2}, true);          \
    s.add(channels_last(planes({2, 3, 4, 4})), List{3, 3}, List{1, 2}, List{1, 1});          \
    s.add(planes({1, 1, 4, 4}), List{2}, List{2}, List{1}, List{1}, true);                   \
    s.add(planes({0, 2, 4, 4}), List{2, 2});                                                 \
    s.error(                                                                                 \
        "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 " \
        "and dilation=1",                                                                    \
        randn({1, 4, 4}), List{2, 2}, List{2, 2}, List{2, 2});                               \
    s.error("max_pool2d: dilation must be either a single int, or a tuple of two ints",      \
            randn({1, 4, 4}), List{2, 2}, List{}, List{0}, List{1, 1, 1});                   \
  }
MAX_POOL2D("max_pool2d")
MAX_POOL2D("max_pool2d_with_indices")
#define MAX_POOL3D(row)                                                                            \
  OP_SAMPLES(row, s) {                                                                             \
    s.add(planes({1, 2, 2, 4, 4}), List{2, 2, 2});                                                 \
    s.add(planes({1, 3, 4, 5}), List{2, 3, 2}, List{1, 2, 2}, List{1, 1, 0}, List{1, 1, 2}, true); \
    s.add(channels_last(planes({1, 2, 3, 3, 3})), List{2}, List{1});                               \
    s.error(                                                                                       \
        "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 "       \
        "and dilation=1",                                                                          \
        randn({1, 4, 4, 4}), List{2}, List{2}, List{2});                                           \
  }
MAX_POOL3D("max_pool3d")
MAX_POOL3D("max_pool3d_with_indices")
OP_SAMPLES("max_pool2d_with_indices_backward", s) {
  const Tensor x = planes({1, 2, 4, 4}), y = planes({2, 5, 6});
  s.add(randn({1, 2, 2, 2}), x, List{2, 2}, List{}, List{0, 0}, List{1, 1}, false,
        std::get<1>(at::max_pool2d_with_indices(x, {2, 2})));
  const auto [pooled, at_index] =
      at::max_pool2d_with_indices(y, {3, 2}, {2, 1}, {1, 0}, {1, 2}, true);
  s.add(at::randn_like(pooled), y, List{3, 2}, List{2, 1}, List{1, 0}, List{1, 2}, true, at_index);
}
OP_SAMPLES("max_pool3d_with_indices_backward", s) {
  const Tensor x = planes({1, 2, 2, 4, 2}), y = planes({1, 3, 4, 4});
  s.add(randn({1, 2, 1, 2, 1}), x, List{2, 2, 2}, List{}, List{0, 0, 0}, List{1, 1, 1}, false,
        std::get<1>(at::max_pool3d_with_indices(x, {2, 2, 2})));
  const auto [pooled, at_index] =
      at::max_pool3d_with_indices(y, {2, 3, 2}, {1, 2, 1}, {1, 1, 0}, {1, 1, 2}, true);
  s.add(at::randn_like(pooled), y, List{2, 3, 2}, List{1, 2, 1}, List{1, 1, 0}, List{1, 1, 2}, true,
        at_index);
}
OP_SAMPLES("adaptive_max_pool1d", s) {
  s.add(planes({2, 2, 5}), List{3});
  s.add(planes({2, 4}), List{1});
  s.add(planes({2, 3}), List{5});
  s.error("adaptive_max_pool1d() argument 'output_size' should contain one int (got 2)",
          randn({2, 3}), List{2, 2});
}
OP_SAMPLES("adaptive_max_pool2d", s) {
  s.add(planes({1, 2, 4, 5}), List{2, 3});
  s.add(planes({2, 3, 3}), List{1, 1});
  s.add(channels_last(planes({2, 2, 3, 4})), List{2, 2});
  s.error("adaptive_max_pool2d(): internal error: output_size.size() must be 2", randn({1, 3, 3}),
          List{2});
}
OP_SAMPLES("adaptive_max_pool3d", s) {
  s.add(planes({1, 2, 2, 4, 3}), List{2, 2, 2});
  s.add(planes({1, 3, 3, 3}), List{1, 2, 1});
  s.error("adaptive_max_pool3d(): internal error: output_size.size() must be 3",
          randn({1, 3, 3, 3}), List{2});
}
OP_SAMPLES("adaptive_max_pool2d_backward", s) {
  const Tensor x = planes({1, 2, 4, 5}), y = planes({2, 3, 3});
  s.add(randn({1, 2, 2, 3}), x, std::get<1>(at::adaptive_max_pool2d(x, {2, 3})));
  s.add(randn({2, 1, 1}), y, std::get<1>(at::adaptive_max_pool2d(y, {1, 1})));
}
OP_SAMPLES("adaptive_max_pool3d_backward", s) {
  const Tensor x = planes({1, 2, 2, 3, 3}), y = planes({1, 3, 2, 3});
  s.add(randn({1, 2, 2, 2, 1}), x, std::get<1>(at::adaptive_max_pool3d(x, {2, 2, 1})));
  s.add(randn({1, 1, 2, 1}), y, std::get<1>(at::adaptive_max_pool3d(y, {1, 2, 1})));
}
OP_SAMPLES("max_unpool2d", s) {
  const Tensor x = planes({1, 2, 4, 4});
  const auto [pooled, at_index] = at::max_pool2d_with_indices(x, {2, 2});
  s.add(pooled, at_index, List{4, 4});
  s.add(pooled.squeeze(0), at_index.squeeze(0), List{5, 4});
  s.error("Found an invalid max index: ", randn({1, 1, 1, 1}), ints({1, 1, 1, 1}, 9, 10),
          List{2, 2});
  s.error("elements in indices should be type int64 but got: Int", randn({1, 1, 1, 1}),
          ints({1, 1, 1, 1}, 0, 1).to(at::kInt), List{2, 2});
}
OP_SAMPLES("max_unpool3d", s) {
  const Tensor x = planes({1, 2, 2, 4, 2});
  const auto [pooled, at_index] = at::max_pool3d_with_indices(x, {2, 2, 2});
  s.add(pooled, at_index, List{2, 4, 2}, List{2, 2, 2}, List{0, 0, 0});
  s.add(pooled.squeeze(0), at_index.squeeze(0), List{3, 4, 2}, List{3, 2, 2}, List{1, 0, 0});
}

// ---- averages ----

OP_SAMPLES("avg_pool1d", s) {
  s.half_tolerance(2e-3, kHalfSums);
  s.add(randn({2, 2, 6}), List{3});
  s.add(randn({2, 7}), List{3}, List{2}, List{1}, true, false);
  s.add(randn({1, 1, 5}), List{2}, List{2}, List{1}, true);
  s.error("pad should be at most half of effective kernel size, but got pad=2, kernel_size=2",
          randn({1, 4}), List{2}, List{2}, List{2});
}
OP_SAMPLES("avg_pool2d", s) {
  s.half_tolerance(2e-3, kHalfSums);
  s.add(randn({1, 2, 4, 4}), List{2, 2});
  s.add(randn({2, 5, 6}), List{3, 2}, List{2, 1}, List{1, 0}, true, false);
  s.add(randn({1, 2, 4, 4}), List{3, 3}, List{2}, List{1}, true, true, 5);
  s.add(channels_last(randn({2, 3, 4, 4})), List{3, 3}, List{1, 2}, List{1, 1});
  s.error("divisor must be not zero", randn({1, 4, 4}), List{2}, List{2}, List{0}, false, true, 0);
  s.error("pad should be at most half of effective kernel size, but got pad=2, kernel_size=2",
          randn({1, 4, 4}), List{2}, List{2}, List{2});
}
OP_SAMPLES("avg_pool3d", s) {
  s.half_tolerance(2e-3, kHalfSums);
  s.add(randn({1, 2, 2, 4, 4}), List{2, 2, 2});
  s.add(randn({1, 3, 4, 5}), List{2, 3, 2}, List{1, 2, 2}, List{1, 1, 0}, true, false);
  s.add(randn({1, 1, 3, 3, 3}), List{2}, List{2}, List{1}, true, true, 3);
  s.add(channels_last(randn({1, 2, 3, 3, 3})), List{2}, List{1});
  s.error("divisor must be not zero", randn({1, 4, 4, 4}), List{2}, List{2}, List{0}, false, true,
          0);
}
OP_SAMPLES("avg_pool2d_backward", s) {
  s.half_tolerance(4e-3, kHalfSums);
  s.add(randn({1, 2, 2, 2}), randn({1, 2, 4, 4}), List{2, 2}, List{}, List{0, 0}, false, true,
        none);
  s.add(randn({2, 3, 5}), randn({2, 5, 6}), List{3, 2}, List{2, 1}, List{1, 0}, true, false, none);
  s.add(randn({1, 2, 3, 3}), randn({1, 2, 4, 4}), List{3, 3}, List{2, 2}, List{1, 1}, true, true,
        5);
}
OP_SAMPLES("avg_pool3d_backward", s) {
  s.half_tolerance(4e-3, kHalfSums);
  s.add(randn({1, 2, 1, 2, 1}), randn({1, 2, 2, 4, 2}), List{2, 2, 2}, List{}, List{0, 0, 0}, false,
        true, none);
  s.add(randn({1, 4, 3, 3}), randn({1, 3, 4, 5}), List{2, 3, 2}, List{1, 2, 2}, List{1, 1, 0}, true,
        false, none);
  s.add(randn({1, 1, 2, 2, 2}), randn({1, 1, 3, 3, 3}), List{2, 2, 2}, List{2, 2, 2}, List{0, 0, 0},
        true, true, 3);
}
OP_SAMPLES("adaptive_avg_pool1d", s) {
  s.half_tolerance(2e-3, kHalfSums);
  s.add(randn({2, 2, 5}), List{3});
  s.add(randn({2, 4}), List{1});
  s.add(randn({0, 2, 4}), List{2});
  s.error(
      "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but "
      "received {1, -1}",
      randn({2, 4}), List{-1});
}
#define ADAPTIVE_AVG2D(row)                                                           \
  OP_SAMPLES(row, s) {                                                                \
    s.half_tolerance(2e-3, kHalfSums);                                                \
    s.add(randn({1, 2, 4, 5}), List{2, 3});                                           \
    s.add(randn({2, 3, 3}), List{1, 1});                                              \
    s.add(channels_last(randn({2, 3, 4, 4})), List{2, 3});                            \
    s.add(channels_last(randn({2, 3, 2, 2})), List{1, 1});                            \
    s.error("adaptive_avg_pool2d: output_size must be 2", randn({1, 3, 3}), List{2}); \
  }
ADAPTIVE_AVG2D("adaptive_avg_pool2d")
ADAPTIVE_AVG2D("_adaptive_avg_pool2d")
#define ADAPTIVE_AVG3D(row)                                                                 \
  OP_SAMPLES(row, s) {                                                                      \
    s.half_tolerance(2e-3, kHalfSums);                                                      \
    s.add(randn({1, 2, 2, 4, 3}), List{2, 2, 2});                                           \
    s.add(randn({2, 3, 2, 2}), List{1, 1, 1});                                              \
    s.error("adaptive_avg_pool3d: output_size must be 3", randn({1, 2, 3, 3}), List{2, 2}); \
  }
ADAPTIVE_AVG3D("adaptive_avg_pool3d")
ADAPTIVE_AVG3D("_adaptive_avg_pool3d")
OP_SAMPLES("_adaptive_avg_pool2d_backward", s) {
  s.half_tolerance(4e-3, kHalfSums);
  s.add(randn({1, 2, 2, 3}), randn({1, 2, 4, 5}));
  s.add(randn({2, 1, 1}), randn({2, 3, 3}));
  s.add(channels_last(randn({1, 2, 2, 2})), channels_last(randn({1, 2, 3, 3})));
}
OP_SAMPLES("_adaptive_avg_pool3d_backward", s) {
  s.half_tolerance(4e-3, kHalfSums);
  s.add(randn({1, 2, 2, 2, 1}), randn({1, 2, 2, 3, 3}));
  s.add(randn({1, 1, 2, 1}), randn({1, 3, 2, 3}));
}

}  // namespace
}  // namespace pharos::testing
