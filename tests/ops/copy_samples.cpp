// Samples of copies and conversions, of padding, and of what is scattered into copies.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr auto kChannelsLast3d = at::MemoryFormat::ChannelsLast3d;
constexpr auto kContiguous = at::MemoryFormat::Contiguous;
constexpr auto kPreserve = at::MemoryFormat::Preserve;

Tensor image() { return randn({2, 3, 2, 2}); }

OP_SAMPLES("contiguous", s) {
  s.add(randn({3, 2}).t());
  s.add(image(), kChannelsLast);
  s.add(randn({1, 2, 2, 3, 2}), kChannelsLast3d);
  s.add(randn({}));
  s.add(randn({0, 2}));
  s.error("preserve memory format is unsupported by the contiguous operator", randn({2, 3}).t(),
          kPreserve);
}
OP_SAMPLES("clone", s) {
  s.add(randn({3, 2}).t());
  s.add(randn({3, 2}).t(), kContiguous);
  s.add(image(), kChannelsLast);
  s.add(channels_last(image()), kPreserve);
  s.add(randn({3, 1}).expand({3, 2}));
  s.add(complex({2}));
  s.add(randn({0}));
  s.error("required rank 4 tensor to use channels_last format", randn({2, 3}), kChannelsLast);
}
OP_SAMPLES("copy", s) {
  s.add(randn({2, 3}), randn({3}));
  s.add(randn({2, 3}), randn({2, 3}).to(at::kDouble), true);
  s.add(channels_last(image()), image());
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2}), randn({3}));
}
OP_SAMPLES("to.dtype_layout", s) {
  s.add(randn({2, 3}), at::kDouble);
  s.add(randn({2, 3}), none, at::kStrided, at::Device(at::kCPU), false);
  s.add(randn({2, 3}), none, none, none, none, true, true);
  s.add(image(), at::kHalf, none, none, none, false, false, kChannelsLast);
  s.add(randn({2, 3}), at::kLong);
}
OP_SAMPLES("to.device", s) {
  s.add(randn({2, 3}), at::Device(at::kCPU), at::kDouble);
  s.add(image(), at::Device(at::kCPU), at::kFloat, true, true, kChannelsLast);
}
OP_SAMPLES("to.dtype", s) {
  s.add(randn({2, 3}), at::kDouble);
  s.add(randn({3, 2}).t(), at::kComplexFloat);
  s.add(image(), at::kFloat, true, true, kChannelsLast);
  s.add(randn({0}), at::kInt);
}
OP_SAMPLES("to.other", s) {
  s.add(randn({2, 3}), randn({1}).to(at::kDouble));
  s.add(image(), randn({}), true, true, kChannelsLast);
}
OP_SAMPLES("type_as", s) {
  s.add(randn({2, 3}), randn({1}).to(at::kDouble));
  s.add(randn({2, 3}), ints({}, 0, 3));
}
OP_SAMPLES("_to_copy", s) {
  s.add(randn({2, 3}), at::kDouble);
  s.add(randn({3, 2}).t(), none, at::kStrided, at::Device(at::kCPU), false, true);
  s.add(image(), at::kFloat, none, none, none, false, kChannelsLast);
}
#define LIFT(row)         \
  OP_SAMPLES(row, s) {    \
    s.add(randn({2, 3})); \
    s.add(complex({}));   \
    s.add(randn({0}));    \
  }
LIFT("lift")
LIFT("lift_fresh")
#define ITEM(row)                                                                  \
  OP_SAMPLES(row, s) {                                                             \
    s.data_dependent_shape();                                                      \
    s.add(randn({}));                                                              \
    s.add(ints({1, 1}, 3, 9));                                                     \
    s.add(bools({1}));                                                             \
    s.add(complex({1}));                                                           \
    s.error("a Tensor with 2 elements cannot be converted to Scalar", randn({2})); \
    s.error("a Tensor with 0 elements cannot be converted to Scalar", randn({0})); \
  }
ITEM("item")
OP_SAMPLES("_local_scalar_dense", s) {
  s.data_dependent_shape();
  s.add(randn({}));
  s.add(ints({1, 1}, 3, 9));
  s.add(complex({1}));
}
OP_SAMPLES("fill.Scalar", s) {
  s.add(randn({2, 3}), 2.5);
  s.add(randn({3, 2}).t(), 3);
  s.add(randn({0}), 1);
  s.add(complex({2}), 1.5);
}
OP_SAMPLES("fill.Tensor", s) {
  s.add(randn({2, 3}), randn({}));
  s.add(ints({2}, 0, 3), randn({}));
  s.error("fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.",
          randn({2}), randn({1}));
}

// ---- copies with a part replaced ----

OP_SAMPLES("select_scatter", s) {
  s.add(randn({2, 3}), randn({2}), 1, -1);
  s.add(randn({2, 3, 2}), randn({2, 2}), -2, 0);
  s.error(
      "expected src to have a size equal to the slice of self. src size = [3], slice size = [2]",
      randn({2, 3}), randn({3}), 1, 0);
}
OP_SAMPLES("slice_scatter", s) {
  s.add(randn({4, 3}), randn({2, 3}), 0, 1, 3);
  s.add(randn({2, 5}), randn({2, 2}), -1, 0, -1, 2);
  s.add(randn({2, 3}), randn({2, 3}));
  s.error(
      "expected src to have a size equal to the slice of self. src size = [3], slice size = [2]",
      randn({4}), randn({3}), 0, 1, 3);
}
OP_SAMPLES("diagonal_scatter", s) {
  s.add(randn({3, 4}), randn({3}));
  s.add(randn({2, 3, 3}), randn({2, 2}), 1, 2, -2);
  s.error(
      "expected src to have a size equal to the slice of self. src size = [2], slice size = [3]",
      randn({3, 3}), randn({2}));
}
OP_SAMPLES("as_strided_scatter", s) {
  s.by_memory_order();
  s.add(randn({2, 6}), randn({2, 2}), List{2, 2}, List{6, 2});
  s.add(randn({2, 6}), randn({3}), List{3}, List{1}, 4);
  s.error(
      "expected src to have a size equal to the slice of self. src size = [2], slice size = [3]",
      randn({4}), randn({2}), List{3}, List{1});
}

// ---- padding ----

OP_SAMPLES("constant_pad_nd", s) {
  s.add(randn({2, 3}), List{1, 2});
  s.add(randn({2, 3}), List{1, -1, 0, 2}, 1.5);
  s.add(channels_last(randn({1, 2, 2, 3})), List{1, 1}, 2);
  s.add(complex({3}), List{-1, 1});
  s.add(randn({2, 3, 4}).transpose(0, 2), List{-1, 0, 0, -1});
  s.add(channels_last(randn({1, 2, 3, 4})), List{-1, -1});
  s.error("narrow(): length must be non-negative.", randn({3}), List{9, -5});
  s.error("Length of pad must be even but instead it equals 1", randn({2}), List{1});
  s.error(
      "Length of pad should be no more than twice the number of dimensions of the input. Pad "
      "length is 4while the input has 1dimensions.",
      randn({2}), List{1, 1, 1, 1});
}
OP_SAMPLES("pad", s) {
  s.add(randn({2, 3}), List{1, 2});
  s.add(randn({2, 3}), List{1, 2}, "constant", 1.5);
  s.add(randn({2, 3}), List{1, 2}, "reflect");
  s.add(randn({1, 2, 3}), List{1, 2}, "replicate");
  s.add(randn({1, 1, 2, 3}), List{1, 2, 1, 0}, "circular");
  s.error("Padding mode \"reflect\" doesn't take in value argument", randn({2, 3}), List{1, 1},
          "reflect", 1.0);
  s.error("Unrecognised padding mode mirror", randn({2, 3}), List{1, 1}, "mirror");
}
#define PAD1D(row)                                                                    \
  OP_SAMPLES(row, s) {                                                                \
    s.half_tolerance(4e-3, "the order of the gradient's sum");                        \
    s.add(randn({2, 4}), List{2, 1});                                                 \
    s.add(randn({1, 2, 4}), List{0, 3});                                              \
    s.add(randn({2, 5}), List{-1, 2});                                                \
    s.add(randn({0, 2, 4}), List{1, 1});                                              \
    s.error(                                                                          \
        "Expected 2D or 3D (batch mode) tensor with possibly 0 batch size and other " \
        "non-zero dimensions for input, but got: [2]",                                \
        randn({2}), List{1, 1});                                                      \
  }
PAD1D("reflection_pad1d")
PAD1D("replication_pad1d")
#define PAD2D(row)                                               \
  OP_SAMPLES(row, s) {                                           \
    s.add(randn({2, 3, 4}), List{2, 1, 0, 2});                   \
    s.add(randn({1, 2, 3, 3}), List{1, 2, 2, 1});                \
    s.add(channels_last(randn({2, 2, 3, 3})), List{1, 0, 0, 1}); \
    s.add(randn({2, 4, 4}), List{-1, 1, 2, -1});                 \
  }
PAD2D("reflection_pad2d")
PAD2D("replication_pad2d")
#define PAD3D(row)                                                        \
  OP_SAMPLES(row, s) {                                                    \
    s.add(randn({1, 2, 2, 3}), List{2, 1, 0, 1, 1, 0});                   \
    s.add(randn({1, 1, 3, 2, 2}), List{1, 1, 1, 0, 2, 1});                \
    s.add(channels_last(randn({1, 2, 2, 2, 3})), List{1, 0, 0, 1, 0, 0}); \
  }
PAD3D("reflection_pad3d")
PAD3D("replication_pad3d")

// ---- columns of windows ----

OP_SAMPLES("im2col", s) {
  s.add(randn({1, 2, 4, 3}), List{2, 2}, List{1, 1}, List{0, 0}, List{1, 1});
  s.add(randn({2, 5, 4}), List{2, 1}, List{2, 1}, List{1, 0}, List{2, 1});
  s.error("kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 1",
          randn({1, 2, 4}), List{0, 1}, List{1, 1}, List{0, 0}, List{1, 1});
}
OP_SAMPLES("col2im", s) {
  s.half_tolerance(5e-3, "the order of the sum");
  s.add(randn({1, 8, 6}), List{4, 3}, List{2, 2}, List{1, 1}, List{0, 0}, List{1, 1});
  s.add(randn({4, 12}), List{5, 4}, List{2, 1}, List{2, 1}, List{1, 0}, List{2, 1});
  s.error(
      "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but "
      "got input.size(1)=3 and kernel_size=(2, 2).",
      randn({1, 3, 6}), List{4, 3}, List{2, 2}, List{1, 1}, List{0, 0}, List{1, 1});
}

}  // namespace
}  // namespace pharos::testing
