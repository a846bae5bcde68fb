// Samples of convolutions, transposed ones among them, and of their gradients' operators.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;

// Halves multiply in f32 here; PyTorch's sums of half products differ by their kernels.
void tolerances(Samples& s) {
  s.tolerance(1e-5, 1e-5, "sums of products in another order than PyTorch's");
  s.half_tolerance(4e-2, "sums of products in another order than PyTorch's");
}
c10::List<bool> mask3(bool a, bool b, bool c) {
  c10::List<bool> list;
  for (bool v : {a, b, c}) list.push_back(v);
  return list;
}

OP_SAMPLES("conv1d", s) {
  tolerances(s);
  s.add(randn({1, 2, 5}), randn({3, 2, 3}), randn({3}));
  s.add(randn({2, 4, 6}), randn({2, 2, 2}), none, List{2}, List{1}, List{2}, 2);
  s.add(randn({2, 5}), randn({3, 2, 3}));
  s.add(complex({1, 1, 4}), complex({2, 1, 2}), complex({2}));
  s.add(randn({0, 2, 5}), randn({3, 2, 3}));
  s.error(
      "Given groups=1, weight of size [3, 2, 3], expected input[1, 3, 5] to have 2 channels, but "
      "got 3 channels instead",
      randn({1, 3, 5}), randn({3, 2, 3}));
  s.error(
      "Calculated padded input size per channel: (2). Kernel size: (3). Kernel size can't be "
      "greater than actual input size",
      randn({1, 2, 2}), randn({3, 2, 3}));
}
OP_SAMPLES("conv1d.padding", s) {
  tolerances(s);
  s.add(randn({1, 2, 5}), randn({3, 2, 3}), randn({3}), List{1}, "same");
  s.add(randn({2, 4, 6}), randn({2, 2, 2}), none, List{1}, "same", List{2}, 2);
  s.add(randn({1, 2, 5}), randn({3, 2, 3}), none, List{2}, "valid");
  s.error("padding='same' is not supported for strided convolutions", randn({1, 2, 5}),
          randn({3, 2, 3}), none, List{2}, "same");
  s.error("Invalid padding string: 'full'", randn({1, 2, 5}), randn({3, 2, 3}), none, List{1},
          "full");
}
OP_SAMPLES("conv2d", s) {
  tolerances(s);
  s.add(randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), randn({2}));
  s.add(randn({2, 4, 5, 4}), randn({2, 2, 2, 3}), none, List{2, 1}, List{1, 2}, List{2, 1}, 2);
  s.add(randn({2, 4, 4}), randn({2, 2, 3, 2}));
  s.add(channels_last(randn({2, 3, 4, 3})), randn({2, 3, 2, 2}), randn({2}), List{1}, List{1});
  s.add(randn({1, 3, 4, 4}), randn({3, 1, 3, 3}), none, List{1}, List{1}, List{1}, 3);
  s.add(randn({1, 2, 3, 3}), randn({3, 2, 1, 1}), randn({3}));
  s.error("Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [4, 4]",
          randn({4, 4}), randn({2, 2, 3, 3}));
}
OP_SAMPLES("conv2d.padding", s) {
  tolerances(s);
  s.add(randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), randn({2}), List{1, 1}, "same");
  s.add(randn({1, 4, 4, 3}), randn({2, 2, 2, 3}), none, List{1, 1}, "same", List{1, 2}, 2);
  s.add(randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), none, List{2, 1}, "valid");
  s.error("padding='same' is not supported for strided convolutions", randn({1, 2, 5, 5}),
          randn({3, 2, 3, 3}), none, List{1, 2}, "same");
}
OP_SAMPLES("conv3d", s) {
  tolerances(s);
  s.add(randn({1, 2, 2, 3, 3}), randn({2, 2, 2, 2, 2}), randn({2}));
  s.add(randn({1, 2, 3, 4, 3}), randn({2, 1, 2, 2, 3}), none, List{1, 2, 1}, List{1, 0, 1},
        List{1, 2, 1}, 2);
  s.add(channels_last(randn({1, 2, 2, 3, 3})), randn({2, 2, 1, 2, 2}));
}
OP_SAMPLES("conv3d.padding", s) {
  tolerances(s);
  s.add(randn({1, 2, 2, 3, 3}), randn({2, 2, 2, 3, 2}), randn({2}), List{1, 1, 1}, "same");
  s.add(randn({1, 2, 2, 3, 3}), randn({2, 1, 2, 2, 2}), none, List{1, 2, 1}, "valid", List{1, 1, 2},
        2);
}
OP_SAMPLES("conv_transpose1d", s) {
  tolerances(s);
  s.add(randn({1, 2, 4}), randn({2, 3, 3}), randn({3}));
  s.add(randn({2, 4, 3}), randn({4, 1, 2}), none, List{3}, List{1}, List{2}, 2, List{2});
  s.add(randn({2, 4}), randn({2, 3, 2}));
  s.add(complex({1, 1, 3}), complex({1, 2, 2}), complex({2}));
  s.error("output padding must be smaller than either stride or dilation", randn({1, 2, 4}),
          randn({2, 3, 3}), none, List{1}, List{0}, List{1});
}
OP_SAMPLES("conv_transpose2d.input", s) {
  tolerances(s);
  s.add(randn({1, 2, 3, 3}), randn({2, 2, 2, 2}), randn({2}));
  s.add(randn({1, 4, 2, 3}), randn({4, 1, 2, 3}), none, List{3, 2}, List{1, 0}, List{2, 1}, 2,
        List{1, 2});
  s.add(channels_last(randn({2, 3, 3, 2})), randn({3, 2, 2, 2}), randn({2}), List{2});
}
OP_SAMPLES("conv_transpose3d.input", s) {
  tolerances(s);
  s.add(randn({1, 2, 2, 2, 2}), randn({2, 2, 2, 2, 1}), randn({2}));
  s.add(randn({1, 2, 2, 1, 2}), randn({2, 1, 2, 2, 2}), none, List{2, 1, 2}, List{1, 0, 1},
        List{1, 0, 1}, 2, List{1, 2, 1});
}
OP_SAMPLES("convolution", s) {
  tolerances(s);
  s.add(randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), randn({2}), List{1, 1}, List{1, 0}, List{1, 1},
        false, List{0, 0}, 1);
  s.add(randn({1, 4, 3, 3}), randn({4, 1, 2, 2}), none, List{2, 2}, List{0, 1}, List{1, 1}, true,
        List{1, 1}, 2);
  s.add(randn({1, 2, 5}), randn({2, 1, 2}), none, List{2}, List{1}, List{2}, false, List{0}, 2);
  s.error("non-positive stride is not supported", randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), none,
          List{0, 1}, List{0, 0}, List{1, 1}, false, List{0, 0}, 1);
  s.error("negative padding is not supported", randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), none,
          List{1, 1}, List{-1, 0}, List{1, 1}, false, List{0, 0}, 1);
}
#define RAW_CONVOLUTION(row, ...)                                                             \
  OP_SAMPLES(row, s) {                                                                        \
    tolerances(s);                                                                            \
    s.add(randn({1, 2, 4, 4}), randn({2, 2, 3, 3}), randn({2}), List{1, 1}, List{1, 0},       \
          List{1, 1}, false, List{0, 0}, 1, false, true, false __VA_ARGS__);                  \
    s.add(randn({1, 4, 3, 3}), randn({4, 1, 2, 2}), none, List{2, 2}, List{0, 1}, List{1, 2}, \
          true, List{1, 1}, 2, true, false, true __VA_ARGS__);                                \
  }
RAW_CONVOLUTION("_convolution", , true)
RAW_CONVOLUTION("_convolution.deprecated")
OP_SAMPLES("convolution_backward", s) {
  tolerances(s);
  s.add(randn({1, 2, 2, 2}), randn({1, 2, 3, 3}), randn({2, 2, 2, 2}), List{2}, List{1, 1},
        List{0, 0}, List{1, 1}, false, List{0, 0}, 1, mask3(true, true, true));
  s.add(randn({1, 2, 6}), randn({1, 4, 3}), randn({4, 1, 2}), none, List{2}, List{0}, List{1}, true,
        List{0}, 2, mask3(true, true, false));
  s.add(randn({1, 2, 4}), randn({1, 2, 3}), randn({2, 1, 2}), List{2}, List{1}, List{1}, List{1},
        false, List{0}, 2, mask3(false, true, true));
}
OP_SAMPLES("conv_tbc", s) {
  tolerances(s);
  s.add(randn({4, 2, 2}), randn({2, 2, 3}), randn({3}));
  s.add(randn({4, 1, 2}), randn({3, 2, 2}), randn({2}), 1);
  s.error("Input must have 3 dims: time, batch, in_channel", randn({4, 2}), randn({2, 2, 3}),
          randn({3}));
}
OP_SAMPLES("conv_tbc_backward", s) {
  tolerances(s);
  s.add(randn({3, 2, 3}), randn({4, 2, 2}), randn({2, 2, 3}), randn({3}), 0);
  s.add(randn({4, 1, 2}), randn({4, 1, 2}), randn({3, 2, 2}), randn({2}), 1);
}

}  // namespace
}  // namespace pharos::testing
