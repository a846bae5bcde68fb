// Samples of interpolation, of sampling by grids, and of their gradients' operators.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
using Doubles = std::vector<double>;

constexpr const char* kHalfWeights = "PyTorch rounds weights or steps to half";

// ---- nearest ----

#define NEAREST1D(row)                                                                             \
  OP_SAMPLES(row, s) {                                                                             \
    s.add(randn({1, 2, 3}), List{5});                                                              \
    s.add(randn({2, 1, 4}), List{3}, 0.7);                                                         \
    s.error(                                                                                       \
        "Input and output sizes should be greater than 0, but got input (W: 3) and output (W: 0)", \
        randn({1, 2, 3}), List{0});                                                                \
  }
#define NEAREST2D(row)                                                                 \
  OP_SAMPLES(row, s) {                                                                 \
    s.add(randn({1, 2, 3, 2}), List{5, 3});                                            \
    s.add(randn({2, 1, 4, 3}), List{3, 4}, 0.7, 1.4);                                  \
    s.add(channels_last(randn({2, 4, 3, 2})), List{4, 4});                             \
    s.error("It is expected input_size equals to 4, but got size 3", randn({1, 2, 3}), \
            List{3, 3});                                                               \
  }
#define NEAREST3D(row)                                           \
  OP_SAMPLES(row, s) {                                           \
    s.add(randn({1, 2, 2, 3, 2}), List{3, 4, 3});                \
    s.add(randn({1, 1, 2, 3, 3}), List{1, 4, 2}, 0.6, 1.4, 0.8); \
    s.add(channels_last(randn({1, 2, 2, 2, 2})), List{3, 2, 4}); \
  }
NEAREST1D("upsample_nearest1d")
NEAREST1D("_upsample_nearest_exact1d")
NEAREST2D("upsample_nearest2d")
NEAREST2D("_upsample_nearest_exact2d")
NEAREST3D("upsample_nearest3d")
NEAREST3D("_upsample_nearest_exact3d")

constexpr const char* kOneOf = "Must specify exactly one of output_size and scale_factors";
#define NEAREST_VEC(row, ones, sizes, scales)                \
  OP_SAMPLES(row, s) {                                       \
    s.add(randn ones, List sizes, none);                     \
    s.add(randn ones, none, Doubles scales);                 \
    s.error(kOneOf, randn ones, List sizes, Doubles scales); \
  }
NEAREST_VEC("upsample_nearest1d.vec", ({1, 2, 3}), ({5}), ({1.7}))
NEAREST_VEC("_upsample_nearest_exact1d.vec", ({1, 2, 3}), ({5}), ({1.7}))
NEAREST_VEC("upsample_nearest2d.vec", ({1, 2, 3, 2}), ({5, 3}), ({1.7, 0.5}))
NEAREST_VEC("_upsample_nearest_exact2d.vec", ({1, 2, 3, 2}), ({5, 3}), ({1.7, 0.5}))
NEAREST_VEC("upsample_nearest3d.vec", ({1, 1, 2, 3, 2}), ({3, 4, 3}), ({1.5, 0.7, 2}))
NEAREST_VEC("_upsample_nearest_exact3d.vec", ({1, 1, 2, 3, 2}), ({3, 4, 3}), ({1.5, 0.7, 2}))

#define NEAREST1D_BACKWARD(row)                           \
  OP_SAMPLES(row, s) {                                    \
    s.half_tolerance(4e-3, kHalfWeights);                 \
    s.add(randn({1, 2, 5}), List{5}, List{1, 2, 3});      \
    s.add(randn({2, 1, 3}), List{3}, List{2, 1, 4}, 0.7); \
  }
#define NEAREST2D_BACKWARD(row)                                         \
  OP_SAMPLES(row, s) {                                                  \
    s.half_tolerance(4e-3, kHalfWeights);                               \
    s.add(randn({1, 2, 5, 3}), List{5, 3}, List{1, 2, 3, 2});           \
    s.add(randn({2, 1, 3, 4}), List{3, 4}, List{2, 1, 4, 3}, 0.7, 1.4); \
  }
#define NEAREST3D_BACKWARD(row)                                                       \
  OP_SAMPLES(row, s) {                                                                \
    s.half_tolerance(4e-3, kHalfWeights);                                             \
    s.add(randn({1, 2, 3, 4, 2}), List{3, 4, 2}, List{1, 2, 2, 3, 2});                \
    s.add(randn({1, 1, 1, 4, 2}), List{1, 4, 2}, List{1, 1, 2, 3, 3}, 0.6, 1.4, 0.8); \
  }
NEAREST1D_BACKWARD("upsample_nearest1d_backward")
NEAREST1D_BACKWARD("_upsample_nearest_exact1d_backward")
NEAREST2D_BACKWARD("upsample_nearest2d_backward")
NEAREST2D_BACKWARD("_upsample_nearest_exact2d_backward")
NEAREST3D_BACKWARD("upsample_nearest3d_backward")
NEAREST3D_BACKWARD("_upsample_nearest_exact3d_backward")

// ---- linear and cubic ----

OP_SAMPLES("upsample_linear1d", s) {
  s.half_tolerance(4e-3, kHalfWeights);
  s.add(randn({1, 2, 3}), List{5}, false);
  s.add(randn({1, 2, 3}), List{5}, true);
  s.add(randn({2, 1, 4}), List{3}, false, 0.7);
}
constexpr const char* kBytes = "bytes are blended in fixed point: upsample_bytes_test.cpp";
#define LINEAR2D(row)                                                                              \
  OP_SAMPLES(row, s) {                                                                             \
    s.half_tolerance(8e-3, kHalfWeights);                                                          \
    s.only_base_dtype(kBytes);                                                                     \
    s.add(randn({1, 2, 3, 2}).to(at::kDouble), List{5, 3}, false);                                 \
    s.add(randn({1, 2, 3, 2}).to(at::kHalf), List{5, 3}, false);                                   \
    s.add(randn({1, 2, 3, 2}).to(at::kBFloat16), List{5, 3}, false);                               \
    s.add(randn({1, 2, 3, 2}), List{5, 3}, false);                                                 \
    s.add(randn({1, 2, 3, 2}), List{5, 3}, true);                                                  \
    s.add(randn({2, 1, 4, 3}), List{3, 4}, false, 0.7, 1.4);                                       \
    s.add(channels_last(randn({2, 4, 3, 2})), List{4, 4}, false);                                  \
    s.error("It is expected input_size equals to 4, but got size 3", randn({1, 2, 3}), List{3, 3}, \
            false);                                                                                \
  }
LINEAR2D("upsample_bilinear2d")
LINEAR2D("upsample_bicubic2d")
OP_SAMPLES("upsample_trilinear3d", s) {
  s.half_tolerance(8e-3, kHalfWeights);
  s.add(randn({1, 2, 2, 3, 2}), List{3, 4, 3}, false);
  s.add(randn({1, 2, 2, 3, 2}), List{3, 4, 3}, true);
  s.add(randn({1, 1, 2, 3, 3}), List{1, 4, 2}, false, 0.6, 1.4, 0.8);
  s.add(channels_last(randn({1, 2, 2, 2, 2})), List{3, 2, 4}, false);
}
#define LINEAR_VEC(row, ones, sizes, scales, ...)   \
  OP_SAMPLES(row, s) {                              \
    s.half_tolerance(8e-3, kHalfWeights);           \
    __VA_ARGS__;                                    \
    s.add(randn ones, List sizes, true, none);      \
    s.add(randn ones, none, false, Doubles scales); \
    s.error(kOneOf, randn ones, none, false, none); \
  }
LINEAR_VEC("upsample_linear1d.vec", ({1, 2, 3}), ({5}), ({1.7}))
LINEAR_VEC("upsample_bilinear2d.vec", ({1, 2, 3, 2}), ({5, 3}), ({1.7, 0.5}),
           s.only_base_dtype(kBytes))
LINEAR_VEC("upsample_bicubic2d.vec", ({1, 2, 3, 2}), ({5, 3}), ({1.7, 0.5}),
           s.only_base_dtype(kBytes))
LINEAR_VEC("upsample_trilinear3d.vec", ({1, 1, 2, 3, 2}), ({3, 4, 3}), ({1.5, 0.7, 2}))

OP_SAMPLES("upsample_linear1d_backward", s) {
  s.half_tolerance(8e-3, kHalfWeights);
  s.add(randn({1, 2, 5}), List{5}, List{1, 2, 3}, false);
  s.add(randn({1, 2, 5}), List{5}, List{1, 2, 3}, true);
  s.add(randn({2, 1, 3}), List{3}, List{2, 1, 4}, false, 0.7);
}
#define LINEAR2D_BACKWARD(row)                                                 \
  OP_SAMPLES(row, s) {                                                         \
    s.half_tolerance(1e-2, kHalfWeights);                                      \
    s.add(randn({1, 2, 5, 3}), List{5, 3}, List{1, 2, 3, 2}, false);           \
    s.add(randn({1, 2, 5, 3}), List{5, 3}, List{1, 2, 3, 2}, true);            \
    s.add(randn({2, 1, 3, 4}), List{3, 4}, List{2, 1, 4, 3}, false, 0.7, 1.4); \
  }
LINEAR2D_BACKWARD("upsample_bilinear2d_backward")
LINEAR2D_BACKWARD("upsample_bicubic2d_backward")
OP_SAMPLES("upsample_trilinear3d_backward", s) {
  s.half_tolerance(1e-2, kHalfWeights);
  s.add(randn({1, 2, 3, 4, 2}), List{3, 4, 2}, List{1, 2, 2, 3, 2}, false);
  s.add(randn({1, 2, 3, 4, 2}), List{3, 4, 2}, List{1, 2, 2, 3, 2}, true);
  s.add(randn({1, 1, 1, 4, 2}), List{1, 4, 2}, List{1, 1, 2, 3, 3}, false, 0.6, 1.4, 0.8);
}

// ---- grids ----

// Positions in the image and beyond its edges: within half a pixel of no pixel's centre or edge.
Tensor grid2d(int64_t n, int64_t h, int64_t w) { return uniform({n, h, w, 2}, -1.3, 1.3); }
Tensor grid3d(int64_t n, int64_t d, int64_t h, int64_t w) {
  return uniform({n, d, h, w, 3}, -1.3, 1.3);
}
void grid2d_samples(Samples& s) {
  s.half_tolerance(1e-2, kHalfWeights);
  for (int mode : {0, 1, 2})
    for (int padding : {0, 1, 2})
      s.add(randn({1, 2, 3, 4}), grid2d(1, 2, 2), mode, padding, padding == 1);
  s.add(channels_last(randn({2, 3, 3, 2})), grid2d(2, 1, 3), 0, 0, true);
}
void grid3d_samples(Samples& s) {
  s.half_tolerance(1e-2, kHalfWeights);
  for (int mode : {0, 1})
    for (int padding : {0, 1, 2})
      s.add(randn({1, 2, 2, 3, 2}), grid3d(1, 1, 2, 2), mode, padding, padding == 1);
}
OP_SAMPLES("grid_sampler", s) {
  grid2d_samples(s);
  grid3d_samples(s);
  s.error(
      "grid_sampler(): expected grid and input to have same batch size, but got input with "
      "sizes [1, 1, 2, 2] and grid with sizes [2, 1, 1, 2]",
      randn({1, 1, 2, 2}), grid2d(2, 1, 1), 0, 0, false);
  s.error(
      "grid_sampler(): expected grid to have size 2 in last dimension, but got grid with sizes "
      "[1, 1, 1, 3]",
      randn({1, 1, 2, 2}), randn({1, 1, 1, 3}), 0, 0, false);
}
OP_SAMPLES("grid_sampler_2d", s) { grid2d_samples(s); }
OP_SAMPLES("grid_sampler_3d", s) { grid3d_samples(s); }
c10::List<bool> mask2(bool a, bool b) {
  c10::List<bool> list;
  list.push_back(a);
  list.push_back(b);
  return list;
}
OP_SAMPLES("grid_sampler_2d_backward", s) {
  s.half_tolerance(3e-2, kHalfWeights);
  for (int mode : {0, 1, 2})
    for (int padding : {0, 1, 2})
      s.add(randn({1, 2, 2, 2}), randn({1, 2, 3, 4}), grid2d(1, 2, 2), mode, padding, padding == 1,
            mask2(true, true));
  s.add(randn({1, 2, 2, 2}), randn({1, 2, 3, 4}), grid2d(1, 2, 2), 0, 0, true, mask2(false, true));
}
OP_SAMPLES("grid_sampler_3d_backward", s) {
  s.half_tolerance(3e-2, kHalfWeights);
  for (int mode : {0, 1})
    for (int padding : {0, 1, 2})
      s.add(randn({1, 2, 1, 2, 2}), randn({1, 2, 2, 3, 2}), grid3d(1, 1, 2, 2), mode, padding,
            padding == 1, mask2(true, true));
  s.add(randn({1, 2, 1, 2, 2}), randn({1, 2, 2, 3, 2}), grid3d(1, 1, 2, 2), 0, 0, true,
        mask2(false, true));
}
OP_SAMPLES("affine_grid_generator", s) {
  s.half_tolerance(4e-3, kHalfWeights);
  s.add(randn({2, 2, 3}), List{2, 1, 3, 2}, false);
  s.add(randn({1, 2, 3}), List{1, 2, 2, 3}, true);
  s.add(randn({1, 3, 4}), List{1, 1, 2, 3, 2}, true);
  s.add(randn({1, 3, 4}), List{1, 1, 2, 1, 2}, false);
  s.error("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.", randn({1, 2, 3}),
          List{1, 2, 3}, false);
}
OP_SAMPLES("affine_grid_generator_backward", s) {
  s.half_tolerance(1e-2, kHalfWeights);
  s.add(randn({2, 3, 2, 2}), List{2, 1, 3, 2}, false);
  s.add(randn({1, 2, 3, 2}), List{1, 2, 2, 3}, true);
  s.add(randn({1, 2, 3, 2, 3}), List{1, 1, 2, 3, 2}, true);
}

}  // namespace
}  // namespace pharos::testing
