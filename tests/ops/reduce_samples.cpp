// Samples of sums, products, extremes, truths and deviations over dims.
#include <algorithm>
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor with_nan() {
  const Tensor t = randn({3, 4});
  t.select(0, 1).select(0, 2).fill_(kNan);
  t.select(0, 2).fill_(kNan);
  return t;
}
Tensor some_zeros(c10::IntArrayRef sizes) { return randn(sizes).relu(); }

// ---- sums and products ----

#define SUM(row)                                                  \
  OP_SAMPLES(row, s) {                                            \
    s.half_tolerance(5e-3, "halves are summed in another order"); \
    s.add(randn({3, 4}));                                         \
    s.add(randn({2, 3}), at::kDouble);                            \
    s.add(strided(randn({2, 3, 4})));                             \
    s.add(complex({5}));                                          \
    s.add(randn({}));                                             \
    s.add(randn({0, 3}));                                         \
    s.add(rand({70, 90}));                                        \
    s.tolerance(1e-5, 1e-5, "sums in another order");             \
  }
SUM("sum")
SUM("mean")
OP_SAMPLES("prod", s) {
  s.half_tolerance(5e-3, "halves are rounded after every product");
  s.add(uniform({3, 4}, 0.5, 1.5));
  s.add(randn({2, 3}), at::kDouble);
  s.add(ints({4}, 1, 4));
  s.add(complex({5}));
  s.add(randn({}));
  s.add(randn({0, 3}));
  s.add(at::cat({randn({3}), at::zeros({1})}));
  s.add(at::cat({randn({3}), at::zeros({2})}));
}
#define SUM_DIMS(row, ...)                                                                   \
  OP_SAMPLES(row, s) {                                                                       \
    s.half_tolerance(5e-3, "halves are summed in another order");                            \
    s.add(randn({3, 4}), List{1});                                                           \
    s.add(randn({2, 3, 4}), List{0, -1}, true);                                              \
    s.add(randn({2, 3, 4}), List{1}, false, at::kDouble);                                    \
    s.add(randn({2, 3}), List{});                                                            \
    s.add(randn({2, 3}), none);                                                              \
    s.add(complex({2, 3}), List{0});                                                         \
    s.add(randn({}), List{0});                                                               \
    s.add(randn({0, 3}), List{0});                                                           \
    s.add(randn({0, 3}), List{1}, true);                                                     \
    s.error("dim 1 appears multiple times in the list of dims", randn({2, 3}), List{1, -1}); \
    s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)",        \
            randn({2, 3}), List{2});                                                         \
    __VA_ARGS__                                                                              \
  }
SUM_DIMS("sum.dim_IntList", s.add(ints({2, 3}, 0, 9), List{1}); s.add(bools({2, 3}), List{1});)
SUM_DIMS("mean.dim", s.error("mean(): could not infer output dtype.", ints({3}, 0, 9), List{0});)
OP_SAMPLES("prod.dim_int", s) {
  s.half_tolerance(5e-3, "halves are rounded after every product");
  s.add(uniform({3, 4}, 0.5, 1.5), 1);
  s.add(randn({2, 3, 2}), -2, true);
  s.add(randn({2, 3}), 0, false, at::kDouble);
  s.add(complex({2, 3}), 1);
  s.add(randn({}), 0);
  s.add(randn({0, 3}), 0);
  s.add(at::cat({randn({2, 3}), at::zeros({1, 3})}), 0);
  s.error("Dimension out of range", randn({2}), 1);
}
#define NAN_SUM(row, ...)                                         \
  OP_SAMPLES(row, s) {                                            \
    s.half_tolerance(5e-3, "halves are summed in another order"); \
    s.add(randn({3, 4}));                                         \
    s.add(with_nan());                                            \
    s.add(with_nan(), List{1});                                   \
    s.add(with_nan(), List{0}, true);                             \
    s.add(with_nan(), List{0, 1}, false, at::kDouble);            \
    s.add(randn({}));                                             \
    s.add(randn({0, 3}), List{0});                                \
    __VA_ARGS__                                                   \
  }
NAN_SUM("nansum")
NAN_SUM("nanmean", s.skip_gradient("rows without a number have none, as in PyTorch");
        s.error("nanmean(): expected input to have floating point or complex dtype",
                ints({3}, 0, 9));)

// ---- extremes ----

#define EXTREME(row)                                                                         \
  OP_SAMPLES(row, s) {                                                                       \
    s.add(distinct({3, 4}));                                                                 \
    s.add(distinct({2, 3, 4}), List{0, -1}, true);                                           \
    s.add(distinct({2, 3, 4}), List{1});                                                     \
    s.add(with_nan(), List{1}).no_gradient_of_last("not a number");                          \
    s.add(randn({}), List{0});                                                               \
    s.add(randn({0, 3}), List{1});                                                           \
    s.add(distinct({70, 40}), List{0});                                                      \
    s.error(row "(): Expected reduction dim to be specified for input.numel() == 0. Spec",   \
            randn({0}));                                                                     \
    s.error(row "(): Expected reduction dim 0 to have non-zero size.", randn({0}), List{0}); \
  }
EXTREME("amin")
EXTREME("amax")
OP_SAMPLES("aminmax", s) {
  s.add(distinct({3, 4}));
  s.add(distinct({2, 3, 4}), 1, true);
  s.add(distinct({2, 3, 4}), -1);
  s.add(with_nan(), 1).no_gradient_of_last("not a number");
  s.add(randn({}), 0);
  s.add(randn({0, 3}), 1);
  s.error("aminmax(): cannot compute aminmax over an empty dimension", randn({0}));
}
#define EXTREME_ALL(row)                                                                   \
  OP_SAMPLES(row, s) {                                                                     \
    s.add(distinct({3, 4}));                                                               \
    s.add(distinct({70, 40}));                                                             \
    s.add(with_nan()).no_gradient_of_last("not a number");                                 \
    s.add(randn({}));                                                                      \
    s.add(strided(distinct({2, 3, 4})));                                                   \
    s.error(row "(): Expected reduction dim to be specified for input.numel() == 0. Spec", \
            randn({0}));                                                                   \
  }
EXTREME_ALL("max")
EXTREME_ALL("min")
#define EXTREME_DIM(row, name)                                                          \
  OP_SAMPLES(row, s) {                                                                  \
    s.add(distinct({3, 4}), 1);                                                         \
    s.add(distinct({2, 3, 4}), -2, true);                                               \
    s.add(distinct({70, 40}), 0);                                                       \
    s.add(with_nan(), 0).no_gradient_of_last("not a number");                           \
    s.add(at::ones({2, 3}), 1).no_gradient_of_last("numeric steps break ties");         \
    s.add(randn({}), 0);                                                                \
    s.add(randn({0, 3}), 1);                                                            \
    s.error(name "(): Expected reduction dim 0 to have non-zero size.", randn({0}), 0); \
    s.error("Dimension out of range", randn({2}), 1);                                   \
  }
EXTREME_DIM("max.dim", "max")
EXTREME_DIM("min.dim", "min")
#define EXTREME_OTHER(row)                                                                      \
  OP_SAMPLES(row, s) {                                                                          \
    s.add(randn({3, 4}), randn({3, 4}));                                                        \
    s.add(randn({2, 1, 3}), randn({4, 1}));                                                     \
    s.add(with_nan(), randn({4})).no_gradient_of_last("not a number");                          \
    s.add(randn({}), ints({}, 0, 2));                                                           \
    s.add(randn({0, 3}), randn({3}));                                                           \
    s.error("The size of tensor a (2) must match the size of tensor b (3) at non-", randn({2}), \
            randn({3}));                                                                        \
  }
EXTREME_OTHER("max.other")
EXTREME_OTHER("min.other")
#define EXTREME_INDEX(row)                                                                         \
  OP_SAMPLES(row, s) {                                                                             \
    s.add(distinct({3, 4}));                                                                       \
    s.add(distinct({2, 3, 4}), 1, true);                                                           \
    s.add(distinct({2, 3, 4}), -1);                                                                \
    s.add(distinct({70, 40}), 0);                                                                  \
    s.add(with_nan(), 1);                                                                          \
    s.add(distinct({2, 3}), none, true);                                                           \
    s.add(at::ones({2, 3}), 1);                                                                    \
    s.add(randn({}), 0);                                                                           \
    s.add(randn({0, 3}), 1);                                                                       \
    s.error(row "(): Expected reduction dim to be specified for input.numel() == 0.", randn({0})); \
  }
EXTREME_INDEX("argmax")
EXTREME_INDEX("argmin")

// ---- truths ----

#define TRUTH(row)             \
  OP_SAMPLES(row, s) {         \
    s.add(some_zeros({3, 4})); \
    s.add(at::ones({2, 2}));   \
    s.add(at::zeros({40, 3})); \
    s.add(with_nan());         \
    s.add(bools({}));          \
    s.add(randn({0, 3}));      \
  }
TRUTH("all")
TRUTH("any")
#define TRUTH_DIM(row)                                \
  OP_SAMPLES(row, s) {                                \
    s.add(some_zeros({3, 4}), 1);                     \
    s.add(bools({2, 3, 4}), -2, true);                \
    s.add(ints({20, 3}, 0, 9), 0);                    \
    s.add(randn({}), 0);                              \
    s.add(randn({0, 3}), 0);                          \
    s.error("Dimension out of range", randn({2}), 1); \
  }
TRUTH_DIM("all.dim")
TRUTH_DIM("any.dim")
#define TRUTH_DIMS(row)                                                                     \
  OP_SAMPLES(row, s) {                                                                      \
    s.add(some_zeros({3, 4}));                                                              \
    s.add(bools({2, 3, 4}), List{0, -1}, true);                                             \
    s.add(bools({2, 3}), List{1});                                                          \
    s.add(bools({2, 3}), List{});                                                           \
    s.add(randn({}), none);                                                                 \
    s.add(randn({0, 3}), List{0});                                                          \
    s.error("dim 1 appears multiple times in the list of dims", randn({2, 3}), List{1, 1}); \
  }
TRUTH_DIMS("all.dims")
TRUTH_DIMS("any.dims")
OP_SAMPLES("count_nonzero.dim_IntList", s) {
  s.add(some_zeros({3, 4}), List{1});
  s.add(some_zeros({2, 3, 4}), List{0, -1});
  s.add(some_zeros({2, 3}), List{});
  s.add(at::ones({}), List{0});
  s.add(randn({0, 3}), List{0});
  s.add(complex({3}), List{0});
  s.error("Dimension out of range", randn({2}), List{1});
}
OP_SAMPLES("count_nonzero", s) {
  s.add(some_zeros({3, 4}));
  s.add(some_zeros({2, 3, 4}), 1);
  s.add(with_nan(), -1);
  s.add(at::ones({}));
  s.add(randn({0, 3}));
}
OP_SAMPLES("equal", s) {
  s.data_dependent_shape();
  s.add(at::ones({2, 3}), at::ones({2, 3}));
  s.add(randn({2, 3}), randn({2, 3}));
  s.add(randn({2, 3}), randn({3}));
  s.add(with_nan(), with_nan());
  s.add(randn({0}), randn({0}));
}
OP_SAMPLES("allclose", s) {
  s.data_dependent_shape();
  s.skip_gradient("a truth");
  s.add(at::ones({2, 3}), at::ones({3}));
  s.add(at::ones({3}), at::full({3}, 1.05));
  s.add(at::ones({3}), at::full({3}, 1.05), 0.1);
  s.add(at::ones({3}), at::full({3}, 1.05), 0.0, 0.1);
  const Tensor t = with_nan();
  s.add(t, t);
  s.add(t, t, 1e-5, 1e-8, true);
  s.error("rtol must be greater than or equal to zero, but got -1", randn({2}), randn({2}), -1.0);
}
OP_SAMPLES("is_nonzero", s) {
  s.data_dependent_shape();
  s.add(at::ones({1, 1}));
  s.add(at::zeros({}));
  s.add(complex({1}));
  s.error("Boolean value of Tensor with more than one value is ambiguous", randn({2}));
  s.error("Boolean value of Tensor with no values is ambiguous", randn({0}));
}
OP_SAMPLES("is_same_size", s) {
  s.add(randn({2, 3}), randn({2, 3}));
  s.add(randn({2, 3}), randn({3, 2}));
  s.add(randn({}), randn({1}));
}

// ---- deviations ----

#define DEVIATION(row)                                            \
  OP_SAMPLES(row, s) {                                            \
    s.half_tolerance(5e-3, "halves are summed in another order"); \
    s.add(randn({3, 4}));                                         \
    s.add(randn({2, 3}), false);                                  \
    s.add(strided(randn({2, 3, 2})));                             \
    s.add(complex({5}));                                          \
    s.add(randn({40, 50}) + 100);                                 \
    s.tolerance(1e-5, 1e-5, "sums in another order");             \
  }
DEVIATION("std")
DEVIATION("var")
DEVIATION("std_mean")
DEVIATION("var_mean")
#define DEVIATION_DIM(row)                                             \
  OP_SAMPLES(row, s) {                                                 \
    s.half_tolerance(5e-3, "halves are summed in another order");      \
    s.add(randn({3, 4}), List{1});                                     \
    s.add(randn({2, 3, 4}), List{0, -1}, false, true);                 \
    s.add(randn({2, 3}), none, true, true);                            \
    s.add(complex({2, 3}), List{1}, false);                            \
    s.add(randn({0, 3}), List{0}).no_gradient_of_last("not a number"); \
    s.error("Dimension out of range", randn({2}), List{1});            \
  }
DEVIATION_DIM("std.dim")
DEVIATION_DIM("var.dim")
DEVIATION_DIM("std_mean.dim")
DEVIATION_DIM("var_mean.dim")
#define DEVIATION_CORRECTION(row, name)                                                      \
  OP_SAMPLES(row, s) {                                                                       \
    s.half_tolerance(5e-3, "halves are summed in another order");                            \
    s.add(randn({3, 4}));                                                                    \
    s.add(randn({2, 3, 4}), List{0, -1}, 0, true);                                           \
    s.add(randn({2, 4}), List{1}, 1.5);                                                      \
    s.add(complex({2, 3}), List{1}, 2);                                                      \
    s.add(randn({2, 3}), List{0}, none, true);                                               \
    s.error(name " only support floating point and complex dtypes", ints({3}, 0, 9));        \
    s.error("dim 1 appears multiple times in the list of dims", randn({2, 3}), List{1, -1}); \
  }
DEVIATION_CORRECTION("std.correction", "std and var")
DEVIATION_CORRECTION("var.correction", "std and var")
DEVIATION_CORRECTION("std_mean.correction", "std_mean")
DEVIATION_CORRECTION("var_mean.correction", "var_mean")
OP_SAMPLES("cov", s) {
  s.data_dependent_shape();
  s.half_tolerance(1e-2, "products of halves round in another order");
  s.add(randn({3, 5}));
  s.add(randn({3, 5}), 0);
  s.add(randn({2, 4}), 1, ints({4}, 1, 4));
  s.add(randn({2, 4}), 1, none, uniform({4}, 0.5, 1.5));
  s.add(randn({2, 4}), 2, ints({4}, 1, 4), uniform({4}, 0.5, 1.5));
  s.add(randn({5}));
  s.add(complex({2, 3}));
  s.error("cov(): expected input to have two or fewer dimensions but got an input with 3 dimen",
          randn({1, 2, 3}));
  s.error("cov(): expected fweights to have integral dtype", randn({2, 3}), 1, rand({3}));
  s.error("cov(): aweights cannot be negative", randn({2, 3}), 1, none, at::full({3}, -1.0));
}
OP_SAMPLES("corrcoef", s) {
  s.data_dependent_shape();
  s.half_tolerance(1e-2, "products of halves round in another order");
  s.add(randn({3, 5}));
  s.add(randn({5}));
  s.add(complex({2, 3}));
  s.error("corrcoef(): expected input to have two or fewer dimensions", randn({1, 2, 3}));
}

}  // namespace
}  // namespace pharos::testing
