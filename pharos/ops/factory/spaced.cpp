// Regular sequences beside arange: linspace, logspace, range, eye, triangle indices, windows.
#include <pharos/ops/functions.h>

#include <cmath>

#include "kernels/cpu/parallel.h"
#include "ops/copy_decls.h"
#include "ops/factory/factory.h"
#include "ops/factory_decls.h"
#include "ops/promotion.h"

namespace pharos::ops {
namespace {

using OptType = std::optional<ScalarType>;
using OptLayout = std::optional<c10::Layout>;
using OptDevice = std::optional<Device>;
using OptBool = std::optional<bool>;

Device or_cpu(const OptDevice& d) { return d.value_or(Device(c10::DeviceType::CPU)); }

template <typename F>
void for_number_type(ScalarType t, const char* name, F&& f) {
  switch (t) {
#define PHAROS_CASE(T, Name) \
  case ScalarType::Name:     \
    return f.template operator()<T>();
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, '"', name, "\" not implemented for '", t, "'");
  }
}

template <class T>
constexpr bool kIntegral = std::is_integral_v<T>;

// The type in which positions are computed.
template <class T>
using StepOf = std::conditional_t<
    kIntegral<T>, double,
    std::conditional_t<std::is_same_v<T, c10::Half> || std::is_same_v<T, c10::BFloat16>, float, T>>;

// x + step * i, with one rounding for floats and doubles, as the fused kernels do.
template <class S>
S advance(S x, S step, double i) {
  if constexpr (std::is_same_v<S, float> || std::is_same_v<S, double>)
    return std::fma(step, static_cast<S>(i), x);
  else
    return x + step * static_cast<S>(i);
}

// value(x) for n positions, counted from the near end, so that both ends are exact.
template <class T, typename F>
void fill_spaced(T* out, const Scalar& start, const Scalar& end, int64_t n, F&& value) {
  using S = StepOf<T>;
  const S a = static_cast<S>(start.to<T>()), b = static_cast<S>(end.to<T>());
  const S step = n > 1 ? (b - a) / static_cast<S>(static_cast<double>(n - 1)) : S(0);
  for (int64_t i = 0; i < n; ++i)
    out[i] = value(i < n / 2 ? advance(a, step, static_cast<double>(i))
                             : advance(b, S(-step), static_cast<double>(n - i - 1)));
}

ScalarType spaced_type(const OptType& dtype, const Scalar& start, const Scalar& end) {
  const bool complex = start.isComplex() || end.isComplex();
  const ScalarType plain = c10::get_default_dtype();
  if (!dtype) return complex ? c10::toComplexType(plain) : plain;
  TORCH_CHECK(!complex || c10::isComplexType(*dtype), "linspace(): inferred dtype ",
              c10::toComplexType(plain), " can't be safely cast to passed dtype ", *dtype);
  return *dtype;
}

Scalar as_number(const Tensor& t, const char* op, const char* which) {
  TORCH_CHECK(t.dim() == 0, op, " only supports 0-dimensional start and end tensors, but got ",
              which, " with ", t.dim(), " dimension(s).");
  return t.item();
}

}  // namespace

Tensor linspace(const Scalar& start, const Scalar& end, int64_t steps, OptType dtype, OptLayout,
                OptDevice device, OptBool) {
  TORCH_CHECK(steps >= 0, "number of steps must be non-negative");
  const ScalarType t = spaced_type(dtype, start, end);
  Tensor out = empty_on(or_cpu(device), {steps}, t);
  if (!out.is_cpu() || steps == 0) return out;
  if (steps == 1) return fill_new(out, start);
  for_number_type(t, "linspace_cpu", [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>)
      fill_spaced(out.data_ptr<T>(), start, end, steps, [](auto x) { return static_cast<T>(x); });
    else
      TORCH_CHECK_NOT_IMPLEMENTED(false, "\"linspace_cpu\" not implemented for 'Bool'");
  });
  return out;
}
Tensor linspace_tt(const Tensor& start, const Tensor& end, int64_t steps, OptType dtype,
                   OptLayout layout, OptDevice device, OptBool pin) {
  return linspace(as_number(start, "linspace", "start"), as_number(end, "linspace", "end"), steps,
                  dtype, layout, device, pin);
}
Tensor linspace_ts(const Tensor& start, const Scalar& end, int64_t steps, OptType dtype,
                   OptLayout layout, OptDevice device, OptBool pin) {
  return linspace(as_number(start, "linspace", "start"), end, steps, dtype, layout, device, pin);
}
Tensor linspace_st(const Scalar& start, const Tensor& end, int64_t steps, OptType dtype,
                   OptLayout layout, OptDevice device, OptBool pin) {
  return linspace(start, as_number(end, "linspace", "end"), steps, dtype, layout, device, pin);
}

Tensor logspace(const Scalar& start, const Scalar& end, int64_t steps, double base, OptType dtype,
                OptLayout, OptDevice device, OptBool) {
  TORCH_CHECK(steps >= 0, "number of steps must be non-negative");
  const ScalarType t = spaced_type(dtype, start, end);
  Tensor out = empty_on(or_cpu(device), {steps}, t);
  if (!out.is_cpu() || steps == 0) return out;
  if (steps == 1 && !out.is_complex()) return fill_new(out, std::pow(base, start.toDouble()));
  for_number_type(t, "logspace_cpu", [&]<class T>() {
    if constexpr (std::is_same_v<T, bool>) {
      TORCH_CHECK_NOT_IMPLEMENTED(false, "\"logspace_cpu\" not implemented for 'Bool'");
    } else if constexpr (c10::isComplexType(c10::CppTypeToScalarType<T>::value)) {
      // base^x = exp(x ln base)
      const double ln = std::log(base);
      fill_spaced(out.data_ptr<T>(), start, end, steps, [&](T x) {
        const double size = std::exp(static_cast<double>(x.real()) * ln);
        const double turn = static_cast<double>(x.imag()) * ln;
        using R = typename T::value_type;
        return T(static_cast<R>(size * std::cos(turn)), static_cast<R>(size * std::sin(turn)));
      });
    } else {
      using S = StepOf<T>;
      fill_spaced(out.data_ptr<T>(), start, end, steps,
                  [&](S x) { return static_cast<T>(std::pow(static_cast<S>(base), x)); });
    }
  });
  return out;
}
Tensor logspace_tt(const Tensor& start, const Tensor& end, int64_t steps, double base,
                   OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return logspace(as_number(start, "logspace", "start"), as_number(end, "logspace", "end"), steps,
                  base, dtype, layout, device, pin);
}
Tensor logspace_ts(const Tensor& start, const Scalar& end, int64_t steps, double base,
                   OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return logspace(as_number(start, "logspace", "start"), end, steps, base, dtype, layout, device,
                  pin);
}
Tensor logspace_st(const Scalar& start, const Tensor& end, int64_t steps, double base,
                   OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return logspace(start, as_number(end, "logspace", "end"), steps, base, dtype, layout, device,
                  pin);
}

Tensor range_step(const Scalar& start, const Scalar& end, const Scalar& step, OptType dtype,
                  OptLayout, OptDevice device, OptBool) {
  const double a = start.toDouble(), b = end.toDouble(), s = step.toDouble();
  TORCH_CHECK(s > 0 || s < 0, "step must be nonzero");
  TORCH_CHECK(std::isfinite(a) && std::isfinite(b), "unsupported range: ", a, " -> ", b);
  TORCH_CHECK((s > 0 && b >= a) || (s < 0 && b <= a),
              "upper bound and lower bound inconsistent with step sign");
  const double n = (b - a) / s + 1;
  TORCH_CHECK(n >= 0 && n <= 9.2e18, "invalid size, possible overflow?");
  Tensor out =
      empty_on(or_cpu(device), {static_cast<int64_t>(n)}, dtype.value_or(c10::get_default_dtype()));
  fill_sequence(out, start, step);
  return out;
}
Tensor range(const Scalar& start, const Scalar& end, OptType dtype, OptLayout layout,
             OptDevice device, OptBool pin) {
  return range_step(start, end, 1, dtype, layout, device, pin);
}

Tensor eye_m(int64_t n, int64_t m, OptType dtype, OptLayout, OptDevice device, OptBool) {
  TORCH_CHECK(n >= 0, "n must be greater or equal to 0, got ", n);
  TORCH_CHECK(m >= 0, "m must be greater or equal to 0, got ", m);
  Tensor out = zero_new(empty_on(or_cpu(device), {n, m}, dtype.value_or(c10::get_default_dtype())));
  if (!out.is_meta()) fill_new(view_of(out, {std::min(n, m)}, {m + 1}), 1);
  return out;
}
Tensor eye(int64_t n, OptType dtype, OptLayout layout, OptDevice device, OptBool pin) {
  return eye_m(n, n, dtype, layout, device, pin);
}

namespace {

// Rows and columns of the elements with column - row <= offset (or >=).
Tensor triangle(int64_t row, int64_t col, int64_t offset, bool lower, OptType dtype,
                OptDevice device) {
  TORCH_CHECK(row >= 0, "row must be non-negative, got", row);
  TORCH_CHECK(col >= 0, "col must be non-negative, got", col);
  const ScalarType t = dtype.value_or(c10::kLong);
  TORCH_CHECK(t == c10::kInt || t == c10::kLong || t == c10::kShort || t == c10::kChar ||
                  t == c10::kByte || c10::isFloatingType(t),
              "\"tril_indices\" not implemented for '", t, "'");
  std::vector<int64_t> rows, columns;
  for (int64_t r = 0; r < row; ++r) {
    const int64_t begin = lower ? 0 : std::min(std::max<int64_t>(r + offset, 0), col);
    const int64_t end = lower ? std::min(std::max<int64_t>(r + offset + 1, 0), col) : col;
    for (int64_t c = begin; c < end; ++c) {
      rows.push_back(r);
      columns.push_back(c);
    }
  }
  const auto n = static_cast<int64_t>(rows.size());
  Tensor out = empty_cpu({2, n}, c10::kLong);
  auto* p = out.data_ptr<int64_t>();
  std::copy(rows.begin(), rows.end(), p);
  std::copy(columns.begin(), columns.end(), p + n);
  return out.to(or_cpu(device), t);
}

}  // namespace

Tensor tril_indices(int64_t row, int64_t col, int64_t offset, OptType dtype, OptLayout,
                    OptDevice device, OptBool) {
  return triangle(row, col, offset, true, dtype, device);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, OptType dtype, OptLayout,
                    OptDevice device, OptBool) {
  return triangle(row, col, offset, false, dtype, device);
}

// ---- windows ----

namespace {

// Checks, and the trivial windows of no and of one element; otherwise make(length) cut to size.
template <typename F>
Tensor window(const char* name, int64_t length, bool periodic, const OptType& dtype,
              const OptDevice& device, F&& make) {
  const ScalarType t = dtype.value_or(c10::get_default_dtype());
  TORCH_CHECK(c10::isFloatingType(t) || c10::isComplexType(t), name,
              " expects floating point dtypes, got: ", t);
  TORCH_CHECK(length >= 0, name,
              " requires non-negative window_length, got window_length=", length);
  const auto options = c10::TensorOptions().dtype(t).device(or_cpu(device));
  if (length == 0) return at::empty({0}, options);
  if (length == 1) return at::ones({1}, options);
  const int64_t n = length + (periodic ? 1 : 0);
  Tensor w = make(at::arange(n, options), n);
  return periodic ? w.narrow(0, 0, n - 1) : w;
}

constexpr double kPi = 3.14159265358979323846;

}  // namespace

Tensor hamming_window_ab(int64_t length, bool periodic, double alpha, double beta, OptType dtype,
                         OptLayout, OptDevice device, OptBool) {
  return window("hamming_window", length, periodic, dtype, device, [&](Tensor w, int64_t n) {
    return w.mul_(kPi * 2. / static_cast<double>(n - 1)).cos_().mul_(-beta).add_(alpha);
  });
}
Tensor hamming_window_a(int64_t length, bool periodic, double alpha, OptType dtype, OptLayout l,
                        OptDevice device, OptBool pin) {
  return hamming_window_ab(length, periodic, alpha, 0.46, dtype, l, device, pin);
}
Tensor hamming_window_p(int64_t length, bool periodic, OptType dtype, OptLayout l, OptDevice device,
                        OptBool pin) {
  return hamming_window_ab(length, periodic, 0.54, 0.46, dtype, l, device, pin);
}
Tensor hamming_window(int64_t length, OptType dtype, OptLayout l, OptDevice device, OptBool pin) {
  return hamming_window_ab(length, true, 0.54, 0.46, dtype, l, device, pin);
}
Tensor hann_window_p(int64_t length, bool periodic, OptType dtype, OptLayout l, OptDevice device,
                     OptBool pin) {
  return hamming_window_ab(length, periodic, 0.5, 0.5, dtype, l, device, pin);
}
Tensor hann_window(int64_t length, OptType dtype, OptLayout l, OptDevice device, OptBool pin) {
  return hamming_window_ab(length, true, 0.5, 0.5, dtype, l, device, pin);
}
Tensor blackman_window_p(int64_t length, bool periodic, OptType dtype, OptLayout, OptDevice device,
                         OptBool) {
  return window("blackman_window", length, periodic, dtype, device, [&](Tensor w, int64_t n) {
    w.mul_(kPi / static_cast<double>(n - 1));
    return w.mul(4).cos_().mul_(0.08).sub_(w.mul(2).cos_().mul_(0.5)).add_(0.42);
  });
}
Tensor blackman_window(int64_t length, OptType dtype, OptLayout l, OptDevice device, OptBool pin) {
  return blackman_window_p(length, true, dtype, l, device, pin);
}
Tensor bartlett_window_p(int64_t length, bool periodic, OptType dtype, OptLayout, OptDevice device,
                         OptBool) {
  return window("bartlett_window", length, periodic, dtype, device, [&](Tensor w, int64_t n) {
    w.mul_(2. / static_cast<double>(n - 1));
    const int64_t first = ((n - 1) >> 1) + 1;
    w.narrow(0, first, n - first).mul_(-1).add_(2);
    return w;
  });
}
Tensor bartlett_window(int64_t length, OptType dtype, OptLayout l, OptDevice device, OptBool pin) {
  return bartlett_window_p(length, true, dtype, l, device, pin);
}
Tensor kaiser_window_b(int64_t length, bool periodic, double beta, OptType dtype, OptLayout,
                       OptDevice device, OptBool) {
  return window("kaiser_window", length, periodic, dtype, device, [&](const Tensor& w, int64_t n) {
    // i0(beta sqrt(1 - ((x - half) / half)^2)) / i0(beta), rounded to halves in the end alone.
    const double half = static_cast<double>(n - 1) / 2;
    const bool narrow = c10::isReducedFloatingType(w.scalar_type());
    const Tensor x = (narrow ? w.to(ScalarType::Float) : w).sub(half).div(half);
    const Tensor inside = x.mul(x).neg().add(1).clamp_min(0).sqrt().mul(beta);
    const Tensor whole = at::full({}, beta, x.options());
    return at::i0(inside).div(at::i0(whole)).to(w.scalar_type());
  });
}
Tensor kaiser_window_p(int64_t length, bool periodic, OptType dtype, OptLayout l, OptDevice device,
                       OptBool pin) {
  return kaiser_window_b(length, periodic, 12.0, dtype, l, device, pin);
}
Tensor kaiser_window(int64_t length, OptType dtype, OptLayout l, OptDevice device, OptBool pin) {
  return kaiser_window_b(length, true, 12.0, dtype, l, device, pin);
}

// ---- questions about dtypes and shapes ----

ScalarType result_type(const Tensor& a, const Tensor& b) {
  return ResultType().add(a).add(b).get();
}
ScalarType result_type_ts(const Tensor& a, const Scalar& b) {
  return ResultType().add(a).add(b).get();
}
ScalarType result_type_st(const Scalar& a, const Tensor& b) {
  return ResultType().add(a).add(b).get();
}
ScalarType result_type_ss(const Scalar& a, const Scalar& b) {
  return ResultType().add(a).add(b).get();
}
bool can_cast(ScalarType from, ScalarType to) { return c10::canCast(from, to); }
ScalarType promote_types(ScalarType a, ScalarType b) { return c10::promoteTypes(a, b); }
bool is_floating_point(const Tensor& self) { return self.is_floating_point(); }
bool is_signed(const Tensor& self) { return self.is_signed(); }
int64_t numel(const Tensor& self) { return self.numel(); }
int64_t size_int(const Tensor& self, int64_t dim) { return self.size(dim); }
int64_t stride_int(const Tensor& self, int64_t dim) { return self.stride(dim); }

}  // namespace pharos::ops
