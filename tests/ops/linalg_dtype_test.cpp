// Products whose result has a wider dtype: PyTorch has them for CUDA alone, so they are held
// against products of widened factors.
#include <gtest/gtest.h>
#include <torch/torch.h>

namespace {

using at::Tensor;

class WideProducts : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  Tensor narrow(c10::IntArrayRef sizes) { return at::randn(sizes).to(GetParam()); }
  static void expect_close(const Tensor& got, const Tensor& want) {
    EXPECT_EQ(got.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::allclose(got, want, 1e-5, 1e-5)) << got << "\nagainst\n" << want;
  }
};

TEST_P(WideProducts, EqualProductsOfWidenedFactors) {
  at::manual_seed(1);
  const Tensor a = narrow({3, 40}), b = narrow({40, 5}), c = narrow({3, 5});
  expect_close(at::mm(a, b, at::kFloat), at::mm(a.to(at::kFloat), b.to(at::kFloat)));
  expect_close(at::addmm(c, a, b, at::kFloat, 0.5, 2),
               at::addmm(c.to(at::kFloat), a.to(at::kFloat), b.to(at::kFloat), 0.5, 2));
  const Tensor x = narrow({2, 3, 40}), y = narrow({2, 40, 5});
  expect_close(at::bmm(x, y, at::kFloat), at::bmm(x.to(at::kFloat), y.to(at::kFloat)));
  expect_close(at::baddbmm(c, x, y, at::kFloat, 0.5, 2),
               at::baddbmm(c.to(at::kFloat), x.to(at::kFloat), y.to(at::kFloat), 0.5, 2));
}

INSTANTIATE_TEST_SUITE_P(Halves, WideProducts, ::testing::Values(at::kHalf, at::kBFloat16));

}  // namespace
