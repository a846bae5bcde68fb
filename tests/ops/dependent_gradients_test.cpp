// Gradients that hold for inputs of one kind alone, checked through operators that make such
// inputs: symmetric matrices, logarithms of probabilities, distances of the points that they belong
// to.
#include <gtest/gtest.h>
#include <pharos/autograd/gradcheck.h>
#include <torch/torch.h>

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

}  // namespace
