// Interpolation on CPU tensors. Every mode is separable: per dim, each output position is a few
// taps on the input. Rows are blended first (packed loops), then read along the row.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"
#include "ops/pool/pool.h"
#include "ops/pool_decls.h"

namespace pharos::cpu {
namespace {

using ops::data_as;
using ops::plain;
using OptDouble = std::optional<double>;

enum class Mode { kNearest, kExact, kLinear, kCubic };

// Taps of one dim: `count` indices and weights for each output position.
template <class T>
struct Taps {
  int count;
  std::vector<int64_t> index;
  std::vector<T> weight;
};

template <class T>
void cubic_weights(T t, T* w) {
  const T a = T(-0.75);
  auto near = [a](T x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  auto far = [a](T x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  w[0] = far(t + 1);
  w[1] = near(t);
  w[2] = near(1 - t);
  w[3] = far(2 - t);
}

int64_t nearest_index(int64_t o, int64_t in, int64_t out, bool exact, OptDouble scale) {
  const float s = scale && *scale > 0 ? static_cast<float>(1.0 / *scale)
                                      : static_cast<float>(in) / static_cast<float>(out);
  const float at = exact ? std::floor((static_cast<float>(o) + 0.5f) * s)
                         : std::floor(static_cast<float>(o) * s);
  return std::min(static_cast<int64_t>(at), in - 1);
}

template <class T>
Taps<T> make_taps(Mode mode, int64_t in, int64_t out, bool align, OptDouble given) {
  Taps<T> t;
  t.count = mode == Mode::kLinear ? 2 : mode == Mode::kCubic ? 4 : 1;
  t.index.resize(static_cast<size_t>(t.count * out));
  t.weight.resize(static_cast<size_t>(t.count * out));
  T scale;
  if (align)
    scale = out > 1 ? static_cast<T>(in - 1) / static_cast<T>(out - 1) : T(0);
  else
    scale = given && *given > 0 ? static_cast<T>(1.0 / *given)
                                : static_cast<T>(in) / static_cast<T>(out);
  for (int64_t o = 0; o < out; ++o) {
    int64_t* ix = t.index.data() + o * t.count;
    T* w = t.weight.data() + o * t.count;
    if (mode == Mode::kNearest || mode == Mode::kExact) {
      ix[0] = nearest_index(o, in, out, mode == Mode::kExact, given);
      w[0] = 1;
      continue;
    }
    T real = align ? scale * static_cast<T>(o) : scale * (static_cast<T>(o) + T(0.5)) - T(0.5);
    if (mode == Mode::kLinear) {
      if (out == in) real = static_cast<T>(o);
      if (real < 0) real = 0;
      ix[0] = std::min(static_cast<int64_t>(real), in - 1);
      ix[1] = ix[0] + (ix[0] < in - 1 ? 1 : 0);
      w[1] = std::min(std::max(real - static_cast<T>(ix[0]), T(0)), T(1));
      w[0] = 1 - w[1];
    } else {
      if (out == in) real = static_cast<T>(o);
      const T base = std::floor(real);
      cubic_weights(real - base, w);
      for (int k = 0; k < 4; ++k)
        ix[k] = std::clamp(static_cast<int64_t>(base) - 1 + k, int64_t{0}, in - 1);
    }
  }
  return t;
}

struct Sizes {
  int64_t planes;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t in_area() const { return in[0] * in[1] * in[2]; }
  int64_t out_area() const { return out[0] * out[1] * out[2]; }
};

// Calls f(input row, weight) for each row that output row (d, h) is made of.
template <class T, class F>
void each_row(const Taps<T>& td, const Taps<T>& th, const Sizes& s, int64_t d, int64_t h, F&& f) {
  for (int i = 0; i < td.count; ++i)
    for (int j = 0; j < th.count; ++j) {
      const auto a = static_cast<size_t>(d * td.count + i),
                 b = static_cast<size_t>(h * th.count + j);
      f((td.index[a] * s.in[1] + th.index[b]) * s.in[2], td.weight[a] * th.weight[b]);
    }
}

template <class T>
void interpolate(const Sizes& s, const Taps<T> (&taps)[3], const T* x, T* y) {
  const Taps<T>& tw = taps[2];
  const bool single = tw.count == 1;
  parallel_for(0, s.planes, grain_for(s.out_area() * 4), [&](int64_t p0, int64_t p1) {
    Scratch<T> row(s.in[2]);
    for (int64_t p = p0; p < p1; ++p)
      for (int64_t d = 0; d < s.out[0]; ++d)
        for (int64_t h = 0; h < s.out[1]; ++h) {
          const T* plane = x + p * s.in_area();
          T* to = y + p * s.out_area() + (d * s.out[1] + h) * s.out[2];
          const T* from = row.get();
          if (single) {
            each_row(taps[0], taps[1], s, d, h, [&](int64_t at, T) { from = plane + at; });
            for (int64_t w = 0; w < s.out[2]; ++w) to[w] = from[tw.index[static_cast<size_t>(w)]];
            continue;
          }
          bool first = true;
          T* blend = row.get();
          each_row(taps[0], taps[1], s, d, h, [&](int64_t at, T weight) {
            const T* r = plane + at;
            if (weight == 0 && !first) return;
            if (first)
              for (int64_t i = 0; i < s.in[2]; ++i) blend[i] = weight * r[i];
            else
              for (int64_t i = 0; i < s.in[2]; ++i) blend[i] += weight * r[i];
            first = false;
          });
          const int64_t* ix = tw.index.data();
          const T* w = tw.weight.data();
          if (tw.count == 2) {
            for (int64_t o = 0; o < s.out[2]; ++o)
              to[o] = w[2 * o] * blend[ix[2 * o]] + w[2 * o + 1] * blend[ix[2 * o + 1]];
          } else {
            for (int64_t o = 0; o < s.out[2]; ++o) {
              T sum = 0;
              for (int k = 0; k < tw.count; ++k)
                sum += w[o * tw.count + k] * blend[ix[o * tw.count + k]];
              to[o] = sum;
            }
          }
        }
  });
}

template <class T>
void interpolate_grad(const Sizes& s, const Taps<T> (&taps)[3], const T* gy, T* gx) {
  const Taps<T>& tw = taps[2];
  parallel_for(0, s.planes, grain_for(s.out_area() * 4), [&](int64_t p0, int64_t p1) {
    Scratch<T> row(s.in[2]);
    for (int64_t p = p0; p < p1; ++p) {
      T* plane = gx + p * s.in_area();
      std::fill(plane, plane + s.in_area(), T(0));
      for (int64_t d = 0; d < s.out[0]; ++d)
        for (int64_t h = 0; h < s.out[1]; ++h) {
          const T* from = gy + p * s.out_area() + (d * s.out[1] + h) * s.out[2];
          T* r = row.get();
          std::fill(r, r + s.in[2], T(0));
          for (int64_t o = 0; o < s.out[2]; ++o)
            for (int k = 0; k < tw.count; ++k) {
              const auto at = static_cast<size_t>(o * tw.count + k);
              r[tw.index[at]] += tw.weight[at] * from[o];
            }
          each_row(taps[0], taps[1], s, d, h, [&](int64_t at, T weight) {
            for (int64_t i = 0; i < s.in[2]; ++i) plane[at + i] += weight * r[i];
          });
        }
    }
  });
}

// ---- bytes ----

// Taps of one dim in fixed point, as PyTorch (and Pillow before it) blends bytes: along rows, then
// along columns, rounding after each; a dim that keeps its size is left alone.
struct ByteTaps {
  struct Run {
    int64_t first;
    int count;
    int weight[4];
  };
  std::vector<Run> runs;
  int precision = 0;
};

double filter(Mode mode, double x) {
  x = std::abs(x);
  if (mode == Mode::kLinear) return x < 1 ? 1 - x : 0;
  const double a = -0.75;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

ByteTaps make_byte_taps(Mode mode, int64_t in, int64_t out, bool align, OptDouble given) {
  const int size = mode == Mode::kLinear ? 2 : 4, half = size / 2;
  const double scale =
      align ? (out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0)
      : given && *given > 0 ? 1.0 / *given
                            : static_cast<double>(in) / static_cast<double>(out);
  struct Exact {
    double weight[4] = {0, 0, 0, 0};
  };
  std::vector<Exact> exact(static_cast<size_t>(out));
  ByteTaps taps;
  double largest = 0;
  for (int64_t o = 0; o < out; ++o) {
    const auto position = static_cast<double>(o);
    double real = align ? scale * position : scale * (position + 0.5) - 0.5;
    if (mode == Mode::kLinear && real < 0) real = 0;
    const int64_t base = std::min(static_cast<int64_t>(std::floor(real)), in - 1);
    const double t = std::clamp(real - static_cast<double>(base), 0.0, 1.0);
    const int64_t low = base - half + 1, first = std::max<int64_t>(low, 0);
    const int count = static_cast<int>(std::min<int64_t>(base + half + 1, in) - first);
    // What lies beyond an edge weighs on the edge.
    double* w = exact[static_cast<size_t>(o)].weight;
    for (int k = 0; k < size; ++k) {
      const int64_t at = std::clamp<int64_t>(low + k, 0, in - 1) - first;
      w[at] += filter(mode, k + 1 - half - t);
      largest = std::max(largest, w[at]);
    }
    taps.runs.push_back({first, count, {}});
  }
  // As many bits as keep the largest weight within 16, sign included.
  while (taps.precision < 22 &&
         static_cast<int>(0.5 + largest * (1 << (taps.precision + 1))) < (1 << 15))
    ++taps.precision;
  for (size_t o = 0; o < exact.size(); ++o)
    for (int k = 0; k < size; ++k) {
      const double v = exact[o].weight[k] * (1 << taps.precision);
      taps.runs[o].weight[k] = static_cast<int>(v < 0 ? v - 0.5 : v + 0.5);
    }
  return taps;
}

// One output byte from bytes `stride` apart.
uint8_t blend_bytes(const ByteTaps::Run& run, int precision, const uint8_t* from, int64_t stride) {
  int sum = 1 << (precision - 1);
  for (int k = 0; k < run.count; ++k) sum += run.weight[k] * from[(run.first + k) * stride];
  return static_cast<uint8_t>(std::clamp(sum >> precision, 0, 255));
}

void interpolate_bytes(Mode mode, const Tensor& result, const Tensor& arg, IntArrayRef size,
                       bool align, OptDouble scale_h, OptDouble scale_w) {
  const Tensor x = plain(arg, ScalarType::Byte);
  const Tensor y = result.is_contiguous() ? result : empty_cpu(result.sizes(), ScalarType::Byte);
  const int64_t height = arg.size(2), width = arg.size(3), rows = size[0], columns = size[1];
  const ByteTaps along = make_byte_taps(mode, width, columns, align, scale_w),
                 down = make_byte_taps(mode, height, rows, align, scale_h);
  const uint8_t* from = data_as<const uint8_t>(x);
  uint8_t* to = data_as<uint8_t>(y);
  parallel_for(
      0, arg.size(0) * arg.size(1), grain_for(rows * columns * 4), [&](int64_t p0, int64_t p1) {
        Scratch<uint8_t> narrow(height * columns);
        for (int64_t p = p0; p < p1; ++p) {
          const uint8_t* plane = from + p * height * width;
          uint8_t* out = to + p * rows * columns;
          const uint8_t* mid = plane;
          if (columns != width) {
            uint8_t* m = rows == height ? out : narrow.get();
            for (int64_t h = 0; h < height; ++h)
              for (int64_t w = 0; w < columns; ++w)
                m[h * columns + w] = blend_bytes(along.runs[static_cast<size_t>(w)],
                                                 along.precision, plane + h * width, 1);
            mid = m;
          }
          if (rows == height) {
            if (mid != out) std::copy_n(mid, rows * columns, out);
            continue;
          }
          for (int64_t h = 0; h < rows; ++h)
            for (int64_t w = 0; w < columns; ++w)
              out[h * columns + w] =
                  blend_bytes(down.runs[static_cast<size_t>(h)], down.precision, mid + w, columns);
        }
      });
  if (!result.is_contiguous()) copy_values(result, y);
}

// `out` and `in` are the sizes of the forward pass; scales from the innermost dim outward.
void run(const char* name, Mode mode, int dims, const Tensor& result, const Tensor& arg,
         IntArrayRef in, IntArrayRef out, bool align, std::array<OptDouble, 3> scales,
         bool backward) {
  if (result.numel() == 0) return;
  ScalarType type = arg.scalar_type();
  const bool bytes = type == ScalarType::Byte,
             blends = mode == Mode::kLinear || mode == Mode::kCubic;
  if (!c10::isFloatingType(type) && !bytes) ops::no_kernel(name, type);
  if (bytes && blends) {
    if (backward || dims != 2)
      ops::no_kernel(backward ? name : "compute_indices_weights_linear", type);
    return interpolate_bytes(mode, result, arg, out, align, scales[1], scales[2]);
  }
  if (type != ScalarType::Double) type = ScalarType::Float;
  const Tensor x = plain(arg, type);
  const bool direct = result.is_contiguous() && result.scalar_type() == type;
  const Tensor y = direct ? result : empty_cpu(result.sizes(), type);
  Sizes s;
  s.planes = in[0] * in[1];
  for (int i = 0; i < dims; ++i) {
    s.in[3 - dims + i] = in[static_cast<size_t>(i) + 2];
    s.out[3 - dims + i] = out[static_cast<size_t>(i)];
  }
  ops::for_real(name, type, [&](auto tag) {
    using T = decltype(tag);
    Taps<T> taps[3];
    for (int i = 0; i < 3; ++i) {
      const Mode m = i < 3 - dims ? Mode::kNearest : mode;
      taps[i] = make_taps<T>(m, s.in[i], s.out[i], align, scales[static_cast<size_t>(i)]);
    }
    if (backward)
      interpolate_grad(s, taps, data_as<const T>(x), data_as<T>(y));
    else
      interpolate(s, taps, data_as<const T>(x), data_as<T>(y));
  });
  if (!direct) copy_values(result, y);
}

}  // namespace

#define UPSAMPLE_1D(name, mode, ALIGN_PARAM, align)                                             \
  void name(const Tensor& out, const Tensor& self, IntArrayRef size ALIGN_PARAM, OptDouble w) { \
    run(#name, mode, 1, out, self, self.sizes(), size, align, {{{}, {}, w}}, false);            \
  }                                                                                             \
  void name##_backward(const Tensor& out, const Tensor& grad, IntArrayRef size,                 \
                       IntArrayRef input_size ALIGN_PARAM, OptDouble w) {                       \
    run(#name "_backward", mode, 1, out, grad, input_size, size, align, {{{}, {}, w}}, true);   \
  }
#define UPSAMPLE_2D(name, mode, ALIGN_PARAM, align)                                           \
  void name(const Tensor& out, const Tensor& self, IntArrayRef size ALIGN_PARAM, OptDouble h, \
            OptDouble w) {                                                                    \
    run(#name, mode, 2, out, self, self.sizes(), size, align, {{{}, h, w}}, false);           \
  }                                                                                           \
  void name##_backward(const Tensor& out, const Tensor& grad, IntArrayRef size,               \
                       IntArrayRef input_size ALIGN_PARAM, OptDouble h, OptDouble w) {        \
    run(#name "_backward", mode, 2, out, grad, input_size, size, align, {{{}, h, w}}, true);  \
  }
#define UPSAMPLE_3D(name, mode, ALIGN_PARAM, align)                                           \
  void name(const Tensor& out, const Tensor& self, IntArrayRef size ALIGN_PARAM, OptDouble d, \
            OptDouble h, OptDouble w) {                                                       \
    run(#name, mode, 3, out, self, self.sizes(), size, align, {{d, h, w}}, false);            \
  }                                                                                           \
  void name##_backward(const Tensor& out, const Tensor& grad, IntArrayRef size,               \
                       IntArrayRef input_size ALIGN_PARAM, OptDouble d, OptDouble h,          \
                       OptDouble w) {                                                         \
    run(#name "_backward", mode, 3, out, grad, input_size, size, align, {{d, h, w}}, true);   \
  }
#define NO_ALIGN
#define ALIGN , bool align_corners
UPSAMPLE_1D(upsample_nearest1d, Mode::kNearest, NO_ALIGN, false)
UPSAMPLE_2D(upsample_nearest2d, Mode::kNearest, NO_ALIGN, false)
UPSAMPLE_3D(upsample_nearest3d, Mode::kNearest, NO_ALIGN, false)
UPSAMPLE_1D(_upsample_nearest_exact1d, Mode::kExact, NO_ALIGN, false)
UPSAMPLE_2D(_upsample_nearest_exact2d, Mode::kExact, NO_ALIGN, false)
UPSAMPLE_3D(_upsample_nearest_exact3d, Mode::kExact, NO_ALIGN, false)
UPSAMPLE_1D(upsample_linear1d, Mode::kLinear, ALIGN, align_corners)
UPSAMPLE_2D(upsample_bilinear2d, Mode::kLinear, ALIGN, align_corners)
UPSAMPLE_2D(upsample_bicubic2d, Mode::kCubic, ALIGN, align_corners)
UPSAMPLE_3D(upsample_trilinear3d, Mode::kLinear, ALIGN, align_corners)
#undef UPSAMPLE_1D
#undef UPSAMPLE_2D
#undef UPSAMPLE_3D
#undef ALIGN
#undef NO_ALIGN

}  // namespace pharos::cpu
