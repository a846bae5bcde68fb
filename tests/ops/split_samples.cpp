// Samples of operators over lists of tensors without arithmetic: splits, grids, common sizes.
#include <algorithm>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;
using Tensors = std::vector<Tensor>;

constexpr const char* kAlias = "a form of another operator";

Tensor longs(const List& values) {
  const Tensor t = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}

#define SPLIT(row, ...)                                                                         \
  OP_SAMPLES(row, s) {                                                                          \
    __VA_ARGS__;                                                                                \
    s.add(randn({5, 2}), 2);                                                                    \
    s.add(randn({2, 4}), 3, -1);                                                                \
    s.add(randn({0, 2}), 2);                                                                    \
    s.error("split expects at least a 1-dimensional tensor", randn({}), 1);                     \
    s.error("split expects split_size be non-negative, but got split_size=-1", randn({3}), -1); \
  }
SPLIT("split.Tensor")
SPLIT("unsafe_split.Tensor", s.only_base_dtype(kAlias))
#define SPLIT_SIZES(row, ...)                                                               \
  OP_SAMPLES(row, s) {                                                                      \
    __VA_ARGS__;                                                                            \
    s.add(randn({5, 2}), List{2, 3});                                                       \
    s.add(randn({2, 4}), List{1, 0, 3}, -1);                                                \
    s.error(                                                                                \
        "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at " \
        "dimension 0), but got split_sizes=[2, 2]",                                         \
        randn({3}), List{2, 2});                                                            \
    s.error(                                                                                \
        "split_with_sizes expects split_sizes have only non-negative entries, but got "     \
        "split_sizes=[4, -1]",                                                              \
        randn({3}), List{4, -1});                                                           \
  }
SPLIT_SIZES("split.sizes", s.only_base_dtype(kAlias))
SPLIT_SIZES("split_with_sizes")
SPLIT_SIZES("unsafe_split_with_sizes", s.only_base_dtype(kAlias))
#define CHUNK(row, ...)                                                            \
  OP_SAMPLES(row, s) {                                                             \
    __VA_ARGS__;                                                                   \
    s.add(randn({5, 2}), 2);                                                       \
    s.add(randn({2, 4}), 3, -1);                                                   \
    s.add(randn({0, 2}), 2);                                                       \
    s.error("chunk expects at least a 1-dimensional tensor", randn({}), 1);        \
    s.error("chunk expects `chunks` to be greater than 0, got: 0", randn({3}), 0); \
  }
CHUNK("chunk")
CHUNK("unsafe_chunk", s.only_base_dtype(kAlias))
OP_SAMPLES("tensor_split.sections", s) {
  s.add(randn({5, 2}), 2);
  s.add(randn({2, 4}), 3, -1);
  s.add(randn({2}), 3);
  s.error("number of sections must be larger than 0, got 0", randn({3}), 0);
  s.error("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims",
          randn({}), 1);
}
OP_SAMPLES("tensor_split.indices", s) {
  s.add(randn({5, 2}), List{1, 3});
  s.add(randn({2, 4}), List{-1, 6}, 1);
  s.add(randn({4}), List{3, 1});
  s.add(randn({4}), List{});
}
OP_SAMPLES("tensor_split.tensor_indices_or_sections", s) {
  s.add(randn({5, 2}), longs({1, 3}));
  s.add(randn({2, 4}), longs({3}).squeeze(0), 1);
  s.data_dependent_shape();
  s.error(
      "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
      "one-dimensional tensor",
      randn({3}), longs({1}).unsqueeze(0));
}
#define SPLIT_INT(name, needs, other)                                                  \
  OP_SAMPLES(name ".int", s) {                                                         \
    s.only_base_dtype(kAlias);                                                         \
    s.add(randn({4, 4, 2}), 2);                                                        \
    s.add(randn other, 1);                                                             \
    s.error("torch." name " requires a tensor with at least " needs, randn({}), 1);    \
    s.error("torch." name " attempted to split along dimension", randn({4, 4, 2}), 3); \
  }
#define SPLIT_ARRAY(name, needs)                                                          \
  OP_SAMPLES(name ".array", s) {                                                          \
    s.only_base_dtype(kAlias);                                                            \
    s.add(randn({3, 4, 2}), List{1, 2});                                                  \
    s.add(randn({3, 4, 2}), List{-1, 5});                                                 \
    s.error("torch." name " requires a tensor with at least " needs, randn({}), List{1}); \
  }
#define NEEDS(n) n " dimension, but got a tensor with 0 dimensions!"
SPLIT_INT("hsplit", NEEDS("1"), ({4}))
SPLIT_INT("vsplit", NEEDS("2"), ({4, 1}))
SPLIT_INT("dsplit", NEEDS("3"), ({1, 1, 2}))
SPLIT_ARRAY("hsplit", NEEDS("1"))
SPLIT_ARRAY("vsplit", NEEDS("2"))
SPLIT_ARRAY("dsplit", NEEDS("3"))
OP_SAMPLES("unbind.int", s) {
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 2}), -2);
  s.add(complex({2}));
  s.add(randn({2, 0}));
  s.error("Dimension specified as 0 but tensor has no dimensions", randn({}));
}

// ---- grids and common sizes ----

OP_SAMPLES("broadcast_tensors", s) {
  s.add(Tensors{randn({3, 1}), randn({2}), randn({})});
  s.add(Tensors{randn({0, 1}), randn({3})});
  s.error("The size of tensor a (2) must match the size of tensor b (3)",
          Tensors{randn({2}), randn({3})});
}
OP_SAMPLES("meshgrid", s) {
  s.only_base_dtype(kAlias);
  s.add(Tensors{randn({2}), randn({3}), randn({})});
  s.add(Tensors{randn({0}), randn({2})});
  s.error("meshgrid expects a non-empty TensorList", Tensors{});
  s.error("torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got:",
          Tensors{randn({2, 2})});
}
OP_SAMPLES("meshgrid.indexing", s) {
  s.add(Tensors{randn({2}), randn({3})}, "xy");
  s.add(Tensors{randn({2}), randn({3})}, "ij");
  s.add(Tensors{randn({2}), randn({3}), randn({2})}, "xy");
  s.error("torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: ab",
          Tensors{randn({2}), randn({3})}, "ab");
}
#define AT_LEAST(row, ...)                                                  \
  OP_SAMPLES(row, s) {                                                      \
    __VA_ARGS__;                                                            \
    s.add(Tensors{randn({}), randn({2}), randn({2, 2}), randn({1, 2, 1})}); \
    s.add(Tensors{randn({0}), complex({2})});                               \
  }
AT_LEAST("atleast_1d.Sequence", s.only_base_dtype(kAlias))
AT_LEAST("atleast_2d.Sequence", s.only_base_dtype(kAlias))
AT_LEAST("atleast_3d.Sequence", s.only_base_dtype(kAlias))

}  // namespace
}  // namespace pharos::testing
