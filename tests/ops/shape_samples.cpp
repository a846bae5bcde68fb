// Samples of views that give one tensor, and of their gradients' operators.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

using List = std::vector<int64_t>;

constexpr const char* kAlias = "another operator under another name";

// ---- sizes and strides ----

OP_SAMPLES("view", s) {
  s.add(randn({2, 6}), List{3, -1});
  s.add(randn({}), List{1, 1});
  s.add(randn({0, 4}), List{2, 0});
  s.add(randn({2, 6}).t(), List{3, 2, 2});
  s.error("shape '[4]' is invalid for input of size 6", randn({6}), List{4});
  s.error("view size is not compatible with input tensor's size and stride", randn({2, 3}).t(),
          List{6});
}
OP_SAMPLES("view.dtype", s) {
  s.by_memory_order();
  s.add(randn({2, 4}), at::kInt);
  s.add(randn({2, 4}), at::kDouble);
  s.add(randn({2, 3}), at::kHalf);
  s.add(complex({2}), at::kFloat);
  s.error("self.size(-1) must be divisible by 2 to view Float as Double (different element sizes)",
          randn({2, 3}), at::kDouble);
  s.error("self.dim() cannot be 0 to view Float as Double (different element sizes)", randn({}),
          at::kDouble);
}
OP_SAMPLES("reshape", s) {
  s.add(randn({2, 6}), List{3, -1});
  s.add(randn({2, 3}).t(), List{6});
  s.add(randn({}), List{1, -1});
  s.add(randn({0, 4}), List{2, 0, 3});
  s.add(complex({2, 2}), List{4});
  s.error("shape '[-1, 4]' is invalid for input of size 6", randn({6}), List{-1, 4});
  s.error("only one dimension can be inferred", randn({6}), List{-1, -1});
}
OP_SAMPLES("_reshape_alias", s) {
  s.by_memory_order();
  s.add(randn({2, 6}), List{3, 4}, List{4, 1});
  s.add(randn({}), List{1}, List{1});
}
OP_SAMPLES("_unsafe_view", s) {
  s.add(randn({2, 6}), List{3, -1});
  s.add(randn({0, 4}), List{2, 0});
  s.error("shape '[4]' is invalid for input of size 6", randn({6}), List{4});
}
OP_SAMPLES("flatten.using_ints", s) {
  s.add(randn({2, 3, 2}));
  s.add(randn({2, 3, 2}), 1);
  s.add(randn({2, 3, 2}), 0, -2);
  s.add(randn({2, 3, 2}).transpose(0, 2), 1, 2);
  s.add(randn({}));
  s.add(randn({0, 3}));
  s.error("flatten() has invalid args: start_dim cannot come after end_dim", randn({2, 3}), 1, 0);
}
OP_SAMPLES("unflatten.int", s) {
  s.add(randn({2, 6}), 1, List{2, -1});
  s.add(randn({6, 2}), -2, List{3, 2});
  s.add(randn({0, 2}), 1, List{2, 1});
  s.error("unflatten: Provided sizes [2, 2] don't multiply up to the size of dim 0 (3)", randn({3}),
          0, List{2, 2});
}
OP_SAMPLES("ravel", s) {
  s.add(randn({2, 3}));
  s.add(randn({2, 3}).t());
  s.add(randn({}));
  s.add(randn({0, 2}));
}
#define LIKE_OTHER(row, ...)                                                       \
  OP_SAMPLES(row, s) {                                                             \
    __VA_ARGS__;                                                                   \
    s.add(randn({2, 6}), randn({3, 4}));                                           \
    s.add(randn({}), randn({1, 1}));                                               \
    s.add(randn({0, 4}), randn({2, 0}));                                           \
    s.error("shape '[4]' is invalid for input of size 6", randn({6}), randn({4})); \
  }
LIKE_OTHER("view_as", s.only_base_dtype(kAlias))
LIKE_OTHER("reshape_as", s.only_base_dtype(kAlias))

OP_SAMPLES("squeeze", s) {
  s.add(randn({1, 3, 1, 2}));
  s.add(randn({}));
  s.add(randn({1, 0}));
  s.add(complex({1, 2}));
}
OP_SAMPLES("squeeze.dim", s) {
  s.add(randn({1, 3, 1}), -1);
  s.add(randn({1, 3, 1}), 1);
  s.add(randn({}), 0);
  s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)", randn({2, 1}),
          2);
}
OP_SAMPLES("squeeze.dims", s) {
  s.add(randn({1, 3, 1}), List{0, -1});
  s.add(randn({1, 3, 1, 1}), List{1, 2});
  s.add(randn({}), List{0});
  s.error("dim 1 appears multiple times in the list of dims", randn({2, 1}), List{1, 1});
}
OP_SAMPLES("unsqueeze", s) {
  s.add(randn({2, 3}), 1);
  s.add(randn({2, 3}), -1);
  s.add(randn({}), 0);
  s.add(randn({0, 2}), 2);
  s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)", randn({3}), 2);
}
#define TRANSPOSE(row, ...)                                                           \
  OP_SAMPLES(row, s) {                                                                \
    __VA_ARGS__;                                                                      \
    s.add(randn({2, 3, 2}), 0, 2);                                                    \
    s.add(randn({2, 3}), -1, -2);                                                     \
    s.add(randn({}), 0, -1);                                                          \
    s.add(complex({0, 2}), 0, 1);                                                     \
    s.error("Dimension out of range (expected to be in range of [-2, 1], but got 2)", \
            randn({2, 3}), 0, 2);                                                     \
  }
TRANSPOSE("transpose.int")
TRANSPOSE("swapaxes", s.only_base_dtype(kAlias))
TRANSPOSE("swapdims", s.only_base_dtype(kAlias))
OP_SAMPLES("t", s) {
  s.add(randn({2, 3}));
  s.add(randn({3}));
  s.add(randn({}));
  s.error("t() expects a tensor with <= 2 dimensions, but self is 3D", randn({2, 2, 2}));
}
OP_SAMPLES("permute", s) {
  s.add(randn({2, 3, 2}), List{2, 0, -2});
  s.add(randn({}), List{});
  s.add(randn({0, 2}), List{1, 0});
  s.error(
      "permute(sparse_coo): number of dimensions in the tensor input does not match the length "
      "of the desired ordering of dimensions i.e. input.dim() = 2 is not equal to len(dims) = 1",
      randn({2, 3}), List{0});
  s.error("permute(): duplicate dims are not allowed.", randn({2, 3}), List{0, 0});
}
#define MOVE_LIST(row, ...)                                                                       \
  OP_SAMPLES(row, s) {                                                                            \
    __VA_ARGS__;                                                                                  \
    s.add(randn({2, 3, 2}), List{0, -1}, List{2, 0});                                             \
    s.add(randn({}), List{}, List{});                                                             \
    s.error("movedim: repeated dim in `source` ([0, 0])", randn({2, 3}), List{0, 0}, List{0, 1}); \
    s.error(                                                                                      \
        "movedim: Invalid source or destination dims: source ([0] dims) should contain the "      \
        "same number of dims as destination ([0, 1] dims)",                                       \
        randn({2, 3}), List{0}, List{0, 1});                                                      \
  }
#define MOVE(row, ...)              \
  OP_SAMPLES(row, s) {              \
    __VA_ARGS__;                    \
    s.add(randn({2, 3, 2}), 0, 2);  \
    s.add(randn({2, 3, 2}), -1, 0); \
    s.add(randn({}), 0, 0);         \
  }
MOVE_LIST("movedim.intlist")
MOVE_LIST("moveaxis.intlist", s.only_base_dtype(kAlias))
MOVE("movedim.int")
MOVE("moveaxis.int", s.only_base_dtype(kAlias))
OP_SAMPLES("numpy_T", s) {
  s.add(randn({2, 3}));
  s.add(randn({2, 3, 2}));
  s.add(randn({}));
}
OP_SAMPLES("mT", s) {
  s.add(randn({2, 3, 2}));
  s.add(randn({0, 3}));
  s.error("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.",
          randn({3}));
}
OP_SAMPLES("mH", s) {
  s.add(complex({2, 3}));
  s.add(randn({2, 3, 2}));
  s.error("tensor.mH is only supported on matrices or batches of matrices. Got 1-D tensor.",
          randn({3}));
}
OP_SAMPLES("matrix_H", s) {
  s.add(complex({2, 3}));
  s.add(randn({2, 3}));
  s.error("tensor.H is only supported on matrices (2-D tensors). Got 3-D tensor.",
          randn({2, 2, 2}));
}
OP_SAMPLES("adjoint", s) {
  s.add(complex({2, 3}));
  s.add(randn({2, 3, 2}));
  s.error("tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.",
          randn({3}));
}

// ---- broadcasts ----

OP_SAMPLES("expand", s) {
  s.add(randn({3, 1}), List{2, -1, 4});
  s.add(randn({3, 1}), List{3, 4}, true);
  s.add(randn({}), List{2});
  s.add(randn({1, 3}), List{0, 3});
  s.error(
      "The expanded size of the tensor (4) must match the existing size (3) at non-singleton "
      "dimension 1.  Target sizes: [2, 4].  Tensor sizes: [1, 3]",
      randn({1, 3}), List{2, 4});
  s.error(
      "the number of sizes provided (1) must be greater or equal to the number of dimensions "
      "in the tensor (2)",
      randn({1, 3}), List{3});
}
OP_SAMPLES("expand_as", s) {
  s.add(randn({3, 1}), randn({2, 3, 4}));
  s.add(randn({}), randn({0}));
  s.error("The expanded size of the tensor (4) must match the existing size (3)", randn({3}),
          randn({4}));
}
OP_SAMPLES("broadcast_to", s) {
  s.add(randn({3, 1}), List{2, 3, 4});
  s.add(randn({}), List{2});
  s.error("The expanded size of the tensor (4) must match the existing size (3)", randn({3}),
          List{4});
}
OP_SAMPLES("sum_to_size", s) {
  s.half_tolerance(5e-3, "the order of the sum");
  s.add(randn({2, 3, 2}), List{3, 1});
  s.add(randn({2, 3}), List{2, 3});
  s.add(randn({2, 3}), List{});
  s.add(randn({0, 3}), List{3});
  s.error("size {[2]} is not expandable to size {[3]}.", randn({3}), List{2});
}

// ---- parts ----

OP_SAMPLES("select.int", s) {
  s.add(randn({2, 3}), 1, -1);
  s.add(randn({2, 3, 2}), -2, 2);
  s.add(randn({0, 3}), 1, 0);
  s.error("select(): index 3 out of range for tensor of size [2, 3] at dimension 1", randn({2, 3}),
          1, 3);
  s.error("select() cannot be applied to a 0-dim tensor.", randn({}), 0, 0);
}
OP_SAMPLES("slice.Tensor", s) {
  s.add(randn({4, 3}), 0, 1, 3);
  s.add(randn({4, 3}));
  s.add(randn({2, 5}), -1, none, -1, 2);
  s.add(randn({3}), 0, 2, 1);
  s.add(randn({3}), 0, -100, 100, 3);
  s.error("slice step must be positive", randn({3}), 0, 0, 2, 0);
  s.error("slice() cannot be applied to a 0-dim tensor.", randn({}));
}
OP_SAMPLES("narrow", s) {
  s.add(randn({4, 3}), 0, 1, 2);
  s.add(randn({4, 3}), -1, -2, 2);
  s.add(randn({4, 3}), 1, 3, 0);
  s.error("start (1) + length (3) exceeds dimension size (3).", randn({3}), 0, 1, 3);
  s.error("narrow(): length must be non-negative.", randn({3}), 0, 1, -1);
  s.error("narrow() cannot be applied to a 0-dim tensor.", randn({}), 0, 0, 0);
}
OP_SAMPLES("narrow.Tensor", s) {
  s.data_dependent_shape();
  s.add(randn({4, 3}), 0, ints({}, 1, 2), 2);
  s.add(randn({4, 3}), -1, ints({}, -2, -1), 2);
  s.error("start must be an 0-dim integral Tensor.", randn({3}), 0, ints({1}, 0, 1), 1);
}
OP_SAMPLES("narrow_copy", s) {
  s.add(randn({4, 3}), 0, 1, 2);
  s.add(randn({4, 3}), -1, -2, 2);
  s.add(randn({3, 4}).t(), 0, 0, 0);
  s.error("start (1) + length (3) exceeds dimension size (3).", randn({3}), 0, 1, 3);
}
OP_SAMPLES("diagonal", s) {
  s.add(randn({3, 4}));
  s.add(randn({3, 4}), -1);
  s.add(randn({2, 3, 3}), 1, 2, -2);
  s.add(randn({2, 3}), 5);
  s.error("diagonal dimensions cannot be identical 1, 1", randn({2, 2}), 0, 1, 1);
}
OP_SAMPLES("as_strided", s) {
  s.by_memory_order();
  s.add(randn({2, 6}), List{2, 3}, List{1, 2});
  s.add(randn({2, 6}), List{3, 3}, List{2, 1}, 3);
  s.add(randn({4}), List{}, List{}, 2);
  s.add(randn({4}), List{0, 2}, List{1, 1});
  s.error("mismatch in length of strides and shape", randn({4}), List{2}, List{1, 1});
  s.error("as_strided: Negative strides are not supported at the moment, got strides: [-1]",
          randn({4}), List{2}, List{-1});
}
OP_SAMPLES("unfold", s) {
  s.add(randn({7, 2}), 0, 3, 2);
  s.add(randn({2, 5}), -1, 2, 1);
  s.add(randn({}), 0, 1, 1);
  s.error("maximum size for tensor at dimension 0 is 3 but size is 4", randn({3}), 0, 4, 1);
  s.error("step is 0 but must be > 0", randn({3}), 0, 2, 0);
}
#define SAME(row)         \
  OP_SAMPLES(row, s) {    \
    s.add(randn({2, 3})); \
    s.add(complex({2}));  \
    s.add(randn({}));     \
    s.add(randn({0, 2})); \
  }
SAME("alias")
SAME("detach")
SAME("atleast_1d")
SAME("atleast_2d")
OP_SAMPLES("atleast_3d", s) {
  s.add(randn({2, 3}));
  s.add(randn({}));
  s.add(randn({3}));
  s.add(randn({2, 2, 1, 1}));
}

// ---- gradients of views ----

OP_SAMPLES("select_backward", s) {
  s.add(randn({3}), List{3, 2}, 1, -1);
  s.add(randn({2, 2}), List{2, 3, 2}, -2, 2);
}
OP_SAMPLES("slice_backward", s) {
  s.add(randn({2, 3}), List{4, 3}, 0, 1, 3, 1);
  s.add(randn({2, 2}), List{2, 5}, -1, 0, -1, 2);
  s.add(randn({0}), List{3}, 0, 2, 1, 1);
}
OP_SAMPLES("diagonal_backward", s) {
  s.add(randn({3}), List{3, 4}, 0, 0, 1);
  s.add(randn({2, 2}), List{2, 3, 3}, 1, 2, -2);
}
OP_SAMPLES("unfold_backward", s) {
  s.half_tolerance(2e-3, "the order of the sum");
  s.add(randn({3, 2, 3}), List{7, 2}, 0, 3, 2);
  s.add(randn({2, 4, 2}), List{2, 5}, -1, 2, 1);
}

}  // namespace
}  // namespace pharos::testing
