// Samples of indexing: selections along a dim, scatters, masks, embeddings.
#include <algorithm>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Numbers = std::vector<int64_t>;

Tensor longs(const Numbers& values, c10::IntArrayRef sizes) {
  Tensor t = at::empty(sizes, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}
Tensor longs(const Numbers& values) { return longs(values, {static_cast<int64_t>(values.size())}); }
Tensor mask() { return longs({1, 0, 0, 1, 1, 0}, {2, 3}).to(at::kBool); }
// Away from zero and from each other.
Tensor apart(c10::IntArrayRef sizes) { return distinct(sizes) * 0.25 + 0.5; }

// ---- selections along a dim ----

OP_SAMPLES("index_select", s) {
  s.add(randn({4, 3}), 0, longs({2, 0, 3, 2}));
  s.add(randn({2, 3, 4}), -1, longs({3, 1}).to(at::kInt));
  s.add(randn({2, 3, 4}), 1, longs({2}, {}));
  s.add(randn({3}), 0, longs({}, {0}));
  s.add(randn({0, 3}), 1, longs({1, 1}));
  s.add(randn({}), 0, longs({0}));
  s.add(complex({3, 2}), 0, longs({1, 2}));
  s.error("index out of range in self", randn({3}), 0, longs({3}));
  s.error("Dimension out of range (expected to be in range of [-1, 0], but got 1)", randn({3}), 1,
          longs({0}));
  s.error("index_select(): Index is supposed to be a vector", randn({3}), 0, longs({0, 1}, {1, 2}));
}
OP_SAMPLES("index_copy", s) {
  s.add(randn({4, 3}), 0, longs({2, 0}), randn({2, 3}));
  s.add(randn({2, 3, 4}), -1, longs({3, 1}), randn({2, 3, 2}));
  s.add(randn({3, 2}), 0, longs({}, {0}), randn({0, 2}));
  s.add(randn({3}), 0, longs({1}), randn({}));
  s.add(randn({}), 0, longs({0}), randn({}));
  s.error("index_copy_(): Number of indices (1) should be equal to source.size(dim) (2)",
          randn({3}), 0, longs({0}), randn({2}));
  s.error("index_copy_(): Expected a long tensor for index, but got Float", randn({3}), 0,
          randn({1}), randn({1}));
}
OP_SAMPLES("index_fill.int_Scalar", s) {
  s.add(randn({4, 3}), 0, longs({2, 0, 2}), 3);
  s.add(randn({2, 3, 4}), -1, longs({3, -1}), -1.5);
  s.add(randn({2, 3}), 1, longs({1}, {}), true);
  s.add(randn({3}), 0, longs({}, {0}), 1);
  s.add(randn({}), 0, longs({0}), 2.5);
  s.error("index 5 is out of bounds for dimension 0 with size 3", randn({3}), 0, longs({5}), 1);
  s.error("index_fill_(): Expected dtype int64 for index.", randn({3}), 0, randn({1}), 1);
}
OP_SAMPLES("gather", s) {
  s.add(randn({4, 3}), 0, longs({2, 0, 3, 2, 1, 1}, {2, 3}));
  s.add(randn({2, 3, 4}), -1, longs({0, 3, 3, 1}, {2, 2, 1}));
  s.add(randn({2, 3}), 1, longs({0, 2, 1, 1}, {1, 4}).to(at::kInt));
  s.add(randn({2, 3}), 1, longs({1, 0}, {2, 1}), true)
      .no_gradient_of_last("sparse gradients are not implemented");
  s.add(randn({3}), 0, longs({2}, {}));
  s.add(randn({}), 0, longs({0, 0}));
  s.add(randn({3, 2}), 0, longs({}, {0, 2}));
  s.error("Size does not match at dimension 1 expected index [1, 3] to be no larger than self [2, ",
          randn({2, 2}), 0, longs({0, 0, 0}, {1, 3}));
  s.error("Index tensor must have the same number of dimensions as input tensor", randn({2, 2}), 0,
          longs({0}));
  s.error("is out of bounds for dimension 0 with size 2", randn({2}), 0, longs({2}));
}
OP_SAMPLES("take", s) {
  s.add(randn({2, 3}), longs({5, 0, -1, 3}));
  s.add(randn({2, 3}), longs({1, 1, 4, 2}, {2, 2}));
  s.add(randn({2, 3}), longs({2}, {}));
  s.add(randn({}), longs({0, 0}));
  s.add(randn({0}), longs({}, {0}));
  s.error("out of range: tried to access index 6 on a tensor of 6 elements.", randn({2, 3}),
          longs({6}));
  s.error("take(): Expected a long tensor for index, but got Float", randn({3}), randn({1}));
}
OP_SAMPLES("take_along_dim", s) {
  s.add(randn({2, 3}), longs({2, 0, 1, 1, 1, 2}, {2, 3}), 1);
  s.add(randn({2, 3}), longs({2, 0}, {1, 2}), -1);
  s.add(randn({1, 3}), longs({0, 0, 0, 0, 0, 0}, {2, 3}), 0);
  s.add(randn({2, 3}), longs({5, 0, 0}));
  s.add(randn({}), longs({0}, {}));
  s.error("torch.take_along_dim(): input and indices should have the same number of dimensions",
          randn({2, 3}), longs({0}), 0);
  s.error("torch.take_along_dim(): dtype of indices should be Long but got Float", randn({2}),
          randn({2}), 0);
}
OP_SAMPLES("put", s) {
  s.add(randn({2, 3}), longs({5, 0, -2}), randn({3}));
  s.add(randn({2, 3}), longs({1, 1, 4, -6}, {2, 2}), randn({4}), true);
  s.add(randn({2, 3}), longs({2}, {}), randn({1}));
  s.add(randn({}), longs({0}), randn({1}), true);
  s.add(randn({0}), longs({}, {0}), randn({0}));
  s.error("out of range: tried to access index 6 on a tensor of 6 elements.", randn({2, 3}),
          longs({6}), randn({1}));
  s.error("put_(): Expected source and index to have the same number of elements, but got",
          randn({2, 3}), longs({1}), randn({2}));
}

// ---- scatters ----

Tensor places() { return longs({2, 0, 1, 0, 3, 2}, {2, 3}); }  // no column has one twice

OP_SAMPLES("scatter.src", s) {
  s.add(randn({4, 3}), 0, places(), randn({2, 3}));
  s.add(randn({2, 5}), -1, longs({4, 0, 1, 3}, {2, 2}), randn({2, 3}))
      .no_gradient_of_last("the gradient of a longer source has the size of the index");
  s.add(randn({4, 3}), 0, places().to(at::kInt), randn({2, 3}));
  s.add(randn({3}), 0, longs({2}, {}), randn({}));
  s.add(randn({}), 0, longs({0}, {}), randn({}));
  s.add(randn({3, 2}), 0, longs({}, {0, 2}), randn({0, 2}));
  s.error("is out of bounds for dimension 0 with size 3", randn({3}), 0, longs({3}), randn({1}));
  s.error("scatter(): Expected self.dtype to be equal to src.dtype", randn({3}), 0, longs({0}),
          ints({1}, 0, 9));
  s.error("apart from dimension 0 and to be no larger size than src [1]", randn({3}), 0,
          longs({0, 1}), randn({1}));
}
OP_SAMPLES("scatter.value", s) {
  s.add(randn({4, 3}), 0, places(), 2);
  s.add(randn({2, 5}), -1, longs({4, 0, 0, 3}, {2, 2}), -1.5);
  s.add(randn({}), 0, longs({0}, {}), 3);
  s.add(randn({3, 2}), 0, longs({}, {0, 2}), 1);
  s.error("Index tensor must have the same number of dimensions as self tensor", randn({3, 2}), 0,
          longs({0}), 1);
}
OP_SAMPLES("scatter.reduce", s) {
  s.no_derivative();
  s.half_tolerance(1e-2, "halves are rounded after every step");
  for (const char* reduce : {"add", "multiply"}) {
    s.add(randn({4, 3}), 0, places(), randn({2, 3}), reduce);
    s.add(randn({2, 5}), -1, longs({4, 0, 0, 3, 3, 3}, {2, 3}), randn({2, 3}), reduce);
  }
  s.error("reduce argument must be either add or multiply.", randn({3}), 0, longs({0}), randn({1}),
          "sum");
}
OP_SAMPLES("scatter.value_reduce", s) {
  s.no_derivative();
  s.add(randn({4, 3}), 0, places(), 2, "add");
  s.add(randn({2, 5}), -1, longs({4, 0, 0, 3, 3, 3}, {2, 3}), 1.5, "multiply");
  s.error("reduce argument must be either add or multiply.", randn({3}), 0, longs({0}), 2, "sum");
}
OP_SAMPLES("scatter_add", s) {
  s.half_tolerance(1e-2, "halves are rounded after every step");
  s.add(randn({4, 3}), 0, longs({2, 0, 1, 2, 3, 1}, {2, 3}), randn({2, 3}));
  s.add(randn({2, 5}), -1, longs({4, 0, 0, 3, 3, 3}, {2, 3}).to(at::kInt), randn({2, 3}));
  s.add(randn({}), 0, longs({0}, {}), randn({}));
  s.add(randn({3, 2}), 0, longs({}, {0, 2}), randn({0, 2}));
  s.error("is out of bounds for dimension 0 with size 3", randn({3}), 0, longs({3}), randn({1}));
}
OP_SAMPLES("scatter_reduce.two", s) {
  s.half_tolerance(2e-2, "halves are rounded after every step");
  for (const char* reduce : {"sum", "prod", "mean", "amax", "amin"}) {
    s.add(apart({4, 3}), 0, longs({2, 0, 1, 2, 3, 1}, {2, 3}), apart({2, 3}) * 1.1, reduce);
    s.add(apart({2, 5}), -1, longs({4, 0, 0, 3, 3, 3}, {2, 3}), apart({2, 3}) * 1.1, reduce, false);
  }
  s.add(at::ones({3}), 0, longs({1, 1, 2}), at::ones({3}), "amax")
      .no_gradient_of_last("equal values share their gradient");
  s.add(randn({}), 0, longs({0}, {}), randn({}), "mean");
  s.error("reduce argument must be either sum, prod, mean, amax or amin, got add", randn({3}), 0,
          longs({0}), randn({1}), "add");
}

// ---- masks ----

OP_SAMPLES("masked_fill.Scalar", s) {
  s.add(randn({2, 3}), mask(), 2);
  s.add(randn({4, 3}), bools({3}), -0.5);
  s.add(randn({3}), mask(), 0.5);
  s.add(randn({}), bools({}), 1);
  s.add(randn({0, 3}), bools({3}), 1);
  s.error("masked_fill_ only supports boolean masks, but got mask with dtype float", randn({3}),
          randn({3}), 1);
}
OP_SAMPLES("masked_fill.Tensor", s) {
  s.add(randn({2, 3}), mask(), randn({}));
  s.add(randn({4, 3}), bools({3}), randn({}));
  s.add(randn({3}), mask(), randn({}));
  s.error("masked_fill_ only supports a 0-dimensional value tensor, but got tensor with 1 dim",
          randn({3}), bools({3}), randn({1}));
}
OP_SAMPLES("masked_select", s) {
  s.data_dependent_shape();
  s.add(randn({2, 3}), mask());
  s.add(randn({4, 2, 3}), mask());
  s.add(randn({3}), mask());
  s.add(randn({}), at::ones({}, at::kBool));
  s.add(randn({0, 3}), bools({3}));
  s.error("masked_select: expected BoolTensor for mask", randn({3}), randn({3}));
  s.error("must match the size of tensor b", randn({2}), bools({3}));
}
OP_SAMPLES("masked_scatter", s) {
  s.add(randn({2, 3}), mask(), randn({3}));
  s.add(randn({4, 3}), longs({1, 0, 1}).to(at::kBool), randn({3, 4}));
  s.add(randn({3}), mask(), randn({2, 2}));
  s.add(randn({}), at::ones({}, at::kBool), randn({}));
  s.error("masked_scatter: expected self and source to have same dtypes", randn({3}), bools({3}),
          ints({3}, 0, 9));
  s.error("masked_scatter_ only supports boolean masks, but got mask with dtype Float", randn({3}),
          randn({3}), randn({3}));
}

#define NONZERO(row, ...)                                   \
  OP_SAMPLES(row, s) {                                      \
    s.data_dependent_shape();                               \
    s.add(randn({2, 3}).relu() __VA_OPT__(, ) __VA_ARGS__); \
    s.add(bools({2, 2, 3}) __VA_OPT__(, ) __VA_ARGS__);     \
    s.add(at::ones({}) __VA_OPT__(, ) __VA_ARGS__);         \
    s.add(at::zeros({2}) __VA_OPT__(, ) __VA_ARGS__);       \
    s.add(randn({0, 3}) __VA_OPT__(, ) __VA_ARGS__);        \
  }
NONZERO("nonzero")
NONZERO("argwhere")
NONZERO("nonzero_static", 4)
// ---- embeddings ----

OP_SAMPLES("embedding", s) {
  s.add(randn({5, 3}), longs({4, 0, 1, 4}));
  s.add(randn({5, 3}), longs({4, 0, 1, 2}, {2, 2}).to(at::kInt));
  s.add(randn({5, 3}), longs({2}, {}));
  s.add(randn({5, 3}), longs({}, {0, 2}));
  s.add(randn({5, 3}), longs({4, 0, 3}), 1);
  s.add(randn({5, 3}), longs({4, 0, 4}), 0, false, false)
      .no_gradient_of_last("the row of padding has none");
  s.add(randn({5, 3}), longs({4, 0, 4}), -1, true)
      .no_gradient_of_last("the gradient is divided by frequencies");
  s.add(randn({5, 3}), longs({4, 0}), -1, false, true)
      .no_gradient_of_last("sparse gradients are not implemented");
  s.error("'weight' must be 2-D", randn({5}), longs({0}));
  s.error("index out of range in self", randn({2, 3}), longs({2}));
}
OP_SAMPLES("embedding_dense_backward", s) {
  s.add(randn({4, 3}), longs({4, 0, 1, 4}), 6, -1, false);
  s.add(randn({2, 2, 3}), longs({4, 0, 1, 2}, {2, 2}).to(at::kInt), 5, 1, false);
  s.add(randn({4, 3}), longs({4, 0, 1, 4}), 5, -1, true)
      .no_gradient_of_last("as PyTorch's, it does not know of frequencies");
  s.add(randn({3}), longs({2}, {}), 4, -1, false);
  s.add(randn({0, 3}), longs({}, {0}), 4, -1, false);
}
}  // namespace
}  // namespace pharos::testing
