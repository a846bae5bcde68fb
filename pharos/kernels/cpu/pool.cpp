// Pooling for every number type: scalar loops (the reference), the vector kernels where they
// accept, and half precision one block of planes at a time as f32.
#include "kernels/cpu/pool.h"
#include "kernels/cpu/no_kernel.h"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

bool is_half(DType t) { return t == DType::kHalf || t == DType::kBFloat16; }

// Averages exist for floating point and int64 only, as in PyTorch.
enum class Types { kAll, kAverages };

template <Types kTypes, class F>
void with_type(DType type, const char* what, F&& f) {
  switch (type) {
    case DType::kFloat:
      return f(float{});
    case DType::kDouble:
      return f(double{});
    case DType::kLong:
      return f(int64_t{});
    default:
      break;
  }
  if constexpr (kTypes == Types::kAll) {
    switch (type) {
      case DType::kByte:
        return f(uint8_t{});
      case DType::kChar:
        return f(int8_t{});
      case DType::kShort:
        return f(int16_t{});
      case DType::kInt:
        return f(int32_t{});
      default:
        break;
    }
  }
  no_kernel(what, type);
}

// Runs f(f32 in, f32 out, plane range) over blocks of planes of half precision.
template <class F>
void through_float(DType type, int64_t planes, int64_t in_size, int64_t out_size, const void* in,
                   void* out, F&& f) {
  const int64_t grain = grain_for(in_size + out_size, 1 << 18);
  parallel_for(0, planes, grain, [&](int64_t b, int64_t e) {
    Scratch<float> a((e - b) * in_size), c((e - b) * out_size);
    convert_to_float(type, static_cast<const uint16_t*>(in) + b * in_size, a.get(),
                     (e - b) * in_size);
    f(a.get(), c.get(), b, e);
    convert_from_float(type, c.get(), static_cast<uint16_t*>(out) + b * out_size,
                       (e - b) * out_size);
  });
}

PoolShape with_planes(PoolShape s, int64_t planes) {
  s.planes = planes;
  return s;
}

template <class T>
bool is_nan(T v) {
  return v != v;
}

// One window: starts and ends per dimension (ends exclusive), steps.
struct Window {
  int64_t begin[3], end[3], step[3];
};

template <class T>
void max_of_window(const PoolShape& s, const Window& w, const T* x, T* y, int64_t* index) {
  T best = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  int64_t place = (w.begin[0] * s.in[1] + w.begin[1]) * s.in[2] + w.begin[2];
  for (int64_t d = w.begin[0]; d < w.end[0]; d += w.step[0]) {
    for (int64_t h = w.begin[1]; h < w.end[1]; h += w.step[1]) {
      for (int64_t i = w.begin[2]; i < w.end[2]; i += w.step[2]) {
        const int64_t at = (d * s.in[1] + h) * s.in[2] + i;
        if (x[at] > best || is_nan(x[at])) {
          best = x[at];
          place = at;
        }
      }
    }
  }
  *y = best;
  if (index) *index = place;
}

// f(window, output position in the plane) for all outputs; `bounds` fills one dimension.
template <class B, class F>
void for_windows(const PoolShape& s, B&& bounds, F&& f) {
  Window w;
  int64_t at = 0;
  for (int64_t od = 0; od < s.out[0]; ++od) {
    bounds(0, od, &w);
    for (int64_t oh = 0; oh < s.out[1]; ++oh) {
      bounds(1, oh, &w);
      for (int64_t ow = 0; ow < s.out[2]; ++ow) {
        bounds(2, ow, &w);
        f(w, at++);
      }
    }
  }
}

auto max_bounds(const PoolShape& s) {
  return [&s](int i, int64_t o, Window* w) {
    int64_t start = o * s.stride[i] - s.pad[i];
    const int64_t end = start + (s.kernel[i] - 1) * s.dilation[i] + 1;
    while (start < 0) start += s.dilation[i];
    w->begin[i] = start;
    w->end[i] = end < s.in[i] ? end : s.in[i];
    w->step[i] = s.dilation[i];
  };
}

auto avg_bounds(const PoolShape& s) {
  return [&s](int i, int64_t o, Window* w) {
    const int64_t start = o * s.stride[i] - s.pad[i], end = start + s.kernel[i];
    w->begin[i] = start > 0 ? start : 0;
    w->end[i] = end < s.in[i] ? end : s.in[i];
    w->step[i] = 1;
  };
}

auto adaptive_bounds(const PoolShape& s) {
  return [&s](int i, int64_t o, Window* w) {
    // floor(o * in / out) and ceil((o + 1) * in / out) without overflow for large sizes.
    w->begin[i] = o / s.out[i] * s.in[i] + o % s.out[i] * s.in[i] / s.out[i];
    w->end[i] = 1 + ((o + 1) * s.in[i] - 1) / s.out[i];
    w->step[i] = 1;
  };
}

template <class T>
T sum_of_window(const PoolShape& s, const Window& w, const T* x) {
  T sum = 0;
  for (int64_t d = w.begin[0]; d < w.end[0]; ++d) {
    for (int64_t h = w.begin[1]; h < w.end[1]; ++h) {
      const T* row = x + (d * s.in[1] + h) * s.in[2];
      T part[8] = {};  // independent sums, so that long rows vectorise
      int64_t i = w.begin[2];
      for (; i + 8 <= w.end[2]; i += 8) {
        for (int j = 0; j < 8; ++j) part[j] = static_cast<T>(part[j] + row[i + j]);
      }
      T tail = 0;
      for (; i < w.end[2]; ++i) tail = static_cast<T>(tail + row[i]);
      sum = static_cast<T>(sum + ((part[0] + part[4]) + (part[1] + part[5])) +
                           ((part[2] + part[6]) + (part[3] + part[7])) + tail);
    }
  }
  return sum;
}

template <class T>
void add_to_window(const PoolShape& s, const Window& w, T value, T* x) {
  for (int64_t d = w.begin[0]; d < w.end[0]; ++d) {
    for (int64_t h = w.begin[1]; h < w.end[1]; ++h) {
      T* row = x + (d * s.in[1] + h) * s.in[2];
      for (int64_t i = w.begin[2]; i < w.end[2]; ++i) row[i] = static_cast<T>(row[i] + value);
    }
  }
}

int64_t cost_of(const PoolShape& s) {
  return s.in_area() + s.out_area() * s.kernel[0] * s.kernel[1] * s.kernel[2];
}

int64_t divisor_at(const PoolShape& s, int64_t at, bool include_pad, int64_t divisor) {
  if (divisor != 0) return divisor;
  return detail::window_size(s, 0, at / (s.out[1] * s.out[2]), include_pad) *
         detail::window_size(s, 1, at / s.out[2] % s.out[1], include_pad) *
         detail::window_size(s, 2, at % s.out[2], include_pad);
}

int64_t volume(const Window& w) {
  return (w.end[0] - w.begin[0]) * (w.end[1] - w.begin[1]) * (w.end[2] - w.begin[2]);
}

// Equal windows without overlap are an ordinary pool, which has vector kernels.
bool as_plain_pool(const PoolShape& s, PoolShape* plain) {
  *plain = s;
  for (int i = 0; i < 3; ++i) {
    if (s.in[i] % s.out[i] != 0) return false;
    plain->kernel[i] = plain->stride[i] = s.in[i] / s.out[i];
    plain->pad[i] = 0;
    plain->dilation[i] = 1;
  }
  // One output per row gains nothing from lanes across outputs.
  return s.out[2] >= 4 && plain->stride[2] <= 8;
}

}  // namespace

int64_t detail::window_size(const PoolShape& s, int i, int64_t o, bool include_pad) noexcept {
  const int64_t start = o * s.stride[i] - s.pad[i];
  const int64_t padded_end =
      start + s.kernel[i] < s.in[i] + s.pad[i] ? start + s.kernel[i] : s.in[i] + s.pad[i];
  if (include_pad) return padded_end - start;
  const int64_t end = padded_end < s.in[i] ? padded_end : s.in[i];
  return end - (start > 0 ? start : 0);
}

int64_t pool_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                         bool ceil_mode) noexcept {
  const int64_t room = in + 2 * pad - dilation * (kernel - 1) - 1 + (ceil_mode ? stride - 1 : 0);
  int64_t out = (room >= 0 ? room / stride : -((-room + stride - 1) / stride)) + 1;
  if (ceil_mode && (out - 1) * stride >= in + pad) --out;
  return out;
}

PoolShape make_pool_shape(int dims, int64_t planes, const int64_t* in, const int64_t* kernel,
                          const int64_t* stride, const int64_t* pad, const int64_t* dilation,
                          bool ceil_mode) {
  PoolShape s;
  s.planes = planes;
  for (int i = 0; i < dims; ++i) {
    const int to = 3 - dims + i;
    s.in[to] = in[i];
    s.kernel[to] = kernel[i];
    s.stride[to] = stride[i];
    s.pad[to] = pad[i];
    s.dilation[to] = dilation[i];
    const int64_t out =
        pool_output_size(in[i], kernel[i], stride[i], pad[i], dilation[i], ceil_mode);
    s.out[to] = out > 0 ? out : 0;
  }
  return s;
}

PoolShape make_adaptive_shape(int dims, int64_t planes, const int64_t* in, const int64_t* out) {
  PoolShape s;
  s.planes = planes;
  for (int i = 0; i < dims; ++i) {
    s.in[3 - dims + i] = in[i];
    s.out[3 - dims + i] = out[i];
  }
  return s;
}

void max_pool(DType type, const PoolShape& s, const void* x, void* y, int64_t* indices) {
  if (s.planes * s.out_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.in_area(), s.out_area(), x, y,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           max_pool(DType::kFloat, with_planes(s, e - b), a, c,
                                    indices ? indices + b * s.out_area() : nullptr);
                         });
  }
  with_type<Types::kAll>(type, "max_pool", [&](auto tag) {
    using T = decltype(tag);
    const T* xs = static_cast<const T*>(x);
    T* ys = static_cast<T*>(y);
    if constexpr (std::is_floating_point_v<T>) {
      if (detail::simd_max_pool(s, xs, ys, indices)) return;
    }
    parallel_for(0, s.planes, grain_for(cost_of(s)), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        for_windows(s, max_bounds(s), [&](const Window& w, int64_t at) {
          const int64_t to = p * s.out_area() + at;
          max_of_window(s, w, xs + p * s.in_area(), ys + to, indices ? indices + to : nullptr);
        });
      }
    });
  });
}

void max_pool_backward(DType type, const PoolShape& s, const void* gy, const int64_t* indices,
                       void* gx) {
  if (s.planes * s.in_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.out_area(), s.in_area(), gy, gx,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           max_pool_backward(DType::kFloat, with_planes(s, e - b), a,
                                             indices + b * s.out_area(), c);
                         });
  }
  with_type<Types::kAll>(type, "max_pool_backward", [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, s.planes, grain_for(s.in_area() + 2 * s.out_area()), [&](int64_t b, int64_t e) {
      const uint64_t area = static_cast<uint64_t>(s.in_area());
      for (int64_t p = b; p < e; ++p) {
        T* out = static_cast<T*>(gx) + p * s.in_area();
        const T* g = static_cast<const T*>(gy) + p * s.out_area();
        const int64_t* index = indices + p * s.out_area();
        std::memset(out, 0, sizeof(T) * area);
        for (int64_t i = 0; i < s.out_area(); ++i) {
          if (static_cast<uint64_t>(index[i]) >= area) {
            throw std::out_of_range("max_pool backward: index out of the input's range");
          }
          out[index[i]] = static_cast<T>(out[index[i]] + g[i]);
        }
      }
    });
  });
}

void avg_pool(DType type, const PoolShape& s, bool include_pad, int64_t divisor, const void* x,
              void* y) {
  if (s.planes * s.out_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.in_area(), s.out_area(), x, y,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           avg_pool(DType::kFloat, with_planes(s, e - b), include_pad, divisor, a,
                                    c);
                         });
  }
  with_type<Types::kAverages>(type, "avg_pool", [&](auto tag) {
    using T = decltype(tag);
    const T* xs = static_cast<const T*>(x);
    T* ys = static_cast<T*>(y);
    if constexpr (std::is_floating_point_v<T>) {
      if (detail::simd_avg_pool(s, include_pad, divisor, xs, ys)) return;
    }
    parallel_for(0, s.planes, grain_for(cost_of(s)), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        for_windows(s, avg_bounds(s), [&](const Window& w, int64_t at) {
          ys[p * s.out_area() + at] =
              static_cast<T>(sum_of_window(s, w, xs + p * s.in_area()) /
                             static_cast<T>(divisor_at(s, at, include_pad, divisor)));
        });
      }
    });
  });
}

void avg_pool_backward(DType type, const PoolShape& s, bool include_pad, int64_t divisor,
                       const void* gy, void* gx) {
  if (s.planes * s.in_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.out_area(), s.in_area(), gy, gx,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           avg_pool_backward(DType::kFloat, with_planes(s, e - b), include_pad,
                                             divisor, a, c);
                         });
  }
  with_type<Types::kAverages>(type, "avg_pool_backward", [&](auto tag) {
    using T = decltype(tag);
    const T* g = static_cast<const T*>(gy);
    T* out = static_cast<T*>(gx);
    if constexpr (std::is_floating_point_v<T>) {
      if (s.out_area() > 0 && detail::simd_avg_pool_backward(s, include_pad, divisor, g, out)) {
        return;
      }
    }
    parallel_for(0, s.planes, grain_for(cost_of(s)), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        std::memset(out + p * s.in_area(), 0, sizeof(T) * s.in_area());
        for_windows(s, avg_bounds(s), [&](const Window& w, int64_t at) {
          const T by = static_cast<T>(divisor_at(s, at, include_pad, divisor));
          add_to_window(s, w, static_cast<T>(g[p * s.out_area() + at] / by), out + p * s.in_area());
        });
      }
    });
  });
}

void adaptive_avg_pool(DType type, const PoolShape& s, const void* x, void* y) {
  if (s.planes * s.out_area() == 0) return;
  PoolShape plain;
  if (as_plain_pool(s, &plain)) return avg_pool(type, plain, true, 0, x, y);
  if (is_half(type)) {
    return through_float(type, s.planes, s.in_area(), s.out_area(), x, y,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           adaptive_avg_pool(DType::kFloat, with_planes(s, e - b), a, c);
                         });
  }
  with_type<Types::kAverages>(type, "adaptive_avg_pool", [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, s.planes, grain_for(s.in_area()), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        for_windows(s, adaptive_bounds(s), [&](const Window& w, int64_t at) {
          static_cast<T*>(y)[p * s.out_area() + at] =
              static_cast<T>(sum_of_window(s, w, static_cast<const T*>(x) + p * s.in_area()) /
                             static_cast<T>(volume(w)));
        });
      }
    });
  });
}

void adaptive_avg_pool_backward(DType type, const PoolShape& s, const void* gy, void* gx) {
  if (s.planes * s.in_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.out_area(), s.in_area(), gy, gx,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           adaptive_avg_pool_backward(DType::kFloat, with_planes(s, e - b), a, c);
                         });
  }
  with_type<Types::kAverages>(type, "adaptive_avg_pool_backward", [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, s.planes, grain_for(2 * s.in_area()), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        T* out = static_cast<T*>(gx) + p * s.in_area();
        std::memset(out, 0, sizeof(T) * s.in_area());
        for_windows(s, adaptive_bounds(s), [&](const Window& w, int64_t at) {
          const T g = static_cast<const T*>(gy)[p * s.out_area() + at];
          add_to_window(s, w, static_cast<T>(g / static_cast<T>(volume(w))), out);
        });
      }
    });
  });
}

void adaptive_max_pool(DType type, const PoolShape& s, const void* x, void* y, int64_t* indices) {
  if (s.planes * s.out_area() == 0) return;
  if (is_half(type)) {
    return through_float(type, s.planes, s.in_area(), s.out_area(), x, y,
                         [&](const float* a, float* c, int64_t b, int64_t e) {
                           adaptive_max_pool(DType::kFloat, with_planes(s, e - b), a, c,
                                             indices ? indices + b * s.out_area() : nullptr);
                         });
  }
  with_type<Types::kAll>(type, "adaptive_max_pool", [&](auto tag) {
    using T = decltype(tag);
    parallel_for(0, s.planes, grain_for(s.in_area()), [&](int64_t b, int64_t e) {
      for (int64_t p = b; p < e; ++p) {
        for_windows(s, adaptive_bounds(s), [&](const Window& w, int64_t at) {
          const int64_t to = p * s.out_area() + at;
          max_of_window(s, w, static_cast<const T*>(x) + p * s.in_area(), static_cast<T*>(y) + to,
                        indices ? indices + to : nullptr);
        });
      }
    });
  });
}

}  // namespace pharos::cpu
