// CPU kernels of comparisons, predicates and bit operators.
#include "kernels/cpu/copy.h"
#include "kernels/cpu/pointwise_ops.h"
#include "ops/logic_decls.h"
#include "ops/promotion.h"

namespace pharos::cpu {
namespace {

using at::Scalar;

void compare(Op op, const Tensor& out, const Tensor& a, const Tensor& b) {
  compare_loop(op_table(op), out, a, b, ops::promoted(a, b));
}

// Both inputs as bool.
void logical(Op op, const Tensor& out, const Tensor& a, const Tensor& b) {
  compare_loop(op_table(op), out, a, b, c10::kBool);
}

// Tests of floating values: integers have one answer.
void float_predicate(Op op, const Tensor& out, const Tensor& self, bool integers) {
  if (isIntegralType(self.scalar_type(), true)) return fill_value(out, integers);
  predicate_loop(op_table(op), out, self);
}

}  // namespace

#define PHAROS_COMPARE_KERNEL(name, Op_)                                           \
  void name##_kernel(const Tensor& out, const Tensor& self, const Tensor& other) { \
    compare(Op::Op_, out, self, other);                                            \
  }                                                                                \
  void name##_kernel(const Tensor& out, const Tensor& self, const Scalar& other) { \
    compare(Op::Op_, out, self, wrapped_scalar(other));                            \
  }
PHAROS_COMPARE_KERNEL(eq, kEq)
PHAROS_COMPARE_KERNEL(ne, kNe)
PHAROS_COMPARE_KERNEL(lt, kLt)
PHAROS_COMPARE_KERNEL(le, kLe)
PHAROS_COMPARE_KERNEL(gt, kGt)
PHAROS_COMPARE_KERNEL(ge, kGe)
#undef PHAROS_COMPARE_KERNEL

void logical_and_kernel(const Tensor& out, const Tensor& self, const Tensor& other) {
  logical(Op::kLogicalAnd, out, self, other);
}
void logical_or_kernel(const Tensor& out, const Tensor& self, const Tensor& other) {
  logical(Op::kLogicalOr, out, self, other);
}
void logical_xor_kernel(const Tensor& out, const Tensor& self, const Tensor& other) {
  logical(Op::kLogicalXor, out, self, other);
}
void logical_not_kernel(const Tensor& out, const Tensor& self) {
  const Operand ops[] = {{&out, c10::kBool}, {&self, c10::kBool}};
  run_loop(find_loop(op_table(Op::kLogicalNot), c10::kBool), ops, 1, 1);
}

#define PHAROS_BITS_KERNEL(name, Op_)                                              \
  void name##_kernel(const Tensor& out, const Tensor& self, const Tensor& other) { \
    binary_loop(op_table(Op::Op_), out, self, other);                              \
  }                                                                                \
  void name##_kernel(const Tensor& out, const Tensor& self, const Scalar& other) { \
    binary_loop(op_table(Op::Op_), out, self, wrapped_scalar(other));              \
  }
PHAROS_BITS_KERNEL(bitwise_and, kBitAnd)
PHAROS_BITS_KERNEL(bitwise_or, kBitOr)
PHAROS_BITS_KERNEL(bitwise_xor, kBitXor)
PHAROS_BITS_KERNEL(shift_left, kShiftLeft)
PHAROS_BITS_KERNEL(shift_right, kShiftRight)
#undef PHAROS_BITS_KERNEL
void bitwise_not_kernel(const Tensor& out, const Tensor& self) {
  unary_loop(op_table(Op::kBitNot), out, self);
}

void isnan_kernel(const Tensor& out, const Tensor& self) {
  float_predicate(Op::kIsNan, out, self, false);
}
void isinf_kernel(const Tensor& out, const Tensor& self) {
  float_predicate(Op::kIsInf, out, self, false);
}
void isfinite_kernel(const Tensor& out, const Tensor& self) {
  float_predicate(Op::kIsFinite, out, self, true);
}
void isposinf_kernel(const Tensor& out, const Tensor& self) {
  float_predicate(Op::kIsPosInf, out, self, false);
}
void isneginf_kernel(const Tensor& out, const Tensor& self) {
  float_predicate(Op::kIsNegInf, out, self, false);
}

void where_kernel(const Tensor& out, const Tensor& condition, const Tensor& self,
                  const Tensor& other) {
  const ScalarType t = out.scalar_type();
  const Operand ops[] = {{&out, t}, {&condition, c10::kBool}, {&self, t}, {&other, t}};
  run_loop(where_loop(static_cast<int64_t>(elementSize(t))), ops, 1, 3);
}

}  // namespace pharos::cpu
