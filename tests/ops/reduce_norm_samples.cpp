// Samples of norms, distances, running sums and products, differences and integrals.
#include <algorithm>
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kOrders[] = {2, 1, 0, 3, -1, 0.5, kInf, -kInf};

constexpr const char* kLibraries = "singular values of other libraries";

// ---- norms ----

OP_SAMPLES("norm.Scalar", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  for (double p : kOrders) s.add(randn({2, 3}), p);
  s.add(randn({3}));
  s.add(complex({3}), 2);
  s.add(randn({}), 1);
  s.add(randn({0}), 2);
}
OP_SAMPLES("norm.ScalarOpt_dtype", s) {
  s.add(randn({2, 3}), 2, at::kDouble);
  s.add(randn({3}).to(at::kDouble), none, at::kDouble);
  s.add(randn({3}), 1, at::kFloat);
}
OP_SAMPLES("norm.ScalarOpt_dim", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  for (double p : kOrders) s.add(randn({2, 3}), p, List{1});
  s.add(randn({2, 3, 2}), none, List{0, -1}, true);
  s.add(complex({2, 3}), 2, List{0});
  s.add(randn({}), 2, List{0});
  s.error("Dimension out of range", randn({2}), 2, List{1});
}
OP_SAMPLES("norm.ScalarOpt_dim_dtype", s) {
  s.add(randn({2, 3}), 2, List{1}, false, at::kDouble);
  s.add(randn({2, 3}), none, List{0}, true, at::kFloat);
}
OP_SAMPLES("frobenius_norm.dim", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  s.add(randn({2, 3}), List{1});
  s.add(randn({2, 3, 2}), List{0, 2}, true);
  s.add(complex({2, 3}), List{0, 1});
  s.add(randn({2, 3}), List{});
}
OP_SAMPLES("linalg_vector_norm", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  for (double p : kOrders) s.add(randn({2, 3}), p);
  s.add(randn({2, 3, 2}), 2, List{0, -1}, true);
  s.add(randn({2, 3}), 1, List{1}, false, at::kDouble);
  s.add(complex({3}), 3);
  s.add(randn({}), 2);
  s.add(randn({0, 2}), 2, List{0});
  s.error("linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long",
          ints({3}, 0, 9));
  s.error("linalg.vector_norm cannot compute the inf norm on an empty tensor because the operation",
          randn({0}), kInf);
}
OP_SAMPLES("linalg_norm", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  s.add(randn({2, 3}));
  s.add(randn({2, 3}), 1);
  s.add(randn({2, 3}), -kInf);
  s.add(randn({4}), 3);
  s.add(randn({2, 3, 2}), none, List{1});
  s.add(randn({2, 3, 2}), kInf, List{0, 2}, true);
  s.add(randn({2, 3}), 1, List{0}, false, at::kDouble);
  s.add(complex({2, 2}));
  s.error("linalg.norm: If dim is specified, it must be of length 1 or 2. Got [0, 1, 2]",
          randn({2, 2, 2}), 2, List{0, 1, 2});
  s.error("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got 3D.",
          randn({2, 2, 2}), 2);
}
OP_SAMPLES("linalg_norm.ord_str", s) {
  s.add(randn({2, 3}), "fro");
  s.add(randn({2, 3, 2}), "fro", List{0, 2}, true);
  s.add(randn({2, 3}), "fro", List{0, 1}, false, at::kDouble);
}
OP_SAMPLES("linalg_matrix_norm", s) {
  s.half_tolerance(5e-3, "halves are summed in another order");
  for (double p : {1., -1., kInf, -kInf}) s.add(randn({2, 3}), p);
  s.add(randn({2, 3, 2}), 1, List{0, 2}, true);
  s.add(randn({2, 3, 2}), -1, List{2, 0}, true);
  s.add(randn({2, 3}), kInf, List{0, 1}, false, at::kDouble);
  s.add(complex({2, 2}), 1);
  for (double p : {2., -2.}) {
    s.add(randn({2, 3}), p);
    s.add(randn({3, 2, 2}), p, List{2, 0}, true);
    s.add(complex({2, 2}), p);
  }
  s.add(randn({0, 3}), 2);
  s.error("linalg.matrix_norm: Order 3 not supported.", randn({2, 2}), 3);
  s.error("linalg.matrix_norm: Low precision dtypes not supported. Got Half",
          randn({2, 2}).to(at::kHalf), 2);
  s.error("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.", randn({2}), 1);
}
OP_SAMPLES("linalg_matrix_norm.str_ord", s) {
  s.half_tolerance(5e-3, "halves are summed in another order");
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 2}), "fro", List{0, 2}, true);
  s.add(randn({2, 3, 2}), "fro", List{2, 0}, true, at::kDouble);
  s.add(randn({2, 3}), "nuc");
  s.add(randn({2, 3, 2}), "nuc", List{2, 0}, true, at::kDouble);
  s.add(complex({2, 3}), "nuc");
  s.error("linalg.matrix_norm: Order abc not supported.", randn({2, 2}), "abc");
}
OP_SAMPLES("nuclear_norm", s) {
  s.tolerance(1e-5, 1e-5, kLibraries);
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 2}), true);
  s.add(complex({2, 2}));
  s.add(randn({0, 3}));
  s.error("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.", randn({2}));
}
OP_SAMPLES("nuclear_norm.dim", s) {
  s.tolerance(1e-5, 1e-5, kLibraries);
  s.add(randn({2, 3}), List{0, 1});
  s.add(randn({2, 3, 2}), List{2, 0}, true);
  s.error("linalg.matrix_norm: dim must be a 2-tuple. Got 0", randn({2, 2}), List{0});
  s.error("linalg.matrix_norm: dims must be different. Got (0, 0)", randn({2, 2}), List{0, 0});
}
OP_SAMPLES("norm_except_dim", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  s.add(randn({2, 3, 2}));
  s.add(randn({2, 3}), 1, 1);
  s.add(randn({2, 3}), 2, -1);
}
OP_SAMPLES("dist", s) {
  s.half_tolerance(5e-3, "powers of halves round at other places");
  for (double p : kOrders) s.add(randn({2, 3}), randn({2, 3}), p);
  s.add(randn({2, 3}), randn({3}));
  s.add(randn({}), randn({}));
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2}), randn({3}));
}
OP_SAMPLES("logsumexp", s) {
  s.half_tolerance(5e-3, "halves are summed in another order");
  s.add(randn({3, 4}), List{1});
  s.add(randn({2, 3, 2}), List{0, -1}, true);
  s.add(randn({5}) * 100, List{0});
  s.add(at::full({2, 2}, -kInf), List{0}).no_gradient_of_last("not finite");
  s.add(randn({}), List{0});
  s.add(randn({0, 3}), List{0});
  s.error("Dimension out of range", randn({2}), List{1});
}
OP_SAMPLES("trace", s) {
  s.add(randn({3, 4}));
  s.add(randn({4, 2}));
  s.add(complex({2, 2}));
  s.add(randn({0, 2}));
  s.error("trace: expected a matrix, but got tensor with dim 1", randn({3}));
}

// ---- running sums and products ----

#define RUNNING(row, ...)                                                                         \
  OP_SAMPLES(row, s) {                                                                            \
    s.half_tolerance(1e-2, "halves are rounded after every step");                                \
    s.add(uniform({3, 4}, 0.5, 1.5), 1 __VA_OPT__(, ) __VA_ARGS__);                               \
    s.add(randn({2, 3, 2}), -2 __VA_OPT__(, ) __VA_ARGS__);                                       \
    s.add(randn({4, 2}), 0);                                                                      \
    s.add(complex({4}), 0);                                                                       \
    s.add(at::cat({randn({2}), at::zeros({2}), randn({1})}), 0);                                  \
    s.add(randn({}), 0);                                                                          \
    s.add(randn({0, 3}), 0);                                                                      \
    s.error("Dimension out of range (expected to be in range of [-1, 0], but got 1)", randn({2}), \
            1);                                                                                   \
  }
RUNNING("cumsum", at::kDouble)
RUNNING("cumprod", at::kDouble)
RUNNING("logcumsumexp")
#define RUNNING_EXTREME(row)                                                                      \
  OP_SAMPLES(row, s) {                                                                            \
    s.add(distinct({3, 4}), 1);                                                                   \
    s.add(distinct({2, 3, 2}), -2);                                                               \
    s.add(distinct({6}), 0);                                                                      \
    s.add(at::ones({3}), 0).no_gradient_of_last("numeric steps break ties");                      \
    s.add(at::stack(                                                                              \
              {randn({2}), at::full({2}, std::numeric_limits<double>::quiet_NaN()), randn({2})}), \
          0)                                                                                      \
        .no_gradient_of_last("not a number");                                                     \
    s.add(randn({}), 0);                                                                          \
    s.add(randn({0, 3}), 0);                                                                      \
    s.error("Dimension out of range", randn({2}), 1);                                             \
  }
RUNNING_EXTREME("cummax")
RUNNING_EXTREME("cummin")

// ---- differences and integrals ----

OP_SAMPLES("diff", s) {
  s.add(randn({3, 4}));
  s.add(randn({4, 3}), 2, 0);
  s.add(randn({2, 3}), 1, -1, randn({2, 1}));
  s.add(randn({2, 3}), 1, 1, none, randn({2, 2}));
  s.add(randn({2, 3}), 2, 0, randn({1, 3}), randn({1, 3}));
  s.add(randn({3}), 0);
  s.add(randn({3}), 5);
  s.add(bools({5}));
  s.error("diff expects input to be at least one-dimensional", randn({}));
  s.error("order must be non-negative but got -1", randn({3}), -1);
  s.error("diff expects prepend or append to be the same dimension as input", randn({3}), 1, -1,
          randn({1, 1}));
}
#define INTEGRAL_X(row, name)                                                          \
  OP_SAMPLES(row, s) {                                                                 \
    s.half_tolerance(5e-3, "halves are summed in another order");                      \
    s.add(randn({2, 4}), randn({4}));                                                  \
    s.add(randn({3, 2}), randn({3}), 0);                                               \
    s.add(randn({2, 3}), randn({2, 3}));                                               \
    s.add(randn({1}), randn({1}));                                                     \
    s.error(name ": There must be one `x` value for each sample point", randn({2, 3}), \
            randn({2}));                                                               \
  }
INTEGRAL_X("trapezoid.x", "trapezoid")
INTEGRAL_X("trapz.x", "trapezoid")
INTEGRAL_X("cumulative_trapezoid.x", "cumulative_trapezoid")
#define INTEGRAL_DX(row)                                          \
  OP_SAMPLES(row, s) {                                            \
    s.half_tolerance(5e-3, "halves are summed in another order"); \
    s.add(randn({2, 4}));                                         \
    s.add(randn({3, 2}), 2.0, 0);                                 \
    s.add(randn({4}), 0.5);                                       \
    s.add(randn({2, 1}));                                         \
    s.error("Dimension out of range", randn({2}), 1.0, 1);        \
  }
INTEGRAL_DX("trapezoid.dx")
INTEGRAL_DX("trapz.dx")
INTEGRAL_DX("cumulative_trapezoid.dx")

}  // namespace
}  // namespace pharos::testing
