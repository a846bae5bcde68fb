// Calls for which C++ must find the overload that LibTorch's headers find.
#include <gtest/gtest.h>
#include <pharos/tensor_operators.h>

#include <tuple>

namespace {

using at::Tensor;

TEST(Overloads, ANumberNamesTheDimOfADeviation) {
  const Tensor x = at::arange(12, at::TensorOptions(at::kFloat)).square().view({4, 3});
  const Tensor deviation = x.std(at::IntArrayRef{0}), variance = x.var(at::IntArrayRef{0});
  EXPECT_EQ(deviation.numel(), 3);
  EXPECT_TRUE(at::equal(x.std(0), deviation));
  EXPECT_TRUE(at::equal(x.std(-2), deviation));
  EXPECT_TRUE(at::equal(x.var(0), variance));
  EXPECT_TRUE(at::equal(at::std(x, 0), deviation));
  EXPECT_TRUE(at::equal(at::var(x, 0), variance));
  EXPECT_TRUE(at::equal(std::get<0>(at::std_mean(x, 0)), deviation));
  EXPECT_TRUE(at::equal(std::get<1>(at::var_mean(x, 0)), x.mean(0)));
  EXPECT_EQ(x.std(false).dim(), 0);
  EXPECT_EQ(at::var(x, true).dim(), 0);
  EXPECT_EQ(x.std(0, true, true).dim(), 2);
}

}  // namespace
