// Samples of singular values and what is made of them, and of triangular factors.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr const char* kLibraries = "factors of other libraries";
constexpr const char* kPhase = "a sum of complex vectors depends on their phase";
constexpr const char* kSigns = "every library has its own signs of the vectors";
constexpr const char* kBasis = "the vectors without values are any that complete the basis";

// Singular values 3, 2, 1 and so on, so that no two are close.
Tensor spread(c10::IntArrayRef sizes, at::ScalarType type = at::kFloat) {
  const auto [u, s, vh] = at::linalg_svd(at::randn(sizes, type), false);
  const Tensor values = at::arange(s.size(-1), 0, -1, s.options());
  return at::matmul(u * values.unsqueeze(-2).to(u.scalar_type()), vh).contiguous();
}
// Two rows of three, the second twice the first.
Tensor rank_one() { return at::outer(at::arange(1., 3.), at::ones({3})); }
Tensor symmetric() {
  const Tensor a = spread({3, 3});
  return a + a.t();
}

// ---- singular values ----

constexpr const char* kDriver =
    "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
    "backend.";
constexpr const char* kNotFinite =
    "linalg.svd: (Batch element 1): The algorithm failed to converge because the input matrix "
    "contained non-finite values.";

OP_SAMPLES("_linalg_svd", s) {
  s.skip_golden(kSigns);
  s.add(spread({3, 3}));
  s.add(spread({4, 2}));
  s.add(spread({2, 2, 3}));
  s.add(spread({3, 2}), true).no_gradient_of_last(kBasis);
  s.add(spread({2, 3}), true).no_gradient_of_last(kBasis);
  s.add(spread({3, 2}), false, false).no_gradient_of_last("without vectors there is none");
  s.add(spread({2, 3}, at::kComplexFloat), false, false).no_gradient_of_last(kPhase);
  s.add(randn({0, 2})).no_gradient_of_last("nothing to differentiate");
  s.add(randn({2, 0}), true).no_gradient_of_last("nothing to differentiate");
  s.error("linalg.svd: The input tensor A must have at least 2 dimensions.", randn({2}));
  s.error(kDriver, randn({2, 2}), false, true, "gesvd");
  s.error(kNotFinite, at::stack({at::ones({2, 2}), at::full({2, 2}, NAN)}));
}
OP_SAMPLES("linalg_svd", s) {
  s.skip_golden(kSigns);
  s.add(spread({3, 3}));
  s.add(spread({4, 2}), false);
  s.add(spread({2, 2, 3}), false);
  s.add(spread({3, 2})).no_gradient_of_last(kBasis);
  s.error("linalg.svd: The input tensor A must have at least 2 dimensions.", randn({2}));
  s.error(kDriver, randn({2, 2}), true, "gesvd");
}
OP_SAMPLES("svd", s) {
  s.skip_golden(kSigns);
  s.add(spread({3, 3}));
  s.add(spread({4, 2}));
  s.add(spread({2, 2, 3}));
  s.add(spread({2, 3}), false).no_gradient_of_last(kBasis);
  s.add(spread({3, 2}), true, false);
  s.error("linalg.svd: input should have at least 2 dimensions, but has 1 dimensions instead",
          randn({2}));
}
OP_SAMPLES("linalg_svdvals", s) {
  s.tolerance(1e-5, 1e-5, kLibraries);
  s.add(spread({3, 3}));
  s.add(spread({2, 4, 2}));
  s.add(spread({2, 3}, at::kComplexFloat));
  s.add(randn({2, 0, 3}));
  s.error("linalg.svd: The input tensor A must have at least 2 dimensions.", randn({2}));
  s.error(kDriver, randn({2, 2}), "gesvd");
}

// ---- pseudoinverses ----

constexpr const char* kPinv =
    "expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types";

// The matrix, and the row's other arguments.
template <typename... Rest>
void pinv_samples(Samples& s, const Rest&... rest) {
  s.tolerance(1e-4, 1e-5, kLibraries);
  s.add(spread({3, 3}), rest...);
  s.add(spread({2, 3, 2}), rest...);
  s.add(spread({2, 3}, at::kComplexFloat), rest...);
  s.add(rank_one(), rest...).no_gradient_of_last("the rank jumps");
  s.add(randn({0, 3}), rest...);
}
OP_SAMPLES("linalg_pinv", s) {
  pinv_samples(s, 1e-4);
  s.error(kPinv, ints({2, 2}, 0, 3), 1e-4);
  s.error(kPinv, randn({2}), 1e-4);
  s.add(spread({3, 3}), 0.5).no_gradient_of_last("values are cut off");
  s.add(symmetric(), 1e-4, true).no_gradient_of_last("one triangle alone is read");
}
OP_SAMPLES("linalg_pinv.rcond_tensor", s) {
  pinv_samples(s, at::full({}, 1e-4));
  s.skip_gradient("the threshold has none; the matrix's is checked with the other rows");
  s.add(spread({2, 3, 2}), at::full({2}, 0.6)).no_gradient_of_last("values are cut off");
  s.add(symmetric(), at::full({}, 1e-4), true).no_gradient_of_last("one triangle alone is read");
}
OP_SAMPLES("linalg_pinv.atol_rtol_float", s) {
  pinv_samples(s);
  s.error("This function doesn't handle types other than float and double", ints({2, 2}, 0, 3));
  s.add(spread({3, 3}), 1.5).no_gradient_of_last("values are cut off");
  s.add(spread({3, 3}), 0.0, 0.5).no_gradient_of_last("values are cut off");
  s.add(symmetric(), none, none, true).no_gradient_of_last("one triangle alone is read");
}
OP_SAMPLES("linalg_pinv.atol_rtol_tensor", s) {
  pinv_samples(s);
  s.constant({"atol", "rtol"});
  s.add(spread({3, 3}), at::full({}, 1.5)).no_gradient_of_last("values are cut off");
  s.add(spread({3, 3}), none, at::full({}, 0.5)).no_gradient_of_last("values are cut off");
  s.add(symmetric(), none, none, true).no_gradient_of_last("one triangle alone is read");
  s.error("torch.linalg.pinv: atol tensor of complex type is not supported. Got ComplexFloat",
          randn({2, 2}), complex({}));
}
OP_SAMPLES("pinverse", s) {
  pinv_samples(s);
  s.add(spread({3, 3}), 0.5).no_gradient_of_last("values are cut off");
}

// ---- ranks and conditions ----

template <typename... Rest>
void rank_samples(Samples& s, const Rest&... rest) {
  s.add(spread({3, 3}), rest...);
  s.add(rank_one(), rest...);
  s.add(at::stack({at::ones({2, 2}), at::eye(2)}), rest...);
  s.add(complex({2, 3}), rest...);
  s.add(randn({2, 0, 3}), rest...);
  s.error("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.",
          randn({3}), rest...);
}
OP_SAMPLES("linalg_matrix_rank", s) {
  rank_samples(s, 1e-4);
  s.add(spread({3, 3}), 1.5);
  s.add(symmetric(), 1e-4, true);
}
OP_SAMPLES("linalg_matrix_rank.tol_tensor", s) {
  rank_samples(s, at::full({}, 1e-4));
  s.add(spread({2, 3, 3}), at::arange(2) + 0.5);
  s.add(symmetric(), at::full({}, 1e-4), true);
}
OP_SAMPLES("linalg_matrix_rank.atol_rtol_float", s) {
  rank_samples(s);
  s.add(spread({3, 3}), 1.5);
  s.add(spread({3, 3}), none, 0.5);
  s.add(symmetric(), none, none, true);
}
OP_SAMPLES("linalg_matrix_rank.atol_rtol_tensor", s) {
  rank_samples(s);
  s.add(spread({3, 3}), at::full({}, 1.5));
  s.add(spread({3, 3}), none, at::full({}, 0.5));
  s.add(symmetric(), none, none, true);
  s.error("torch.linalg.matrix_rank: atol tensor of complex type is not supported. Got",
          randn({2, 2}), complex({}));
}
OP_SAMPLES("linalg_cond", s) {
  s.tolerance(1e-4, 1e-5, kLibraries);
  s.add(spread({3, 2}));
  s.add(spread({2, 3, 3}), -2);
  for (double p : {1., -1., kInf, -kInf}) s.add(spread({2, 2}), p);
  s.add(spread({2, 2}, at::kComplexFloat), 2);
  s.add(at::ones({2, 2}), 1).no_gradient_of_last("singular");
  s.add(at::zeros({2, 2})).no_gradient_of_last("singular");
  s.add(randn({0, 0}), 1);
  s.add(randn({2, 0, 3}));
  s.error("linalg.cond: The input tensor must have at least 2 dimensions.", randn({2}));
  s.error("linalg.cond(ord=1): A must be batches of square matrices, but they are 2 by 3 matrices",
          randn({2, 3}), 1);
  s.error("linalg.cond got an invalid norm type: 3", randn({2, 2}), 3);
}
OP_SAMPLES("linalg_cond.p_str", s) {
  s.tolerance(1e-4, 1e-5, kLibraries);
  s.add(spread({3, 3}), "fro");
  s.add(spread({2, 2, 2}), "nuc");
  s.add(at::ones({2, 2}), "fro").no_gradient_of_last("singular");
  s.error("linalg.cond got an invalid norm type: x", randn({2, 2}), "x");
  s.error("linalg.cond(ord=fro): A must be batches of square matrices, but they are 2 by 3",
          randn({2, 3}), "fro");
}

// ---- triangular factors ----

void lu_samples(Samples& s) {
  s.tolerance(1e-4, 1e-5, kLibraries);
  s.add(spread({3, 3}));
  s.add(spread({4, 2}));
  s.add(spread({2, 2, 4}));
  s.add(spread({2, 2}, at::kComplexFloat));
  s.error("linalg.lu_factor: LU without pivoting is not implemented on the CPU", randn({2, 2}),
          false);
}
OP_SAMPLES("linalg_lu_factor", s) {
  lu_samples(s);
  s.add(randn({0, 2})).no_gradient_of_last("nothing to differentiate");
  s.error("torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: [2] instead",
          randn({2}));
  s.error("torch.linalg.lu_factor: (Batch element 0): U[2,2] is zero and using it on lu_solve",
          at::ones({2, 2, 2}));
}
OP_SAMPLES("linalg_lu_factor_ex", s) {
  lu_samples(s);
  s.add(randn({2, 2}), true, true);
  s.add(at::ones({2, 2})).no_gradient_of_last("singular");
  s.error("torch.linalg.lu_factor_ex: U[2,2] is zero and using it on lu_solve would result in a",
          at::ones({2, 2}), true, true);
}
OP_SAMPLES("linalg_lu", s) {
  lu_samples(s);
  s.add(at::ones({2, 2})).no_gradient_of_last("singular");
  s.error("linalg.lu: Expected tensor with 2 or more dimensions. Got size: [2] instead",
          randn({2}));
}
Tensor pivots(std::initializer_list<int> values, c10::IntArrayRef sizes) {
  const Tensor t = at::empty(sizes, at::kInt);
  std::copy(values.begin(), values.end(), t.data_ptr<int>());
  return t;
}
OP_SAMPLES("lu_unpack", s) {
  s.by_memory_order();  // the pivots have to be contiguous
  s.add(randn({3, 3}), pivots({3, 3, 3}, {3}));
  s.add(randn({4, 2}), pivots({2, 4}, {2}));
  s.add(randn({2, 2, 3}), pivots({1, 2, 2, 2}, {2, 2}));
  s.add(complex({2, 2}), pivots({2, 2}, {2}));
  s.add(randn({3, 2}), pivots({2, 3}, {2}), false).no_gradient_of_last("the factors stay packed");
  s.add(randn({3, 2}), pivots({2, 3}, {2}), true, false);
  s.error("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.",
          randn({2, 2}), ints({2}, 1, 2));
  s.error("Expected LU_pivots to have shape [3] but got [2] instead.", randn({3, 3}),
          pivots({1, 2}, {2}));
  s.error("pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.", randn({2, 2}),
          pivots({1, 3}, {2}));
}

}  // namespace
}  // namespace pharos::testing
