// Convolution as im2col and a matrix product, for every number type and any shape: the reference.
// Padding is treated as zeros. Sums over the batch run in order, so bits do not depend on threads.
#include <cstring>
#include <type_traits>

#include "kernels/cpu/conv.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/no_kernel.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu::detail {
namespace {

template <class T>
struct Pair {
  T re, im;
  Pair& operator+=(const Pair& o) {
    re += o.re;
    im += o.im;
    return *this;
  }
};

template <class F>
void with_type(DType type, F&& f) {
  switch (type) {
    case DType::kByte:
    case DType::kChar:
      return f(uint8_t{});
    case DType::kShort:
      return f(uint16_t{});
    case DType::kInt:
      return f(uint32_t{});
    case DType::kLong:
      return f(uint64_t{});
    case DType::kFloat:
      return f(float{});
    case DType::kDouble:
      return f(double{});
    case DType::kComplexFloat:
      return f(Pair<float>{});
    case DType::kComplexDouble:
      return f(Pair<double>{});
    default:
      no_kernel("convolution", type);
  }
}

bool is_pointwise(const ConvShape& s) {
  for (int i = 0; i < 3; ++i) {
    if (s.kernel[i] != 1 || s.stride[i] != 1 || s.pad[i] != 0) return false;
  }
  return true;
}

// Calls row(column row, input row or -1) for each row of the matrix of columns and each output row.
// Columns: [channels * taps][out d, h, w]; f(col, x or null, x offset of the row, tap w).
template <class F>
void for_each_row(const ConvShape& s, int64_t channels, F&& f) {
  int64_t row = 0;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t kd = 0; kd < s.kernel[0]; ++kd) {
      for (int64_t kh = 0; kh < s.kernel[1]; ++kh) {
        for (int64_t kw = 0; kw < s.kernel[2]; ++kw, ++row) {
          for (int64_t od = 0; od < s.out[0]; ++od) {
            const int64_t id = od * s.stride[0] - s.pad[0] + kd * s.dilation[0];
            for (int64_t oh = 0; oh < s.out[1]; ++oh) {
              const int64_t ih = oh * s.stride[1] - s.pad[1] + kh * s.dilation[1];
              const bool inside = id >= 0 && id < s.in[0] && ih >= 0 && ih < s.in[1];
              const int64_t at = ((c * s.in[0] + id) * s.in[1] + ih) * s.in[2];
              f((row * s.out[0] + od) * s.out[1] + oh, inside ? at : -1, kw);
            }
          }
        }
      }
    }
  }
}

template <class T>
void im2col(const ConvShape& s, int64_t channels, const T* x, T* col) {
  const int64_t width = s.out[2], stride = s.stride[2];
  for_each_row(s, channels, [&](int64_t row, int64_t at, int64_t kw) {
    T* out = col + row * width;
    const int64_t first = kw * s.dilation[2] - s.pad[2];
    for (int64_t ow = 0; ow < width; ++ow) {
      const int64_t iw = first + ow * stride;
      out[ow] = at >= 0 && iw >= 0 && iw < s.in[2] ? x[at + iw] : T{};
    }
  });
}

template <class T>
void col2im(const ConvShape& s, int64_t channels, const T* col, T* x) {
  const int64_t width = s.out[2], stride = s.stride[2];
  std::memset(static_cast<void*>(x), 0, sizeof(T) * channels * s.in_area());
  for_each_row(s, channels, [&](int64_t row, int64_t at, int64_t kw) {
    if (at < 0) return;
    const T* in = col + row * width;
    const int64_t first = kw * s.dilation[2] - s.pad[2];
    for (int64_t ow = 0; ow < width; ++ow) {
      const int64_t iw = first + ow * stride;
      if (iw >= 0 && iw < s.in[2]) x[at + iw] += in[ow];
    }
  });
}

// Sizes of one group.
struct Group {
  int64_t in, out, depth, area;
  explicit Group(const ConvShape& s)
      : in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        depth(in * s.taps()),
        area(s.out_area()) {}
};

}  // namespace

void generic_conv_forward(DType type, const ConvShape& s, const void* x, const void* w,
                          const void* bias, void* y) {
  with_type(type, [&](auto tag) {
    using T = decltype(tag);
    const Group g(s);
    const bool pointwise = is_pointwise(s);
    const T* b = static_cast<const T*>(bias);
    // One image group per thread when there are many, else the threads work inside the product.
    const int64_t jobs = s.batch * s.groups;
    auto run = [&](int64_t begin, int64_t end) {
      Scratch<T> columns(pointwise ? 0 : g.depth * g.area);
      for (int64_t job = begin; job < end; ++job) {
        const T* xi = static_cast<const T*>(x) + job * g.in * s.in_area();
        T* yi = static_cast<T*>(y) + job * g.out * g.area;
        const int64_t first = job % s.groups * g.out;
        for (int64_t o = 0; o < g.out; ++o) {
          if (b == nullptr) break;
          const T value = b[first + o];
          for (int64_t i = 0; i < g.area; ++i) yi[o * g.area + i] = value;
        }
        if (!pointwise) im2col(s, g.in, xi, columns.get());
        gemm(type, false, false, g.out, g.area, g.depth, GemmScalar::from_int(1),
             static_cast<const T*>(w) + first * g.depth, g.depth,
             pointwise ? static_cast<const void*>(xi) : columns.get(), g.area,
             GemmScalar::from_int(b ? 1 : 0), yi, g.area);
      }
    };
    if (jobs >= 2 * get_num_threads() || jobs * g.out * g.depth * g.area < (1 << 20)) {
      parallel_for(0, jobs, grain_for(g.out * g.depth * g.area, 1 << 16), run);
    } else {
      run(0, jobs);
    }
  });
}

void generic_conv_backward_data(DType type, const ConvShape& s, const void* gy, const void* w,
                                void* gx) {
  with_type(type, [&](auto tag) {
    using T = decltype(tag);
    const Group g(s);
    const bool pointwise = is_pointwise(s);
    parallel_for(0, s.batch * s.groups, 1, [&](int64_t begin, int64_t end) {
      Scratch<T> columns(pointwise ? 0 : g.depth * g.area);
      for (int64_t job = begin; job < end; ++job) {
        T* out = static_cast<T*>(gx) + job * g.in * s.in_area();
        gemm(type, true, false, g.depth, g.area, g.out, GemmScalar::from_int(1),
             static_cast<const T*>(w) + job % s.groups * g.out * g.depth, g.depth,
             static_cast<const T*>(gy) + job * g.out * g.area, g.area, GemmScalar::from_int(0),
             pointwise ? out : columns.get(), g.area);
        if (!pointwise) col2im(s, g.in, columns.get(), out);
      }
    });
  });
}

void generic_conv_backward_weights(DType type, const ConvShape& s, const void* x, const void* gy,
                                   void* gw) {
  with_type(type, [&](auto tag) {
    using T = decltype(tag);
    const Group g(s);
    const bool pointwise = is_pointwise(s);
    parallel_for(0, s.groups, 1, [&](int64_t begin, int64_t end) {
      Scratch<T> columns(pointwise ? 0 : g.depth * g.area);
      for (int64_t group = begin; group < end; ++group) {
        T* out = static_cast<T*>(gw) + group * g.out * g.depth;
        std::memset(static_cast<void*>(out), 0, sizeof(T) * g.out * g.depth);
        for (int64_t n = 0; n < s.batch; ++n) {
          const int64_t job = n * s.groups + group;
          const T* xi = static_cast<const T*>(x) + job * g.in * s.in_area();
          if (!pointwise) im2col(s, g.in, xi, columns.get());
          gemm(type, false, true, g.out, g.depth, g.area, GemmScalar::from_int(1),
               static_cast<const T*>(gy) + job * g.out * g.area, g.area,
               pointwise ? static_cast<const void*>(xi) : columns.get(), g.area,
               GemmScalar::from_int(1), out, g.depth);
        }
      }
    });
  });
}

void conv_bias_grad(DType type, const ConvShape& s, const void* gy, void* gb) {
  if (type == DType::kFloat) {
    return direct_bias_grad(s, static_cast<const float*>(gy), static_cast<float*>(gb));
  }
  if (type == DType::kDouble) {
    return direct_bias_grad(s, static_cast<const double*>(gy), static_cast<double*>(gb));
  }
  with_type(type, [&](auto tag) {
    using T = decltype(tag);
    const int64_t area = s.out_area();
    parallel_for(0, s.out_channels, grain_for(area * s.batch), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        T total{};
        for (int64_t n = 0; n < s.batch; ++n) {
          const T* row = static_cast<const T*>(gy) + (n * s.out_channels + o) * area;
          for (int64_t i = 0; i < area; ++i) total += row[i];
        }
        static_cast<T*>(gb)[o] = total;
      }
    });
  });
}

}  // namespace pharos::cpu::detail
