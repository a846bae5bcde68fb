// Unary arithmetic: loops that the compiler vectorises.
#include <cmath>
#include <limits>

#include "kernels/cpu/pointwise_ops.h"
#include "kernels/cpu/pointwise_params.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pointwise_unary_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

template <class T>
constexpr bool kIsFloat = std::is_floating_point_v<T>;

template <class T>
HWY_INLINE T WrapMul(T a, T b) {
  return static_cast<T>(WrapT<T>(a) * WrapT<T>(b));
}

struct Abs {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (kIsFloat<T>)
      return std::abs(a);
    else if constexpr (std::is_signed_v<T>)
      return a < 0 ? static_cast<T>(WrapT<T>(0) - WrapT<T>(a)) : a;
    else
      return a;
  }
};
struct Neg {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(WrapT<T>(0) - WrapT<T>(a));
    else
      return -a;
  }
};
struct Square {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (std::is_integral_v<T>)
      return WrapMul<T>(a, a);
    else
      return a * a;
  }
};
struct Cube {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (std::is_integral_v<T>)
      return WrapMul<T>(WrapMul<T>(a, a), a);
    else
      return a * a * a;
  }
};
struct Sqrt {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return std::sqrt(a);
  }
};
struct Rsqrt {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return T(1) / std::sqrt(a);
  }
};
struct Reciprocal {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return T(1) / a;
  }
};
struct Identity {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return a;
  }
};
struct Floor {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return std::floor(a);
  }
};
struct Ceil {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return std::ceil(a);
  }
};
struct Round {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return std::rint(a);
  }
};
struct Trunc {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return std::trunc(a);
  }
};
struct Frac {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return a - std::trunc(a);
  }
};
struct Sign {
  template <class T>
  static HWY_INLINE T apply(T a) {
    if constexpr (std::is_same_v<T, bool>)
      return a;
    else
      return static_cast<T>((a > 0) - (a < 0));
  }
};

struct Clamp {
  template <class T>
  using Params = ClampParams<T>;
  template <class T>
  static HWY_INLINE T apply(T a, ClampParams<T> v) {
    const T low = a < v.min ? v.min : a;
    return low > v.max ? v.max : low;
  }
};
struct ClampMin {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T min) {
    return a < min ? min : a;
  }
};
struct ClampMax {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T max) {
    return a > max ? max : a;
  }
};
struct NanToNum {
  template <class T>
  using Params = NanParams<T>;
  template <class T>
  static HWY_INLINE T apply(T a, NanParams<T> v) {
    constexpr T kInf = std::numeric_limits<T>::infinity();
    const T r = a == kInf ? v.posinf : a == -kInf ? v.neginf : a;
    return a != a ? v.nan : r;
  }
};
struct RoundDecimals {
  template <class T>
  using Params = RoundParams<T>;
  template <class T>
  static HWY_INLINE T apply(T a, RoundParams<T> v) {
    return v.divide_first ? std::rint(a / v.factor) * v.factor : std::rint(a * v.factor) / v.factor;
  }
};

// Activations without elementary functions.
struct Relu {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return a < 0 ? T(0) : a;
  }
};
struct LeakyRelu {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T slope) {
    return a > 0 ? a : a * slope;
  }
};
struct Hardsigmoid {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return Clamp::apply<T>(a + T(3), {T(0), T(6)}) / T(6);
  }
};
struct Hardswish {
  template <class T>
  static HWY_INLINE T apply(T a) {
    return a * Clamp::apply<T>(a + T(3), {T(0), T(6)}) / T(6);
  }
};
struct Hardshrink {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T lambda) {
    return a >= -lambda && a <= lambda ? T(0) : a;
  }
};
struct Softshrink {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T a, T lambda) {
    return a > lambda ? a - lambda : a < -lambda ? a + lambda : a * T(0);
  }
};
struct Threshold {
  template <class T>
  using Params = ThresholdParams<T>;
  template <class T>
  static HWY_INLINE T apply(T a, ThresholdParams<T> v) {
    return a <= v.threshold ? v.value : a;
  }
};
struct Prelu {
  template <class T>
  static HWY_INLINE T apply(T a, T w) {
    return a > 0 ? a : w * a;
  }
};

struct TanhBackward {
  template <class T>
  static HWY_INLINE T apply(T g, T y) {
    return g * (T(1) - y * y);
  }
};
struct SigmoidBackward {
  template <class T>
  static HWY_INLINE T apply(T g, T y) {
    return g * (T(1) - y) * y;
  }
};
struct ThresholdBackward {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T g, T a, T threshold) {
    return a <= threshold ? T(0) : g;
  }
};
struct LeakyReluBackward {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T g, T a, T slope) {
    return a > 0 ? g : g * slope;
  }
};
struct EluBackwardResult {
  template <class T>
  using Params = EluParams<T>;
  template <class T>
  static HWY_INLINE T apply(T g, T y, EluParams<T> v) {
    return y <= 0 ? g * v.input * (y + v.negative) : g * v.positive;
  }
};
struct HardtanhBackward {
  template <class T>
  using Params = ClampParams<T>;
  template <class T>
  static HWY_INLINE T apply(T g, T a, ClampParams<T> v) {
    return a <= v.min || a >= v.max ? T(0) : g;
  }
};
// The factor is a float's sixth for doubles too, as in PyTorch.
struct HardsigmoidBackward {
  template <class T>
  static HWY_INLINE T apply(T g, T a) {
    return a > T(-3) && a < T(3) ? g * T(1.0f / 6.0f) : T(0);
  }
};
struct HardswishBackward {
  template <class T>
  static HWY_INLINE T apply(T g, T a) {
    return a <= T(-3) ? T(0) : a < T(3) ? g * (a / T(3) + T(0.5)) : g;
  }
};
struct HardshrinkBackward {
  template <class T>
  using Params = T;
  template <class T>
  static HWY_INLINE T apply(T g, T a, T lambda) {
    return a >= -lambda && a <= lambda ? T(0) : g;
  }
};
// (grad, input, exp(-|input|)) of the forward.
struct LogSigmoidBackward {
  template <class T>
  static HWY_INLINE T apply(T g, T a, T buffer) {
    const T ratio = buffer / (T(1) + buffer);
    return g * (a < 0 ? T(1) - ratio : ratio);
  }
};

// Results: gradients of input and weight; inputs: grad, input, weight.
template <class T>
void PreluBackward(int64_t n, void* const* p, const void*) {
  T *da = static_cast<T*>(p[0]), *dw = static_cast<T*>(p[1]);
  const T *g = static_cast<const T*>(p[2]), *a = static_cast<const T*>(p[3]),
          *w = static_cast<const T*>(p[4]);
  PHAROS_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T gi = g[i], ai = a[i];
    da[i] = ai > 0 ? gi : w[i] * gi;
    dw[i] = ai > 0 ? T(0) : ai * gi;
  }
}

void RegisterRounding(OpTable* t) {
  SetUnary<Identity, PHAROS_INTS>(t, Op::kFloor, "floor_vml_cpu");
  SetUnary<Floor, PHAROS_FLOATS>(t, Op::kFloor, "floor_vml_cpu");
  SetUnary<Identity, PHAROS_INTS>(t, Op::kCeil, "ceil_vml_cpu");
  SetUnary<Ceil, PHAROS_FLOATS>(t, Op::kCeil, "ceil_vml_cpu");
  SetUnary<Identity, PHAROS_INTS>(t, Op::kRound, "round_vml_cpu");
  SetUnary<Round, PHAROS_FLOATS>(t, Op::kRound, "round_vml_cpu");
  SetUnary<Identity, PHAROS_INTS>(t, Op::kTrunc, "trunc_vml_cpu");
  SetUnary<Trunc, PHAROS_FLOATS>(t, Op::kTrunc, "trunc_vml_cpu");
  SetUnary<Frac, PHAROS_FLOATS>(t, Op::kFrac, "frac_cpu");
  SetUnaryParam<RoundDecimals, PHAROS_FLOATS>(t, Op::kRoundDecimals, "round_cpu");
}

void RegisterUnary(OpTable* t) {
  SetUnary<Abs, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kAbs, "abs_cpu");
  SetUnary<Neg, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kNeg, "neg_cpu");
  SetUnary<Square, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kSquare, "pow");
  SetUnary<Cube, PHAROS_INTS, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kCube, "pow");
  SetUnary<Sqrt, PHAROS_FLOATS>(t, Op::kSqrt, "sqrt_vml_cpu", 2);
  SetUnary<Rsqrt, PHAROS_FLOATS>(t, Op::kRsqrt, "rsqrt_vml_cpu", 2);
  SetUnary<Reciprocal, PHAROS_FLOATS, PHAROS_COMPLEX>(t, Op::kReciprocal, "reciprocal_cpu");
  SetUnary<Sign, PHAROS_INTS, PHAROS_FLOATS, bool>(t, Op::kSign, "sign_cpu");
  RegisterRounding(t);
  SetUnaryParam<Clamp, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kClamp, "clamp_scalar_cpu");
  SetUnaryParam<ClampMin, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kClampMin, "clamp_min_scalar_cpu");
  SetUnaryParam<ClampMax, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kClampMax, "clamp_max_scalar_cpu");
  SetUnaryParam<NanToNum, PHAROS_FLOATS>(t, Op::kNanToNum, "nan_to_num");
  SetUnary<Relu, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kRelu, "clamp_min_scalar_cpu");
  SetUnaryParam<LeakyRelu, PHAROS_FLOATS>(t, Op::kLeakyRelu, "leaky_relu_cpu");
  SetUnaryParam<Clamp, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kHardtanh, "clamp_scalar_cpu");
  SetUnary<Hardsigmoid, PHAROS_FLOATS>(t, Op::kHardsigmoid, "hardsigmoid_cpu");
  SetUnary<Hardswish, PHAROS_FLOATS>(t, Op::kHardswish, "hardswish_cpu");
  SetUnaryParam<Hardshrink, PHAROS_FLOATS>(t, Op::kHardshrink, "hardshrink_cpu");
  SetUnaryParam<Softshrink, PHAROS_FLOATS>(t, Op::kSoftshrink, "softshrink_cpu");
  SetUnaryParam<Threshold, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kThreshold, "threshold_cpu");
  SetBinary<Prelu, PHAROS_FLOATS>(t, Op::kPrelu, "prelu_cpu");
  SetBinary<TanhBackward, PHAROS_FLOATS>(t, Op::kTanhBackward, "tanh_backward_cpu");
  SetBinary<SigmoidBackward, PHAROS_FLOATS>(t, Op::kSigmoidBackward, "sigmoid_backward_cpu");
  SetBinaryParam<ThresholdBackward, PHAROS_INTS, PHAROS_FLOATS>(t, Op::kThresholdBackward,
                                                                "threshold_cpu");
  SetBinaryParam<LeakyReluBackward, PHAROS_FLOATS>(t, Op::kLeakyReluBackward,
                                                   "leaky_relu_backward_cpu");
  SetBinaryParam<EluBackwardResult, PHAROS_FLOATS>(t, Op::kEluBackwardResult, "elu_backward_cpu");
  SetBinaryParam<HardtanhBackward, PHAROS_FLOATS>(t, Op::kHardtanhBackward,
                                                  "hardshrink_backward_cpu");
  SetBinary<HardsigmoidBackward, PHAROS_FLOATS>(t, Op::kHardsigmoidBackward,
                                                "hardsigmoid_backward");
  SetBinary<HardswishBackward, PHAROS_FLOATS>(t, Op::kHardswishBackward, "hardswish_backward_cpu");
  SetBinaryParam<HardshrinkBackward, PHAROS_FLOATS>(t, Op::kHardshrinkBackward,
                                                    "shrink_backward_cpu");
  SetTernary<LogSigmoidBackward, PHAROS_FLOATS>(t, Op::kLogSigmoidBackward,
                                                "log_sigmoid_backward_cpu");
  OpTable& prelu = t[static_cast<int>(Op::kPreluBackward)];
  prelu.name = "prelu_backward_cpu";
  prelu.loops[static_cast<int>(c10::kFloat)] = PreluBackward<float>;
  prelu.loops[static_cast<int>(c10::kDouble)] = PreluBackward<double>;
}

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(RegisterUnary);
void detail::register_unary(OpTable* tables) { HWY_DYNAMIC_DISPATCH(RegisterUnary)(tables); }
}  // namespace pharos::cpu
#endif
