// Gradients that hold for inputs of one kind alone, checked through operators that make such
// inputs: symmetric matrices, logarithms of probabilities, distances of the points that they belong
// to.
#include <gtest/gtest.h>
#include <pharos/autograd/gradcheck.h>
#include <torch/torch.h>

#include <string>
#include <vector>

namespace {

using at::Tensor;
using torch::autograd::gradcheck;
using torch::autograd::gradgradcheck;
using torch::autograd::variable_list;

Tensor leaf(c10::IntArrayRef sizes, at::ScalarType t = at::kDouble) {
  return at::randn(sizes, t).requires_grad_(true);
}

TEST(DependentGradients, CholeskyOfSymmetric) {
  at::manual_seed(1);
  for (const at::ScalarType t : {at::kDouble, at::kComplexDouble})
    for (const bool upper : {false, true}) {
      const auto f = [&](const variable_list& in) -> variable_list {
        const Tensor gram = at::matmul(in[0], in[0].mH()) + 2 * at::eye(2, in[0].options());
        return {at::linalg_cholesky(gram, upper)};
      };
      EXPECT_TRUE(gradcheck(f, {leaf({2, 2, 2}, t)}));
      EXPECT_TRUE(gradgradcheck(f, {leaf({2, 2}, t)}));
    }
}

TEST(DependentGradients, CtcOfLogProbabilities) {
  at::manual_seed(2);
  const Tensor targets = at::randint(1, 4, {2, 3}, at::kLong);
  for (const int64_t reduction : {at::Reduction::None, at::Reduction::Mean, at::Reduction::Sum}) {
    const auto f = [&](const variable_list& in) -> variable_list {
      return {at::ctc_loss(at::log_softmax(in[0], 2), targets, {6, 5}, {3, 2}, 0, reduction)};
    };
    EXPECT_TRUE(gradcheck(f, {leaf({6, 2, 4})}));
  }
}

TEST(DependentGradients, SecondOfDistances) {
  at::manual_seed(3);
  for (const double p : {1.5, 2.0, 3.0}) {
    const auto between = [&](const variable_list& in) -> variable_list {
      return {at::cdist(in[0], in[1], p)};
    };
    EXPECT_TRUE(gradgradcheck(between, {leaf({3, 2}), leaf({2, 2})}));
    const auto within = [&](const variable_list& in) -> variable_list {
      return {at::pdist(in[0], p)};
    };
    EXPECT_TRUE(gradgradcheck(within, {leaf({4, 2})}));
  }
}

// Products of complex singular vectors have no phase to choose.
TEST(DependentGradients, SingularVectors) {
  at::manual_seed(4);
  for (const at::ScalarType t : {at::kDouble, at::kComplexDouble})
    for (const std::vector<int64_t>& sizes :
         {std::vector<int64_t>{3, 3}, {4, 2}, {2, 4}, {2, 3, 2}}) {
      const auto f = [&](const variable_list& in) -> variable_list {
        const auto [u, s, vh] = at::linalg_svd(in[0], false);
        return {s, at::matmul(u, vh), u.narrow(-1, 0, 1).abs(), vh.narrow(-2, 1, 1).abs()};
      };
      EXPECT_TRUE(gradcheck(f, {leaf(sizes, t)}));
      EXPECT_TRUE(gradgradcheck(f, {leaf(sizes, t)}));
      const auto full = [&](const variable_list& in) -> variable_list {
        const auto [u, s, vh] = at::linalg_svd(in[0]);
        return {u.narrow(-1, 0, 2).abs(), vh.narrow(-2, 0, 2).abs()};
      };
      EXPECT_TRUE(gradcheck(full, {leaf(sizes, t)}));
    }
}

TEST(DependentGradients, PhasesOfComplexSingularVectors) {
  at::manual_seed(5);
  const Tensor a = leaf({3, 3}, at::kComplexDouble);
  const Tensor u = std::get<0>(at::linalg_svd(a));
  try {
    at::real(u).sum().backward();
    FAIL() << "a gradient that does not exist";
  } catch (const c10::Error& e) {
    EXPECT_NE(std::string(e.msg()).find("ill-defined"), std::string::npos) << e.msg();
  }
}

// Statistics are functions of the input, detached as the backward pass has them.
TEST(DependentGradients, SecondOfBatchNorm) {
  at::manual_seed(6);
  for (const bool train : {true, false})
    for (const bool affine : {true, false}) {
      const Tensor mean = at::randn({2}, at::kDouble), var = at::rand({2}, at::kDouble) + 0.5;
      const auto f = [&](const variable_list& in) -> variable_list {
        const auto x = in[1].detach();
        const Tensor m = x.mean({0, 2}), v = x.var({0, 2}, false);
        const auto [gi, gw, gb] = at::native_batch_norm_backward(
            in[0], in[1], affine ? in[2] : Tensor(), mean, var, m, at::rsqrt(v + 1e-3), train, 1e-3,
            {true, affine, affine});
        return affine ? variable_list{gi, gw, gb} : variable_list{gi};
      };
      const variable_list inputs{leaf({3, 2, 2}), leaf({3, 2, 2}), leaf({2})};
      const size_t used = affine ? 3 : 2;
      const variable_list in(inputs.begin(), inputs.begin() + used);
      EXPECT_TRUE(gradcheck(f, in));
      EXPECT_TRUE(gradgradcheck(f, in));
    }
}

TEST(DependentGradients, SecondOfLayerNorm) {
  at::manual_seed(7);
  for (const bool affine : {true, false})
    for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{3, 4}, {4}}) {
      const Tensor bias = at::zeros({4}, at::kDouble);
      const auto f = [&](const variable_list& in) -> variable_list {
        const auto x = in[1].detach();
        const Tensor m = x.mean({-1}, true), v = x.var({-1}, false, true);
        const auto [gi, gw, gb] = at::native_layer_norm_backward(
            in[0], in[1], {4}, m, at::rsqrt(v + 1e-3), affine ? in[2] : Tensor(),
            affine ? bias : Tensor(), {true, affine, affine});
        return affine ? variable_list{gi, gw, gb} : variable_list{gi};
      };
      const variable_list inputs{leaf(sizes), leaf(sizes), leaf({4})};
      const size_t used = affine ? 3 : 2;
      const variable_list in(inputs.begin(), inputs.begin() + used);
      EXPECT_TRUE(gradcheck(f, in));
      EXPECT_TRUE(gradgradcheck(f, in));
    }
}

}  // namespace
