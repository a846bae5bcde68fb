// Samples of products of matrices and vectors.
#include <cmath>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Tensors = std::vector<Tensor>;
using List = std::vector<int64_t>;
constexpr const char* kSums = "sums of products in half precision round at other places";

// ---- two factors ----

OP_SAMPLES("mm", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({2, 3}), randn({3, 4}));
  s.add(complex({2, 3}), complex({3, 2}));
  s.add(randn({3, 2}).t(), randn({4, 3}).t());
  s.add(randn({0, 3}), randn({3, 2}));
  s.add(randn({2, 0}), randn({0, 3}));
  s.add(randn({17, 300}), randn({300, 19}));
  s.add(randn({300, 9}).t(), randn({19, 300}).t());
  s.error("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", randn({2, 3}), randn({2, 3}));
  s.error("self must be a matrix", randn({3}), randn({3, 2}));
  s.error("expected m1 and m2 to have the same dtype", randn({2, 3}), ints({3, 2}, 0, 3));
}
OP_SAMPLES("bmm", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({2, 3, 2}), randn({2, 2, 4}));
  s.add(complex({2, 1, 3}), complex({2, 3, 2}));
  s.add(randn({2, 3, 2}).mT(), randn({2, 4, 3}).mT());
  s.add(randn({0, 3, 2}), randn({0, 2, 1}));
  s.add(randn({3, 9, 70}), randn({3, 70, 5}));
  s.error("batch1 must be a 3D tensor", randn({2, 3}), randn({2, 3, 2}));
  s.error("Expected size for first two dimensions of batch2 tensor to be: [2, 3] but got: [2, 2]",
          randn({2, 2, 3}), randn({2, 2, 3}));
}
OP_SAMPLES("mv", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({3, 4}), randn({4}));
  s.add(complex({2, 3}), complex({3}));
  s.add(randn({4, 3}).t(), randn({4}));
  s.add(randn({3, 0}), randn({0}));
  s.add(randn({70, 300}), randn({300}));
  s.add(randn({300, 70}).t(), randn({300}));
  s.error("size mismatch, got input (2), mat (2x3), vec (2)", randn({2, 3}), randn({2}));
}
OP_SAMPLES("dot", s) {
  s.half_tolerance(4e-3, kSums);
  s.tolerance(1e-5, 1e-4, "ten thousand products are added in other orders");
  s.add(randn({5}), randn({5}));
  s.add(randn({10007}), randn({10007}));
  s.add(randn({20000}).slice(0, 0, 20000, 2), randn({10000}));
  s.add(complex({3}), complex({3}));
  s.add(randn({0}), randn({0}));
  s.error("1D tensors expected, but got 2D and 1D tensors", randn({2, 2}), randn({2}));
  s.error("inconsistent tensor size, expected tensor [2] and src [3]", randn({2}), randn({3}));
}
OP_SAMPLES("vdot", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({5}), randn({5}));
  s.add(complex({3}), complex({3}));
  s.add(complex({0}), complex({0}));
  s.error("inconsistent tensor size, expected tensor [2] and src [3]", complex({2}), complex({3}));
}

// Shapes of matmul: vectors, matrices and batches.
#define MATMUL(row)                                                                               \
  OP_SAMPLES(row, s) {                                                                            \
    s.half_tolerance(4e-3, kSums);                                                                \
    s.add(randn({2, 3}), randn({3, 2}));                                                          \
    s.add(randn({3}), randn({3}));                                                                \
    s.add(randn({3}), randn({3, 2}));                                                             \
    s.add(randn({2, 3}), randn({3}));                                                             \
    s.add(randn({3}), randn({2, 3, 2}));                                                          \
    s.add(randn({2, 2, 3}), randn({3}));                                                          \
    s.add(randn({2, 2, 3}), randn({3, 2}));                                                       \
    s.add(randn({2, 3}), randn({2, 3, 2}));                                                       \
    s.add(randn({2, 1, 2, 3}), randn({3, 3, 1}));                                                 \
    s.add(complex({2, 2, 2}), complex({2, 1}));                                                   \
    s.add(randn({0, 2, 3}), randn({3, 2}));                                                       \
    s.error("both arguments to matmul need to be at least 1D, but they are 0D and 1D", randn({}), \
            randn({2}));                                                                          \
    s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2, 2, 2}),     \
            randn({3, 2, 2}));                                                                    \
  }
MATMUL("matmul")
MATMUL("linalg_matmul")

#define OUTER(row)                                                                        \
  OP_SAMPLES(row, s) {                                                                    \
    s.add(randn({3}), randn({4}));                                                        \
    s.add(complex({2}), complex({3}));                                                    \
    s.add(randn({0}), randn({2}));                                                        \
    s.error("outer: Expected 1-D argument self, but got 2-D", randn({2, 2}), randn({2})); \
  }
OUTER("outer")
OUTER("ger")
OP_SAMPLES("inner", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({2, 3}), randn({4, 3}));
  s.add(randn({3}), randn({2, 2, 3}));
  s.add(randn({}), randn({2, 2}));
  s.add(complex({2, 2}), complex({2}));
  s.error("inner() the last dimension must match on both input tensors", randn({2, 3}),
          randn({2, 2}));
}
OP_SAMPLES("kron", s) {
  s.add(randn({2, 3}), randn({3, 2}));
  s.add(randn({2, 2}), randn({3}));
  s.add(randn({}), randn({1, 2, 2}));
  s.add(complex({2, 2}), complex({2, 1}));
  s.add(randn({0, 2}), randn({2, 2}));
}
OP_SAMPLES("linalg_vecdot", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({2, 3}), randn({2, 3}));
  s.add(randn({2, 3}), randn({2, 1}), 0);
  s.add(complex({2, 3}), complex({3}));
  s.add(randn({2, 0}), randn({2, 0}));
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2, 2}),
          randn({2, 3}));
}

// ---- with an addend ----

// Whole beta and alpha first: the other dtypes take them too.
OP_SAMPLES("addmm", s) {
  s.half_tolerance(2e-2, kSums);
  s.add(randn({2, 4}), randn({2, 3}), randn({3, 4}), 2, 3);
  s.add(randn({4}), randn({2, 3}), randn({3, 4}), 0.5, 1.5);
  s.add(randn({2, 1}), randn({3, 2}).t(), randn({3, 4}));
  s.add(at::full({}, NAN), randn({2, 3}), randn({3, 2}), 0);
  s.add(complex({2, 2}), complex({2, 3}), complex({3, 2}), 2, -1);
  s.add(randn({2, 2}), randn({2, 0}), randn({0, 2}), 0.5);
  s.add(randn({19}), randn({17, 70}), randn({19, 70}).t(), 0.5, 2);
  s.error("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", randn({3}), randn({2, 3}),
          randn({2, 3}));
  s.error("The expanded size of the tensor (2) must match", randn({3}), randn({2, 3}),
          randn({3, 2}));
}
OP_SAMPLES("_addmm_activation", s) {
  s.half_tolerance(2e-2, kSums);
  s.skip_gradient("PyTorch has none");
  for (bool gelu : {false, true}) {
    s.add(randn({4}), randn({2, 3}), randn({3, 4}), 2, 3, gelu);
    s.add(randn({2, 4}), randn({2, 3}), randn({3, 4}), 0.5, 1.5, gelu);
  }
  s.add(randn({4}), randn({2, 3}), randn({3, 4}));
}
OP_SAMPLES("addmv", s) {
  s.half_tolerance(2e-2, kSums);
  s.add(randn({3}), randn({3, 4}), randn({4}), 2, 3);
  s.add(randn({}), randn({3, 4}), randn({4}), 0.5, 1.5);
  s.add(randn({3}), randn({4, 3}).t(), randn({4}));
  s.add(at::full({3}, NAN), randn({3, 2}), randn({2}), 0);
  s.add(complex({2}), complex({2, 3}), complex({3}), 2, -1);
  s.add(randn({2}), randn({2, 0}), randn({0}), 0.5);
  s.error("size mismatch, got input (2), mat (2x3), vec (2)", randn({2}), randn({2, 3}),
          randn({2}));
}
OP_SAMPLES("addr", s) {
  s.half_tolerance(2e-2, kSums);
  s.add(randn({3, 4}), randn({3}), randn({4}), 2, 3);
  s.add(randn({4}), randn({3}), randn({4}), 0.5, 1.5);
  s.add(at::full({}, NAN), randn({3}), randn({4}), 0);
  s.add(complex({2, 2}), complex({2}), complex({2}), 2, -1);
  s.error("addr: Expected 1-D argument vec1, but got 2-D", randn({2, 2}), randn({2, 2}),
          randn({2}));
}
#define ADD_BATCHES(row, addend)                                                        \
  OP_SAMPLES(row, s) {                                                                  \
    s.half_tolerance(2e-2, kSums);                                                      \
    s.add(randn(addend), randn({2, 3, 2}), randn({2, 2, 4}), 2, 3);                     \
    s.add(randn({4}), randn({2, 3, 2}), randn({2, 2, 4}), 0.5, 1.5);                    \
    s.add(randn({}), randn({2, 2, 3}).mT(), randn({2, 2, 4}));                          \
    s.add(at::full({}, NAN), randn({1, 2, 2}), randn({1, 2, 2}), 0);                    \
    s.add(complex({2}), complex({2, 1, 2}), complex({2, 2, 2}), 2, -1);                 \
    s.add(randn({2, 2}), randn({1, 2, 0}), randn({1, 0, 2}), 0.5);                      \
    s.error("batch1 must be a 3D tensor", randn({2}), randn({2, 2}), randn({1, 2, 2})); \
  }
ADD_BATCHES("baddbmm", List({2, 3, 4}))
ADD_BATCHES("addbmm", List({3, 4}))

// ---- with a dtype for the result (linalg_dtype_test.cpp compares values) ----

OP_SAMPLES("mm.dtype", s) {
  s.skip_golden("PyTorch has these for CUDA alone");
  s.add(randn({2, 3}), randn({3, 4}), at::kFloat);
  s.add(randn({2, 3}).to(at::kHalf), randn({3, 4}).to(at::kHalf), at::kFloat);
  s.add(randn({2, 3}).to(at::kBFloat16), randn({3, 4}).to(at::kBFloat16), at::kFloat);
}
OP_SAMPLES("bmm.dtype", s) {
  s.skip_golden("PyTorch has these for CUDA alone");
  s.add(randn({2, 2, 3}), randn({2, 3, 2}), at::kFloat);
  s.add(randn({2, 2, 3}).to(at::kHalf), randn({2, 3, 2}).to(at::kHalf), at::kFloat);
}
OP_SAMPLES("addmm.dtype", s) {
  s.skip_golden("PyTorch has these for CUDA alone");
  s.add(randn({4}), randn({2, 3}), randn({3, 4}), at::kFloat, 2, 0.5);
  s.add(randn({2, 4}).to(at::kHalf), randn({2, 3}).to(at::kHalf), randn({3, 4}).to(at::kHalf),
        at::kFloat);
}
OP_SAMPLES("baddbmm.dtype", s) {
  s.skip_golden("PyTorch has these for CUDA alone");
  s.add(randn({4}), randn({2, 2, 3}), randn({2, 3, 4}), at::kFloat, 2, 0.5);
  s.add(randn({2, 2, 4}).to(at::kHalf), randn({2, 2, 3}).to(at::kHalf),
        randn({2, 3, 4}).to(at::kHalf), at::kFloat);
}

// ---- layers ----

OP_SAMPLES("linear", s) {
  s.half_tolerance(4e-3, kSums);
  s.add(randn({2, 3}), randn({4, 3}), randn({4}));
  s.add(randn({2, 2, 3}), randn({2, 3}), randn({2}));
  s.add(randn({2, 2, 3}).transpose(0, 1), randn({2, 3}));
  s.add(randn({3}), randn({2, 3}), randn({2}));
  s.add(randn({0, 3}), randn({2, 3}), randn({2}));
  s.add(randn({40, 130}), randn({9, 130}), randn({9}));
  s.error("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x4)", randn({2, 3}), randn({4, 2}));
}
OP_SAMPLES("bilinear", s) {
  s.half_tolerance(1e-2, kSums);
  s.add(randn({2, 3}), randn({2, 2}), randn({2, 3, 2}), randn({2}));
  s.add(randn({2, 1, 3}), randn({2, 1, 2}), randn({2, 3, 2}));
  s.error("bilinear(): input dimensions do not match", randn({2, 3}), randn({2, 1, 2}),
          randn({2, 3, 2}));
}

// ---- many factors ----

OP_SAMPLES("einsum", s) {
  s.half_tolerance(1e-2, kSums);
  s.add("ij,jk->ik", Tensors{randn({2, 3}), randn({3, 2})});
  s.add("ij,jk,kl->il", Tensors{randn({2, 3}), randn({3, 2}), randn({2, 2})}, List{1, 2, 0, 1});
  s.add("ii->i", Tensors{randn({3, 3})});
  s.add("...ij,...kj->...ik", Tensors{randn({2, 2, 3}), randn({2, 3})});
  s.add("bi,oij,bj->bo", Tensors{randn({2, 2}), randn({2, 2, 3}), randn({2, 3})});
  s.add("i,j", Tensors{randn({2}), complex({3})});
  s.add("ij->", Tensors{randn({2, 3})});
  s.add(" i j -> j i ", Tensors{randn({2, 3})});
  s.error("fewer operands were provided than specified in the equation", "i,j->ij",
          Tensors{randn({2})});
  s.error("einsum(): subscript j has size 2 for operand 1 which does not broadcast with",
          "ij,jk->ik", Tensors{randn({2, 3}), randn({2, 3})});
}
OP_SAMPLES("tensordot", s) {
  s.half_tolerance(1e-2, kSums);
  s.add(randn({2, 3, 2}), randn({2, 3, 2}), List{1, 2}, List{1, 0});
  s.add(randn({2, 3}), randn({3, 2}), List{-1}, List{0});
  s.add(randn({2}), randn({3}), List{}, List{});
  s.add(complex({2, 2}), complex({2, 2}), List{0, 1}, List{0, 1});
  s.error("both dimension lists should have same length", randn({2, 3}), randn({3}), List{0, 1},
          List{0});
  s.error(
      "contracted dimensions need to match, but first has size 2 in dim 0 and second has size 3",
      randn({2}), randn({3}), List{0}, List{0});
}
OP_SAMPLES("chain_matmul", s) {
  s.half_tolerance(1e-2, kSums);
  s.add(Tensors{randn({2, 3}), randn({3, 1}), randn({1, 4}), randn({4, 2})});
  s.add(Tensors{randn({2, 2})});
  s.error("Tensor dimension is 1, expected 2 instead.", Tensors{randn({2}), randn({2, 2})});
}
OP_SAMPLES("linalg_multi_dot", s) {
  s.half_tolerance(1e-2, kSums);
  s.add(Tensors{randn({2, 3}), randn({3, 1}), randn({1, 4}), randn({4, 2})});
  s.add(Tensors{randn({3}), randn({3, 2}), randn({2})});
  s.add(Tensors{complex({2, 3}), complex({3, 2})});
  s.error("multi_dot(): expected at least 2 tensors but got 1", Tensors{randn({2, 2})});
  s.error("multi_dot(): tensor 1 must be 2D but got 1D",
          Tensors{randn({2, 2}), randn({2}), randn({2})});
}
#define MATRIX_POWER(row)                                                                   \
  OP_SAMPLES(row, s) {                                                                      \
    s.half_tolerance(4e-2, kSums);                                                          \
    for (int n : {3, 0, 1, 2, 6}) s.add(randn({2, 2, 2}), n);                               \
    s.add(at::eye(3) * 2 + uniform({3, 3}, -0.3, 0.3), -2);                                 \
    s.add(complex({2, 2}), 3);                                                              \
    s.error("linalg.matrix_power: A must be batches of square matrices", randn({2, 3}), 2); \
  }
MATRIX_POWER("matrix_power")
MATRIX_POWER("linalg_matrix_power")

}  // namespace
}  // namespace pharos::testing
