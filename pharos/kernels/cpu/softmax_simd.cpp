// softmax and log_softmax: rows when the dimension is the last one, else lanes across `inner`.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/softmax_simd.cpp"
#include <cmath>
#include <limits>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "hwy/contrib/math/math-inl.h"  // after foreach_target.h
#include "kernels/cpu/no_kernel.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/scratch.h"
#include "kernels/cpu/softmax.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

template <class T>
constexpr T kMinusInfinity = -std::numeric_limits<T>::infinity();

// hn::Exp leaves NaN alone only by luck of its range checks; say it.
template <class D, class V>
HWY_INLINE V exp_of(D d, V x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, x));
}

template <class T>
void softmax_row(bool log, int64_t n, const T* HWY_RESTRICT x, T* y) {
  const RowTag<T> d;
  constexpr int64_t vl = kRowLanes<T>;
  // NaN may get lost here: it returns through exp(NaN - max).
  auto m = hn::Set(d, kMinusInfinity<T>);
  int64_t i = 0;
  for (; i + vl <= n; i += vl) m = hn::Max(m, hn::LoadU(d, x + i));
  if (i < n) m = hn::Max(m, load_first_or(d, x + i, n - i, m));
  T top = hn::GetLane(hn::MaxOfLanes(d, m));
  if (top != top) {  // x86's max may also keep the NaN: then recompute without it
    top = kMinusInfinity<T>;
    for (i = 0; i < n; ++i) top = x[i] > top ? x[i] : top;
  }
  const auto vmax = hn::Set(d, top);
  const auto minus = hn::Set(d, kMinusInfinity<T>);
  if (log) {
    const double sum = row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR {
      if (lanes == vl) return exp_of(d, hn::Sub(hn::LoadU(d, x + j), vmax));
      const auto v = hn::Sub(load_first(d, x + j, lanes), vmax);
      return exp_of(d, hn::IfThenElse(hn::FirstN(d, lanes), v, minus));
    });
    const auto shift = hn::Set(d, static_cast<T>(std::log(sum)));
    row_map(n, y, [&](int64_t j, int64_t lanes) HWY_ATTR {
      return hn::Sub(hn::Sub(row_load(x + j, lanes), vmax), shift);
    });
    return;
  }
  const double sum = row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR {
    if (lanes == vl) {
      const auto e = exp_of(d, hn::Sub(hn::LoadU(d, x + j), vmax));
      hn::StoreU(e, d, y + j);
      return e;
    }
    const auto v = hn::Sub(load_first(d, x + j, lanes), vmax);
    const auto e = exp_of(d, hn::IfThenElse(hn::FirstN(d, lanes), v, minus));
    store_first(e, d, y + j, lanes);
    return e;
  });
  const auto scale = hn::Set(d, static_cast<T>(1.0 / sum));
  row_map(n, y, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Mul(row_load(y + j, lanes), scale);
  });
}

template <class T>
void backward_row(bool log, int64_t n, const T* g, const T* y, T* gx) {
  const RowTag<T> d;
  if (log) {
    const double sum =
        row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR { return row_load(g + j, lanes); });
    const auto s = hn::Set(d, static_cast<T>(sum));
    row_map(n, gx, [&](int64_t j, int64_t lanes) HWY_ATTR {
      return hn::NegMulAdd(exp_of(d, row_load(y + j, lanes)), s, row_load(g + j, lanes));
    });
    return;
  }
  const double sum = row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Mul(row_load(g + j, lanes), row_load(y + j, lanes));
  });
  const auto s = hn::Set(d, static_cast<T>(sum));
  row_map(n, gx, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Mul(row_load(y + j, lanes), hn::Sub(row_load(g + j, lanes), s));
  });
}

// `lanes` neighbours of `inner` at once; x points at the first of them.
template <class T>
void softmax_lanes(bool log, int64_t size, int64_t step, int64_t lanes, const T* x, T* y) {
  const RowTag<T> d;
  auto top = hn::Set(d, kMinusInfinity<T>);
  for (int64_t i = 0; i < size; ++i) {
    const auto v = row_load(x + i * step, lanes);
    top = hn::IfThenElse(hn::Gt(v, top), v, top);
  }
  auto sum = hn::Zero(d);
  for (int64_t i = 0; i < size; ++i) {
    const auto e = exp_of(d, hn::Sub(row_load(x + i * step, lanes), top));
    sum = hn::Add(sum, e);
    if (!log) store_first(e, d, y + i * step, lanes);
  }
  if (log) {
    const auto shift = hn::IfThenElse(hn::IsNaN(sum), sum, hn::Log(d, sum));
    for (int64_t i = 0; i < size; ++i) {
      const auto v = hn::Sub(hn::Sub(row_load(x + i * step, lanes), top), shift);
      store_first(v, d, y + i * step, lanes);
    }
    return;
  }
  const auto scale = hn::Div(hn::Set(d, T(1)), sum);
  for (int64_t i = 0; i < size; ++i) {
    store_first(hn::Mul(row_load(y + i * step, lanes), scale), d, y + i * step, lanes);
  }
}

template <class T>
void backward_lanes(bool log, int64_t size, int64_t step, int64_t lanes, const T* g, const T* y,
                    T* gx) {
  const RowTag<T> d;
  auto sum = hn::Zero(d);
  for (int64_t i = 0; i < size; ++i) {
    const auto gv = row_load(g + i * step, lanes);
    sum = log ? hn::Add(sum, gv) : hn::MulAdd(gv, row_load(y + i * step, lanes), sum);
  }
  for (int64_t i = 0; i < size; ++i) {
    const auto gv = row_load(g + i * step, lanes), yv = row_load(y + i * step, lanes);
    const auto v = log ? hn::NegMulAdd(exp_of(d, yv), sum, gv) : hn::Mul(yv, hn::Sub(gv, sum));
    store_first(v, d, gx + i * step, lanes);
  }
}

template <class T>
void forward_any(bool log, int64_t outer, int64_t size, int64_t inner, const T* x, T* y) {
  if (inner == 1) {
    parallel_for(0, outer, grain_for(8 * size), [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) softmax_row(log, size, x + i * size, y + i * size);
    });
    return;
  }
  constexpr int64_t vl = kRowLanes<T>;
  const int64_t blocks = (inner + vl - 1) / vl;
  parallel_for(0, outer * blocks, grain_for(8 * size * vl), [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      const int64_t j = i % blocks * vl, at = i / blocks * size * inner + j;
      softmax_lanes(log, size, inner, HWY_MIN(vl, inner - j), x + at, y + at);
    }
  });
}

template <class T>
void backward_any(bool log, int64_t outer, int64_t size, int64_t inner, const T* g, const T* y,
                  T* gx) {
  if (inner == 1) {
    parallel_for(0, outer, grain_for(4 * size), [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) {
        backward_row(log, size, g + i * size, y + i * size, gx + i * size);
      }
    });
    return;
  }
  constexpr int64_t vl = kRowLanes<T>;
  const int64_t blocks = (inner + vl - 1) / vl;
  parallel_for(0, outer * blocks, grain_for(4 * size * vl), [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      const int64_t j = i % blocks * vl, at = i / blocks * size * inner + j;
      backward_lanes(log, size, inner, HWY_MIN(vl, inner - j), g + at, y + at, gx + at);
    }
  });
}

void SoftmaxF32(bool log, int64_t o, int64_t s, int64_t i, const float* x, float* y) {
  forward_any(log, o, s, i, x, y);
}
void SoftmaxF64(bool log, int64_t o, int64_t s, int64_t i, const double* x, double* y) {
  forward_any(log, o, s, i, x, y);
}
void SoftmaxBackF32(bool log, int64_t o, int64_t s, int64_t i, const float* g, const float* y,
                    float* gx) {
  backward_any(log, o, s, i, g, y, gx);
}
void SoftmaxBackF64(bool log, int64_t o, int64_t s, int64_t i, const double* g, const double* y,
                    double* gx) {
  backward_any(log, o, s, i, g, y, gx);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(SoftmaxF32);
HWY_EXPORT(SoftmaxF64);
HWY_EXPORT(SoftmaxBackF32);
HWY_EXPORT(SoftmaxBackF64);

// Half precision: one slice of `outer` at a time as f32.
void softmax(DType type, bool log, int64_t outer, int64_t size, int64_t inner, const void* x,
             void* y) {
  const int64_t slice = size * inner;
  if (outer * slice == 0) return;
  switch (type) {
    case DType::kFloat:
      return HWY_DYNAMIC_DISPATCH(SoftmaxF32)(log, outer, size, inner, static_cast<const float*>(x),
                                              static_cast<float*>(y));
    case DType::kDouble:
      return HWY_DYNAMIC_DISPATCH(SoftmaxF64)(
          log, outer, size, inner, static_cast<const double*>(x), static_cast<double*>(y));
    case DType::kHalf:
    case DType::kBFloat16:
      return parallel_for(0, outer, grain_for(8 * slice), [&](int64_t b, int64_t e) {
        Scratch<float> xf(slice), yf(slice);
        for (int64_t i = b; i < e; ++i) {
          convert_to_float(type, static_cast<const uint16_t*>(x) + i * slice, xf.get(), slice);
          HWY_DYNAMIC_DISPATCH(SoftmaxF32)(log, 1, size, inner, xf.get(), yf.get());
          convert_from_float(type, yf.get(), static_cast<uint16_t*>(y) + i * slice, slice);
        }
      });
    default:
      no_kernel("softmax", type);
  }
}

void softmax_backward(DType type, bool log, int64_t outer, int64_t size, int64_t inner,
                      const void* g, const void* y, void* gx) {
  const int64_t slice = size * inner;
  if (outer * slice == 0) return;
  switch (type) {
    case DType::kFloat:
      return HWY_DYNAMIC_DISPATCH(SoftmaxBackF32)(
          log, outer, size, inner, static_cast<const float*>(g), static_cast<const float*>(y),
          static_cast<float*>(gx));
    case DType::kDouble:
      return HWY_DYNAMIC_DISPATCH(SoftmaxBackF64)(
          log, outer, size, inner, static_cast<const double*>(g), static_cast<const double*>(y),
          static_cast<double*>(gx));
    case DType::kHalf:
    case DType::kBFloat16:
      return parallel_for(0, outer, grain_for(8 * slice), [&](int64_t b, int64_t e) {
        Scratch<float> gf(slice), yf(slice), xf(slice);
        for (int64_t i = b; i < e; ++i) {
          convert_to_float(type, static_cast<const uint16_t*>(g) + i * slice, gf.get(), slice);
          convert_to_float(type, static_cast<const uint16_t*>(y) + i * slice, yf.get(), slice);
          HWY_DYNAMIC_DISPATCH(SoftmaxBackF32)(log, 1, size, inner, gf.get(), yf.get(), xf.get());
          convert_from_float(type, xf.get(), static_cast<uint16_t*>(gx) + i * slice, slice);
        }
      });
    default:
      no_kernel("softmax", type);
  }
}
}  // namespace pharos::cpu
#endif
