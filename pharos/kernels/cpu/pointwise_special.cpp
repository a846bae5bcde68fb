// Special functions of float and double, one value at a time; floats compute in double.
#include <cmath>
#include <limits>

#include "kernels/cpu/pointwise_ops.h"

namespace pharos::cpu {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A rational first guess and two Newton steps.
double erfinv(double y) {
  if (std::abs(y) > 1) return kNan;
  if (std::abs(y) == 1) return std::copysign(kInf, y);
  double x;
  if (std::abs(y) <= 0.7) {
    const double z = y * y;
    const double p = ((-0.140543331 * z + 0.914624893) * z - 1.645349621) * z + 0.886226899;
    const double q =
        (((0.012229801 * z - 0.329097515) * z + 1.442710462) * z - 2.118377725) * z + 1;
    x = y * p / q;
  } else {
    const double z = std::sqrt(-std::log((1 - std::abs(y)) / 2));
    const double p = ((1.641345311 * z + 3.429567803) * z - 1.62490649) * z - 1.970840454;
    x = std::copysign(p, y) / ((1.6370678 * z + 3.5438892) * z + 1);
  }
  for (int i = 0; i < 2; ++i) x -= (std::erf(x) - y) / (2 / std::sqrt(kPi) * std::exp(-x * x));
  return x;
}

// B_2k / 2k, the terms of digamma's asymptotic series.
double digamma(double x) {
  if (x == 0) return std::copysign(kInf, -x);
  if (x < 0) {
    if (x == std::trunc(x)) return kNan;
    double whole;
    const double fraction = std::modf(x, &whole);
    return digamma(1 - x) - kPi / std::tan(kPi * fraction);
  }
  double result = 0;
  for (; x < 10; x += 1) result -= 1 / x;
  if (x == kInf) return kInf;
  static constexpr double kTerms[] = {1. / 12,  -1. / 120,     1. / 252, -1. / 240,
                                      1. / 132, -691. / 32760, 1. / 12};
  const double z = 1 / (x * x);
  double power = z, tail = 0;
  for (double term : kTerms) {
    tail += term * power;
    power *= z;
  }
  return result + std::log(x) - 0.5 / x - tail;
}

double trigamma(double x) {
  if (x < 0.5) {
    const double s = std::sin(kPi * x);
    return kPi * kPi / (s * s) - trigamma(1 - x);
  }
  double result = 0;
  for (; x < 12; x += 1) result += 1 / (x * x);
  static constexpr double kBernoulli[] = {1. / 6,   -1. / 30, 1. / 42,
                                          -1. / 30, 5. / 66,  -691. / 2730};
  const double z = 1 / (x * x);
  double power = z / x, tail = 1 / x + z / 2;
  for (double b : kBernoulli) {
    tail += b * power;
    power *= z;
  }
  return result + tail;
}

// Hurwitz' zeta by Euler and Maclaurin.
double zeta(double s, double q) {
  if (s == 1) return kInf;
  if (s < 1) return kNan;
  if (q <= 0) {
    if (q == std::floor(q)) return kInf;
    if (s != std::floor(s)) return kNan;
  }
  double sum = std::pow(q, -s), a = q, b = 0;
  for (int i = 0; i < 9 || a <= 9; ++i) {
    a += 1;
    b = std::pow(a, -s);
    sum += b;
    if (std::abs(b) < 1e-17 * std::abs(sum)) return sum;
  }
  sum += b * a / (s - 1) - 0.5 * b;
  // (2k)! / B_2k
  static constexpr double kTerms[] = {12.0,
                                      -720.0,
                                      30240.0,
                                      -1209600.0,
                                      47900160.0,
                                      -1.8924375803183791606e9,
                                      7.47242496e10,
                                      -2.950130727918164224e12,
                                      1.1646782814350067249e14,
                                      -4.5979787224074726105e15,
                                      1.8152105401943546773e17,
                                      -7.1661652561756670113e18};
  double factor = 1, k = 0;
  for (double term : kTerms) {
    factor *= s + k;
    b /= a;
    const double t = factor * b / term;
    sum += t;
    if (std::abs(t / sum) < 1e-17) break;
    k += 1;
    factor *= s + k;
    b /= a;
    k += 1;
  }
  return sum;
}

double polygamma(double x, int64_t n) {
  if (n == 0) return digamma(x);
  if (n == 1) return trigamma(x);
  const auto order = static_cast<double>(n);
  return (n % 2 ? 1 : -1) * std::exp(std::lgamma(order + 1)) * zeta(order + 1, x);
}

// Modified Bessel functions of the first kind: the power series, all of one sign, then the
// asymptotic one.
double bessel_i(double x, int order) {
  const double a = std::abs(x);
  if (a != a) return a;
  double value;
  if (a <= 30) {
    const double z = a * a / 4;
    double term = order == 0 ? 1 : a / 2;
    value = term;
    for (int k = 1; k < 200; ++k) {
      term *= z / (double(k) * (k + order));
      value += term;
      if (term < value * 1e-17) break;
    }
  } else {
    const double mu = 4.0 * order * order;
    double term = 1, series = 1;
    for (int k = 1; k < 40; ++k) {
      const double odd = 2 * k - 1;
      const double next = -term * (mu - odd * odd) / (8 * a * k);
      if (std::abs(next) >= std::abs(term)) break;
      term = next;
      series += term;
      if (std::abs(term) < 1e-17) break;
    }
    // In two halves, as exp alone overflows earlier. Infinity gives NaN, as in PyTorch.
    const double half = std::exp(a / 2);
    value = half * (series / std::sqrt(2 * kPi * a)) * half;
  }
  return order == 1 && x < 0 ? -value : value;
}

struct Erfinv {
  static double apply(double x, const void*) { return erfinv(x); }
};
struct Digamma {
  static double apply(double x, const void*) { return digamma(x); }
};
struct Trigamma {
  static double apply(double x, const void*) { return trigamma(x); }
};
struct Polygamma {
  static double apply(double x, const void* n) {
    return polygamma(x, *static_cast<const int64_t*>(n));
  }
};
struct I0 {
  static double apply(double x, const void*) { return bessel_i(x, 0); }
};
struct I1 {
  static double apply(double x, const void*) { return bessel_i(x, 1); }
};
struct Sinc {
  static double apply(double x, const void*) { return x == 0 ? 1 : std::sin(kPi * x) / (kPi * x); }
};

template <class T, class F>
void loop(int64_t n, void* const* p, const void* params) {
  for (int64_t i = 0; i < n; ++i)
    static_cast<T*>(p[0])[i] = static_cast<T>(F::apply(static_cast<const T*>(p[1])[i], params));
}

// In T itself: the limits eps and 1 - eps are rounded as the input is. The parameter is eps,
// negative for none.
template <class T>
void logit_loop(int64_t n, void* const* p, const void* params) {
  const auto eps = static_cast<T>(*static_cast<const double*>(params));
  const T low = eps, high = T(1) - eps;
  for (int64_t i = 0; i < n; ++i) {
    T x = static_cast<const T*>(p[1])[i];
    if (eps >= 0) x = x < low ? low : x > high ? high : x;
    static_cast<T*>(p[0])[i] = std::log(x / (T(1) - x));
  }
}
template <class T>
void logit_backward_loop(int64_t n, void* const* p, const void* params) {
  const auto eps = static_cast<T>(*static_cast<const double*>(params));
  const T low = eps, high = T(1) - eps;
  for (int64_t i = 0; i < n; ++i) {
    const T g = static_cast<const T*>(p[1])[i], x = static_cast<const T*>(p[2])[i];
    T d;
    if (eps < 0)
      d = x < 0 || x > 1 ? std::numeric_limits<T>::quiet_NaN() : g / (x * (T(1) - x));
    else
      d = x < low || x > high ? T(0) : g / (x * (T(1) - x));
    static_cast<T*>(p[0])[i] = d;
  }
}

// Angles of real numbers: pi for negative ones.
template <class T>
void angle_loop(int64_t n, void* const* p, const void*) {
  for (int64_t i = 0; i < n; ++i) {
    const T x = static_cast<const T*>(p[1])[i];
    static_cast<T*>(p[0])[i] = x < 0 ? T(kPi) : x != x ? x : T(0);
  }
}

void set(OpTable* tables, Op op, const char* name, LoopFn f32, LoopFn f64, int cost = 32) {
  OpTable& t = tables[static_cast<int>(op)];
  t.name = name;
  t.cost = cost;
  t.loops[static_cast<int>(c10::kFloat)] = f32;
  t.loops[static_cast<int>(c10::kDouble)] = f64;
}
template <class F>
void set_loop(OpTable* tables, Op op, const char* name) {
  set(tables, op, name, loop<float, F>, loop<double, F>);
}

}  // namespace

void detail::register_special(OpTable* t) {
  set_loop<Erfinv>(t, Op::kErfinv, "erfinv_vml_cpu");
  set_loop<Digamma>(t, Op::kDigamma, "digamma");
  set_loop<Trigamma>(t, Op::kTrigamma, "trigamma");
  set_loop<Polygamma>(t, Op::kPolygamma, "polygamma");
  set_loop<I0>(t, Op::kI0, "i0_vml_cpu");
  set_loop<I1>(t, Op::kI1, "i1_cpu");
  set_loop<Sinc>(t, Op::kSinc, "sinc_cpu");
  set(t, Op::kLogit, "logit_cpu", logit_loop<float>, logit_loop<double>, 8);
  set(t, Op::kLogitBackward, "logit_backward_cpu", logit_backward_loop<float>,
      logit_backward_loop<double>, 4);
  set(t, Op::kAngle, "angle_cpu", angle_loop<float>, angle_loop<double>, 1);
}

}  // namespace pharos::cpu
