// Loops of complex numbers beyond + - * /: the C library's functions, value by value.
#include <cmath>
#include <complex>

#include "kernels/cpu/pointwise_ops.h"

namespace pharos::cpu {
namespace {

template <class T>
using C = std::complex<T>;

#define PHAROS_COMPLEX_FUNCTION(Name, expression) \
  struct Name {                                   \
    template <class T>                            \
    static C<T> apply(C<T> z) {                   \
      return expression;                          \
    }                                             \
  };
PHAROS_COMPLEX_FUNCTION(Exp, std::exp(z))
PHAROS_COMPLEX_FUNCTION(Exp2, std::exp(z* T(0.69314718055994530942)))
PHAROS_COMPLEX_FUNCTION(Log, std::log(z))
PHAROS_COMPLEX_FUNCTION(Log2, std::log(z) / T(0.69314718055994530942))
PHAROS_COMPLEX_FUNCTION(Log10, std::log10(z))
PHAROS_COMPLEX_FUNCTION(Sin, std::sin(z))
PHAROS_COMPLEX_FUNCTION(Cos, std::cos(z))
PHAROS_COMPLEX_FUNCTION(Tan, std::tan(z))
PHAROS_COMPLEX_FUNCTION(Asin, std::asin(z))
PHAROS_COMPLEX_FUNCTION(Acos, std::acos(z))
PHAROS_COMPLEX_FUNCTION(Atan, std::atan(z))
PHAROS_COMPLEX_FUNCTION(Sinh, std::sinh(z))
PHAROS_COMPLEX_FUNCTION(Cosh, std::cosh(z))
PHAROS_COMPLEX_FUNCTION(Tanh, std::tanh(z))
PHAROS_COMPLEX_FUNCTION(Asinh, std::asinh(z))
PHAROS_COMPLEX_FUNCTION(Acosh, std::acosh(z))
PHAROS_COMPLEX_FUNCTION(Atanh, std::atanh(z))
PHAROS_COMPLEX_FUNCTION(Sqrt, std::sqrt(z))
PHAROS_COMPLEX_FUNCTION(Rsqrt, C<T>(1) / std::sqrt(z))
PHAROS_COMPLEX_FUNCTION(Sigmoid, C<T>(1) / (C<T>(1) + std::exp(-z)))
PHAROS_COMPLEX_FUNCTION(Silu, z / (C<T>(1) + std::exp(-z)))
PHAROS_COMPLEX_FUNCTION(Sgn, z == C<T>(0) ? C<T>(0) : z / std::abs(z))
PHAROS_COMPLEX_FUNCTION(Conj, std::conj(z))
#undef PHAROS_COMPLEX_FUNCTION

// exp(a + bi) - 1 without cancellation near zero.
struct Expm1 {
  template <class T>
  static C<T> apply(C<T> z) {
    const T s = std::sin(z.imag() / 2);
    const T re = std::expm1(z.real()) * std::cos(z.imag()) - 2 * s * s;
    return C<T>(re, std::exp(z.real()) * std::sin(z.imag()));
  }
};
struct Log1p {
  template <class T>
  static C<T> apply(C<T> z) {
    const T x = z.real(), y = z.imag();
    // |1 + z|^2 = 1 + (2x + x^2 + y^2)
    if (std::abs(z) < T(0.5))
      return C<T>(std::log1p(x * (2 + x) + y * y) / 2, std::atan2(y, 1 + x));
    return std::log(z + C<T>(1));
  }
};
struct Sinc {
  template <class T>
  static C<T> apply(C<T> z) {
    if (z == C<T>(0)) return C<T>(1);
    const C<T> product = z * T(3.14159265358979323846);
    return std::sin(product) / product;
  }
};
struct Pow {
  template <class T>
  static C<T> apply(C<T> a, C<T> b) {
    return std::pow(a, b);
  }
};
// A weight of one half or more counts from the end.
struct Lerp {
  template <class T>
  static C<T> apply(C<T> a, C<T> end, C<T> w) {
    return std::abs(w) < T(0.5) ? a + w * (end - a) : end - (end - a) * (C<T>(1) - w);
  }
};
struct SigmoidBackward {
  template <class T>
  static C<T> apply(C<T> g, C<T> y) {
    return g * std::conj((C<T>(1) - y) * y);
  }
};
struct TanhBackward {
  template <class T>
  static C<T> apply(C<T> g, C<T> y) {
    return g * std::conj(C<T>(1) - y * y);
  }
};
struct Logaddexp {
  template <class T>
  static C<T> apply(C<T> a, C<T> b) {
    if (std::isinf(a.real()) && a == b) return a;
    const bool swap = a.real() < b.real();
    const C<T> m = swap ? b : a, d = swap ? a - b : b - a;
    return m + Log1p::apply(std::exp(d));
  }
};

template <class T, class F>
void loop1(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<C<T>*>(p[0])[i] = F::apply(static_cast<const C<T>*>(p[1])[i]);
}
template <class T, class F>
void loop2(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<C<T>*>(p[0])[i] =
        F::apply(static_cast<const C<T>*>(p[1])[i], static_cast<const C<T>*>(p[2])[i]);
}
template <class T, class F>
void loop3(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<C<T>*>(p[0])[i] =
        F::apply(static_cast<const C<T>*>(p[1])[i], static_cast<const C<T>*>(p[2])[i],
                 static_cast<const C<T>*>(p[3])[i]);
}
// Real results of complex inputs.
template <class T>
void abs_loop(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<T*>(p[0])[i] = std::abs(static_cast<const C<T>*>(p[1])[i]);
}
template <class T>
void angle_loop(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<T*>(p[0])[i] = std::arg(static_cast<const C<T>*>(p[1])[i]);
}

// A complex number is infinite if either part is, finite if both are.
template <class T>
void isinf_loop(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i) {
    const C<T> z = static_cast<const C<T>*>(p[1])[i];
    static_cast<bool*>(p[0])[i] = std::isinf(z.real()) || std::isinf(z.imag());
  }
}
template <class T>
void isfinite_loop(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i) {
    const C<T> z = static_cast<const C<T>*>(p[1])[i];
    static_cast<bool*>(p[0])[i] = std::isfinite(z.real()) && std::isfinite(z.imag());
  }
}

void set(OpTable* tables, Op op, LoopFn c64, LoopFn c128) {
  OpTable& t = tables[static_cast<int>(op)];
  t.loops[static_cast<int>(c10::kComplexFloat)] = c64;
  t.loops[static_cast<int>(c10::kComplexDouble)] = c128;
}
template <class F>
void set1(OpTable* t, Op op) {
  set(t, op, loop1<float, F>, loop1<double, F>);
}
template <class F>
void set2(OpTable* t, Op op) {
  set(t, op, loop2<float, F>, loop2<double, F>);
}

}  // namespace

void detail::register_complex(OpTable* t) {
  set1<Exp>(t, Op::kExp);
  set1<Exp2>(t, Op::kExp2);
  set1<Expm1>(t, Op::kExpm1);
  set1<Log>(t, Op::kLog);
  set1<Log2>(t, Op::kLog2);
  set1<Log10>(t, Op::kLog10);
  set1<Log1p>(t, Op::kLog1p);
  set1<Sin>(t, Op::kSin);
  set1<Cos>(t, Op::kCos);
  set1<Tan>(t, Op::kTan);
  set1<Asin>(t, Op::kAsin);
  set1<Acos>(t, Op::kAcos);
  set1<Atan>(t, Op::kAtan);
  set1<Sinh>(t, Op::kSinh);
  set1<Cosh>(t, Op::kCosh);
  set1<Tanh>(t, Op::kTanh);
  set1<Asinh>(t, Op::kAsinh);
  set1<Acosh>(t, Op::kAcosh);
  set1<Atanh>(t, Op::kAtanh);
  set1<Sqrt>(t, Op::kSqrt);
  set1<Rsqrt>(t, Op::kRsqrt);
  set1<Sigmoid>(t, Op::kSigmoid);
  set1<Silu>(t, Op::kSilu);
  set1<Sinc>(t, Op::kSinc);
  OpTable& sgn = t[static_cast<int>(Op::kSgn)];
  sgn = t[static_cast<int>(Op::kSign)];
  sgn.name = "sgn_cpu";
  set1<Sgn>(t, Op::kSgn);
  t[static_cast<int>(Op::kConj)].name = "conj_cpu";
  set1<Conj>(t, Op::kConj);
  set2<Pow>(t, Op::kPow);
  set2<SigmoidBackward>(t, Op::kSigmoidBackward);
  set2<TanhBackward>(t, Op::kTanhBackward);
  set2<Logaddexp>(t, Op::kLogaddexp);
  set(t, Op::kLerp, loop3<float, Lerp>, loop3<double, Lerp>);
  set(t, Op::kAbs, abs_loop<float>, abs_loop<double>);
  set(t, Op::kIsInf, isinf_loop<float>, isinf_loop<double>);
  set(t, Op::kIsFinite, isfinite_loop<float>, isfinite_loop<double>);
  set(t, Op::kAngle, angle_loop<float>, angle_loop<double>);
}

}  // namespace pharos::cpu
