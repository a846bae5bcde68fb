// Pictures in bytes are blended in fixed point: PyTorch's numbers, to the last bit.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/ops/functions.h>

namespace {

using at::Tensor;
using Interpolate = Tensor (*)(const Tensor&, at::IntArrayRef, bool, std::optional<double>,
                               std::optional<double>);

Tensor picture() {
  const Tensor i = at::arange(20, at::TensorOptions(at::kLong));
  return i.mul(37).mul(i.add(3)).add(11).remainder(256).to(at::kByte).view({1, 1, 4, 5});
}

TEST(UpsampleBytes, AsInPyTorch) {
  struct Case {
    Interpolate interpolate;
    std::vector<int64_t> size;
    bool align_corners;
    std::optional<double> scale_h, scale_w;
    std::vector<uint8_t> expected;
  };
  const Case cases[] = {
      {at::upsample_bilinear2d,
       {6, 3},
       false,
       std::nullopt,
       std::nullopt,
       {60, 125, 70, 137, 83, 123, 205, 37, 161, 176, 19, 99, 132, 31, 110, 95, 47, 136}},
      {at::upsample_bilinear2d, {3, 8}, true, std::nullopt, std::nullopt, {11,  96,  154, 135, 136,
                                                                           159, 104, 23,  212, 175,
                                                                           130, 62,  52,  99,  124,
                                                                           140, 17,  151, 222, 105,
                                                                           83,  155, 149, 117}},
      {at::upsample_bilinear2d, {4, 7}, false, std::nullopt, 1.3, {11,  108, 145, 133, 163, 61,
                                                                   23,  211, 215, 143, 71,  189,
                                                                   175, 167, 213, 124, 51,  17,
                                                                   27,  90,  113, 17,  170, 165,
                                                                   71,  168, 132, 117}},
      {at::upsample_bicubic2d, {6, 4}, false, std::nullopt, std::nullopt, {11,  161, 167, 26,  121,
                                                                           162, 159, 111, 230, 125,
                                                                           109, 174, 218, 40,  16,
                                                                           114, 120, 107, 53,  108,
                                                                           31,  209, 130, 126}},
      {at::upsample_bicubic2d, {3, 7}, true, std::nullopt, std::nullopt, {11,  116, 163, 125, 166,
                                                                          125, 23,  249, 185, 82,
                                                                          17,  62,  126, 153, 17,
                                                                          200, 206, 47,  128, 169,
                                                                          117}},
      {at::upsample_bicubic2d, {5, 5}, false, 1.2, 0.9, {1,   156, 129, 163, 15, 165, 219, 63,  206,
                                                         140, 248, 120, 16,  82, 145, 134, 133, 25,
                                                         68,  109, 0,   255, 50, 188, 117}},
  };
  for (const Case& c : cases) {
    // Two planes, and a layout that is not contiguous.
    const Tensor both = at::stack({picture(), picture()}, 4).permute({4, 0, 1, 2, 3}).flatten(0, 1);
    const Tensor y =
        c.interpolate(both, c.size, c.align_corners, c.scale_h, c.scale_w).contiguous();
    ASSERT_EQ(y.numel(), 2 * static_cast<int64_t>(c.expected.size()));
    const uint8_t* values = y.data_ptr<uint8_t>();
    for (size_t i = 0; i < c.expected.size(); ++i) {
      EXPECT_EQ(values[i], c.expected[i]) << i << " of " << c.expected.size();
      EXPECT_EQ(values[i + c.expected.size()], c.expected[i]);
    }
  }
}

TEST(UpsampleBytes, OnlyPictures) {
  const Tensor line = at::zeros({1, 1, 3}, at::TensorOptions(at::kByte));
  EXPECT_THROW(at::upsample_linear1d(line, 5, false), c10::NotImplementedError);
  const Tensor grad = at::zeros({1, 1, 3, 3}, at::TensorOptions(at::kByte));
  EXPECT_THROW(at::upsample_bilinear2d_backward(grad, {3, 3}, {1, 1, 2, 2}, false),
               c10::NotImplementedError);
}

}  // namespace
