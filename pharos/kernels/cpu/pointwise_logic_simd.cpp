// Comparisons, predicates, bits and where().
#include <cmath>
#include <limits>

#include "kernels/cpu/pointwise_ops.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_logic_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

#define PHAROS_COMPARISON(Name, op)          \
  struct Name {                              \
    template <class T>                       \
    static HWY_INLINE bool apply(T a, T b) { \
      return a op b;                         \
    }                                        \
  };
PHAROS_COMPARISON(Eq, ==)
PHAROS_COMPARISON(Ne, !=)
PHAROS_COMPARISON(Lt, <)
PHAROS_COMPARISON(Le, <=)
PHAROS_COMPARISON(Gt, >)
PHAROS_COMPARISON(Ge, >=)
#undef PHAROS_COMPARISON

// Inputs of the logical operators have become bool on the way in.
struct LogicalAnd {
  static HWY_INLINE bool apply(bool a, bool b) { return a & b; }
};
struct LogicalOr {
  static HWY_INLINE bool apply(bool a, bool b) { return a | b; }
};
struct LogicalXor {
  static HWY_INLINE bool apply(bool a, bool b) { return a ^ b; }
};
struct LogicalNot {
  static HWY_INLINE bool apply(bool a) { return !a; }
};
struct IsNan {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    return a != a;
  }
};
struct IsInf {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    return std::abs(a) == std::numeric_limits<T>::infinity();
  }
};
struct IsFinite {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    return std::abs(a) < std::numeric_limits<T>::infinity();
  }
};
struct IsPosInf {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    return a == std::numeric_limits<T>::infinity();
  }
};
struct IsNegInf {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    return a == -std::numeric_limits<T>::infinity();
  }
};
struct Signbit {
  template <class T>
  static HWY_INLINE bool apply(T a) {
    if constexpr (std::is_floating_point_v<T>)
      return std::signbit(a);
    else
      return a < 0;
  }
};
struct BitAnd {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct BitNot {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (std::is_same_v<T, bool>)
      return !a;
    else
      return static_cast<T>(~a);
  }
};
// Shifts by a negative number or by all the bits and more push every bit out.
struct ShiftLeft {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    using U = std::make_unsigned_t<T>;
    const bool out = b < 0 || U(b) >= 8 * sizeof(T);
    return out ? T(0) : static_cast<T>(static_cast<U>(a) << (U(b) & (8 * sizeof(T) - 1)));
  }
};
struct ShiftRight {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    using U = std::make_unsigned_t<T>;
    constexpr int kMost = 8 * sizeof(T) - std::is_signed_v<T>;
    if (b < 0 || U(b) >= U(kMost)) return static_cast<T>(a >> kMost);
    return static_cast<T>(a >> b);
  }
};

template <class T>
void Where(int64_t n, void* const* p, const void*) {
  T* o = static_cast<T*>(p[0]);
  const auto* c = static_cast<const uint8_t*>(p[1]);
  const T* a = static_cast<const T*>(p[2]);
  const T* b = static_cast<const T*>(p[3]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T x = a[i], y = b[i];
    o[i] = c[i] ? x : y;
  }
}
struct Item16 {
  uint64_t a, b;
};
void Where16(int64_t n, void* const* p, const void*) {
  auto* o = static_cast<Item16*>(p[0]);
  const auto* c = static_cast<const uint8_t*>(p[1]);
  for (int64_t i = 0; i < n; ++i)
    o[i] = c[i] ? static_cast<const Item16*>(p[2])[i] : static_cast<const Item16*>(p[3])[i];
}

LoopFn WhereLoop(int64_t itemsize) {
  return itemsize == 1   ? Where<uint8_t>
         : itemsize == 2 ? Where<uint16_t>
         : itemsize == 4 ? Where<uint32_t>
         : itemsize == 8 ? Where<uint64_t>
                         : Where16;
}

void RegisterLogic(OpTable* t) {
  SetCompare<Eq, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kEq, "eq_cpu");
  SetCompare<Ne, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kNe, "ne_cpu");
  SetCompare<Lt, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kLt, "lt_cpu");
  SetCompare<Le, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kLe, "le_cpu");
  SetCompare<Gt, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kGt, "gt_cpu");
  SetCompare<Ge, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kGe, "ge_cpu");
  SetCompare<LogicalAnd, bool>(t, Op::kLogicalAnd, "logical_and_cpu");
  SetCompare<LogicalOr, bool>(t, Op::kLogicalOr, "logical_or_cpu");
  SetCompare<LogicalXor, bool>(t, Op::kLogicalXor, "logical_xor_cpu");
  SetPredicate<LogicalNot, bool>(t, Op::kLogicalNot, "logical_not_cpu");
  SetPredicate<IsNan, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kIsNan, "isnan");
  SetPredicate<IsInf, PHAROS_FLOATS>(t, Op::kIsInf, "isinf");
  SetPredicate<IsFinite, PHAROS_FLOATS>(t, Op::kIsFinite, "isfinite");
  SetPredicate<IsPosInf, PHAROS_FLOATS>(t, Op::kIsPosInf, "isposinf_cpu");
  SetPredicate<IsNegInf, PHAROS_FLOATS>(t, Op::kIsNegInf, "isneginf_cpu");
  SetPredicate<Signbit, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kSignbit, "signbit_cpu");
  SetBinary<BitAnd, PHAROS_INTS, bool>(t, Op::kBitAnd, "bitwise_and_cpu");
  SetBinary<BitOr, PHAROS_INTS, bool>(t, Op::kBitOr, "bitwise_or_cpu");
  SetBinary<BitXor, PHAROS_INTS, bool>(t, Op::kBitXor, "bitwise_xor_cpu");
  SetUnary<BitNot, PHAROS_INTS, bool>(t, Op::kBitNot, "bitwise_not_cpu");
  SetBinary<ShiftLeft, PHAROS_INTS>(t, Op::kShiftLeft, "lshift_cpu");
  SetBinary<ShiftRight, PHAROS_INTS>(t, Op::kShiftRight, "rshift_cpu");
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(RegisterLogic);
HWY_EXPORT(WhereLoop);
void detail::register_logic(OpTable* tables) { HWY_DYNAMIC_DISPATCH(RegisterLogic)(tables); }
LoopFn where_loop(int64_t itemsize) { return HWY_DYNAMIC_DISPATCH(WhereLoop)(itemsize); }
}  // namespace pharos::cpu
#endif
