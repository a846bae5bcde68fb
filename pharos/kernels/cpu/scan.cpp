// Scans along one dim.
#include "kernels/cpu/scan.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/grain.h"
#include "kernels/cpu/load.h"

namespace pharos::cpu {
namespace {

using c10::ScalarType;

constexpr int64_t kPiece = 512;  // items converted at a time

template <class A>
bool is_nan(A x) {
  if constexpr (std::is_floating_point_v<A>)
    return x != x;
  else if constexpr (c10_complex<A>)
    return x.real() != x.real() || x.imag() != x.imag();
  return false;
}

template <class T>
c10::complex<T> log_add(c10::complex<T> a, c10::complex<T> b) {
  if (is_nan(a) || is_nan(b))
    return {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::quiet_NaN()};
  const auto lo = a.real() < b.real() ? a : b, hi = a.real() < b.real() ? b : a;
  if (hi.real() == -INFINITY) return hi;
  const T size = std::exp(lo.real() - hi.real()), angle = lo.imag() - hi.imag();
  const T re = 1 + size * std::cos(angle), im = size * std::sin(angle);
  return {hi.real() + std::log(std::hypot(re, im)), hi.imag() + std::atan2(im, re)};
}

template <class A>
A log_add(A a, A b) {
  const A lo = is_nan(a) || a < b ? a : b, hi = is_nan(a) || a < b ? b : a;
  if (is_nan(a) || is_nan(b)) return a + b;
  if (lo == hi && std::isinf(lo)) return lo;
  return std::log1p(std::exp(lo - hi)) + hi;
}

// Runs `step(acc, x)` over each line.
template <class A, class Step>
void run(const Lines<3>& lines, ScalarType in_type, const char* in, ScalarType out_type, char* out,
         A first, Step step) {
  const LoadFn<A> load = loader<A>(in_type);
  lines.for_each([&](const int64_t* at) {
    A acc = first;
    A buffer[kPiece];
    for (int64_t i = 0; i < lines.length(); i += kPiece) {
      const int64_t n = lines.length() - i < kPiece ? lines.length() - i : kPiece;
      load(in + at[1] + i * lines.step(1), lines.step(1), n, buffer);
      for (int64_t j = 0; j < n; ++j) buffer[j] = acc = step(acc, buffer[j]);
      store_values(out_type, buffer, out + at[0] + i * lines.step(0), lines.step(0), n);
    }
  });
}

// Sums of packed rows, several rows at a time: an addition waits for the one before it in its row
// only. The order within a row, and so the result, is that of one row alone.
template <class T>
void sum_rows(const Lines<3>& lines, const char* in, char* out) {
  constexpr int64_t kRows = 4;  // more pointers would not fit the registers
  const int64_t length = lines.length(), groups = (lines.count() + kRows - 1) / kRows;
  parallel_for(0, groups, even_grain(groups, 2 * kRows * length), [&](int64_t b, int64_t e) {
    for (int64_t g = b; g < e; ++g) {
      const int64_t first = g * kRows;
      const int64_t n = lines.count() - first < kRows ? lines.count() - first : kRows;
      const T* x[kRows];
      T* y[kRows];
      double acc[kRows] = {};
      for (int64_t r = 0; r < kRows; ++r) {
        const int64_t line = first + (r < n ? r : 0);  // the missing rows repeat the first
        x[r] = reinterpret_cast<const T*>(in + line * lines.line_step(1));
        y[r] = reinterpret_cast<T*>(out + line * lines.line_step(0));
      }
      for (int64_t j = 0; j < length; ++j) {
#pragma GCC unroll 8
        for (int64_t r = 0; r < kRows; ++r) {
          acc[r] += static_cast<double>(x[r][j]);
          y[r][j] = static_cast<T>(acc[r]);
        }
      }
    }
  });
}

template <class T>
bool packed_rows(const Lines<3>& lines) {
  return lines.even() && lines.count() >= 4 && lines.step(0) == int64_t{sizeof(T)} &&
         lines.step(1) == int64_t{sizeof(T)} && lines.line_step(1) != 0;
}

template <class A>
void run_extreme(const Lines<3>& lines, ScalarType in_type, const char* in, char* out,
                 int64_t* positions, bool largest) {
  const LoadFn<A> load = loader<A>(in_type);
  lines.for_each([&](const int64_t* at) {
    A best = A(0), buffer[kPiece];
    int64_t best_at = 0;
    char* index = reinterpret_cast<char*>(positions) + at[2];
    for (int64_t i = 0; i < lines.length(); i += kPiece) {
      const int64_t n = lines.length() - i < kPiece ? lines.length() - i : kPiece;
      load(in + at[1] + i * lines.step(1), lines.step(1), n, buffer);
      for (int64_t j = 0; j < n; ++j) {
        const A x = buffer[j];
        // The last of equals is named, and a NaN keeps its place.
        const bool better = largest ? x >= best : x <= best;
        if (i + j == 0 || is_nan(x) || (!is_nan(best) && better)) best = x, best_at = i + j;
        buffer[j] = best;
        *reinterpret_cast<int64_t*>(index + (i + j) * lines.step(2)) = best_at;
      }
      store_values(in_type, buffer, out + at[0] + i * lines.step(0), lines.step(0), n);
    }
  });
}

template <class A>
void run_kind(ScanKind kind, const Lines<3>& lines, ScalarType in_type, const char* in,
              ScalarType out_type, char* out) {
  switch (kind) {
    case ScanKind::kSum:
      return run<A>(lines, in_type, in, out_type, out, A(0), [](A a, A b) { return a + b; });
    case ScanKind::kProd:
      return run<A>(lines, in_type, in, out_type, out, A(1), [](A a, A b) { return a * b; });
    default:
      if constexpr (std::is_floating_point_v<A>) {
        return run<A>(lines, in_type, in, out_type, out, -A(INFINITY),
                      [](A a, A b) { return log_add(a, b); });
      } else if constexpr (c10_complex<A>) {
        using T = typename A::value_type;
        return run<A>(lines, in_type, in, out_type, out, A(-T(INFINITY), 0),
                      [](A a, A b) { return log_add(a, b); });
      }
  }
}

}  // namespace

void scan(ScanKind kind, const Lines<3>& lines, ScalarType in_type, const void* in,
          ScalarType out_type, void* out, int64_t* positions) {
  const char* src = static_cast<const char*>(in);
  char* dst = static_cast<char*>(out);
  if (kind == ScanKind::kMax || kind == ScanKind::kMin) {
    const bool largest = kind == ScanKind::kMax;
    if (c10::isIntegralType(in_type, true)) {
      run_extreme<int64_t>(lines, in_type, src, dst, positions, largest);
    } else if (in_type == ScalarType::Double) {
      run_extreme<double>(lines, in_type, src, dst, positions, largest);
    } else {
      run_extreme<float>(lines, in_type, src, dst, positions, largest);
    }
    return;
  }
  if (kind == ScanKind::kSum && in_type == out_type && in != out) {
    if (in_type == ScalarType::Float && packed_rows<float>(lines))
      return sum_rows<float>(lines, src, dst);
    if (in_type == ScalarType::Double && packed_rows<double>(lines))
      return sum_rows<double>(lines, src, dst);
  }
  if (c10::isIntegralType(out_type, true)) {
    run_kind<int64_t>(kind, lines, in_type, src, out_type, dst);
  } else if (c10::isComplexType(out_type)) {
    run_kind<c10::complex<double>>(kind, lines, in_type, src, out_type, dst);
  } else if (c10::isReducedFloatingType(out_type) ||
             (kind == ScanKind::kLogSumExp && out_type == ScalarType::Float)) {
    run_kind<float>(kind, lines, in_type, src, out_type, dst);
  } else {
    run_kind<double>(kind, lines, in_type, src, out_type, dst);
  }
}

}  // namespace pharos::cpu
