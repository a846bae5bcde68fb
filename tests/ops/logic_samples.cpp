// Samples of bits, comparisons, predicates and conditions. Integers are their own dtypes: the sweep
// turns floating inputs alone into others.
#include <cmath>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

constexpr const char* kIntegersOnly = "the dtypes that it takes are given";
constexpr at::ScalarType kIntegers[] = {at::kInt, at::kShort, at::kChar, at::kByte};

Tensor small(c10::IntArrayRef sizes, at::ScalarType t) { return ints(sizes, 0, 100).to(t); }
// Floating, with many ties.
Tensor coarse(c10::IntArrayRef sizes) { return ints(sizes, -2, 3).to(at::kFloat); }

// ---- bits ----

// A tensor and a number, which becomes one of the tensor's dtype unless its kind is higher.
void bits_scalar(Samples& s) {
  s.exact();
  s.only_base_dtype(kIntegersOnly);
  s.add(ints({2, 3}, -50, 50), 21);
  s.add(ints({}, -50, 50), -6);
  s.add(strided(ints({2, 3}, -50, 50)), 21);
  s.add(ints({0, 3}, 0, 2), 1);
  s.add(bools({2, 3}), true);
  s.add(bools({2, 3}), 5);
  for (at::ScalarType t : kIntegers) s.add(small({2, 3}, t), 21);
}
#define BITS_SCALAR(row, op)                                              \
  OP_SAMPLES(row, s) {                                                    \
    bits_scalar(s);                                                       \
    s.error("\"bitwise_" op "_cpu\" not implemented for", randn({2}), 1); \
  }
BITS_SCALAR("bitwise_and.Scalar", "and")
BITS_SCALAR("bitwise_or.Scalar", "or")
BITS_SCALAR("bitwise_xor.Scalar", "xor")
BITS_SCALAR("__and__.Scalar", "and")
BITS_SCALAR("__or__.Scalar", "or")
BITS_SCALAR("__xor__.Scalar", "xor")

#define SCALAR_BITS(row, op)                                              \
  OP_SAMPLES(row, s) {                                                    \
    s.exact();                                                            \
    s.only_base_dtype(kIntegersOnly);                                     \
    s.add(21, ints({2, 3}, -50, 50));                                     \
    s.add(-6, ints({}, -50, 50));                                         \
    s.add(1, ints({0, 3}, 0, 2));                                         \
    s.add(true, bools({2, 3}));                                           \
    s.add(5, bools({2, 3}));                                              \
    for (at::ScalarType t : kIntegers) s.add(21, small({2, 3}, t));       \
    s.error("\"bitwise_" op "_cpu\" not implemented for", 1, randn({2})); \
  }
SCALAR_BITS("bitwise_and.Scalar_Tensor", "and")
SCALAR_BITS("bitwise_or.Scalar_Tensor", "or")
SCALAR_BITS("bitwise_xor.Scalar_Tensor", "xor")

void bits_tensor(Samples& s) {
  s.exact();
  s.only_base_dtype(kIntegersOnly);
  s.add(ints({2, 3}, -50, 50), ints({3}, -50, 50));
  s.add(ints({2, 3}, -50, 50), ints({}, -50, 50));
  s.add(strided(ints({2, 3}, -50, 50)), ints({2, 1}, -50, 50));
  s.add(ints({0, 3}, 0, 2), ints({3}, 0, 2));
  s.add(bools({2, 3}), bools({2, 3}));
  for (at::ScalarType t : kIntegers) s.add(small({2, 3}, t), small({2, 3}, t));
}
#define BITS_TENSOR(row, op)                                                                 \
  OP_SAMPLES(row, s) {                                                                       \
    bits_tensor(s);                                                                          \
    s.add(small({2, 3}, at::kInt), bools({3}));                                              \
    s.error("\"bitwise_" op "_cpu\" not implemented for", randn({2}), randn({2}));           \
    s.error("The size of tensor a (2) must match the size of tensor b (3)", ints({2}, 0, 9), \
            ints({3}, 0, 9));                                                                \
  }
BITS_TENSOR("__and__.Tensor", "and")
BITS_TENSOR("__or__.Tensor", "or")
BITS_TENSOR("__xor__.Tensor", "xor")
BITS_TENSOR("__iand__.Tensor", "and")
BITS_TENSOR("__ior__.Tensor", "or")
BITS_TENSOR("__ixor__.Tensor", "xor")

// ---- shifts ----

// Counts below zero and beyond the width give what all bits shifted out give.
void shift_scalar(Samples& s) {
  s.exact();
  s.only_base_dtype(kIntegersOnly);
  for (int64_t n : {0, 3, 63, 64, 70, -1}) s.add(ints({2, 3}, -50, 50), n);
  s.add(ints({}, -50, 50), 2);
  s.add(strided(ints({2, 3}, -50, 50)), 2);
  s.add(ints({0, 3}, 0, 2), 1);
  for (at::ScalarType t : kIntegers)
    for (int64_t n : {2, 7, 8, 33}) s.add(small({2, 3}, t), n);
}
void shift_tensor(Samples& s) {
  s.exact();
  s.only_base_dtype(kIntegersOnly);
  s.add(ints({2, 3}, -50, 50), ints({3}, 0, 9));
  s.add(ints({4, 5}, -50, 50), ints({4, 5}, -4, 70));
  s.add(ints({2, 3}, -50, 50), ints({}, 0, 9));
  s.add(strided(ints({2, 3}, -50, 50)), ints({2, 1}, 0, 9));
  s.add(ints({0, 3}, 0, 2), ints({3}, 0, 2));
  for (at::ScalarType t : kIntegers) s.add(small({3, 4}, t), ints({3, 4}, -1, 40).to(t));
}
#define SHIFTS_SCALAR(row, op)                                            \
  OP_SAMPLES(row, s) {                                                    \
    shift_scalar(s);                                                      \
    s.error("\"" op "_cpu\" not implemented for 'Float'", randn({2}), 1); \
  }
#define SHIFTS_TENSOR(row, op)                                                               \
  OP_SAMPLES(row, s) {                                                                       \
    shift_tensor(s);                                                                         \
    s.error("\"" op "_cpu\" not implemented for 'Float'", randn({2}), randn({2}));           \
    s.error("The size of tensor a (2) must match the size of tensor b (3)", ints({2}, 0, 9), \
            ints({3}, 0, 9));                                                                \
  }
#define SHIFTS(row, op)                                                       \
  OP_SAMPLES(row, s) {                                                        \
    s.exact();                                                                \
    s.only_base_dtype(kIntegersOnly);                                         \
    s.add(-37, ints({2, 3}, 0, 9));                                           \
    s.add(37, ints({3, 4}, -2, 70));                                          \
    s.add(3, ints({}, 0, 9));                                                 \
    s.add(1, ints({0, 3}, 0, 2));                                             \
    for (at::ScalarType t : kIntegers) s.add(37, ints({3, 4}, -1, 40).to(t)); \
    s.error("\"" op "_cpu\" not implemented for 'Float'", 2, randn({2}));     \
  }
SHIFTS_SCALAR("bitwise_left_shift.Tensor_Scalar", "lshift")
SHIFTS_SCALAR("bitwise_right_shift.Tensor_Scalar", "rshift")
SHIFTS_SCALAR("__lshift__.Scalar", "lshift")
SHIFTS_SCALAR("__rshift__.Scalar", "rshift")
SHIFTS_SCALAR("__ilshift__.Scalar", "lshift")
SHIFTS_SCALAR("__irshift__.Scalar", "rshift")
SHIFTS_TENSOR("bitwise_left_shift.Tensor", "lshift")
SHIFTS_TENSOR("bitwise_right_shift.Tensor", "rshift")
SHIFTS_TENSOR("__lshift__.Tensor", "lshift")
SHIFTS_TENSOR("__rshift__.Tensor", "rshift")
SHIFTS_TENSOR("__ilshift__.Tensor", "lshift")
SHIFTS_TENSOR("__irshift__.Tensor", "rshift")
SHIFTS("bitwise_left_shift.Scalar_Tensor", "lshift")
SHIFTS("bitwise_right_shift.Scalar_Tensor", "rshift")

// ---- comparisons by their other names ----

void compare_scalar(Samples& s) {
  s.add(coarse({3, 4}), 1);
  s.add(coarse({3, 4}), 0.5);
  s.add(coarse({}), -1);
  s.add(coarse({0, 3}), 0);
  s.add(strided(coarse({2, 3})), 1.0);
  s.add(ints({3, 4}, -2, 3), 1);
  s.add(ints({3, 4}, -2, 3), 0.5);
  s.add(bools({4}), true);
  s.add(bools({4}), 0.5);
}
void compare_tensor(Samples& s) {
  s.add(coarse({3, 4}), coarse({4}));
  s.add(coarse({3, 1}), coarse({}));
  s.add(coarse({0, 3}), coarse({3}));
  s.add(strided(coarse({2, 3})), coarse({2, 1}));
  s.add(ints({3, 4}, -2, 3), coarse({3, 4}));
  s.add(bools({4}), ints({4}, 0, 2));
  s.add(coarse({4}).to(at::kDouble), coarse({4}));
  s.error("The size of tensor a (2) must match the size of tensor b (3)", randn({2}), randn({3}));
}
#define ORDER_SCALAR(row, op)                                                      \
  OP_SAMPLES(row ".Scalar", s) {                                                   \
    compare_scalar(s);                                                             \
    s.error("\"" op "_cpu\" not implemented for 'ComplexFloat'", complex({2}), 1); \
  }
#define ORDER_TENSOR(row, op)                                                                 \
  OP_SAMPLES(row ".Tensor", s) {                                                              \
    compare_tensor(s);                                                                        \
    s.error("\"" op "_cpu\" not implemented for 'ComplexFloat'", complex({2}), complex({2})); \
  }
ORDER_SCALAR("less", "lt")
ORDER_SCALAR("less_equal", "le")
ORDER_SCALAR("greater", "gt")
ORDER_SCALAR("greater_equal", "ge")
OP_SAMPLES("not_equal.Scalar", s) {
  compare_scalar(s);
  s.add(complex({3}), 1);
}
ORDER_TENSOR("less", "lt")
ORDER_TENSOR("less_equal", "le")
ORDER_TENSOR("greater", "gt")
ORDER_TENSOR("greater_equal", "ge")
OP_SAMPLES("not_equal.Tensor", s) {
  compare_tensor(s);
  s.add(complex({3}), complex({3}));
}

// ---- predicates ----

Tensor unusual(at::ScalarType t) {
  const Tensor x = randn({2, 4});
  x[0][0].fill_(NAN);
  x[0][1].fill_(INFINITY);
  x[1][2].fill_(-INFINITY);
  x[1][3].fill_(-0.0);
  return x.to(t);
}
void predicate(Samples& s) {
  s.add(randn({2, 3}));  // swept
  for (at::ScalarType t : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) s.add(unusual(t));
  s.add(strided(unusual(at::kFloat)));
  s.add(at::full({}, -INFINITY));
  s.add(randn({0, 3}));
  s.add(ints({3}, -2, 2));
  s.add(bools({3}));
}
void complex_predicate(Samples& s) {
  predicate(s);
  s.add(at::complex(unusual(at::kFloat), randn({2, 4})));
  s.add(at::complex(randn({2, 4}), unusual(at::kFloat)));
}
OP_SAMPLES("isfinite", s) { complex_predicate(s); }
OP_SAMPLES("isinf", s) { complex_predicate(s); }
OP_SAMPLES("isreal", s) {
  complex_predicate(s);
  s.add(at::complex(randn({4}), coarse({4})));
}
OP_SAMPLES("isposinf", s) {
  predicate(s);
  s.error("isposinf does not support complex inputs.", complex({2}));
}
OP_SAMPLES("isneginf", s) {
  predicate(s);
  s.error("isneginf does not support complex inputs.", complex({2}));
}

// ---- conditions ----

OP_SAMPLES("where.Scalar", s) {
  s.add(bools({3, 4}), 1, 2);
  s.add(bools({3, 4}), 1, 2.5);
  s.add(bools({3, 4}), true, false);
  s.add(bools({3, 4}), true, 2);
  s.add(bools({3, 4}), c10::complex<double>(1, 2), -2);
  s.add(bools({}), 1.5, 2.5);
  s.add(bools({0, 3}), 1.5, 2.5);
  s.add(strided(bools({3, 4})), -1.5, 2.5);
  s.error("where expected condition to be a boolean tensor, but got a tensor with dtype Float",
          randn({2}), 1, 2);
}

}  // namespace
}  // namespace pharos::testing
