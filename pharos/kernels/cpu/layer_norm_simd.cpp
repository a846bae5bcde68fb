// layer_norm and group_norm, forward and backward. Mean and variance take two passes over a row
// that is still in the cache. Weight gradients are summed per block of rows, then over the blocks
// in order, so bits do not depend on threads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/layer_norm_simd.cpp"
#include <cmath>
#include <cstring>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/layer_norm.h"
#include "kernels/cpu/no_kernel.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/rows-inl.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

template <class T>
HWY_INLINE void row_stats(const T* x, int64_t n, double eps, T* mean, T* rstd) {
  const RowTag<T> d;
  const double sum =
      row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR { return row_load(x + j, lanes); });
  *mean = static_cast<T>(sum / static_cast<double>(n));
  const auto m = hn::Set(d, *mean);
  const double squares = row_sum<T>(n, [&](int64_t j, int64_t lanes) HWY_ATTR {
    auto v = hn::Sub(row_load(x + j, lanes), m);
    if (lanes != kRowLanes<T>) v = hn::IfThenElseZero(hn::FirstN(d, lanes), v);
    return hn::Mul(v, v);
  });
  *rstd = static_cast<T>(1.0 / std::sqrt(squares / static_cast<double>(n) + eps));
}

template <class T>
void layer_rows(int64_t rows, int64_t cols, const T* x, const T* w, const T* b, double eps, T* y,
                T* mean, T* rstd) {
  parallel_for(0, rows, grain_for(4 * cols), [&](int64_t r0, int64_t r1) {
    const RowTag<T> d;
    for (int64_t r = r0; r < r1; ++r) {
      const T* xr = x + r * cols;
      T mu, rs;
      row_stats(xr, cols, eps, &mu, &rs);
      if (mean) mean[r] = mu;
      if (rstd) rstd[r] = rs;
      const auto vm = hn::Set(d, mu), vr = hn::Set(d, rs);
      row_map(cols, y + r * cols, [&](int64_t j, int64_t lanes) HWY_ATTR {
        auto v = hn::Mul(hn::Sub(row_load(xr + j, lanes), vm), vr);
        if (w && b) return hn::MulAdd(v, row_load(w + j, lanes), row_load(b + j, lanes));
        if (w) return hn::Mul(v, row_load(w + j, lanes));
        if (b) return hn::Add(v, row_load(b + j, lanes));
        return v;
      });
    }
  });
}

// gx = rstd * (g w - mean(g w) - xhat * mean(g w xhat)), with xhat = (x - mean) rstd.
template <class T>
HWY_INLINE void grad_x_row(int64_t cols, const T* g, const T* x, T mean, T rstd, const T* w,
                           T* gx) {
  const RowTag<T> d;
  const auto vm = hn::Set(d, mean), vr = hn::Set(d, rstd);
  auto gw = [&](int64_t j, int64_t lanes) HWY_ATTR {
    const auto v = row_load(g + j, lanes);
    return w ? hn::Mul(v, row_load(w + j, lanes)) : v;
  };
  auto xhat = [&](int64_t j, int64_t lanes)
                  HWY_ATTR { return hn::Mul(hn::Sub(row_load(x + j, lanes), vm), vr); };
  const double n = static_cast<double>(cols);
  const double sum = row_sum<T>(cols, gw);
  const double product = row_sum<T>(cols, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Mul(gw(j, lanes), xhat(j, lanes));
  });
  const auto c1 = hn::Set(d, static_cast<T>(sum / n));
  const auto c2 = hn::Set(d, static_cast<T>(product / n));
  row_map(cols, gx, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Mul(vr, hn::Sub(hn::Sub(gw(j, lanes), c1), hn::Mul(xhat(j, lanes), c2)));
  });
}

// Adds one row's g * xhat and g to the partial sums pw and pb.
template <class T>
HWY_INLINE void grad_w_row(int64_t cols, const T* g, const T* x, T mean, T rstd, T* HWY_RESTRICT pw,
                           T* HWY_RESTRICT pb) {
  const RowTag<T> d;
  const auto vm = hn::Set(d, mean), vr = hn::Set(d, rstd);
  row_map(cols, pw, [&](int64_t j, int64_t lanes) HWY_ATTR {
    const auto xhat = hn::Mul(hn::Sub(row_load(x + j, lanes), vm), vr);
    return hn::MulAdd(row_load(g + j, lanes), xhat, row_load(pw + j, lanes));
  });
  row_map(cols, pb, [&](int64_t j, int64_t lanes) HWY_ATTR {
    return hn::Add(row_load(g + j, lanes), row_load(pb + j, lanes));
  });
}

// Both gradients in one pass over the rows: column sums of 64 rows each, then all partial sums in
// order.
template <class T>
void layer_backward(int64_t rows, int64_t cols, const T* g, const T* x, const T* mean,
                    const T* rstd, const T* w, T* gx, T* gw, T* gb) {
  int64_t block = 64;
  while (rows / block > 512) block *= 2;  // bounds the scratch
  const int64_t blocks = (rows + block - 1) / block;
  const bool sums = gw || gb;
  Scratch<T> partial(sums ? 2 * blocks * cols : 0);
  parallel_for(0, blocks, grain_for(8 * block * cols), [&](int64_t b0, int64_t b1) {
    for (int64_t k = b0; k < b1; ++k) {
      T* pw = sums ? partial.get() + 2 * k * cols : nullptr;
      if (sums) std::memset(pw, 0, sizeof(T) * 2 * cols);
      for (int64_t r = k * block; r < HWY_MIN(rows, (k + 1) * block); ++r) {
        const T *gr = g + r * cols, *xr = x + r * cols;
        if (sums) grad_w_row(cols, gr, xr, mean[r], rstd[r], pw, pw + cols);
        if (gx) grad_x_row(cols, gr, xr, mean[r], rstd[r], w, gx + r * cols);
      }
    }
  });
  for (int part = 0; part < 2; ++part) {
    T* out = part == 0 ? gw : gb;
    if (out == nullptr) continue;
    parallel_for(0, cols, grain_for(blocks), [&](int64_t c0, int64_t c1) {
      for (int64_t c = c0; c < c1; ++c) {
        double sum = 0;
        for (int64_t k = 0; k < blocks; ++k) sum += partial[(2 * k + part) * cols + c];
        out[c] = static_cast<T>(sum);
      }
    });
  }
}

template <class T>
void group_rows(int64_t batch, int64_t channels, int64_t area, int64_t groups, const T* x,
                const T* w, const T* b, double eps, T* y, T* mean, T* rstd) {
  const int64_t per = channels / groups, cols = per * area;
  parallel_for(0, batch * groups, grain_for(4 * cols), [&](int64_t r0, int64_t r1) {
    const RowTag<T> d;
    for (int64_t r = r0; r < r1; ++r) {
      T mu, rs;
      row_stats(x + r * cols, cols, eps, &mu, &rs);
      if (mean) mean[r] = mu;
      if (rstd) rstd[r] = rs;
      for (int64_t c = 0; c < per; ++c) {
        const int64_t channel = r % groups * per + c;
        const T scale = w ? rs * w[channel] : rs;
        const auto vs = hn::Set(d, scale);
        const auto vb = hn::Set(d, b ? b[channel] : T(0));
        const auto vm = hn::Set(d, mu);
        const T* xc = x + r * cols + c * area;
        row_map(area, y + r * cols + c * area, [&](int64_t j, int64_t lanes) HWY_ATTR {
          return hn::MulAdd(hn::Sub(row_load(xc + j, lanes), vm), vs, vb);
        });
      }
    }
  });
}

template <class T>
void group_backward(int64_t batch, int64_t channels, int64_t area, int64_t groups, const T* g,
                    const T* x, const T* mean, const T* rstd, const T* w, T* gx, T* gw, T* gb) {
  const int64_t per = channels / groups, cols = per * area;
  Scratch<double> sums(2 * batch * channels);  // of g and of g * (x - mean), per channel
  parallel_for(0, batch * groups, grain_for(6 * cols), [&](int64_t r0, int64_t r1) {
    const RowTag<T> d;
    for (int64_t r = r0; r < r1; ++r) {
      const auto vm = hn::Set(d, mean[r]);
      const double n = static_cast<double>(cols), rs = rstd[r];
      double s1 = 0, s2 = 0;
      for (int64_t c = 0; c < per; ++c) {
        const T *gc = g + r * cols + c * area, *xc = x + r * cols + c * area;
        double* s = &sums[2 * (r * per + c)];
        s[0] = row_sum<T>(
            area, [&](int64_t j, int64_t lanes) HWY_ATTR { return row_load(gc + j, lanes); });
        s[1] = row_sum<T>(area, [&](int64_t j, int64_t lanes) HWY_ATTR {
          return hn::Mul(row_load(gc + j, lanes), hn::Sub(row_load(xc + j, lanes), vm));
        });
        const double weight = w ? w[r % groups * per + c] : 1.0;
        s1 += s[0] * weight;
        s2 += s[1] * weight;
      }
      if (gx == nullptr) continue;
      const auto k1 = hn::Set(d, static_cast<T>(rs * s1 / n));
      const auto k2 = hn::Set(d, static_cast<T>(rs * rs * rs * s2 / n));
      for (int64_t c = 0; c < per; ++c) {
        const T *gc = g + r * cols + c * area, *xc = x + r * cols + c * area;
        const auto scale =
            hn::Set(d, static_cast<T>(rs * (w ? double(w[r % groups * per + c]) : 1.0)));
        row_map(area, gx + r * cols + c * area, [&](int64_t j, int64_t lanes) HWY_ATTR {
          const auto centred = hn::Sub(row_load(xc + j, lanes), vm);
          return hn::Sub(hn::Sub(hn::Mul(row_load(gc + j, lanes), scale), k1),
                         hn::Mul(centred, k2));
        });
      }
    }
  });
  for (int64_t c = 0; c < channels && (gw || gb); ++c) {
    double sw = 0, sb = 0;
    for (int64_t n = 0; n < batch; ++n) {
      const double* s = &sums[2 * (n * channels + c)];
      sb += s[0];
      sw += s[1] * rstd[n * groups + c / per];
    }
    if (gw) gw[c] = static_cast<T>(sw);
    if (gb) gb[c] = static_cast<T>(sb);
  }
}

#define PHAROS_ROWS_FOR_TYPE(T, Suffix)                                                           \
  void LayerNorm##Suffix(int64_t r, int64_t c, const T* x, const T* w, const T* b, double eps,    \
                         T* y, T* mean, T* rstd) {                                                \
    layer_rows(r, c, x, w, b, eps, y, mean, rstd);                                                \
  }                                                                                               \
  void LayerNormBack##Suffix(int64_t r, int64_t c, const T* g, const T* x, const T* mean,         \
                             const T* rstd, const T* w, T* gx, T* gw, T* gb) {                    \
    layer_backward(r, c, g, x, mean, rstd, w, gx, gw, gb);                                        \
  }                                                                                               \
  void GroupNorm##Suffix(int64_t n, int64_t c, int64_t s, int64_t g, const T* x, const T* w,      \
                         const T* b, double eps, T* y, T* mean, T* rstd) {                        \
    group_rows(n, c, s, g, x, w, b, eps, y, mean, rstd);                                          \
  }                                                                                               \
  void GroupNormBack##Suffix(int64_t n, int64_t c, int64_t s, int64_t g, const T* gy, const T* x, \
                             const T* mean, const T* rstd, const T* w, T* gx, T* gw, T* gb) {     \
    group_backward(n, c, s, g, gy, x, mean, rstd, w, gx, gw, gb);                                 \
  }
PHAROS_ROWS_FOR_TYPE(float, F32)
PHAROS_ROWS_FOR_TYPE(double, F64)
#undef PHAROS_ROWS_FOR_TYPE

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(LayerNormF32);
HWY_EXPORT(LayerNormF64);
HWY_EXPORT(LayerNormBackF32);
HWY_EXPORT(LayerNormBackF64);
HWY_EXPORT(GroupNormF32);
HWY_EXPORT(GroupNormF64);
HWY_EXPORT(GroupNormBackF32);
HWY_EXPORT(GroupNormBackF64);

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
    no_kernel("layer_norm", t);
  }
}

// f32 copy of a half-precision argument; null stays null.
struct Wide {
  Scratch<float> data;
  Wide(DType type, const void* p, int64_t n) : data(p ? n : 0) {
    if (p == nullptr) return;
    parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
      convert_to_float(type, static_cast<const uint16_t*>(p) + b, data.get() + b, e - b);
    });
  }
  const float* get() const { return data.get(); }
};
// f32 results that become half precision at the end; null stays null.
struct WideOut {
  DType type;
  void* target;
  int64_t n;
  Scratch<float> data;
  WideOut(DType t, void* p, int64_t count) : type(t), target(p), n(count), data(p ? count : 0) {}
  void finish() {
    if (target == nullptr) return;
    parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
      convert_from_float(type, data.get() + b, static_cast<uint16_t*>(target) + b, e - b);
    });
  }
  float* get() const { return data.get(); }
};

}  // namespace

void layer_norm(DType type, int64_t rows, int64_t cols, const void* x, const void* w, const void* b,
                double eps, void* y, void* mean, void* rstd) {
  require_supported(type);
  if (is_half(type)) {
    Wide xf(type, x, rows * cols), wf(type, w, cols), bf(type, b, cols);
    WideOut yf(type, y, rows * cols);
    layer_norm(DType::kFloat, rows, cols, xf.get(), wf.get(), bf.get(), eps, yf.get(), mean, rstd);
    return yf.finish();
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(LayerNormF32)
    (rows, cols, in<float>(x), in<float>(w), in<float>(b), eps, out<float>(y), out<float>(mean),
     out<float>(rstd));
  } else {
    HWY_DYNAMIC_DISPATCH(LayerNormF64)
    (rows, cols, in<double>(x), in<double>(w), in<double>(b), eps, out<double>(y),
     out<double>(mean), out<double>(rstd));
  }
}

void layer_norm_backward(DType type, int64_t rows, int64_t cols, const void* g, const void* x,
                         const void* mean, const void* rstd, const void* w, void* gx, void* gw,
                         void* gb) {
  require_supported(type);
  if (is_half(type)) {
    Wide gf(type, g, rows * cols), xf(type, x, rows * cols), wf(type, w, cols);
    WideOut gxf(type, gx, rows * cols), gwf(type, gw, cols), gbf(type, gb, cols);
    layer_norm_backward(DType::kFloat, rows, cols, gf.get(), xf.get(), mean, rstd, wf.get(),
                        gxf.get(), gwf.get(), gbf.get());
    gxf.finish();
    gwf.finish();
    return gbf.finish();
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(LayerNormBackF32)
    (rows, cols, in<float>(g), in<float>(x), in<float>(mean), in<float>(rstd), in<float>(w),
     out<float>(gx), out<float>(gw), out<float>(gb));
  } else {
    HWY_DYNAMIC_DISPATCH(LayerNormBackF64)
    (rows, cols, in<double>(g), in<double>(x), in<double>(mean), in<double>(rstd), in<double>(w),
     out<double>(gx), out<double>(gw), out<double>(gb));
  }
}

void group_norm(DType type, int64_t n, int64_t c, int64_t area, int64_t groups, const void* x,
                const void* w, const void* b, double eps, void* y, void* mean, void* rstd) {
  require_supported(type);
  if (is_half(type)) {
    Wide xf(type, x, n * c * area), wf(type, w, c), bf(type, b, c);
    WideOut yf(type, y, n * c * area);
    group_norm(DType::kFloat, n, c, area, groups, xf.get(), wf.get(), bf.get(), eps, yf.get(), mean,
               rstd);
    return yf.finish();
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(GroupNormF32)
    (n, c, area, groups, in<float>(x), in<float>(w), in<float>(b), eps, out<float>(y),
     out<float>(mean), out<float>(rstd));
  } else {
    HWY_DYNAMIC_DISPATCH(GroupNormF64)
    (n, c, area, groups, in<double>(x), in<double>(w), in<double>(b), eps, out<double>(y),
     out<double>(mean), out<double>(rstd));
  }
}

void group_norm_backward(DType type, int64_t n, int64_t c, int64_t area, int64_t groups,
                         const void* g, const void* x, const void* mean, const void* rstd,
                         const void* w, void* gx, void* gw, void* gb) {
  require_supported(type);
  if (is_half(type)) {
    Wide gf(type, g, n * c * area), xf(type, x, n * c * area), wf(type, w, c);
    WideOut gxf(type, gx, n * c * area), gwf(type, gw, c), gbf(type, gb, c);
    group_norm_backward(DType::kFloat, n, c, area, groups, gf.get(), xf.get(), mean, rstd, wf.get(),
                        gxf.get(), gwf.get(), gbf.get());
    gxf.finish();
    gwf.finish();
    return gbf.finish();
  }
  if (type == DType::kFloat) {
    HWY_DYNAMIC_DISPATCH(GroupNormBackF32)
    (n, c, area, groups, in<float>(g), in<float>(x), in<float>(mean), in<float>(rstd), in<float>(w),
     out<float>(gx), out<float>(gw), out<float>(gb));
  } else {
    HWY_DYNAMIC_DISPATCH(GroupNormBackF64)
    (n, c, area, groups, in<double>(g), in<double>(x), in<double>(mean), in<double>(rstd),
     in<double>(w), out<double>(gx), out<double>(gw), out<double>(gb));
  }
}
}  // namespace pharos::cpu
#endif
