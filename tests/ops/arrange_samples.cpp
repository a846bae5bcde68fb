// Samples of what joins, repeats, reverses and rearranges elements.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
using Tensors = std::vector<Tensor>;

constexpr const char* kAlias = "a form of another operator";

// ---- joins ----

#define CAT(row, ...)                                                                              \
  OP_SAMPLES(row, s) {                                                                             \
    __VA_ARGS__;                                                                                   \
    s.add(Tensors{randn({2, 3}), randn({1, 3})});                                                  \
    s.add(Tensors{randn({2, 3}), randn({3, 1}).t(), randn({0})}, -2);                              \
    s.add(Tensors{randn({2, 2}), randn({2, 1}).to(at::kDouble), ints({2, 1}, 0, 3)}, 1);           \
    s.add(Tensors{complex({2}), randn({2})});                                                      \
    s.add(Tensors{channels_last(randn({1, 2, 2, 2})), channels_last(randn({1, 1, 2, 2}))}, 1);     \
    s.error("torch.cat(): expected a non-empty list of Tensors", Tensors{});                       \
    s.error("zero-dimensional tensor (at position 0) cannot be concatenated", Tensors{randn({})}); \
    s.error(                                                                                       \
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size "         \
        "2 for tensor number 1 in the list.",                                                      \
        Tensors{randn({2, 3}), randn({2, 2})});                                                    \
  }
CAT("cat")
CAT("concat", s.only_base_dtype(kAlias))
CAT("concatenate", s.only_base_dtype(kAlias))
OP_SAMPLES("stack", s) {
  s.add(Tensors{randn({2, 3}), randn({3, 2}).t()});
  s.add(Tensors{randn({2}), randn({2}).to(at::kDouble)}, -1);
  s.add(Tensors{randn({}), randn({})});
  s.add(Tensors{randn({0, 2}), randn({0, 2})}, 1);
  s.error("stack expects a non-empty TensorList", Tensors{});
  s.error("stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1",
          Tensors{randn({2}), randn({3})});
}
#define JOIN(row, ...)                                    \
  OP_SAMPLES(row, s) {                                    \
    __VA_ARGS__;                                          \
    s.add(Tensors{randn({2}), randn({2})});               \
    s.add(Tensors{randn({}), randn({})});                 \
    s.add(Tensors{randn({2, 1, 2}), randn({2, 1, 2})});   \
    s.add(Tensors{complex({0}), randn({0})});             \
    s.error("expects a non-empty TensorList", Tensors{}); \
  }
JOIN("hstack", s.only_base_dtype(kAlias))
JOIN("vstack", s.only_base_dtype(kAlias))
JOIN("row_stack", s.only_base_dtype(kAlias))
JOIN("dstack", s.only_base_dtype(kAlias))
OP_SAMPLES("column_stack", s) {
  s.add(Tensors{randn({2}), randn({2, 2}), randn({2})});
  s.add(Tensors{randn({}), randn({1, 2})});
  s.error("column_stack expects a non-empty TensorList", Tensors{});
}
OP_SAMPLES("block_diag", s) {
  s.add(Tensors{randn({2, 3}), randn({2}), randn({})});
  s.add(Tensors{randn({1, 2}), complex({1, 1})});
  s.add(Tensors{});
  s.error(
      "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input 0 has 3 "
      "dimensions",
      Tensors{randn({1, 1, 1})});
}
OP_SAMPLES("cartesian_prod", s) {
  s.add(Tensors{randn({2}), randn({3})});
  s.add(Tensors{randn({3})});
  s.error("Expect a 1D vector, but got shape [2, 2]", Tensors{randn({2, 2})});
}
OP_SAMPLES("combinations", s) {
  s.data_dependent_shape();
  s.add(randn({4}));
  s.add(randn({3}), 3);
  s.add(randn({3}), 2, true);
  s.add(randn({2}), 0);
  s.error("Expect a 1D vector, but got shape [2, 2]", randn({2, 2}));
  s.error("Expect a non-negative number, but got -1", randn({2}), -1);
}
OP_SAMPLES("vander", s) {
  s.half_tolerance(2e-2, "the powers round at each step");
  s.add(randn({3}));
  s.add(randn({3}), 2);
  s.add(complex({2}), 4, true);
  s.error("x must be a one-dimensional tensor.", randn({2, 2}));
}

// ---- repeats ----

OP_SAMPLES("repeat", s) {
  s.add(randn({2, 3}), List{2, 1, 2});
  s.add(randn({}), List{2});
  s.add(randn({2, 1}).t(), List{1, 2});
  s.add(randn({2}), List{0});
  s.error(
      "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
      "tensor",
      randn({2, 2}), List{2});
}
OP_SAMPLES("tile", s) {
  s.add(randn({2, 3}), List{2});
  s.add(randn({2}), List{2, 2});
  s.add(randn({}), List{});
}
Tensor counts() { return ints({3}, 1, 4); }
OP_SAMPLES("repeat_interleave.Tensor", s) {
  s.data_dependent_shape();
  s.add(counts());
  s.add(at::ones({2}, at::TensorOptions(at::kInt)), 2);
  s.add(ints({0}, 0, 3));
  s.error("repeat_interleave only accept 1D vector as repeat", ints({1, 2}, 0, 3));
}
OP_SAMPLES("repeat_interleave.self_Tensor", s) {
  s.data_dependent_shape();
  s.add(randn({3, 2}), counts(), 0);
  s.add(randn({2, 3}), ints({1}, 2, 3), -1, 6);
  s.add(randn({3}), counts());
  s.error("repeats must have the same size as input along dim", randn({2, 2}), counts(), 0);
}
OP_SAMPLES("repeat_interleave.self_int", s) {
  s.add(randn({3, 2}), 2, 0);
  s.add(randn({2, 2}), 3, -1, 6);
  s.add(randn({2, 2}), 2);
  s.add(randn({}), 2);
  s.error("Repeats must be non-negative", randn({2}), -1);
}

// ---- orders ----

OP_SAMPLES("flip", s) {
  s.add(randn({2, 3}), List{0, -1});
  s.add(randn({2, 3}), List{});
  s.add(randn({}), List{0});
  s.add(channels_last(randn({1, 2, 3, 2})), List{1, 3});
  s.add(complex({0, 2}), List{1});
  s.error("dim 0 appears multiple times in the list of dims", randn({2}), List{0, 0});
}
OP_SAMPLES("fliplr", s) {
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 2}));
  s.error("Input must be >= 2-d.", randn({2}));
}
OP_SAMPLES("flipud", s) {
  s.add(randn({3}));
  s.add(randn({2, 3}));
  s.error("Input must be >= 1-d.", randn({}));
}
OP_SAMPLES("roll", s) {
  s.add(randn({2, 3}), List{1});
  s.add(randn({2, 3}), List{1, -2}, List{0, 1});
  s.add(randn({}), List{1}, List{});
  s.add(randn({0, 2}), List{1}, List{1});
  s.add(randn({2, 3}).t(), List{4}, List{-1});
  s.error("shifts and dimensions must align. shifts: 2, dims:1", randn({2}), List{1, 2}, List{0});
}
OP_SAMPLES("rot90", s) {
  for (int k : {0, 1, 2, -1}) s.add(randn({2, 3}), k);
  s.add(randn({2, 3, 2}), 3, List{2, -2});
  s.error("expected total rotation dims == 2, but got dims = 1", randn({2, 2}), 1, List{0});
  s.error("expected rotation dims to be different, but got dim0 = 0 and dim1 = 0", randn({2, 2}), 1,
          List{0, 0});
}
OP_SAMPLES("pixel_shuffle", s) {
  s.add(randn({1, 8, 2, 1}), 2);
  s.add(randn({2, 4, 1, 2}), 1);
  s.add(channels_last(randn({1, 4, 2, 2})), 2);
  s.error(
      "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
      "upscale_factor, but input.size(-3)=3 is not divisible by 4",
      randn({1, 3, 2, 2}), 2);
  s.error(
      "pixel_shuffle expects input to have at least 3 dimensions, but got input with 2 "
      "dimension(s)",
      randn({2, 2}), 2);
}
OP_SAMPLES("pixel_unshuffle", s) {
  s.add(randn({1, 2, 4, 2}), 2);
  s.add(channels_last(randn({1, 1, 3, 3})), 3);
  s.error(
      "pixel_unshuffle expects height to be divisible by downscale_factor, but input.size(-2)=3 "
      "is not divisible by 2",
      randn({1, 3, 3, 2}), 2);
}
#define CHANNEL_SHUFFLE(row, ...)                                                    \
  OP_SAMPLES(row, s) {                                                               \
    __VA_ARGS__;                                                                     \
    s.add(randn({1, 6, 2}), 3);                                                      \
    s.add(randn({2, 4, 1, 2}), 2);                                                   \
    s.add(channels_last(randn({1, 4, 2, 2})), 2);                                    \
    s.error("Number of channels must be divisible by groups.", randn({1, 3, 2}), 2); \
  }
CHANNEL_SHUFFLE("channel_shuffle")
CHANNEL_SHUFFLE("native_channel_shuffle", s.only_base_dtype(kAlias))

// ---- diagonals and triangles ----

OP_SAMPLES("diag", s) {
  s.add(randn({3}));
  s.add(randn({2, 3}), 1);
  s.add(randn({2}), -1);
  s.add(randn({0}));
  s.error("diag(): Supports 1D or 2D tensors. Got 3D", randn({1, 1, 1}));
}
OP_SAMPLES("diag_embed", s) {
  s.add(randn({3}));
  s.add(randn({2, 2}), 1);
  s.add(randn({2, 2}), -1, 0, 2);
  s.error("diagonal dimensions cannot be identical 1, 1", randn({2, 2}), 0, 1, 1);
}
OP_SAMPLES("diagflat", s) {
  s.add(randn({2, 2}));
  s.add(randn({2}), -1);
  s.add(randn({}), 1);
}
#define TRIANGLE(row)                                                          \
  OP_SAMPLES(row, s) {                                                         \
    s.add(randn({3, 4}));                                                      \
    s.add(randn({2, 3, 3}), 1);                                                \
    s.add(randn({3, 2}).t(), -1);                                              \
    s.add(complex({2, 2}), -5);                                                \
    s.add(randn({0, 2}));                                                      \
    s.error(row ": input tensor must have at least 2 dimensions", randn({2})); \
  }
TRIANGLE("tril")
TRIANGLE("triu")
#define TRIANGLE_INDICES(row)                                              \
  OP_SAMPLES(row, s) {                                                     \
    s.add(3, 4);                                                           \
    s.add(3, 3, 1, at::kInt);                                              \
    s.add(4, 3, -2, at::kLong, at::kStrided, at::Device(at::kCPU), false); \
    s.add(0, 3);                                                           \
    s.error("row must be non-negative, got-1", -1, 2);                     \
  }
TRIANGLE_INDICES("tril_indices")
TRIANGLE_INDICES("triu_indices")

}  // namespace
}  // namespace pharos::testing
