// The operators that the pointwise engine runs, by number, and the tables of their inner loops for
// this machine. Inputs and parameters of a loop are in its compute dtype; predicates and
// comparisons write bool.
#pragma once

#include "kernels/cpu/loops.h"

namespace pharos::cpu {

enum class Op : uint8_t {
  // Arithmetic on two inputs. AddAlpha: a + alpha * b, alpha the parameter.
  kAdd,
  kAddAlpha,
  kSub,
  kMul,
  kDiv,
  kDivTrunc,
  kDivFloor,
  kRemainder,
  kFmod,
  kMaximum,
  kMinimum,
  kFmax,
  kFmin,
  kCopysign,
  kNextafter,
  kGcd,
  kLcm,
  kHeaviside,
  kXlogy,
  kXlog1py,
  kLogaddexp,
  kLogaddexp2,
  kPow,
  kAtan2,
  kHypot,
  // Three inputs; the parameter of the last two is `value`.
  kLerp,
  kAddcmul,
  kAddcdiv,
  kClampTensor,
  // Bits.
  kBitAnd,
  kBitOr,
  kBitXor,
  kBitNot,
  kShiftLeft,
  kShiftRight,
  // Bool results.
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kLogicalAnd,
  kLogicalOr,
  kLogicalXor,
  kLogicalNot,
  kIsNan,
  kIsInf,
  kIsFinite,
  kIsPosInf,
  kIsNegInf,
  kSignbit,
  // Plain arithmetic on one input.
  kAbs,
  kNeg,
  kSquare,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kFloor,
  kCeil,
  kRound,
  kTrunc,
  kFrac,
  kSign,
  kSgn,
  kClamp,
  kClampMin,
  kClampMax,
  kNanToNum,
  kRoundDecimals,
  kConj,
  kAngle,
  kCube,
  // Elementary functions.
  kExp,
  kExp2,
  kExpm1,
  kLog,
  kLog2,
  kLog10,
  kLog1p,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kSinh,
  kCosh,
  kTanh,
  kAsinh,
  kAcosh,
  kAtanh,
  kErf,
  kErfc,
  kSigmoid,
  kLgamma,
  kSinc,
  kLogit,
  // Special functions, one value at a time.
  kErfinv,
  kDigamma,
  kTrigamma,
  kPolygamma,
  kI0,
  kI1,
  // Activations; parameters are structs of pointwise_params.h.
  kRelu,
  kLeakyRelu,
  kElu,
  kGelu,
  kGeluTanh,
  kSilu,
  kMish,
  kSoftplus,
  kHardtanh,
  kHardsigmoid,
  kHardswish,
  kHardshrink,
  kSoftshrink,
  kLogSigmoid,
  kPrelu,
  kExpNegAbs,
  kGlu,
  kThreshold,
  // Their gradients: (grad, input or result).
  kTanhBackward,
  kSigmoidBackward,
  kLogitBackward,
  kThresholdBackward,
  kLeakyReluBackward,
  kEluBackward,
  kEluBackwardResult,
  kGeluBackward,
  kGeluTanhBackward,
  kSiluBackward,
  kMishBackward,
  kSoftplusBackward,
  kHardtanhBackward,
  kHardsigmoidBackward,
  kHardswishBackward,
  kHardshrinkBackward,
  kLogSigmoidBackward,
  kPreluBackward,
  kCount
};

namespace detail {
extern const OpTable* tables;  // null until the first use
const OpTable* make_tables();
}  // namespace detail
inline const OpTable& op_table(Op op) {
  const OpTable* t = __atomic_load_n(&detail::tables, __ATOMIC_ACQUIRE);
  if (PHAROS_UNLIKELY(!t)) t = detail::make_tables();
  return t[static_cast<int>(op)];
}

// where(condition, a, b) of items of 1, 2, 4, 8 or 16 bytes.
LoopFn where_loop(int64_t itemsize);

namespace detail {
// Each file's contribution; called once.
void register_arithmetic(OpTable* tables);
void register_logic(OpTable* tables);
void register_unary(OpTable* tables);
void register_math(OpTable* tables);
void register_activation(OpTable* tables);
void register_special(OpTable* tables);
void register_complex(OpTable* tables);
}  // namespace detail

}  // namespace pharos::cpu
