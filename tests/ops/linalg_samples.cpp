// Samples of determinants, factors and solutions of matrices, of distances and cross products.
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// Far from singular.
Tensor regular(c10::IntArrayRef sizes) {
  return uniform(sizes, -0.6, 0.6) + 2 * at::eye(sizes.back());
}
Tensor regular_complex(c10::IntArrayRef sizes) {
  return complex(sizes) * 0.4 + 2 * at::eye(sizes.back());
}
Tensor positive(c10::IntArrayRef sizes) {
  const Tensor a = randn(sizes);
  return at::matmul(a, a.mT()) + 2 * at::eye(sizes.back());
}
Tensor singular() { return at::ones({2, 2}); }
Tensor rank_two() {
  const Tensor a = at::ones({3, 3});
  a.select(0, 2).copy_(at::arange(3));
  return a;
}

// ---- determinants and inverses ----

#define DETERMINANT(row)                                                                      \
  OP_SAMPLES(row, s) {                                                                        \
    s.add(regular({3, 3}));                                                                   \
    s.add(regular({2, 2, 2}));                                                                \
    s.add(regular_complex({2, 2}));                                                           \
    s.add(singular());                                                                        \
    s.add(at::stack({regular({3, 3}), rank_two()}));                                          \
    s.add(at::ones({1, 1}) * 0.5);                                                            \
    s.add(randn({0, 0}));                                                                     \
    s.error("linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices", \
            randn({2, 3}));                                                                   \
  }
DETERMINANT("det")
DETERMINANT("linalg_det")
OP_SAMPLES("_linalg_det", s) {
  s.by_memory_order();
  s.add(regular({3, 3}));
  s.add(randn({3, 3}));
  s.add(regular({2, 2, 2}).mT());
  s.add(complex({2, 2}));
  s.error("linalg.det: The input tensor A must have at least 2 dimensions.", randn({2}));
}
#define INVERSE(row)                                                                            \
  OP_SAMPLES(row, s) {                                                                          \
    s.tolerance(1e-5, 1e-5, "inverses of the factors of other libraries");                      \
    s.add(regular({3, 3}));                                                                     \
    s.add(regular({2, 2, 2}));                                                                  \
    s.add(regular_complex({2, 2}));                                                             \
    s.add(randn({0, 0}));                                                                       \
    s.error("linalg.inv: The diagonal element 2 is zero, the inversion could not be completed", \
            singular());                                                                        \
    s.error("linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices",   \
            randn({2, 3}));                                                                     \
  }
INVERSE("inverse")
INVERSE("linalg_inv")
OP_SAMPLES("linalg_inv_ex", s) {
  s.tolerance(1e-5, 1e-5, "inverses of the factors of other libraries");
  s.add(regular({3, 3}));
  s.add(regular({2, 2, 2}), true);
  s.add(regular_complex({2, 2}));
  s.error("linalg.inv_ex: (Batch element 1): The diagonal element 2 is zero",
          at::stack({at::eye(2), singular()}), true);
}

// ---- solutions ----

#define SOLVE(row, ...)                                                                           \
  OP_SAMPLES(row, s) {                                                                            \
    s.tolerance(1e-5, 1e-5, "solutions from the factors of other libraries");                     \
    s.by_memory_order();                                                                          \
    s.add(regular({3, 3}), randn({3, 2}));                                                        \
    s.add(regular({3, 3}), randn({3}));                                                           \
    s.add(regular({2, 2, 2}), randn({2, 2}));                                                     \
    s.add(regular({2, 1, 2, 2}), randn({3, 2, 1}));                                               \
    s.add(regular({3, 3}), randn({2, 3}), false);                                                 \
    s.add(regular_complex({2, 2}), complex({2, 2}), false);                                       \
    s.add(regular({2, 2}).t(), randn({2, 2}));                                                    \
    s.error("linalg.solve: Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)", \
            regular({2, 2}), randn({3, 1}));                                                      \
    __VA_ARGS__                                                                                   \
  }
SOLVE("linalg_solve", s.error("torch.linalg.solve: The solver failed because the input matrix is",
                              singular(), randn({2}));)
SOLVE("_linalg_solve_ex", s.add(regular({2, 2}), randn({2, 1}), true, true);
      s.error("The solver failed because the input matrix is singular.", singular(), randn({2}),
              true, true);)
OP_SAMPLES("linalg_solve_triangular", s) {
  s.tolerance(1e-5, 1e-5, "triangular solutions of other libraries");
  for (bool upper : {true, false})
    for (bool left : {true, false}) {
      s.add(regular({2, 3, 3}), randn({3, 3}), upper, left);
      s.add(regular({2, 2}), randn({2, 2, 2}), upper, left, true);
    }
  s.add(regular_complex({2, 2}), complex({2, 3}), true);
  s.add(regular({2, 2}), randn({2, 0}), true);
  s.error("linalg.solve_triangular: Incompatible shapes of A and B for the equation AX = B",
          regular({2, 2}), randn({3, 1}), true);
}

// ---- factors ----

constexpr const char* kSymmetric =
    "one triangle alone is read, and the gradient is that of a symmetric input";
OP_SAMPLES("linalg_cholesky", s) {
  s.skip_gradient(kSymmetric);
  s.add(positive({3, 3}));
  s.add(positive({2, 2, 2}), true);
  s.add(at::eye(2).to(at::kComplexFloat) * 2);
  s.add(randn({0, 0}));
  s.error("The factorization could not be completed because the input is not positive-definite",
          -at::eye(2));
  s.error("linalg.cholesky: A must be batches of square matrices, but they are 2 by 3 matrices",
          randn({2, 3}));
}
OP_SAMPLES("linalg_cholesky_ex", s) {
  s.skip_gradient(kSymmetric);
  s.add(positive({3, 3}));
  s.add(positive({2, 2, 2}), true);
  s.add(positive({2, 2}), false, true);
  s.error("linalg.cholesky_ex: The factorization could not be completed because", -at::eye(2),
          false, true);
}
OP_SAMPLES("linalg_qr", s) {
  s.tolerance(1e-5, 1e-5, "reflections of other libraries");
  s.add(regular({3, 3}));
  s.add(randn({4, 2}));
  s.add(randn({2, 2, 3}));
  s.add(randn({2, 3}), "complete");
  s.add(complex({3, 2}));
  s.add(randn({4, 2}), "complete").no_gradient_of_last("PyTorch refuses it too");
  s.add(randn({3, 2}), "r").no_gradient_of_last("PyTorch refuses it too");
  s.add(randn({0, 2})).no_gradient_of_last("nothing to differentiate");
  s.error("qr received unrecognized mode 'x' but expected one of 'reduced' (default), 'r', or",
          randn({2, 2}), "x");
  s.error("linalg.qr: The input tensor A must have at least 2 dimensions.", randn({2}));
}
OP_SAMPLES("linalg_diagonal", s) {
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 4}), 1, 0, 2);
  s.add(randn({3, 3}), -1);
  s.error("diagonal dimensions cannot be identical", randn({2, 2}), 0, 1, 1);
}

// ---- cross products ----

OP_SAMPLES("linalg_cross", s) {
  s.add(randn({2, 3}), randn({2, 3}));
  s.add(randn({3, 2}), randn({3, 1}), 0);
  s.add(complex({3}), complex({3}));
  s.add(randn({0, 3}), randn({1, 3}));
  s.error("linalg.cross: inputs dimension -1 must have length 3. Got 2 and 2", randn({3, 2}),
          randn({3, 2}));
  s.error("linalg.cross: inputs must have the same number of dimensions.", randn({3}),
          randn({2, 3}));
}
OP_SAMPLES("cross", s) {
  s.add(randn({3, 2}), randn({3, 2}));
  s.add(randn({3, 3}), randn({3, 3}), 1);
  s.add(randn({2, 3}), randn({1, 3}), -1);
  s.error("no dimension of size 3 in input", randn({2, 2}), randn({2, 2}));
  s.error("inputs dimension 0 must have length 3. Got 2 and 2", randn({2, 3}), randn({2, 3}), 0);
}

// ---- distances ----

OP_SAMPLES("cdist", s) {
  for (double p : {2.0, 0.0, 1.0, 1.5, 3.0, kInf}) s.add(randn({2, 3, 2}), randn({4, 2}), p);
  s.add(randn({2, 3}), randn({3, 3}));
  // Above 25 rows, or on demand, Euclidean distances come from a product.
  s.add(randn({26, 2}), randn({3, 2}), 2);
  s.add(randn({26, 2}), randn({3, 2}), 2, 2);
  s.add(randn({3, 2}), randn({3, 2}) + 2, 2, 1);
  s.add(randn({2, 0}), randn({3, 0}));
  s.add(randn({0, 2}), randn({3, 2}));
  s.error("X1 and X2 must have the same number of columns. X1: 2 X2: 3", randn({2, 2}),
          randn({2, 3}));
  s.error("cdist only supports non-negative p values", randn({2, 2}), randn({2, 2}), -1);
}
OP_SAMPLES("_cdist_forward", s) {
  s.add(randn({3, 2}), randn({4, 2}), 2, none);
  s.add(randn({3, 2}), randn({4, 2}), 1.5, 1);
  s.add(randn({2, 3, 2}), randn({2, 4, 2}), 1, 2);
  s.error("possible modes: 0, 1, 2, but was: 3", randn({2, 2}), randn({2, 2}), 2.0, 3);
}
OP_SAMPLES("_cdist_backward", s) {
  s.skip_second_gradient("the distances are an input of their own");
  s.skip_gradient("the distances are a function of the inputs");
  for (double p : {2.0, 0.0, 1.0, 1.5, 3.0, kInf}) {
    const Tensor a = randn({3, 2}), b = randn({4, 2});
    s.add(randn({3, 4}), a, b, p, at::_cdist_forward(a, b, p, none));
    s.add(randn({1, 1}), at::ones({1, 2}), at::ones({1, 2}), p, at::zeros({1, 1}));
  }
}
OP_SAMPLES("pdist", s) {
  for (double p : {2.0, 0.0, 1.0, 1.5, 3.0, kInf}) s.add(randn({4, 3}), p);
  s.add(randn({1, 3}));
  s.add(randn({0, 3}));
  s.error("pdist only supports 2D tensors, got: 1D", randn({3}));
  s.error("pdist only supports non-negative p values", randn({3, 2}), -1.0);
}
OP_SAMPLES("_pdist_forward", s) {
  s.add(randn({4, 3}));
  s.add(randn({4, 3}), 1.5);
}
OP_SAMPLES("_pdist_backward", s) {
  s.skip_gradient("the distances are a function of the inputs");
  for (double p : {2.0, 0.0, 1.0, 1.5, 3.0, kInf}) {
    const Tensor a = randn({4, 2});
    s.add(randn({6}), a, p, at::_pdist_forward(a, p));
  }
  s.add(randn({1}), at::ones({2, 3}), 2.0, at::zeros({1}));
}
OP_SAMPLES("pairwise_distance", s) {
  s.half_tolerance(1e-2, "norms of halves round at other places");
  s.add(randn({3, 4}), randn({3, 4}));
  s.add(randn({3, 4}), randn({4}), 1.5, 1e-2, true);
  s.add(randn({4}), randn({4}), 1);
  s.add(randn({3, 4}), randn({3, 4}), kInf);
  s.add(randn({20, 300}), randn({20, 300}));
  s.error("The size of tensor a (3) must match", randn({2, 3}), randn({2, 2}));
}
OP_SAMPLES("cosine_similarity", s) {
  s.half_tolerance(2e-3, "norms of halves round at other places");
  s.add(randn({3, 4}), randn({3, 4}));
  s.add(randn({3, 4}), randn({1, 4}), 0);
  s.add(randn({3, 4}) * 0.1, randn({3, 4}) * 0.1, -1, 0.25);
  s.add(randn({2, 3}), at::zeros({2, 3})).no_gradient_of_last("a kink");
  s.add(randn({20, 300}), randn({300}));
  s.error("expected common dtype to be floating point, yet common dtype is Long",
          ints({2, 2}, 0, 3), ints({2, 2}, 0, 3));
}
OP_SAMPLES("renorm", s) {
  s.half_tolerance(4e-3, "norms of halves round at other places");
  s.add(randn({3, 4}), 2, 0, 1);
  s.add(randn({3, 4}), 1, -1, 2.5);
  s.add(randn({2, 2, 2}), 3, 1, 100);
  s.add(complex({2, 2}), 2, 0, 0.5);
  s.add(at::zeros({2, 2}), 2, 0, 0.5);
  s.error("renorm: input needs at least 2 dimensions, got 1 dimensions", randn({3}), 2, 0, 1);
  s.error("renorm: non-positive-norm not supported", randn({2, 3}), -1, 0, 1);
}

}  // namespace
}  // namespace pharos::testing
