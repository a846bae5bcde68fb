// Sampling of planes and volumes at a grid of positions in [-1, 1]: nearest, (bi-, tri-)linear and
// bicubic, with zeros, border or reflected padding; and the gradients by input and grid.
#include <algorithm>
#include <cmath>

#include "kernels/cpu/parallel.h"
#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::cpu {
namespace {

using ops::data_as;
using ops::plain;

enum Mode : int64_t { kBilinear, kNearest, kBicubic };
enum Padding : int64_t { kZeros, kBorder, kReflection };

struct Settings {
  int64_t padding;
  bool align;
};

// A coordinate and its derivative by the grid's value.
template <class T>
struct Coordinate {
  T at, slope;
};

template <class T>
Coordinate<T> unnormalised(T g, int64_t size, bool align) {
  if (align) return {(g + 1) / 2 * static_cast<T>(size - 1), static_cast<T>(size - 1) / 2};
  return {((g + 1) * static_cast<T>(size) - 1) / 2, static_cast<T>(size) / 2};
}

template <class T>
Coordinate<T> clipped(Coordinate<T> c, int64_t size) {
  if (c.at <= 0) return {T(0), T(0)};
  const T top = static_cast<T>(size - 1);
  if (c.at >= top) return {top, T(0)};
  return c.at == c.at ? c : Coordinate<T>{T(0), T(0)};
}

template <class T>
Coordinate<T> reflected(Coordinate<T> c, int64_t twice_low, int64_t twice_high) {
  if (twice_low == twice_high) return {T(0), T(0)};
  const T low = static_cast<T>(twice_low) / 2, span = static_cast<T>(twice_high - twice_low) / 2;
  T x = c.at - low, sign = 1;
  if (x < 0) {
    x = -x;
    sign = -1;
  }
  const T extra = std::fmod(x, span);
  const bool even = static_cast<int64_t>(std::floor(x / span)) % 2 == 0;
  return even ? Coordinate<T>{extra + low, c.slope * sign}
              : Coordinate<T>{span - extra + low, -c.slope * sign};
}

template <class T>
Coordinate<T> padded(Coordinate<T> c, int64_t size, const Settings& s) {
  if (s.padding == kBorder) return clipped(c, size);
  if (s.padding == kReflection)
    return clipped(s.align ? reflected(c, 0, 2 * (size - 1)) : reflected(c, -1, 2 * size - 1),
                   size);
  return c;
}

template <class T>
Coordinate<T> source(T g, int64_t size, const Settings& s) {
  return padded(unnormalised(g, size, s.align), size, s);
}

// Volumes of the batch: spatial sizes (d, h, w) of input and result, strides of dense planes.
struct Shape {
  int dims;
  int64_t batch, channels;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t in_area() const { return in[0] * in[1] * in[2]; }
  int64_t out_area() const { return out[0] * out[1] * out[2]; }
};

// Up to 16 taps of one output position: where, weight, and weight's derivative by (d, h, w).
template <class T>
struct Taps {
  int count = 0;
  int64_t at[16];
  T weight[16];
  T slope[16][3];
  void add(int64_t where, T w, T sd, T sh, T sw) {
    at[count] = where;
    weight[count] = w;
    slope[count][0] = sd;
    slope[count][1] = sh;
    slope[count++][2] = sw;
  }
};

bool inside(int64_t i, int64_t size) { return i >= 0 && i < size; }

// The nearest integer, far away for NaN and what no index can hold.
template <class T>
int64_t to_index(T x) {
  return x > T(-1e9) && x < T(1e9) ? static_cast<int64_t>(x) : -100;
}

template <class T>
void linear_taps(const Shape& s, const Settings& set, const T* g, Taps<T>& taps) {
  Coordinate<T> c[3];
  int64_t base[3];
  T frac[3];
  for (int i = 0; i < 3; ++i) {
    if (i < 3 - s.dims) {
      c[i] = {T(0), T(0)};
    } else {
      c[i] = source(g[2 - i], s.in[i], set);
    }
    const T low = std::floor(c[i].at);
    base[i] = to_index(low);
    frac[i] = c[i].at - low;
  }
  for (int corner = 0; corner < 8; ++corner) {
    int64_t at[3];
    T w[3], dw[3];
    bool valid = true;
    for (int i = 0; i < 3; ++i) {
      const int up = corner >> (2 - i) & 1;
      if (up && i < 3 - s.dims) valid = false;
      at[i] = base[i] + up;
      w[i] = up ? frac[i] : 1 - frac[i];
      dw[i] = (up ? 1 : -1) * c[i].slope;
      valid = valid && inside(at[i], s.in[i]);
    }
    if (!valid) continue;
    taps.add((at[0] * s.in[1] + at[1]) * s.in[2] + at[2], w[0] * w[1] * w[2], dw[0] * w[1] * w[2],
             w[0] * dw[1] * w[2], w[0] * w[1] * dw[2]);
  }
}

template <class T>
void nearest_taps(const Shape& s, const Settings& set, const T* g, Taps<T>& taps) {
  int64_t at[3] = {0, 0, 0};
  for (int i = 3 - s.dims; i < 3; ++i) {
    at[i] = to_index(std::nearbyint(source(g[2 - i], s.in[i], set).at));
    if (!inside(at[i], s.in[i])) return;
  }
  taps.add((at[0] * s.in[1] + at[1]) * s.in[2] + at[2], 1, 0, 0, 0);
}

template <class T>
void cubic(T t, T* w, T* dw) {
  const T a = T(-0.75);
  for (int k = 0; k < 4; ++k) {
    const T x = std::abs(t - static_cast<T>(k - 1));
    const T sign = t - static_cast<T>(k - 1) < 0 ? T(-1) : T(1);
    if (k == 1 || k == 2) {
      w[k] = ((a + 2) * x - (a + 3)) * x * x + 1;
      dw[k] = sign * (3 * (a + 2) * x - 2 * (a + 3)) * x;
    } else {
      w[k] = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
      dw[k] = sign * ((3 * a * x - 10 * a) * x + 8 * a);
    }
  }
}

template <class T>
void cubic_taps(const Shape& s, const Settings& set, const T* g, Taps<T>& taps) {
  const Coordinate<T> x = unnormalised(g[0], s.in[2], set.align),
                      y = unnormalised(g[1], s.in[1], set.align);
  const T x0 = std::floor(x.at), y0 = std::floor(y.at);
  T wx[4], dx[4], wy[4], dy[4];
  cubic(x.at - x0, wx, dx);
  cubic(y.at - y0, wy, dy);
  for (int j = 0; j < 4; ++j)
    for (int i = 0; i < 4; ++i) {
      // The taps are padded one by one.
      const int64_t row =
          to_index(padded(Coordinate<T>{y0 - 1 + static_cast<T>(j), 1}, s.in[1], set).at);
      const int64_t col =
          to_index(padded(Coordinate<T>{x0 - 1 + static_cast<T>(i), 1}, s.in[2], set).at);
      if (!inside(row, s.in[1]) || !inside(col, s.in[2])) continue;
      taps.add(row * s.in[2] + col, wy[j] * wx[i], 0, dy[j] * wx[i] * y.slope,
               wy[j] * dx[i] * x.slope);
    }
}

template <class T>
Taps<T> taps_of(const Shape& s, int64_t mode, const Settings& set, const T* g) {
  Taps<T> taps;
  if (mode == kBilinear)
    linear_taps(s, set, g, taps);
  else if (mode == kNearest)
    nearest_taps(s, set, g, taps);
  else
    cubic_taps(s, set, g, taps);
  return taps;
}

Shape shape_of(int dims, const Tensor& input, const Tensor& grid) {
  Shape s;
  s.dims = dims;
  s.batch = input.sizes()[0];
  s.channels = input.sizes()[1];
  for (int i = 0; i < dims; ++i) {
    s.in[3 - dims + i] = input.sizes()[i + 2];
    s.out[3 - dims + i] = grid.sizes()[i + 1];
  }
  return s;
}

ScalarType compute_type(ScalarType t) {
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}

void sample(int dims, const Tensor& out, const Tensor& input, const Tensor& grid, int64_t mode,
            int64_t padding, bool align) {
  if (out.numel() == 0) return;
  const ScalarType type = compute_type(input.scalar_type());
  const Shape s = shape_of(dims, input, grid);
  const Tensor x = plain(input, type), g = plain(grid, type), y = empty_cpu(out.sizes(), type);
  ops::for_real(dims == 2 ? "grid_sampler_2d_cpu" : "grid_sampler_3d_cpu", type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t area = s.out_area();
    parallel_for(0, s.batch * area, grain_for(s.channels * 16), [&](int64_t b, int64_t e) {
      for (int64_t k = b; k < e; ++k) {
        const Taps<T> taps =
            taps_of(s, mode, Settings{padding, align}, data_as<const T>(g) + k * dims);
        const int64_t n = k / area;
        for (int64_t c = 0; c < s.channels; ++c) {
          const T* plane = data_as<const T>(x) + (n * s.channels + c) * s.in_area();
          T sum = 0;
          for (int i = 0; i < taps.count; ++i) sum += plane[taps.at[i]] * taps.weight[i];
          data_as<T>(y)[(n * s.channels + c) * area + k % area] = sum;
        }
      }
    });
  });
  copy_values(out, y);
}

}  // namespace

void grid_sampler_2d(const Tensor& out, const Tensor& input, const Tensor& grid, int64_t mode,
                     int64_t padding, bool align) {
  sample(2, out, input, grid, mode, padding, align);
}
void grid_sampler_3d(const Tensor& out, const Tensor& input, const Tensor& grid, int64_t mode,
                     int64_t padding, bool align) {
  sample(3, out, input, grid, mode, padding, align);
}

}  // namespace pharos::cpu

namespace pharos::ops {

std::tuple<Tensor, Tensor> grid_sample_grad(const Tensor& grad, const Tensor& input,
                                            const Tensor& grid, int64_t mode, int64_t padding,
                                            bool align, std::array<bool, 2> mask) {
  if (input.is_meta())
    return {mask[0] ? empty_on(input.device(), input.sizes(), input.scalar_type()) : Tensor(),
            mask[1] ? empty_on(grid.device(), grid.sizes(), grid.scalar_type()) : Tensor()};
  const int dims = static_cast<int>(input.dim()) - 2;
  const ScalarType type = cpu::compute_type(input.scalar_type());
  const cpu::Shape s = cpu::shape_of(dims, input, grid);
  const Tensor x = plain(input, type), g = plain(grid, type), gy = plain(grad, type);
  const Tensor gx = empty_cpu(input.sizes(), type), gg = empty_cpu(grid.sizes(), type);
  cpu::fill_zero(gx);
  cpu::fill_zero(gg);
  for_real("grid_sampler_backward_cpu", type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t area = s.out_area();
    // Positions of one image add into the same planes: one chunk per image.
    cpu::parallel_for(0, s.batch, 1, [&](int64_t n0, int64_t n1) {
      for (int64_t k = n0 * area; k < n1 * area; ++k) {
        const auto taps =
            cpu::taps_of(s, mode, cpu::Settings{padding, align}, data_as<const T>(g) + k * dims);
        const int64_t n = k / area;
        T by[3] = {0, 0, 0};
        for (int64_t c = 0; c < s.channels; ++c) {
          const int64_t plane = (n * s.channels + c) * s.in_area();
          const T up = data_as<const T>(gy)[(n * s.channels + c) * area + k % area];
          for (int i = 0; i < taps.count; ++i) {
            data_as<T>(gx)[plane + taps.at[i]] += up * taps.weight[i];
            const T v = up * data_as<const T>(x)[plane + taps.at[i]];
            for (int d = 0; d < 3; ++d) by[d] += v * taps.slope[i][d];
          }
        }
        for (int d = 0; d < dims; ++d) data_as<T>(gg)[k * dims + d] = by[2 - d];
      }
    });
  });
  return {mask[0] ? plain(gx, input.scalar_type()) : Tensor(),
          mask[1] ? plain(gg, grid.scalar_type()) : Tensor()};
}

}  // namespace pharos::ops
