// Batch normalisation: one channel at a time while its rows are in the cache (area > 1), or lanes
// across channels when there is no area (BatchNorm1d on [batch, channels]).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/batch_norm_simd.cpp"
#include <cmath>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/batch_norm.h"
#include "kernels/cpu/no_kernel.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

// f(channel, row function) with rows summed in the order of the batch: sum of term(row pointer
// offset, j, lanes) over one channel.
template <class T, class F>
HWY_INLINE double channel_sum(const NormShape& s, int64_t c, F&& term) {
  double total = 0;
  for (int64_t n = 0; n < s.batch; ++n) {
    const int64_t at = (n * s.channels + c) * s.area;
    total +=
        row_sum<T>(s.area, [&](int64_t j, int64_t lanes) HWY_ATTR { return term(at + j, lanes); });
  }
  return total;
}

// Sums over the batch for `lanes` neighbouring channels (area == 1): blocks of 64 rows in T, the
// blocks in f64.
template <class T, class F>
HWY_INLINE void lane_sum(const NormShape& s, int64_t c, int64_t lanes, double* total, F&& term) {
  const RowTag<T> d;
  HWY_ALIGN T part[kRowLanes<T>];
  for (int64_t i = 0; i < lanes; ++i) total[i] = 0;
  for (int64_t n0 = 0; n0 < s.batch; n0 += 64) {
    auto sum = hn::Zero(d);
    const int64_t n1 = HWY_MIN(s.batch, n0 + 64);
    for (int64_t n = n0; n < n1; ++n) sum = hn::Add(sum, term(n * s.channels + c, lanes));
    hn::Store(sum, d, part);
    for (int64_t i = 0; i < lanes; ++i) total[i] += static_cast<double>(part[i]);
  }
}

template <class T, class F>
void for_lane_blocks(const NormShape& s, F&& f) {
  constexpr int64_t vl = kRowLanes<T>;
  parallel_for(0, (s.channels + vl - 1) / vl, grain_for(4 * vl * s.batch),
               [&](int64_t b, int64_t e) {
                 for (int64_t i = b; i < e; ++i) f(i * vl, HWY_MIN(vl, s.channels - i * vl));
               });
}

template <class T>
void stats(const NormShape& s, const T* x, T* mean, T* var) {
  const RowTag<T> d;
  const double count = static_cast<double>(s.batch * s.area);
  if (s.area == 1) {
    return for_lane_blocks<T>(s, [&](int64_t c, int64_t lanes) HWY_ATTR {
      double sum[kRowLanes<T>];
      lane_sum<T>(s, c, lanes, sum,
                  [&](int64_t at, int64_t l) HWY_ATTR { return row_load(x + at, l); });
      for (int64_t i = 0; i < lanes; ++i) mean[c + i] = static_cast<T>(sum[i] / count);
      const auto m = row_load(mean + c, lanes);
      lane_sum<T>(s, c, lanes, sum, [&](int64_t at, int64_t l) HWY_ATTR {
        const auto v = hn::Sub(row_load(x + at, l), m);
        return hn::Mul(v, v);
      });
      for (int64_t i = 0; i < lanes; ++i) var[c + i] = static_cast<T>(sum[i] / count);
    });
  }
  parallel_for(0, s.channels, grain_for(2 * s.batch * s.area), [&](int64_t c0, int64_t c1) {
    for (int64_t c = c0; c < c1; ++c) {
      mean[c] = static_cast<T>(channel_sum<T>(s, c,
                                              [&](int64_t at, int64_t lanes)
                                                  HWY_ATTR { return row_load(x + at, lanes); }) /
                               count);
      const auto m = hn::Set(d, mean[c]);
      var[c] = static_cast<T>(channel_sum<T>(s, c,
                                             [&](int64_t at, int64_t lanes) HWY_ATTR {
                                               auto v = hn::Sub(row_load(x + at, lanes), m);
                                               if (lanes != kRowLanes<T>) {
                                                 v = hn::IfThenElseZero(hn::FirstN(d, lanes), v);
                                               }
                                               return hn::Mul(v, v);
                                             }) /
                              count);
    }
  });
}

template <class T>
void apply(const NormShape& s, const T* x, const T* mean, const T* invstd, const T* w, const T* b,
           T* y) {
  const RowTag<T> d;
  // y = x * scale + shift, as PyTorch computes it on the CPU.
  Scratch<T> coefficients(2 * s.channels);
  T *scale = coefficients.get(), *shift = scale + s.channels;
  for (int64_t c = 0; c < s.channels; ++c) {
    scale[c] = w ? invstd[c] * w[c] : invstd[c];
    shift[c] = (b ? b[c] : T(0)) - mean[c] * scale[c];
  }
  if (s.area == 1) {
    parallel_for(0, s.batch, grain_for(s.channels), [&](int64_t n0, int64_t n1) {
      for (int64_t n = n0; n < n1; ++n) {
        const T* xr = x + n * s.channels;
        row_map(s.channels, y + n * s.channels, [&](int64_t j, int64_t lanes) HWY_ATTR {
          return hn::MulAdd(row_load(xr + j, lanes), row_load(scale + j, lanes),
                            row_load(shift + j, lanes));
        });
      }
    });
    return;
  }
  parallel_for(0, s.batch * s.channels, grain_for(s.area), [&](int64_t r0, int64_t r1) {
    for (int64_t r = r0; r < r1; ++r) {
      const auto a = hn::Set(d, scale[r % s.channels]), c = hn::Set(d, shift[r % s.channels]);
      const T* xr = x + r * s.area;
      row_map(s.area, y + r * s.area, [&](int64_t j, int64_t lanes) HWY_ATTR {
        return hn::MulAdd(row_load(xr + j, lanes), a, c);
      });
    }
  });
}

// With S = sum(g), P = sum(g (x - mean)) and N items:
//   training: gx = (g - S / N - (x - mean) invstd^2 P / N) invstd w;   constant: gx = g invstd w.
template <class T>
struct Factors {
  T mean, offset, slope, scale;
};

template <class T>
Factors<T> factors_of(const NormShape& s, bool train, double sum, double product, T mean, T invstd,
                      const T* w, int64_t c) {
  const double n = static_cast<double>(s.batch * s.area), r = invstd;
  return {mean, static_cast<T>(train ? sum / n : 0.0),
          static_cast<T>(train ? product * r * r / n : 0.0),
          static_cast<T>(r * (w ? static_cast<double>(w[c]) : 1.0))};
}

template <class T>
void backward_lanes(const NormShape& s, bool train, const T* g, const T* x, const T* mean,
                    const T* invstd, const T* w, T* gx, T* gw, T* gb) {
  for_lane_blocks<T>(s, [&](int64_t c, int64_t lanes) HWY_ATTR {
    constexpr int64_t vl = kRowLanes<T>;
    double sum[vl], product[vl];
    const auto m = row_load(mean + c, lanes);
    lane_sum<T>(s, c, lanes, sum,
                [&](int64_t at, int64_t l) HWY_ATTR { return row_load(g + at, l); });
    lane_sum<T>(s, c, lanes, product, [&](int64_t at, int64_t l) HWY_ATTR {
      return hn::Mul(row_load(g + at, l), hn::Sub(row_load(x + at, l), m));
    });
    HWY_ALIGN T offset[vl] = {}, slope[vl] = {}, scale[vl] = {};
    for (int64_t i = 0; i < lanes; ++i) {
      if (gb) gb[c + i] = static_cast<T>(sum[i]);
      if (gw) gw[c + i] = static_cast<T>(product[i] * static_cast<double>(invstd[c + i]));
      const auto f = factors_of(s, train, sum[i], product[i], mean[c + i], invstd[c + i], w, c + i);
      offset[i] = f.offset;
      slope[i] = f.slope;
      scale[i] = f.scale;
    }
    if (gx == nullptr) return;
    const RowTag<T> d;
    const auto vo = hn::Load(d, offset), vs = hn::Load(d, slope), vc = hn::Load(d, scale);
    for (int64_t n = 0; n < s.batch; ++n) {
      const int64_t at = n * s.channels + c;
      auto v = hn::Sub(row_load(g + at, lanes), vo);
      v = hn::NegMulAdd(hn::Sub(row_load(x + at, lanes), m), vs, v);
      store_first(hn::Mul(v, vc), d, gx + at, lanes);
    }
  });
}

template <class T>
void backward(const NormShape& s, bool train, const T* g, const T* x, const T* mean,
              const T* invstd, const T* w, T* gx, T* gw, T* gb) {
  if (s.area == 1) return backward_lanes(s, train, g, x, mean, invstd, w, gx, gw, gb);
  parallel_for(0, s.channels, grain_for(3 * s.batch * s.area), [&](int64_t c0, int64_t c1) {
    const RowTag<T> d;
    for (int64_t c = c0; c < c1; ++c) {
      const auto m = hn::Set(d, mean[c]);
      double sum = 0, product = 0;
      if (train || gw || gb) {
        sum = channel_sum<T>(
            s, c, [&](int64_t at, int64_t lanes) HWY_ATTR { return row_load(g + at, lanes); });
        product = channel_sum<T>(s, c, [&](int64_t at, int64_t lanes) HWY_ATTR {
          return hn::Mul(row_load(g + at, lanes), hn::Sub(row_load(x + at, lanes), m));
        });
      }
      if (gb) gb[c] = static_cast<T>(sum);
      if (gw) gw[c] = static_cast<T>(product * static_cast<double>(invstd[c]));
      if (gx == nullptr) continue;
      const auto f = factors_of(s, train, sum, product, mean[c], invstd[c], w, c);
      const auto vo = hn::Set(d, f.offset), vs = hn::Set(d, f.slope), vc = hn::Set(d, f.scale);
      for (int64_t n = 0; n < s.batch; ++n) {
        const int64_t at = (n * s.channels + c) * s.area;
        if (!train) {  // x may be anything here, even infinite
          row_map(s.area, gx + at, [&](int64_t j, int64_t lanes) HWY_ATTR {
            return hn::Mul(row_load(g + at + j, lanes), vc);
          });
          continue;
        }
        row_map(s.area, gx + at, [&](int64_t j, int64_t lanes) HWY_ATTR {
          const auto v = hn::Sub(row_load(g + at + j, lanes), vo);
          return hn::Mul(hn::NegMulAdd(hn::Sub(row_load(x + at + j, lanes), m), vs, v), vc);
        });
      }
    }
  });
}

void StatsF32(const NormShape& s, const float* x, float* m, float* v) { stats(s, x, m, v); }
void StatsF64(const NormShape& s, const double* x, double* m, double* v) { stats(s, x, m, v); }
void ApplyF32(const NormShape& s, const float* x, const float* m, const float* r, const float* w,
              const float* b, float* y) {
  apply(s, x, m, r, w, b, y);
}
void ApplyF64(const NormShape& s, const double* x, const double* m, const double* r,
              const double* w, const double* b, double* y) {
  apply(s, x, m, r, w, b, y);
}
void BackF32(const NormShape& s, bool train, const float* g, const float* x, const float* m,
             const float* r, const float* w, float* gx, float* gw, float* gb) {
  backward(s, train, g, x, m, r, w, gx, gw, gb);
}
void BackF64(const NormShape& s, bool train, const double* g, const double* x, const double* m,
             const double* r, const double* w, double* gx, double* gw, double* gb) {
  backward(s, train, g, x, m, r, w, gx, gw, gb);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(StatsF32);
HWY_EXPORT(StatsF64);
HWY_EXPORT(ApplyF32);
HWY_EXPORT(ApplyF64);
HWY_EXPORT(BackF32);
HWY_EXPORT(BackF64);

namespace {

template <class T>
const T* in(const void* p) {
  return static_cast<const T*>(p);
}
template <class T>
T* out(void* p) {
  return static_cast<T*>(p);
}

bool is_half(DType t) { return t == DType::kHalf || t == DType::kBFloat16; }

void require_supported(DType t) {
  if (t != DType::kFloat && t != DType::kDouble && !is_half(t)) {
    no_kernel("batch_norm", t);
  }
}

void widen(DType type, const void* src, float* dst, int64_t n) {
  parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
    convert_to_float(type, in<uint16_t>(src) + b, dst + b, e - b);
  });
}
void narrow(DType type, const float* src, void* dst, int64_t n) {
  parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
    convert_from_float(type, src + b, out<uint16_t>(dst) + b, e - b);
  });
}

}  // namespace

void batch_norm_stats(DType type, const NormShape& s, const void* x, void* mean, void* var) {
  require_supported(type);
  const int64_t n = s.batch * s.channels * s.area;
  if (is_half(type)) {
    Scratch<float> xf(n);
    widen(type, x, xf.get(), n);
    return batch_norm_stats(DType::kFloat, s, xf.get(), mean, var);
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(StatsF32)(s, in<float>(x), out<float>(mean), out<float>(var));
  } else {
    HWY_DYNAMIC_DISPATCH(StatsF64)(s, in<double>(x), out<double>(mean), out<double>(var));
  }
}

void batch_norm_apply(DType type, const NormShape& s, const void* x, const void* mean,
                      const void* invstd, const void* w, const void* b, void* y) {
  require_supported(type);
  const int64_t n = s.batch * s.channels * s.area;
  if (n == 0) return;
  if (is_half(type)) {
    Scratch<float> xf(n);
    widen(type, x, xf.get(), n);
    batch_norm_apply(DType::kFloat, s, xf.get(), mean, invstd, w, b, xf.get());
    return narrow(type, xf.get(), y, n);
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(ApplyF32)
    (s, in<float>(x), in<float>(mean), in<float>(invstd), in<float>(w), in<float>(b),
     out<float>(y));
  } else {
    HWY_DYNAMIC_DISPATCH(ApplyF64)
    (s, in<double>(x), in<double>(mean), in<double>(invstd), in<double>(w), in<double>(b),
     out<double>(y));
  }
}

void batch_norm_backward(DType type, const NormShape& s, bool train, const void* g, const void* x,
                         const void* mean, const void* invstd, const void* w, void* gx, void* gw,
                         void* gb) {
  require_supported(type);
  const int64_t n = s.batch * s.channels * s.area;
  if (is_half(type)) {
    Scratch<float> gf(n), xf(n);
    widen(type, g, gf.get(), n);
    widen(type, x, xf.get(), n);
    batch_norm_backward(DType::kFloat, s, train, gf.get(), xf.get(), mean, invstd, w,
                        gx ? gf.get() : nullptr, gw, gb);
    if (gx) narrow(type, gf.get(), gx, n);
    return;
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(BackF32)
    (s, train, in<float>(g), in<float>(x), in<float>(mean), in<float>(invstd), in<float>(w),
     out<float>(gx), out<float>(gw), out<float>(gb));
  } else {
    HWY_DYNAMIC_DISPATCH(BackF64)
    (s, train, in<double>(g), in<double>(x), in<double>(mean), in<double>(invstd), in<double>(w),
     out<double>(gx), out<double>(gw), out<double>(gb));
  }
}
}  // namespace pharos::cpu
#endif
