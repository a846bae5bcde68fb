// Samples of indexing: tensors of positions, selections along a dim, scatters, masks, embeddings.
#include <algorithm>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Numbers = std::vector<int64_t>;
using Indices = std::vector<std::optional<Tensor>>;

Tensor longs(const Numbers& values, c10::IntArrayRef sizes) {
  Tensor t = at::empty(sizes, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}
Tensor longs(const Numbers& values) { return longs(values, {static_cast<int64_t>(values.size())}); }
IValue indices(const Indices& list) {
  c10::List<std::optional<Tensor>> out;
  for (const auto& t : list) out.push_back(t);
  return out;
}
Tensor mask() { return longs({1, 0, 0, 1, 1, 0}, {2, 3}).to(at::kBool); }
// Away from zero and from each other.
Tensor apart(c10::IntArrayRef sizes) { return distinct(sizes) * 0.25 + 0.5; }

// ---- tensors of positions ----

#define INDEX(row, ...)                                                                           \
  OP_SAMPLES(row, s) {                                                                            \
    s.add(randn({4, 3}), indices({longs({2, 0, -1, 2})}));                                        \
    s.add(randn({2, 4, 3}), indices({none, longs({3, 0, 0, 1}, {2, 2})}));                        \
    s.add(randn({2, 3, 4}), indices({longs({1, 0, 1}), none, longs({3}).to(at::kInt)}));          \
    s.add(randn({2, 3, 4}), indices({none, longs({1, 0}, {2, 1}), longs({0, 3, 2})}));            \
    s.add(randn({3, 2}), indices({longs({-3}, {})}));                                             \
    s.add(randn({3, 2}), indices({longs({}, {0})}));                                              \
    s.add(randn({0, 2}), indices({longs({}, {0, 3})}));                                           \
    s.error("index 4 is out of bounds for dimension 0 with size 3", randn({3}),                   \
            indices({longs({0, 4})}));                                                            \
    s.error("too many indices for tensor of dimension 1 (got 2)", randn({3}),                     \
            indices({longs({0}), longs({0})}));                                                   \
    s.error("shape mismatch: indexing tensors could not be broadcast together with shapes [2], ", \
            randn({3, 3}), indices({longs({0, 1}), longs({0, 1, 2})}));                           \
    __VA_ARGS__                                                                                   \
  }
INDEX("index.Tensor", s.add(randn({2, 3, 2}), indices({mask()})).data_dependent_shape_of_last();
      s.add(randn({3, 2, 3}), indices({longs({2, 0, 1}), mask()})).data_dependent_shape_of_last();
      s.error("too many indices for tensor of dimension 0 (got 1)", randn({}),
              indices({at::ones({}, at::kBool)}));
      s.error("tensors used as indices must be long, int, byte or bool tensors", randn({3}),
              indices({randn({2})}));
      s.error("The shape of the mask [2, 3] at index 0 does not match the shape of the indexed",
              randn({3, 3}), indices({mask()}));)
INDEX("_unsafe_index.Tensor",
      s.error("_unsafe_index found unexpected index type Bool", randn({2, 3}), indices({mask()}));)

// Positions twice only where values add up: else which one stays is not defined.
#define INDEX_PUT(row, ...)                                                                       \
  OP_SAMPLES(row, s) {                                                                            \
    if (std::string(row) == "_index_put_impl_") s.data_dependent_shape(); /* writes */            \
    s.add(randn({4, 3}), indices({longs({2, -4})}), randn({2, 3}));                               \
    s.add(randn({4, 3}), indices({longs({2, 0, -1, 2})}), randn({4, 3}),                          \
          true __VA_OPT__(, ) __VA_ARGS__);                                                       \
    s.add(randn({2, 3, 4}), indices({longs({1, 0, 1}), none, longs({3})}), randn({3, 1}), true);  \
    s.add(randn({2, 3, 4}), indices({none, longs({1, 0}, {2, 1}), longs({0, 3, 2})}), randn({})); \
    s.add(randn({2, 3, 2}), indices({mask()}), randn({3, 2})).data_dependent_shape_of_last();     \
    s.add(randn({2, 3, 2}), indices({mask()}), randn({2}), true).data_dependent_shape_of_last();  \
    s.add(randn({3, 2}), indices({longs({}, {0})}), randn({0, 2}));                               \
    s.error("index 4 is out of bounds for dimension 0 with size 3", randn({3}),                   \
            indices({longs({0, 4})}), randn({2}));                                                \
    s.error("Index put requires the source and destination dtypes match, got Float for the ",     \
            randn({3}), indices({longs({0, 1})}), ints({2}, 0, 9));                               \
    s.error("shape mismatch: value tensor of shape [3] cannot be broadcast to indexing result",   \
            randn({3}), indices({longs({0, 1})}), randn({3}));                                    \
  }
INDEX_PUT("index_put")
INDEX_PUT("_unsafe_index_put")
INDEX_PUT("_index_put_impl_", true)

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
OP_SAMPLES("index_add", s) {
  s.add(randn({4, 3}), 0, longs({2, 0, 2}), randn({3, 3}));
  s.add(randn({2, 3, 4}), -1, longs({3, 1}).to(at::kInt), randn({2, 3, 2}), -2.5);
  s.add(randn({2, 3}), 1, longs({2, 2, 0, 1}), randn({2, 4}), 2);
  s.add(randn({3}), 0, longs({}, {0}), randn({0}));
  s.add(randn({}), 0, longs({0}), randn({}));
  s.error("Got self.shape = [] source.shape = [1]", randn({}), 0, longs({0}), randn({1}));
  s.error("index_add_(): Number of indices (1) should be equal to source.size(dim): (2), for dim",
          randn({3}), 0, longs({0}), randn({2}));
  s.error("source tensor shape must match self tensor shape, excluding the specified dimension",
          randn({3, 2}), 0, longs({0}), randn({1, 3}));
  s.error("self (Float) and source (Double) must have the same scalar type", randn({3}), 0,
          longs({0}), randn({1}).to(at::kDouble));
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
OP_SAMPLES("index_fill.int_Tensor", s) {
  s.add(randn({4, 3}), 0, longs({2, 0, 2}), randn({}));
  s.add(randn({2, 3, 4}), -1, longs({3, -1}), randn({}));
  s.add(randn({3}), 0, longs({}, {0}), randn({}));
  s.add(randn({}), 0, longs({0}), randn({}));
  s.error("index_fill_ only supports a 0-dimensional value tensor, but got tensor with 1 dim",
          randn({3}), 0, longs({0}), randn({1}));
}
OP_SAMPLES("index_reduce", s) {
  s.half_tolerance(1e-2, "products of halves round in another order");
  for (const char* reduce : {"prod", "mean", "amax", "amin"}) {
    s.add(apart({4, 3}), 0, longs({2, 0, 2}), apart({3, 3}) * 1.1, reduce);
    s.add(apart({2, 5}), -1, longs({3, 1, 1}).to(at::kInt), apart({2, 3}) * 1.1, reduce, false);
  }
  s.add(apart({}), 0, longs({0}), apart({}) * 2, "mean");
  s.add(randn({3, 2}), 0, longs({}, {0}), randn({0, 2}), "amax", false);
  s.error("index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got sum.",
          randn({3}), 0, longs({0}), randn({1}), "sum");
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
NONZERO("nonzero_numpy")
NONZERO("argwhere")
NONZERO("where")
NONZERO("nonzero_static", 4)
OP_SAMPLES("one_hot", s) {
  s.only_base_dtype("classes are long");
  s.add(longs({2, 0, 1})).data_dependent_shape_of_last();
  s.add(longs({2, 0, 1, 1}, {2, 2}), 5).data_dependent_shape_of_last();
  s.add(longs({1}, {}), 2).data_dependent_shape_of_last();
  s.add(longs({}, {0, 2}), 3);
  s.error("Class values must be smaller than num_classes.", longs({3}), 3);
  s.error("Class values must be non-negative.", longs({-1}), 3);
  s.error("Can not infer total number of classes from empty tensor.", longs({}, {0}));
  s.error("one_hot is only applicable to index tensor of type LongTensor.", randn({2}), 3);
}
OP_SAMPLES("fill_diagonal_", s) {
  s.add(randn({3, 4}), 2);
  s.add(randn({7, 3}), -1.5, true);
  s.add(randn({7, 3}), 5);
  s.add(randn({2, 2, 2}), 1);
  s.add(randn({0, 2}), 1);
  s.error("dimensions must larger than 1", randn({3}), 1);
  s.error("all dimensions of input must be of equal length", randn({2, 2, 3}), 1);
}

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
OP_SAMPLES("embedding_renorm_", s) {
  s.tolerance(1e-5, 1e-5, "norms are summed in another order");
  s.data_dependent_shape();
  s.only_base_dtype("PyTorch norms half in other precisions");
  s.add(randn({5, 3}), longs({4, 0, 4}), 0.5, 2.0);
  s.add(randn({5, 3}), longs({4, 0, 1, 3}, {2, 2}).to(at::kInt), 1.0, 1.0);
  s.add(randn({5, 3}).to(at::kDouble), longs({2}), 100.0, 2.0);
  s.error("Expected 2-dimensional tensor, but got 1-dimensional tensor for argument #1 'self'",
          randn({5}), longs({0}), 1.0, 2.0);
}

constexpr int kSum = 0, kMean = 1, kMax = 2;
enum class Padding { kNone, kNumber, kOptional };
void bag_samples(Samples& s, Padding padding) {
  const Tensor ids = longs({4, 0, 1, 4, 2, 2, 0}), offsets = longs({0, 2, 2, 5});
  const auto add = [&](auto&&... args) {
    if (padding == Padding::kOptional)
      s.add(args..., none);
    else
      s.add(args...);
  };
  for (int mode : {kMean, kSum, kMax})
    add(apart({5, 3}), ids, offsets, false, mode, false, none, false);
  add(randn({5, 3}), ids, offsets, false, kSum, false, randn({7}), false);
  add(randn({5, 3}), ids, longs({0, 2, 2, 7}), false, kMean, false, none, true);
  add(randn({5, 3}), ids.to(at::kInt), offsets.to(at::kInt), false, kSum, false, none, false);
  add(randn({5, 3}), longs({}, {0}), longs({0, 0}), false, kSum, false, none, false);
  add(randn({5, 3}), ids, offsets, true, kSum, false, none, false);
  s.no_gradient_of_last("the gradient is divided by frequencies");
  if (padding != Padding::kNone) {
    for (int mode : {kSum, kMean, kMax}) {
      s.add(apart({5, 3}), ids, offsets, false, mode, false, none, false, 4);
    }
    s.add(randn({5, 3}), ids, offsets, false, kSum, false, randn({7}), false, 1);
  }
  const auto error = [&](const char* text, auto&&... args) {
    if (padding == Padding::kOptional)
      s.error(text, args..., none);
    else
      s.error(text, args...);
  };
  error("embedding_bag: per_sample_weights", randn({5, 3}), ids, offsets, false, kMean, false,
        randn({7}), false);
  error("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from",
        randn({5, 3}), ids, longs({1, 2}), false, kSum, false, none, false);
  error("offsets[-1] can not be greater than input's length 7 but got offsets[-1] of 8",
        randn({5, 3}), ids, longs({0, 8}), false, kSum, false, none, false);
}
#define BAG(row, padding)                                           \
  OP_SAMPLES(row, s) {                                              \
    s.half_tolerance(4e-3, "sums of halves round at other places"); \
    s.data_dependent_shape();                                       \
    s.skip_second_gradient("PyTorch has none either");              \
    bag_samples(s, Padding::padding);                               \
  }
BAG("embedding_bag", kNone)
BAG("embedding_bag.padding_idx", kOptional)
BAG("_embedding_bag", kNumber)

}  // namespace
}  // namespace pharos::testing
