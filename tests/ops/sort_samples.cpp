// Samples of sorting, selections by rank, distinct values, histograms, searches and quantiles.
#include <algorithm>
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Numbers = std::vector<int64_t>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor numbers(const std::vector<double>& values, c10::IntArrayRef sizes) {
  Tensor t = at::empty(sizes, at::kDouble);
  std::copy(values.begin(), values.end(), t.data_ptr<double>());
  return t.to(at::kFloat);
}
Tensor numbers(const std::vector<double>& values) {
  return numbers(values, {static_cast<int64_t>(values.size())});
}
Tensor longs(const Numbers& values, c10::IntArrayRef sizes) {
  Tensor t = at::empty(sizes, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}
Tensor longs(const Numbers& values) { return longs(values, {static_cast<int64_t>(values.size())}); }
Tensor with_nan() { return numbers({2, kNan, -1, kInf, kNan, 0, -kInf, 5}, {2, 4}); }

// ---- sorting ----

OP_SAMPLES("sort", s) {
  s.add(distinct({2, 7}));
  s.add(distinct({3, 2, 4}), 0, true);
  s.add(distinct({3, 2, 4}), 1);
  s.add(with_nan()).no_gradient_of_last("not numbers");
  s.add(with_nan(), 1, true).no_gradient_of_last("not numbers");
  s.add(distinct({40}) - 20, -1, true);
  s.add(randn({}));
  s.add(randn({0, 3}), 0);
  s.error("Dimension out of range (expected to be in range of [-1, 0], but got 1)", randn({3}), 1);
}
OP_SAMPLES("sort.stable", s) {
  for (bool descending : {false, true})
    s.add(ints({30}, 0, 4).to(at::kFloat), true, -1, descending)
        .no_gradient_of_last("numeric steps break ties");
  s.add(distinct({3, 2, 4}), true, 0, true);
  s.add(distinct({2, 5}), false, 1);
  s.add(distinct({2, 5}), none);
  s.add(with_nan(), true).no_gradient_of_last("not numbers");
  s.add(randn({}), true);
}
OP_SAMPLES("argsort", s) {
  s.add(distinct({2, 7}));
  s.add(distinct({3, 2, 4}), 0, true);
  s.add(distinct({3, 2, 4}), 1);
  s.add(with_nan());
  s.add(randn({}));
  s.add(randn({2, 0}));
  s.error("Dimension out of range", randn({3}), 2);
}
OP_SAMPLES("argsort.stable", s) {
  for (bool descending : {false, true})
    s.add(ints({30}, 0, 4).to(at::kFloat), true, -1, descending);
  s.add(distinct({3, 2, 4}), true, 0, true);
  s.add(distinct({2, 5}), false, 1);
}
OP_SAMPLES("msort", s) {
  s.add(distinct({7, 2}));
  s.add(distinct({3, 2, 2}));
  s.add(randn({}));
  s.add(randn({0, 2}));
}

// ---- by rank ----

OP_SAMPLES("topk", s) {
  s.add(distinct({2, 7}), 3);
  s.add(distinct({5, 2, 2}), 2, 0, false);
  s.add(distinct({40}), 40);
  s.add(distinct({2, 5}), 5, 1, true, false).no_gradient_of_last("in no order");
  s.add(distinct({2, 5}), 0);
  s.add(with_nan(), 3).no_gradient_of_last("not numbers");
  s.add(randn({}), 1);
  s.error("selected index k out of range", randn({2, 3}), 4);
  s.error("Dimension out of range", randn({2, 3}), 1, 2);
}
OP_SAMPLES("kthvalue", s) {
  s.add(distinct({2, 7}), 3);
  s.add(distinct({5, 2, 2}), 5, 0, true);
  s.add(distinct({2, 5}), 1, 1);
  s.add(with_nan(), 2);
  s.add(randn({}), 1);
  s.add(randn({0, 3}), 2, 1, true);
  s.error("kthvalue(): selected number k out of range for dimension 1", randn({2, 3}), 4);
  s.error("kthvalue(): selected number k out of range for dimension 0", randn({3}), 0);
}
#define MEDIAN(row)                                                           \
  OP_SAMPLES(row, s) {                                                        \
    s.add(distinct({7}));                                                     \
    s.add(distinct({2, 3, 3}));                                               \
    s.add(with_nan()).no_gradient_of_last("numeric steps do not meet a NaN"); \
    s.add(numbers({kNan, kNan})).no_gradient_of_last("not a number");         \
    s.add(randn({}));                                                         \
    s.add(randn({0, 3})).no_gradient_of_last("not a number");                 \
  }
MEDIAN("median")
MEDIAN("nanmedian")
#define MEDIAN_DIM(row)                                                                     \
  OP_SAMPLES(row, s) {                                                                      \
    s.add(distinct({2, 7}), 1);                                                             \
    s.add(distinct({4, 2, 3}), 0, true);                                                    \
    s.add(distinct({4, 2, 3}), -2);                                                         \
    s.add(with_nan(), 0).no_gradient_of_last("not a number");                               \
    s.add(with_nan(), 1).no_gradient_of_last("not a number");                               \
    s.add(randn({}), 0);                                                                    \
    s.add(randn({0, 3}), 1);                                                                \
    s.error("median(): Expected reduction dim 1 to have non-zero size.", randn({2, 0}), 1); \
    s.error("Dimension out of range", randn({2}), 1);                                       \
  }
MEDIAN_DIM("median.dim")
MEDIAN_DIM("nanmedian.dim")
OP_SAMPLES("mode", s) {
  s.skip_gradient("numeric steps break ties");
  s.add(ints({2, 9}, 0, 3).to(at::kFloat));
  s.add(ints({9, 2, 2}, 0, 3).to(at::kFloat), 0, true);
  s.add(ints({3, 9}, -1, 1).to(at::kFloat), 1);
  s.add(randn({}));
  s.add(randn({0, 3}), 1);
  s.error("mode(): Expected reduction dim 1 to have non-zero size.", randn({2, 0}), 1);
}

// ---- distinct values ----

Tensor repeated(c10::IntArrayRef sizes) { return ints(sizes, 0, 3).to(at::kFloat); }

OP_SAMPLES("_unique", s) {
  s.data_dependent_shape();
  s.no_derivative();
  s.add(repeated({3, 4}), true, true);
  s.add(repeated({7}));
  s.add(randn({}), true, true);
  s.add(randn({0, 2}), true, true);
}
OP_SAMPLES("_unique2", s) {
  s.data_dependent_shape();
  s.no_derivative();
  s.add(repeated({3, 4}), true, true, true);
  s.add(repeated({7}));
  s.add(repeated({7}), true, false, true);
  s.add(with_nan(), true, true, true);
  s.add(randn({}), true, true, true);
  s.add(randn({0, 2}), true, true, true);
}
OP_SAMPLES("unique_dim", s) {
  s.data_dependent_shape();
  s.no_derivative();
  s.add(ints({6, 2}, 0, 2).to(at::kFloat), 0, true, true, true);
  s.add(ints({2, 6}, 0, 2).to(at::kFloat), 1);
  s.add(ints({2, 6, 1}, 0, 2).to(at::kFloat), -2, true, false, true);
  s.add(randn({0, 2}), 0, true, true, true);
  s.error("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied",
          randn({2, 0}), 0);
}
OP_SAMPLES("unique_consecutive", s) {
  s.data_dependent_shape();
  s.no_derivative();
  s.add(repeated({3, 4}), true, true);
  s.add(repeated({9}));
  s.add(ints({8, 2}, 0, 2).to(at::kFloat), true, true, 0);
  s.add(ints({1, 8}, 0, 2).to(at::kFloat), false, true, -1);
  s.add(randn({}), true, true);
  s.add(randn({0}), true, true);
}
OP_SAMPLES("unique_dim_consecutive", s) {
  s.data_dependent_shape();
  s.no_derivative();
  s.add(ints({8, 1}, 0, 2).to(at::kFloat), 0, true, true);
  s.add(ints({1, 8}, 0, 2).to(at::kFloat), -1);
  s.add(randn({0, 2}), 0, true, true);
}

// ---- histograms and searches ----

OP_SAMPLES("bincount", s) {
  s.data_dependent_shape();
  s.only_base_dtype("counts are of integers");
  s.add(longs({3, 1, 1, 5}));
  s.add(longs({3, 1, 1, 5}), randn({4}), 8);
  s.add(longs({3, 1}).to(at::kByte), randn({2}).to(at::kDouble));
  s.add(longs({3, 1}).to(at::kInt), longs({7, 9}), 2);
  s.add(longs({}), none, 4);
  s.error("bincount only supports 1-d non-negative integral inputs.", longs({-1, 2}));
  s.error("bincount only supports 1-d non-negative integral inputs.", longs({1, 2}, {1, 2}));
  s.error("weights should be 1-d and have the same length as input", longs({1, 2}), randn({3}));
  s.error("minlength should be >= 0", longs({1, 2}), none, -1);
}
OP_SAMPLES("histc", s) {
  s.data_dependent_shape();
  s.add(randn({20}), 5);
  s.add(randn({4, 5}), 8, -1, 1);
  s.add(numbers({0, 1, 2, 3, 4, 4, -1, 5}), 4, 0, 4);
  s.add(at::ones({5}), 3);
  s.add(randn({0}), 3);
  s.add(randn({6}));
  s.error("bins must be > 0", randn({3}), 0);
  s.error("torch.histc: max must be larger than min", randn({3}), 4, 2, 1);
}
Tensor edges() { return numbers({-1, 0, 0, 1, 2.5}); }
OP_SAMPLES("searchsorted.Tensor", s) {
  s.data_dependent_shape();
  s.add(edges(), numbers({-2, -1, 0, 0.5, 2.5, 3, kNan}, {7, 1}));
  s.add(edges(), numbers({-1, 0, 2.5}), true, true);
  s.add(at::stack({edges(), edges() + 1}), randn({2, 3}), false, false, "right");
  s.add(edges().flip({0}), numbers({0, 1}), false, false, "left", longs({4, 3, 2, 1, 0}));
  s.add(edges(), numbers({0.5}, {}));
  s.add(edges(), randn({0}));
  s.error("side can only be 'left' or 'right' but got middle", edges(), randn({2}), false, false,
          "middle");
  s.error("side and right can't be set to opposites, got side of left while right was True",
          edges(), randn({2}), false, true, "left");
  s.error("boundaries tensor should be 1 dimension or the first N-1 dimensions", randn({2, 3}),
          randn({3, 3}));
  s.error("sorter must be a tensor of long dtype but got dtype Float", edges(), randn({2}), false,
          false, none, randn({5}));
}
OP_SAMPLES("searchsorted.Scalar", s) {
  s.data_dependent_shape();
  s.add(edges(), 0);
  s.add(edges(), 0, true, true);
  s.add(edges(), 2.5, false, false, "right");
  s.add(longs({1, 2, 3}), 2.5);
  s.add(edges().flip({0}), 1, false, false, none, longs({4, 3, 2, 1, 0}));
}
OP_SAMPLES("bucketize.Tensor", s) {
  s.data_dependent_shape();
  s.add(numbers({-2, -1, 0, 0.5, 2.5, 3}, {3, 2}), edges());
  s.add(numbers({-1, 0, 2.5}), edges(), true, true);
  s.add(randn({}), edges());
  s.add(randn({0, 2}), edges());
  s.error("boundaries tensor must be 1 dimension, but got dim(2)", randn({2}), randn({2, 2}));
}
OP_SAMPLES("bucketize.Scalar", s) {
  s.data_dependent_shape();
  s.add(0, edges());
  s.add(0.5, edges(), true);
  s.add(2.5, longs({1, 2, 3}));
  s.add(0, edges(), false, true);
}
OP_SAMPLES("isin.Tensor_Tensor", s) {
  s.data_dependent_shape();
  s.add(repeated({3, 4}), numbers({0, 2}));
  s.add(repeated({3, 4}), numbers({0, 2}), false, true);
  s.add(distinct({5}), distinct({3}) + 2, true);
  s.add(distinct({2, 20}), distinct({30}) + 7);
  s.add(randn({}), randn({0}));
  s.add(randn({0, 2}), randn({2}));
}
OP_SAMPLES("isin.Tensor_Scalar", s) {
  s.data_dependent_shape();
  s.add(repeated({3, 4}), 2);
  s.add(repeated({3, 4}), 1, true, true);
  s.add(repeated({}), 1.5);
}
OP_SAMPLES("isin.Scalar_Tensor", s) {
  s.data_dependent_shape();
  s.add(2, repeated({3, 4}));
  s.add(1, repeated({3, 4}), true, true);
  s.add(1.5, repeated({0}));
}

// ---- quantiles ----

#define QUANTILE(row, q, ...)                                                                  \
  OP_SAMPLES(row, s) {                                                                         \
    s.data_dependent_shape();                                                                  \
    for (const char* how : {"linear", "lower", "higher", "midpoint", "nearest"})               \
      s.add(distinct({2, 6}), q, 1, false, how);                                               \
    s.add(distinct({3, 4}), q);                                                                \
    s.add(distinct({5, 2, 2}), q, 0, true);                                                    \
    s.add(with_nan(), q, 1).no_gradient_of_last("not a number");                               \
    s.add(randn({}), q);                                                                       \
    s.error("() interpolation must be one of linear, lower, higher, midpoint or nearest, but", \
            randn({3}), q, none, false, "cubic");                                              \
    s.error("() input tensor must be non-empty", randn({0}), q);                               \
    __VA_ARGS__                                                                                \
  }
QUANTILE("quantile", numbers({0.15, 0.55, 0.85}),
         s.error("quantile() q values must be in the range [0, 1]", randn({3}), numbers({1.5}));
         s.error("quantile() q must be a scalar or 1D tensor", randn({3}), rand({1, 2}));)
QUANTILE("nanquantile", numbers({0.15, 0.55, 0.85}),
         s.error("quantile() q tensor must be same dtype as the input tensor", randn({3}),
                 rand({2}).to(at::kDouble));)
QUANTILE("quantile.scalar", 0.3,
         s.error("quantile() q must be in the range [0, 1] but got -1", randn({3}), -1.0);)
QUANTILE("nanquantile.scalar", 0.3, s.add(distinct({5}), 1.0);)

}  // namespace
}  // namespace pharos::testing
