// Max and average pooling of f32 and f64 on padded planes split by stride phase, so that every tap
// of a window reads contiguous lanes for neighbouring outputs, whatever the stride.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/pool_simd.cpp"
#include <cstring>
#include <limits>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/partial-inl.h"
#include "kernels/cpu/pool.h"
#include "kernels/cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
constexpr int64_t kVL = hn::MaxLanes(Tag<T>());

// Rows of the padded input that windows touch; columns split by phase: [row][phase][pitch].
struct PaddedPlane {
  int64_t rows[2];  // padded depth and height
  int64_t pitch, phases;
  int64_t row_size() const { return phases * pitch; }
  int64_t size() const { return rows[0] * rows[1] * row_size(); }
  int64_t row(int64_t d, int64_t h) const { return (d * rows[1] + h) * row_size(); }
  int64_t column(int64_t w) const { return w % phases * pitch + w / phases; }
};

template <class T>
PaddedPlane padded_plane(const PoolShape& s) {
  PaddedPlane p;
  int64_t reach[3];
  for (int i = 0; i < 3; ++i) {
    reach[i] = (s.out[i] - 1) * s.stride[i] + (s.kernel[i] - 1) * s.dilation[i] + 1;
  }
  p.rows[0] = reach[0];
  p.rows[1] = reach[1];
  p.phases = s.stride[2];
  // Whole vectors may be read at the end of a row.
  p.pitch = (reach[2] + p.phases - 1) / p.phases + kVL<T>;
  return p;
}

template <class T>
void fill(T* p, int64_t n, T value) {
  const Tag<T> d;
  int64_t i = 0;
  for (; i + kVL<T> <= n; i += kVL<T>) hn::StoreU(hn::Set(d, value), d, p + i);
  for (; i < n; ++i) p[i] = value;
}

// Calls f(column of the input row, pointer of that column's phase, columns to go) once per phase.
template <class T, class F>
HWY_INLINE void for_phases(const PaddedPlane& p, int64_t pad, int64_t width, T* row, F&& f) {
  for (int64_t first = 0; first < HWY_MIN(p.phases, width); ++first) {
    f(first, row + p.column(first + pad), (width - first + p.phases - 1) / p.phases);
  }
}

// One row of the input into its phases. Two phases are the usual case (stride 2).
template <class T>
HWY_INLINE void pack_row(const PaddedPlane& p, int64_t pad, int64_t width,
                         const T* HWY_RESTRICT row, T* HWY_RESTRICT to) {
  const Tag<T> d;
  if (p.phases == 1) {
    std::memcpy(to + pad, row, sizeof(T) * width);
    return;
  }
  const int64_t step = 2 * kVL<T>;
  if (p.phases == 2 && width >= step) {
    T* even = to + p.column(pad);  // an odd padding makes this the second phase
    T* odd = to + p.column(pad + 1);
    for (int64_t w = 0; w < width - width % 2;) {
      // The last step overlaps the one before it; both start at even columns.
      if (w + step > width) w = (width - step) & ~int64_t{1};
      auto a = hn::Zero(d), b = a;
      hn::LoadInterleaved2(d, row + w, a, b);
      hn::StoreU(a, d, even + w / 2);
      hn::StoreU(b, d, odd + w / 2);
      w += step;
    }
    if (width % 2) even[width / 2] = row[width - 1];
    return;
  }
  for_phases(p, pad, width, to, [&](int64_t first, T* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = row[first + i * p.phases];
  });
}

// The reverse of pack_row.
template <class T>
HWY_INLINE void unpack_row(const PaddedPlane& p, int64_t pad, int64_t width, T* HWY_RESTRICT from,
                           T* HWY_RESTRICT row) {
  const Tag<T> d;
  if (p.phases == 1) {
    std::memcpy(row, from + pad, sizeof(T) * width);
    return;
  }
  const int64_t step = 2 * kVL<T>;
  if (p.phases == 2 && width >= step) {
    const T* even = from + p.column(pad);
    const T* odd = from + p.column(pad + 1);
    for (int64_t w = 0; w < width - width % 2;) {
      if (w + step > width) w = (width - step) & ~int64_t{1};
      hn::StoreInterleaved2(hn::LoadU(d, even + w / 2), hn::LoadU(d, odd + w / 2), d, row + w);
      w += step;
    }
    if (width % 2) row[width - 1] = even[width / 2];
    return;
  }
  for_phases(p, pad, width, from, [&](int64_t first, const T* in, int64_t n) {
    for (int64_t i = 0; i < n; ++i) row[first + i * p.phases] = in[i];
  });
}

// Input columns that windows reach; later ones are not part of any window.
template <class T>
int64_t reached_width(const PoolShape& s, const PaddedPlane& p) {
  return HWY_MAX(int64_t{0}, HWY_MIN(s.in[2], p.phases * (p.pitch - kVL<T>)-s.pad[2]));
}

// Copies the input into the inside of a plane whose border is already filled.
template <class T>
void pack(const PoolShape& s, const PaddedPlane& p, const T* HWY_RESTRICT x, T* HWY_RESTRICT dst) {
  const int64_t width = reached_width<T>(s, p);
  for (int64_t id = 0; id < s.in[0] && id + s.pad[0] < p.rows[0]; ++id) {
    for (int64_t ih = 0; ih < s.in[1] && ih + s.pad[1] < p.rows[1]; ++ih) {
      pack_row(p, s.pad[2], width, x + (id * s.in[1] + ih) * s.in[2],
               dst + p.row(id + s.pad[0], ih + s.pad[1]));
    }
  }
}

// Offsets of all taps from the row and column of a window, in row-major order.
void tap_offsets(const PoolShape& s, const PaddedPlane& p, int64_t* off, int64_t* flat) {
  for (int64_t kd = 0; kd < s.kernel[0]; ++kd) {
    for (int64_t kh = 0; kh < s.kernel[1]; ++kh) {
      for (int64_t kw = 0; kw < s.kernel[2]; ++kw) {
        *off++ = p.row(kd * s.dilation[0], kh * s.dilation[1]) + p.column(kw * s.dilation[2]);
        *flat++ =
            (kd * s.dilation[0] * s.in[1] + kh * s.dilation[1]) * s.in[2] + kw * s.dilation[2];
      }
    }
  }
}

// Calls f(plane buffer, plane, scratch border ready) for all planes in parallel.
template <class T, class F>
void for_planes(const PoolShape& s, const PaddedPlane& p, T border, F&& f) {
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  parallel_for(0, s.planes, grain_for(s.in_area() + s.out_area() * taps / 4),
               [&](int64_t b, int64_t e) {
                 Scratch<T> plane(p.size());
                 fill(plane.get(), p.size(), border);
                 for (int64_t i = b; i < e; ++i) f(plane.get(), i);
               });
}

// First input of window o, skipping padding: the index of a window that holds only -inf.
int64_t first_valid(const PoolShape& s, int i, int64_t o) {
  int64_t start = o * s.stride[i] - s.pad[i];
  while (start < 0) start += s.dilation[i];
  return start;
}

template <class T>
void max_rows(const PoolShape& s, const PaddedPlane& p, int64_t taps, const int64_t* off,
              const T* plane, T* y) {
  const Tag<T> d;
  for (int64_t od = 0; od < s.out[0]; ++od) {
    for (int64_t oh = 0; oh < s.out[1]; ++oh, y += s.out[2]) {
      const T* base = plane + p.row(od * s.stride[0], oh * s.stride[1]);
      for (int64_t ow = 0; ow < s.out[2]; ow += kVL<T>) {
        auto best = hn::LoadU(d, base + ow + off[0]);
        for (int64_t k = 1; k < taps; ++k) {
          const auto v = hn::LoadU(d, base + ow + off[k]);
          best = hn::IfThenElse(hn::Or(hn::Gt(v, best), hn::IsNaN(v)), v, best);
        }
        const int64_t left = s.out[2] - ow;
        if (left >= kVL<T>) {
          hn::StoreU(best, d, y + ow);
        } else {
          store_first(best, d, y + ow, left);
        }
      }
    }
  }
}

template <class T>
void max_rows_indexed(const PoolShape& s, const PaddedPlane& p, int64_t taps, const int64_t* off,
                      const int64_t* flat, const hwy::MakeSigned<T>* first_w, const T* plane, T* y,
                      int64_t* indices) {
  using I = hwy::MakeSigned<T>;
  const Tag<T> d;
  const hn::RebindToSigned<Tag<T>> di;
  HWY_ALIGN T values[kVL<T>];
  HWY_ALIGN I places[kVL<T>];
  for (int64_t i = 0; i < kVL<T>; ++i) places[i] = static_cast<I>(i * s.stride[2]);
  const auto lane_step = hn::Load(di, places);
  for (int64_t od = 0; od < s.out[0]; ++od) {
    for (int64_t oh = 0; oh < s.out[1]; ++oh, y += s.out[2], indices += s.out[2]) {
      const T* base = plane + p.row(od * s.stride[0], oh * s.stride[1]);
      const int64_t start =
          ((od * s.stride[0] - s.pad[0]) * s.in[1] + oh * s.stride[1] - s.pad[1]) * s.in[2] -
          s.pad[2];
      const int64_t valid = (first_valid(s, 0, od) * s.in[1] + first_valid(s, 1, oh)) * s.in[2];
      for (int64_t ow = 0; ow < s.out[2]; ow += kVL<T>) {
        auto best = hn::Set(d, -std::numeric_limits<T>::infinity());
        auto place = hn::Add(hn::LoadU(di, first_w + ow), hn::Set(di, static_cast<I>(valid)));
        const auto here = hn::Add(lane_step, hn::Set(di, static_cast<I>(start + ow * s.stride[2])));
        for (int64_t k = 0; k < taps; ++k) {
          const auto v = hn::LoadU(d, base + ow + off[k]);
          const auto better = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
          best = hn::IfThenElse(better, v, best);
          place = hn::IfThenElse(hn::RebindMask(di, better),
                                 hn::Add(here, hn::Set(di, static_cast<I>(flat[k]))), place);
        }
        const int64_t lanes = HWY_MIN(kVL<T>, s.out[2] - ow);
        hn::Store(best, d, values);
        hn::Store(place, di, places);
        std::memcpy(y + ow, values, sizeof(T) * lanes);
        for (int64_t i = 0; i < lanes; ++i) indices[ow + i] = places[i];
      }
    }
  }
}

// Disjoint windows of 2 x 2, the usual pool of small nets, straight from the input's rows.
template <class D>
void max_plane_2x2(D d, const PoolShape& s, const hn::TFromD<D>* HWY_RESTRICT x,
                   hn::TFromD<D>* HWY_RESTRICT y, int64_t* HWY_RESTRICT indices) {
  using T = hn::TFromD<D>;
  using I = hwy::MakeSigned<T>;
  const hn::RebindToSigned<D> di;
  constexpr int64_t kL = hn::MaxLanes(d);
  const int64_t width = s.in[2];
  const auto steps = hn::Add(hn::Iota(di, I{0}), hn::Iota(di, I{0}));
  for (int64_t oh = 0; oh < s.out[1]; ++oh) {
    const T* row = x + 2 * oh * width;
    const int64_t at = oh * s.out[2];
    for (int64_t ow = 0; ow < s.out[2]; ow += kL) {
      ow = HWY_MIN(ow, s.out[2] - kL);  // the last vector overlaps the one before it
      auto best = hn::Zero(d), b = best, c = best, e = best;
      hn::LoadInterleaved2(d, row + 2 * ow, best, b);
      hn::LoadInterleaved2(d, row + width + 2 * ow, c, e);
      auto place = hn::Add(steps, hn::Set(di, static_cast<I>(2 * oh * width + 2 * ow)));
      const auto first = place;
      auto take = [&](hn::Vec<D> v, int64_t offset) HWY_ATTR {
        const auto better = hn::Or(hn::Gt(v, best), hn::IsNaN(v));
        best = hn::IfThenElse(better, v, best);
        place = hn::IfThenElse(hn::RebindMask(di, better),
                               hn::Add(first, hn::Set(di, static_cast<I>(offset))), place);
      };
      take(b, 1);
      take(c, width);
      take(e, width + 1);
      hn::StoreU(best, d, y + at + ow);
      if (indices == nullptr) continue;
      if constexpr (sizeof(T) == 8) {
        hn::StoreU(place, di, indices + at + ow);
      } else {
        const hn::Half<hn::RebindToSigned<D>> half;
        const hn::Rebind<int64_t, decltype(half)> wide;
        hn::StoreU(hn::PromoteTo(wide, hn::LowerHalf(half, place)), wide, indices + at + ow);
        hn::StoreU(hn::PromoteTo(wide, hn::UpperHalf(half, place)), wide,
                   indices + at + ow + kL / 2);
      }
    }
  }
}

// With the widest vectors of at least 16 bytes that a row of the output fills; else false.
template <class T, int64_t kLanes>
bool max_pool_2x2(const PoolShape& s, const T* x, T* y, int64_t* indices) {
  if constexpr (kLanes * sizeof(T) < 16) {
    return false;
  } else {
    if (s.out[2] < kLanes) return max_pool_2x2<T, kLanes / 2>(s, x, y, indices);
    parallel_for(0, s.planes, grain_for(2 * s.in_area()), [&](int64_t b, int64_t e) HWY_ATTR {
      const hn::CappedTag<T, kLanes> d;
      for (int64_t i = b; i < e; ++i) {
        max_plane_2x2(d, s, x + i * s.in_area(), y + i * s.out_area(),
                      indices ? indices + i * s.out_area() : nullptr);
      }
    });
    return true;
  }
}

bool is_2x2(const PoolShape& s) {
  if (s.in[0] != 1 || s.kernel[0] != 1 || s.pad[0] != 0 || s.in_area() >= (int64_t{1} << 30)) {
    return false;
  }
  for (int i = 1; i < 3; ++i) {
    if (s.kernel[i] != 2 || s.stride[i] != 2 || s.pad[i] != 0 || s.dilation[i] != 1) return false;
    if (2 * s.out[i] > s.in[i]) return false;  // ceil_mode
  }
  return true;
}

template <class T>
bool fits(const PoolShape& s) {
  for (int i = 0; i < 3; ++i) {
    // Windows that begin in the right padding (ceil_mode) still must meet the input.
    if (2 * s.pad[i] > s.kernel[i] || s.stride[i] > 4096) return false;
    if (first_valid(s, i, s.out[i] - 1) >= s.in[i]) return false;
  }
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  return padded_plane<T>(s).size() < (int64_t{1} << 28) && taps <= 4096;
}

template <class T>
bool max_pool(const PoolShape& s, const T* x, T* y, int64_t* indices) {
  if (is_2x2(s) && max_pool_2x2<T, kVL<T>>(s, x, y, indices)) return true;
  if (!fits<T>(s)) return false;
  const PaddedPlane p = padded_plane<T>(s);
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  Scratch<int64_t> off(taps), flat(taps);
  tap_offsets(s, p, off.get(), flat.get());
  using I = hwy::MakeSigned<T>;
  Scratch<I> first_w(s.out[2] + kVL<T>);
  for (int64_t i = 0; i < s.out[2] + kVL<T>; ++i) {
    first_w[i] = i < s.out[2] ? static_cast<I>(first_valid(s, 2, i)) : I{0};
  }
  for_planes<T>(s, p, -std::numeric_limits<T>::infinity(), [&](T* plane, int64_t i) {
    pack(s, p, x + i * s.in_area(), plane);
    T* yi = y + i * s.out_area();
    if (indices) {
      max_rows_indexed(s, p, taps, off.get(), flat.get(), first_w.get(), plane, yi,
                       indices + i * s.out_area());
    } else {
      max_rows(s, p, taps, off.get(), plane, yi);
    }
  });
  return true;
}

// 1 / divisor would round twice: the divisors themselves are kept, per output column.
template <class T>
struct Divisors {
  Scratch<T> columns;
  bool fixed;
  T fixed_value;
  Divisors(const PoolShape& s, bool count_include_pad, int64_t divisor)
      : columns(s.out[2] + kVL<T>), fixed(divisor != 0), fixed_value(static_cast<T>(divisor)) {
    for (int64_t i = 0; i < s.out[2] + kVL<T>; ++i) {
      columns[i] =
          i < s.out[2] ? static_cast<T>(detail::window_size(s, 2, i, count_include_pad)) : T(1);
    }
  }
  T of_row(const PoolShape& s, bool count_include_pad, int64_t od, int64_t oh) const {
    return static_cast<T>(detail::window_size(s, 0, od, count_include_pad) *
                          detail::window_size(s, 1, oh, count_include_pad));
  }
};

template <class T>
bool avg_pool(const PoolShape& s, bool include_pad, int64_t divisor, const T* x, T* y) {
  if (!fits<T>(s)) return false;
  const PaddedPlane p = padded_plane<T>(s);
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  Scratch<int64_t> off(taps), flat(taps);
  tap_offsets(s, p, off.get(), flat.get());
  const Divisors<T> divisors(s, include_pad, divisor);
  for_planes<T>(s, p, T(0), [&](T* plane, int64_t i) HWY_ATTR {
    const Tag<T> d;
    pack(s, p, x + i * s.in_area(), plane);
    T* out = y + i * s.out_area();
    for (int64_t od = 0; od < s.out[0]; ++od) {
      for (int64_t oh = 0; oh < s.out[1]; ++oh, out += s.out[2]) {
        const T* base = plane + p.row(od * s.stride[0], oh * s.stride[1]);
        const auto row = hn::Set(d, divisors.of_row(s, include_pad, od, oh));
        for (int64_t ow = 0; ow < s.out[2]; ow += kVL<T>) {
          auto sum = hn::LoadU(d, base + ow + off[0]);
          for (int64_t k = 1; k < taps; ++k) sum = hn::Add(sum, hn::LoadU(d, base + ow + off[k]));
          const auto by = divisors.fixed ? hn::Set(d, divisors.fixed_value)
                                         : hn::Mul(row, hn::LoadU(d, divisors.columns.get() + ow));
          sum = hn::Div(sum, by);
          const int64_t left = s.out[2] - ow;
          if (left >= kVL<T>) {
            hn::StoreU(sum, d, out + ow);
          } else {
            store_first(sum, d, out + ow, left);
          }
        }
      }
    }
  });
  return true;
}

template <class T>
bool avg_pool_backward(const PoolShape& s, bool include_pad, int64_t divisor, const T* gy, T* gx) {
  if (!fits<T>(s)) return false;
  const PaddedPlane p = padded_plane<T>(s);
  const int64_t taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  Scratch<int64_t> off(taps), flat(taps);
  tap_offsets(s, p, off.get(), flat.get());
  const Divisors<T> divisors(s, include_pad, divisor);
  for_planes<T>(s, p, T(0), [&](T* plane, int64_t i) HWY_ATTR {
    const Tag<T> d;
    fill(plane, p.size(), T(0));
    const T* in = gy + i * s.out_area();
    for (int64_t od = 0; od < s.out[0]; ++od) {
      for (int64_t oh = 0; oh < s.out[1]; ++oh, in += s.out[2]) {
        T* base = plane + p.row(od * s.stride[0], oh * s.stride[1]);
        const auto row = hn::Set(d, divisors.of_row(s, include_pad, od, oh));
        for (int64_t ow = 0; ow < s.out[2]; ow += kVL<T>) {
          const int64_t left = s.out[2] - ow;
          auto g = left >= kVL<T> ? hn::LoadU(d, in + ow) : load_first(d, in + ow, left);
          g = hn::Div(g, divisors.fixed ? hn::Set(d, divisors.fixed_value)
                                        : hn::Mul(row, hn::LoadU(d, divisors.columns.get() + ow)));
          for (int64_t k = 0; k < taps; ++k) {
            T* to = base + ow + off[k];
            hn::StoreU(hn::Add(hn::LoadU(d, to), g), d, to);
          }
        }
      }
    }
    T* out = gx + i * s.in_area();
    const int64_t width = reached_width<T>(s, p);
    for (int64_t id = 0; id < s.in[0]; ++id) {
      for (int64_t ih = 0; ih < s.in[1]; ++ih) {
        const bool inside = id + s.pad[0] < p.rows[0] && ih + s.pad[1] < p.rows[1];
        const int64_t n = inside ? width : 0;
        if (n > 0) unpack_row(p, s.pad[2], n, plane + p.row(id + s.pad[0], ih + s.pad[1]), out);
        std::memset(out + n, 0, sizeof(T) * (s.in[2] - n));
        out += s.in[2];
      }
    }
  });
  return true;
}

bool MaxF32(const PoolShape& s, const float* x, float* y, int64_t* i) {
  return max_pool(s, x, y, i);
}
bool MaxF64(const PoolShape& s, const double* x, double* y, int64_t* i) {
  return max_pool(s, x, y, i);
}
bool AvgF32(const PoolShape& s, bool p, int64_t div, const float* x, float* y) {
  return avg_pool(s, p, div, x, y);
}
bool AvgF64(const PoolShape& s, bool p, int64_t div, const double* x, double* y) {
  return avg_pool(s, p, div, x, y);
}
bool AvgBackF32(const PoolShape& s, bool p, int64_t div, const float* g, float* gx) {
  return avg_pool_backward(s, p, div, g, gx);
}
bool AvgBackF64(const PoolShape& s, bool p, int64_t div, const double* g, double* gx) {
  return avg_pool_backward(s, p, div, g, gx);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu::detail {
HWY_EXPORT(MaxF32);
HWY_EXPORT(MaxF64);
HWY_EXPORT(AvgF32);
HWY_EXPORT(AvgF64);
HWY_EXPORT(AvgBackF32);
HWY_EXPORT(AvgBackF64);

bool simd_max_pool(const PoolShape& s, const float* x, float* y, int64_t* indices) {
  return HWY_DYNAMIC_DISPATCH(MaxF32)(s, x, y, indices);
}
bool simd_max_pool(const PoolShape& s, const double* x, double* y, int64_t* indices) {
  return HWY_DYNAMIC_DISPATCH(MaxF64)(s, x, y, indices);
}
bool simd_avg_pool(const PoolShape& s, bool p, int64_t div, const float* x, float* y) {
  return HWY_DYNAMIC_DISPATCH(AvgF32)(s, p, div, x, y);
}
bool simd_avg_pool(const PoolShape& s, bool p, int64_t div, const double* x, double* y) {
  return HWY_DYNAMIC_DISPATCH(AvgF64)(s, p, div, x, y);
}
bool simd_avg_pool_backward(const PoolShape& s, bool p, int64_t div, const float* g, float* gx) {
  return HWY_DYNAMIC_DISPATCH(AvgBackF32)(s, p, div, g, gx);
}
bool simd_avg_pool_backward(const PoolShape& s, bool p, int64_t div, const double* g, double* gx) {
  return HWY_DYNAMIC_DISPATCH(AvgBackF64)(s, p, div, g, gx);
}
}  // namespace pharos::cpu::detail
#endif
