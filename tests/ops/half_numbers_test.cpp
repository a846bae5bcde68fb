// Where PyTorch rounds the numbers beside tensors of halves: sums and in-place products round the
// number first, other products and quotients the result alone. Its own values.
#include <gtest/gtest.h>
#include <torch/torch.h>

namespace {

using at::Tensor;

double item(const Tensor& t) { return t[0].item<double>(); }
Tensor of(double v, at::ScalarType t) { return at::full({64}, v, t); }

TEST(HalfNumbers, InPlaceProductsRoundTheNumber) {
  EXPECT_EQ(item(of(3, at::kHalf).mul_(0.4)), 1.19921875);
  EXPECT_EQ(item(of(3, at::kHalf).mul(0.4)), 1.2001953125);
  EXPECT_EQ(item(of(7, at::kBFloat16).mul_(0.9)), 6.28125);
  EXPECT_EQ(item(of(7, at::kBFloat16).mul(0.9)), 6.3125);
}

TEST(HalfNumbers, SumsRoundTheFactor) {
  const Tensor half = of(7, at::kHalf);
  EXPECT_EQ(item(at::add(half, half, 1.1)), 14.6953125);
  EXPECT_EQ(item(half.clone().add_(half, 2.7)), 25.890625);
  EXPECT_EQ(item(at::sub(half, half, -2.7)), 25.890625);
}

}  // namespace
