// Chooses the implementation of a convolution and converts half precision around it.
#include "kernels/cpu/conv.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

bool is_half(DType t) { return t == DType::kHalf || t == DType::kBFloat16; }

// A tensor of half precision as f32 scratch.
struct Widened {
  Scratch<float> data;
  Widened(DType type, const void* src, int64_t n) : data(src ? n : 0) {
    if (src == nullptr) return;
    parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
      convert_to_float(type, static_cast<const uint16_t*>(src) + b, data.get() + b, e - b);
    });
  }
};

void narrow(DType type, const float* src, void* dst, int64_t n) {
  parallel_for(0, n, 32768, [&](int64_t b, int64_t e) {
    convert_from_float(type, src + b, static_cast<uint16_t*>(dst) + b, e - b);
  });
}

int64_t x_size(const ConvShape& s) { return s.batch * s.in_channels * s.in_area(); }
int64_t y_size(const ConvShape& s) { return s.batch * s.out_channels * s.out_area(); }
int64_t w_size(const ConvShape& s) {
  return s.out_channels * (s.in_channels / (s.groups ? s.groups : 1)) * s.taps();
}

bool is_empty(const ConvShape& s) { return x_size(s) == 0 || y_size(s) == 0 || w_size(s) == 0; }

bool is_pointwise(const ConvShape& s) {
  for (int i = 0; i < 3; ++i) {
    if (s.kernel[i] != 1 || s.stride[i] != 1 || s.pad[i] != 0) return false;
  }
  return true;
}

[[noreturn]] void refuse(ConvImpl impl) {
  throw std::invalid_argument(std::string(name_of(impl)) + " does not take this convolution");
}

// The implementation to run; kGeneric when the wish cannot be met and was not explicit.
ConvImpl resolve(DType type, const ConvShape& s, char which, ConvImpl wish) {
  if (wish == ConvImpl::kAuto) return choose_conv(type, s, which);
  const bool real = type == DType::kFloat || type == DType::kDouble;
  if (wish == ConvImpl::kDirect && !(real && detail::direct_conv_accepts(s))) refuse(wish);
  if (wish == ConvImpl::kOneDnn && (type != DType::kFloat || is_empty(s))) refuse(wish);
  return wish;
}

}  // namespace

const char* name_of(ConvImpl impl) noexcept {
  switch (impl) {
    case ConvImpl::kAuto:
      return "auto";
    case ConvImpl::kDirect:
      return "direct";
    case ConvImpl::kOneDnn:
      return "onednn";
    case ConvImpl::kGeneric:
      return "generic";
  }
  return "";
}

ConvShape make_conv_shape(int dims, int64_t batch, int64_t in_channels, int64_t out_channels,
                          int64_t groups, const int64_t* in, const int64_t* kernel,
                          const int64_t* stride, const int64_t* pad, const int64_t* dilation) {
  ConvShape s;
  s.dims = dims;
  s.batch = batch;
  s.in_channels = in_channels;
  s.out_channels = out_channels;
  s.groups = groups;
  for (int i = 0; i < dims; ++i) {
    const int to = 3 - dims + i;
    s.in[to] = in[i];
    s.kernel[to] = kernel[i];
    s.stride[to] = stride[i];
    s.pad[to] = pad[i];
    s.dilation[to] = dilation[i];
    const int64_t reach = in[i] + 2 * pad[i] - dilation[i] * (kernel[i] - 1) - 1;
    s.out[to] = reach < 0 ? 0 : reach / stride[i] + 1;
  }
  return s;
}

ConvImpl choose_conv(DType type, const ConvShape& s, char which) {
  if (is_empty(s)) return ConvImpl::kGeneric;
  const int64_t ins = s.in_channels / s.groups, outs = s.out_channels / s.groups;
  const bool direct = detail::direct_conv_accepts(s);
  if (type == DType::kDouble) return direct ? ConvImpl::kDirect : ConvImpl::kGeneric;
  if (type != DType::kFloat) return ConvImpl::kGeneric;
  // Measured on AVX2 and AVX-512, one and two threads; plain tensors in and out.
  if (is_pointwise(s)) {
    // A matrix product as it stands, but one that reads a large weight for few columns spends its
    // time on packing it: oneDNN's packed weights are kept.
    const bool short_rows = s.out_area() <= 256 && ins * outs >= 1 << 16;
    return short_rows && s.groups == 1 && which != 'w' ? ConvImpl::kOneDnn : ConvImpl::kGeneric;
  }
  if (!direct || s.groups != 1) return ConvImpl::kOneDnn;
  // With vectors of 8 numbers oneDNN is ahead by a sixth on these.
  const bool wide = detail::own_packed_width() >= 32 && s.batch >= 4 && s.out[2] >= 48 &&
                    ins <= 64 && outs <= 64 && s.stride[2] == 1;
  bool take = ins < 16 && outs < 32;  // blocks of channels would be mostly padding
  if (which == 'f') take = take || ins < 8 || outs < 16 || wide;
  if (which == 'd')
    take = take || (ins < 8 && outs < 32) || outs < 8 || wide || (ins < 8 && s.stride[2] > 1);
  if (which == 'w') take = take || ((ins < 8 || outs < 16) && outs < 64);
  if (take) return ConvImpl::kDirect;
  return ConvImpl::kOneDnn;
}

void conv_forward(DType type, const ConvShape& s, const void* x, const void* w, const void* bias,
                  void* y, WeightKey key, ConvImpl impl) {
  if (y_size(s) == 0) return;
  if (is_half(type)) {
    Widened xf(type, x, x_size(s)), wf(type, w, w_size(s)), bf(type, bias, s.out_channels);
    Scratch<float> yf(y_size(s));
    conv_forward(DType::kFloat, s, xf.data.get(), wf.data.get(), bias ? bf.data.get() : nullptr,
                 yf.get(), {}, impl);
    return narrow(type, yf.get(), y, y_size(s));
  }
  const ConvImpl chosen = resolve(type, s, 'f', impl);
  if (chosen == ConvImpl::kDirect) {
    if (type == DType::kFloat) {
      return detail::direct_conv_forward(s, static_cast<const float*>(x),
                                         static_cast<const float*>(w),
                                         static_cast<const float*>(bias), static_cast<float*>(y));
    }
    return detail::direct_conv_forward(s, static_cast<const double*>(x),
                                       static_cast<const double*>(w),
                                       static_cast<const double*>(bias), static_cast<double*>(y));
  }
  if (chosen == ConvImpl::kOneDnn &&
      detail::onednn_conv_forward(s, static_cast<const float*>(x), static_cast<const float*>(w),
                                  static_cast<const float*>(bias), static_cast<float*>(y), key)) {
    return;
  }
  detail::generic_conv_forward(type, s, x, w, bias, y);
}

void conv_backward_data(DType type, const ConvShape& s, const void* gy, const void* w, void* gx,
                        WeightKey key, ConvImpl impl) {
  if (x_size(s) == 0) return;
  if (is_half(type)) {
    Widened gf(type, gy, y_size(s)), wf(type, w, w_size(s));
    Scratch<float> xf(x_size(s));
    conv_backward_data(DType::kFloat, s, gf.data.get(), wf.data.get(), xf.get(), {}, impl);
    return narrow(type, xf.get(), gx, x_size(s));
  }
  if (is_empty(s)) {
    std::memset(gx, 0, item_size(type) * x_size(s));
    return;
  }
  const ConvImpl chosen = resolve(type, s, 'd', impl);
  if (chosen == ConvImpl::kDirect) {
    if (type == DType::kFloat) {
      return detail::direct_conv_backward_data(
          s, static_cast<const float*>(gy), static_cast<const float*>(w), static_cast<float*>(gx));
    }
    return detail::direct_conv_backward_data(
        s, static_cast<const double*>(gy), static_cast<const double*>(w), static_cast<double*>(gx));
  }
  if (chosen == ConvImpl::kOneDnn &&
      detail::onednn_conv_backward_data(s, static_cast<const float*>(gy),
                                        static_cast<const float*>(w), static_cast<float*>(gx),
                                        key)) {
    return;
  }
  detail::generic_conv_backward_data(type, s, gy, w, gx);
}

void conv_backward_weights(DType type, const ConvShape& s, const void* x, const void* gy, void* gw,
                           void* gb, ConvImpl impl) {
  if (is_half(type)) {
    Widened xf(type, x, x_size(s)), gf(type, gy, y_size(s));
    Scratch<float> wf(w_size(s)), bf(s.out_channels);
    conv_backward_weights(DType::kFloat, s, xf.data.get(), gf.data.get(), wf.get(),
                          gb ? bf.get() : nullptr, impl);
    if (gb) narrow(type, bf.get(), gb, s.out_channels);
    return narrow(type, wf.get(), gw, w_size(s));
  }
  if (gb) detail::conv_bias_grad(type, s, gy, gb);
  if (w_size(s) == 0) return;
  if (is_empty(s)) {
    std::memset(gw, 0, item_size(type) * w_size(s));
    return;
  }
  const ConvImpl chosen = resolve(type, s, 'w', impl);
  if (chosen == ConvImpl::kDirect) {
    if (type == DType::kFloat) {
      return detail::direct_conv_backward_weights(
          s, static_cast<const float*>(x), static_cast<const float*>(gy), static_cast<float*>(gw));
    }
    return detail::direct_conv_backward_weights(
        s, static_cast<const double*>(x), static_cast<const double*>(gy), static_cast<double*>(gw));
  }
  if (chosen == ConvImpl::kOneDnn && detail::onednn_conv_backward_weights(
                                         s, static_cast<const float*>(x),
                                         static_cast<const float*>(gy), static_cast<float*>(gw))) {
    return;
  }
  detail::generic_conv_backward_weights(type, s, x, gy, gw);
}

}  // namespace pharos::cpu
