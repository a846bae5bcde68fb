// Arithmetic of two and three inputs, with PyTorch's rules for integers, zero divisors and NaN.
#include <pharos/core/exception.h>

#include <cmath>
#include <limits>

#include "kernels/cpu/pointwise_ops.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_arithmetic_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/pointwise-inl.h"

#ifndef PHAROS_POINTWISE_ARITHMETIC_ONCE
#define PHAROS_POINTWISE_ARITHMETIC_ONCE
namespace pharos::cpu {
[[noreturn]] static PHAROS_COLD void zero_division() { TORCH_CHECK(false, "ZeroDivisionError"); }
}  // namespace pharos::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

template <class T>
constexpr bool kIsBool = std::is_same_v<T, bool>;
template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T>;

// Signed overflow wraps.
template <class T>
HWY_INLINE T WrapAdd(T a, T b) {
  return static_cast<T>(WrapT<T>(a) + WrapT<T>(b));
}
template <class T>
HWY_INLINE T WrapSub(T a, T b) {
  return static_cast<T>(WrapT<T>(a) - WrapT<T>(b));
}
template <class T>
HWY_INLINE T WrapMul(T a, T b) {
  return static_cast<T>(WrapT<T>(a) * WrapT<T>(b));
}
template <class T>
HWY_INLINE T MulAdd(T a, T b, T c) {
  if constexpr (kIsFloat<T>) {
#if HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
    return a * b + c;
#else
    return std::is_same_v<T, float> ? T(__builtin_fmaf(float(a), float(b), float(c)))
                                    : T(__builtin_fma(a, b, c));
#endif
  } else if constexpr (kIsBool<T>) {
    return (a && b) || c;
  } else {
    return WrapAdd<T>(WrapMul<T>(a, b), c);
  }
}

struct Add {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsBool<T>)
      return a | b;
    else
      return WrapAdd<T>(a, b);
  }
};
struct AddAlpha {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T b, T alpha) {
    return MulAdd<T>(alpha, b, a);
  }
};
struct Sub {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return WrapSub<T>(a, b);
  }
};
struct Mul {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsBool<T>)
      return a & b;
    else
      return WrapMul<T>(a, b);
  }
};
struct Div {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a / b;
  }
};

template <class T>
HWY_INLINE T IntQuotient(T a, T b) {
  if (b == 0) zero_division();
  if (std::is_signed_v<T> && b == T(-1)) return WrapSub<T>(T(0), a);
  return static_cast<T>(a / b);
}
template <class T>
HWY_INLINE T IntModulo(T a, T b) {
  if (b == 0) zero_division();
  if (std::is_signed_v<T> && b == T(-1)) return T(0);
  return static_cast<T>(a % b);
}
struct DivTrunc {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>)
      return std::trunc(a / b);
    else
      return IntQuotient(a, b);
  }
};
struct DivFloor {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>) {
      // As Python's float //: the quotient of what is left after the exact remainder.
      if (b == 0) return a / b;
      const T mod = std::fmod(a, b);
      T div = (a - mod) / b;
      if (mod != 0 && (b < 0) != (mod < 0)) div -= T(1);
      if (div == 0) return std::copysign(T(0), a / b);
      const T floored = std::floor(div);
      return div - floored > T(0.5) ? floored + T(1) : floored;
    } else {
      const T q = IntQuotient(a, b);
      const bool adjust = std::is_signed_v<T> && ((a < 0) != (b < 0)) && IntModulo(a, b) != 0;
      return static_cast<T>(q - (adjust ? 1 : 0));
    }
  }
};
struct Remainder {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>) {
      const T mod = std::fmod(a, b);
      return mod != 0 && (b < 0) != (mod < 0) ? mod + b : mod;
    } else {
      const T mod = IntModulo(a, b);
      return mod != 0 && (b < 0) != (mod < 0) ? static_cast<T>(mod + b) : mod;
    }
  }
};
struct Fmod {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>)
      return std::fmod(a, b);
    else
      return IntModulo(a, b);
  }
};
struct Maximum {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>)
      return a != a ? a : (b != b || b > a ? b : a);
    else
      return a > b ? a : b;
  }
};
struct Minimum {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>)
      return a != a ? a : (b != b || b < a ? b : a);
    else
      return a < b ? a : b;
  }
};
struct Fmax {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a != a ? b : (b > a ? b : a);
  }
};
struct Fmin {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a != a ? b : (b < a ? b : a);
  }
};
struct Copysign {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return std::copysign(a, b);
  }
};
struct Nextafter {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return std::nextafter(a, b);
  }
};
struct Gcd {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    using U = std::make_unsigned_t<T>;
    U x = a < 0 ? U(0) - U(a) : U(a), y = b < 0 ? U(0) - U(b) : U(b);
    while (x != 0) {
      const U t = x;
      x = static_cast<U>(y % x);
      y = t;
    }
    return static_cast<T>(y);
  }
};
struct Lcm {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    const T g = Gcd::apply(a, b);
    if (g == 0) return T(0);
    const T v = WrapMul<T>(static_cast<T>(a / g), b);
    return v < 0 ? WrapSub<T>(T(0), v) : v;
  }
};
struct Heaviside {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    return a == 0 ? b : static_cast<T>(a > 0);
  }
};
struct Xlogy {
  template <class T>
  static HWY_INLINE T apply(T x, T y) {
    if (y != y) return y;
    return x == 0 ? T(0) : x * std::log(y);
  }
};
struct Xlog1py {
  template <class T>
  static HWY_INLINE T apply(T x, T y) {
    if (y != y) return y;
    return x == 0 ? T(0) : x * std::log1p(y);
  }
};
struct Logaddexp {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if (std::isinf(a) && a == b) return a;
    const T m = a > b ? a : b;
    return m + std::log1p(std::exp(-std::abs(a - b)));
  }
};
struct Logaddexp2 {
  template <class T>
  static HWY_INLINE T apply(T a, T b) {
    if (std::isinf(a) && a == b) return a;
    const T m = a > b ? a : b;
    return m + std::log1p(std::exp2(-std::abs(a - b))) * T(1.44269504088896340736);
  }
};

// The negative exponents were refused before; only 1 and -1 have other powers than zero there.
struct PowInt {
  template <class T>
  static HWY_INLINE T apply(T base, T exponent) {
    if (exponent < 0) {
      if (base == 1) return T(1);
      if (base == T(-1)) return exponent & 1 ? T(-1) : T(1);
      return T(0);
    }
    T result = 1;
    for (auto e = static_cast<std::make_unsigned_t<T>>(exponent); e != 0;
         e = static_cast<decltype(e)>(e >> 1)) {
      if (e & 1) result = WrapMul<T>(result, base);
      base = WrapMul<T>(base, base);
    }
    return result;
  }
};

// Exact at both ends, as the nearer end is the base.
struct Lerp {
  template <class T>
  static HWY_INLINE T apply(T a, T end, T w) {
    return std::abs(w) < T(0.5) ? a + w * (end - a) : end - (end - a) * (T(1) - w);
  }
};
struct Addcmul {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T x, T y, T value) {
    if constexpr (std::is_integral_v<T>)
      return WrapAdd<T>(a, WrapMul<T>(WrapMul<T>(value, x), y));
    else
      return a + value * x * y;
  }
};
struct Addcdiv {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T x, T y, T value) {
    return a + value * x / y;
  }
};
// NaN anywhere is the result; max wins over min.
struct ClampTensor {
  template <class T>
  static HWY_INLINE T apply(T a, T lo, T hi) {
    return Minimum::apply(Maximum::apply(a, lo), hi);
  }
};

void RegisterArithmetic(OpTable* t) {
  SetBinary<Add, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kAdd, "add_stub");
  SetBinaryParam<AddAlpha, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kAddAlpha,
                                                                             "add_stub");
  SetBinary<Sub, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kSub, "sub_stub");
  SetBinary<Mul, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX, bool>(t, Op::kMul, "mul_cpu");
  SetBinary<Div, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kDiv, "div_cpu");
  SetBinary<DivTrunc, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kDivTrunc, "div_trunc_cpu");
  SetBinary<DivFloor, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kDivFloor, "div_floor_cpu", 8);
  SetBinary<Remainder, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kRemainder, "remainder_cpu", 8);
  SetBinary<Fmod, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kFmod, "fmod_cpu", 8);
  SetBinary<Maximum, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kMaximum, "maximum_cpu");
  SetBinary<Minimum, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kMinimum, "minimum_cpu");
  SetBinary<Maximum, PHAROS_INTS, bool>(t, Op::kFmax, "fmax_cpu");
  SetBinary<Fmax, PHAROS_FLOATS>(t, Op::kFmax, "fmax_cpu");
  SetBinary<Minimum, PHAROS_INTS, bool>(t, Op::kFmin, "fmin_cpu");
  SetBinary<Fmin, PHAROS_FLOATS>(t, Op::kFmin, "fmin_cpu");
  SetBinary<Copysign, PHAROS_FLOATS>(t, Op::kCopysign, "copysign_cpu");
  SetBinary<Nextafter, PHAROS_FLOATS>(t, Op::kNextafter, "nextafter_cpu", 4);
  SetBinary<Gcd, PHAROS_INTS>(t, Op::kGcd, "gcd_cpu", 16);
  SetBinary<Lcm, PHAROS_INTS>(t, Op::kLcm, "lcm_cpu", 16);
  SetBinary<Heaviside, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kHeaviside, "heaviside_cpu");
  SetBinary<Xlogy, PHAROS_FLOATS>(t, Op::kXlogy, "xlogy_cpu", 8);
  SetBinary<Xlog1py, PHAROS_FLOATS>(t, Op::kXlog1py, "xlog1py_cpu", 8);
  SetBinary<Logaddexp, PHAROS_FLOATS>(t, Op::kLogaddexp, "logaddexp_cpu", 16);
  SetBinary<Logaddexp2, PHAROS_FLOATS>(t, Op::kLogaddexp2, "logaddexp2_cpu", 16);
  SetBinary<PowInt, PHAROS_INTS>(t, Op::kPow, "pow", 8);
  SetTernary<Lerp, PHAROS_FLOATS>(t, Op::kLerp, "lerp_kernel_tensor");
  SetTernary<Addcmul, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kAddcmul,
                                                                  "addcmul_cpu_out");
  SetTernary<Addcdiv, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kAddcdiv, "addcdiv_cpu_out");
  SetTernary<ClampTensor, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kClampTensor, "clamp_cpu");
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(RegisterArithmetic);
void detail::register_arithmetic(OpTable* tables) {
  HWY_DYNAMIC_DISPATCH(RegisterArithmetic)(tables);
}
}  // namespace pharos::cpu
#endif
