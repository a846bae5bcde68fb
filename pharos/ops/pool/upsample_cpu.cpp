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

// `out` and `in` are the sizes of the forward pass; scales from the innermost dim outward.
void run(const char* name, Mode mode, int dims, const Tensor& result, const Tensor& arg,
         IntArrayRef in, IntArrayRef out, bool align, std::array<OptDouble, 3> scales,
         bool backward) {
  if (result.numel() == 0) return;
  ScalarType type = arg.scalar_type();
  const bool bytes = type == ScalarType::Byte;
  if (!c10::isFloatingType(type) && !bytes) ops::no_kernel(name, type);
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
    if (bytes) {  // rounded and saturated
      T* v = data_as<T>(y);
      for (int64_t i = 0; i < y.numel(); ++i)
        v[i] = std::min(std::max(std::nearbyint(v[i]), T(0)), T(255));
    }
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
