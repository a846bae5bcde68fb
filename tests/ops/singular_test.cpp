// Singular vectors by what defines them, for their signs are each library's own.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <string>
#include <type_traits>
#include <vector>

namespace {

using at::Tensor;

Tensor orthonormal_error(const Tensor& q) {
  const Tensor gram = at::matmul(q.mH(), q);
  return (gram - at::eye(q.size(-1), gram.options())).abs().max();
}

TEST(SingularVectors, MakeTheMatrix) {
  at::manual_seed(1);
  for (const at::ScalarType t : {at::kFloat, at::kDouble, at::kComplexFloat, at::kComplexDouble}) {
    const double bound = c10::toRealValueType(t) == at::kDouble ? 1e-12 : 2e-5;
    for (const std::vector<int64_t>& sizes :
         {std::vector<int64_t>{4, 4}, {7, 3}, {3, 7}, {2, 5, 4}, {40, 60}})
      for (const bool full : {false, true}) {
        SCOPED_TRACE(std::string(c10::toString(t)) + (full ? " full" : ""));
        const Tensor a = at::randn(sizes, t);
        const auto [u, s, vh] = at::linalg_svd(a, full);
        const int64_t k = s.size(-1);
        const Tensor made = at::matmul(u.narrow(-1, 0, k) * s.unsqueeze(-2), vh.narrow(-2, 0, k));
        EXPECT_LT((made - a).abs().max().item<double>(), bound);
        EXPECT_LT(orthonormal_error(u).item<double>(), bound);
        EXPECT_LT(orthonormal_error(vh.mH()).item<double>(), bound);
        EXPECT_TRUE((s.narrow(-1, 0, k - 1) >= s.narrow(-1, 1, k - 1)).all().item<bool>());
        EXPECT_GE(s.min().item<double>(), 0);
        EXPECT_EQ(u.size(-1), full ? a.size(-2) : k);
        EXPECT_EQ(vh.size(-2), full ? a.size(-1) : k);
        const auto [u2, s2, v] = at::svd(a, !full);
        EXPECT_TRUE(at::equal(v, vh.mH()));
        EXPECT_LT((at::linalg_svdvals(a) - s).abs().max().item<double>(), bound);
      }
  }
}

TEST(SingularVectors, OfNothingCompleteABasis) {
  const auto [u, s, vh] = at::linalg_svd(at::empty({0, 3}));
  EXPECT_EQ(s.numel(), 0);
  EXPECT_EQ(u.numel(), 0);
  EXPECT_LT(orthonormal_error(vh).item<double>(), 1e-6);
}

// A string literal names a norm; it is no number, though pointers turn into bool.
TEST(SingularVectors, GiveNormsByName) {
  static_assert(!std::is_convertible_v<const char*, at::Scalar>);
  static_assert(std::is_convertible_v<bool, at::Scalar>);
  const Tensor a = at::diag(at::tensor({3.0, -4.0}));
  EXPECT_NEAR(at::linalg_matrix_norm(a, "nuc").item<double>(), 7, 1e-12);
  EXPECT_NEAR(at::linalg_norm(a, "fro").item<double>(), 5, 1e-12);
}

}  // namespace
