// Convolutions: checks and shapes, the forms by number of dims, and their gradients' gradients.
#include "ops/conv/conv.h"

#include <pharos/ops/functions.h>

#include <string>
#include <vector>

#include "ops/conv_decls.h"
#include "ops/geometry.h"

namespace pharos::ops {
namespace {

void expand(IntArrayRef list, const char* name, int dims, int64_t* to) {
  if (list.size() == 1) {
    for (int i = 0; i < dims; ++i) to[i] = list[0];
    return;
  }
  TORCH_CHECK(static_cast<int>(list.size()) == dims, "expected ", name,
              " to be a single integer value or a list of ", dims,
              " values to match the convolution dimensions, but got ", name, "=", list);
  for (int i = 0; i < dims; ++i) to[i] = list[static_cast<size_t>(i)];
}

bool any_below(const int64_t* v, int n, int64_t low) {
  for (int i = 0; i < n; ++i)
    if (v[i] < low) return true;
  return false;
}

std::string times(const std::vector<int64_t>& v) {
  std::string s;
  for (int64_t x : v) s += (s.empty() ? "" : " x ") + std::to_string(x);
  return s;
}

void check_dtypes(const Tensor& input, const Tensor& weight, const OptTensor& bias) {
  if (input.scalar_type() != weight.scalar_type()) {
    if (c10::isIntegralType(input.scalar_type(), true))
      TORCH_CHECK(false, "expected scalar type ", input.scalar_type(), " but found ",
                  weight.scalar_type());
    TORCH_CHECK(false, "Input type (", legacy_name(input), ") and weight type (",
                legacy_name(weight),
                ") should be the same or input should be a MKLDNN tensor and weight is a dense "
                "tensor");
  }
  if (bias && bias->defined() && bias->scalar_type() != input.scalar_type())
    TORCH_CHECK(false, "Input type (", cpp_name(input.scalar_type()), ") and bias type (",
                cpp_name(bias->scalar_type()), ") should be the same");
}

void check_output_padding(const ConvArgs& a) {
  for (int i = 0; i < a.dims; ++i) {
    if (a.output_padding[i] < a.stride[i] || a.output_padding[i] < a.dilation[i]) continue;
    const char* const names[] = {"depth", "height", "width"};
    Message m;
    m << "output padding must be smaller than either stride or dilation, but got";
    const char* const kinds[] = {"output_padding", "stride", "dilation"};
    const int64_t* const values[] = {a.output_padding, a.stride, a.dilation};
    for (int kind = 0; kind < 3; ++kind)
      for (int d = 0; d < a.dims; ++d)
        m << " " << kinds[kind] << "_" << names[3 - a.dims + d] << ": " << values[kind][d];
    throw_error(ErrorKind::Error, m.take());
  }
}

}  // namespace

ConvArgs::ConvArgs(const Tensor& weight, IntArrayRef stride_, IntArrayRef padding_,
                   IntArrayRef dilation_, bool transposed_, IntArrayRef output_padding_,
                   int64_t groups_)
    : dims(static_cast<int>(weight.dim()) - 2), transposed(transposed_), groups(groups_) {
  TORCH_CHECK(dims > 0, "weight should have at least three dimensions");
  TORCH_CHECK(dims <= 3,
              "convolutions take at most three spatial dimensions, but got weight of size ",
              weight.sizes());
  TORCH_CHECK(groups > 0, "non-positive groups is not supported");
  expand(stride_, "stride", dims, stride);
  expand(padding_, "padding", dims, padding);
  expand(dilation_, "dilation", dims, dilation);
  expand(output_padding_, "output_padding", dims, output_padding);
}

void ConvArgs::check(const Tensor& input, const Tensor& weight, const OptTensor& bias) const {
  TORCH_CHECK(!any_below(padding, dims, 0), "negative padding is not supported");
  TORCH_CHECK(!any_below(output_padding, dims, 0), "negative output_padding is not supported");
  TORCH_CHECK(!any_below(stride, dims, 1), "non-positive stride is not supported");
  TORCH_CHECK(!any_below(dilation, dims, 1), "non-positive dilation is not supported");
  const IntArrayRef w = weight.sizes(), x = input.sizes();
  const int64_t n = weight.dim();
  TORCH_CHECK(n == input.dim(), "Expected ", n, "-dimensional input for ", n,
              "-dimensional weight ", w, ", but got ", input.dim(), "-dimensional input of size ",
              x, " instead");
  TORCH_CHECK(w[0] >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
              " at dimension 0, but got weight of size ", w, " instead");
  TORCH_CHECK(w[0] % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ",
              groups, " at dimension 0, but got weight of size [", w, "] instead");
  const bool has_bias = bias && bias->defined();
  if (transposed) {
    TORCH_CHECK(x[1] == w[0], "Given transposed=", 1, ", weight of size ", w, ", expected input", x,
                " to have ", w[0], " channels, but got ", x[1], " channels instead");
    TORCH_CHECK(!has_bias || (bias->dim() == 1 && bias->sizes()[0] == w[1] * groups),
                "Given transposed=", 1, ", weight of size ", w,
                ", expected bias to be 1-dimensional with ", w[1] * groups,
                " elements, but got bias of size ", has_bias ? bias->sizes() : w, " instead");
    check_output_padding(*this);
  } else {
    TORCH_CHECK(x[1] == w[1] * groups, "Given groups=", groups, ", weight of size ", w,
                ", expected input", x, " to have ", w[1] * groups, " channels, but got ", x[1],
                " channels instead");
    TORCH_CHECK(!has_bias || (bias->dim() == 1 && bias->sizes()[0] == w[0]),
                "Given weight of size ", w, ", expected bias to be 1-dimensional with ", w[0],
                " elements, but got bias of size ", has_bias ? bias->sizes() : w, " instead");
    std::vector<int64_t> padded, kernel;
    bool fits = true;
    for (int i = 0; i < dims; ++i) {
      padded.push_back(x[i + 2] + 2 * padding[i]);
      kernel.push_back(dilation[i] * (w[i + 2] - 1) + 1);
      fits = fits && padded.back() >= kernel.back();
    }
    TORCH_CHECK(fits, "Calculated padded input size per channel: (", times(padded),
                "). Kernel size: (", times(kernel),
                "). Kernel size can't be greater than actual input size");
  }
  if (input.numel() == 0)
    TORCH_CHECK(x[0] == 0 || x[1] == 0,
                "Only zero batch or zero channel inputs are supported, but got input shape: ", x);
}

void ConvArgs::output_sizes(const Tensor& input, const Tensor& weight, int64_t* sizes) const {
  const IntArrayRef w = weight.sizes(), x = input.sizes();
  sizes[0] = x[0];
  sizes[1] = x[1] == 0 ? 0 : transposed ? w[1] * groups : w[0];
  std::vector<int64_t> in, out;
  bool fits = true;
  for (int i = 0; i < dims; ++i) {
    const int64_t reach = dilation[i] * (w[i + 2] - 1);
    const int64_t n =
        transposed ? (x[i + 2] - 1) * stride[i] - 2 * padding[i] + reach + output_padding[i] + 1
                   : (x[i + 2] + 2 * padding[i] - reach - 1) / stride[i] + 1;
    sizes[i + 2] = n;
    in.push_back(x[i + 2]);
    out.push_back(n);
    fits = fits && n >= 1;
  }
  TORCH_CHECK(fits, "Given input size per channel: (", times(in),
              "). Calculated output size per channel: (", times(out),
              "). Output size is too small");
}

namespace {
// Convolutions in three dimensions that PyTorch gives to oneDNN: others it runs on contiguous
// tensors.
bool onednn_in_pytorch(const Tensor& input, const Tensor& weight, int64_t groups) {
  if (input.scalar_type() != ScalarType::Float) return false;
  const IntArrayRef x = input.sizes(), w = weight.sizes();
  return groups > 1 || x[0] > 1 || (w[3] > 3 && w[4] > 3) || x[0] * x[1] * x[2] * x[3] > 20480;
}

c10::MemoryFormat conv_format(const Tensor& input, const Tensor& weight, int64_t groups) {
  const auto last =
      input.dim() == 5 ? c10::MemoryFormat::ChannelsLast3d : c10::MemoryFormat::ChannelsLast;
  if (input.dim() < 4 || c10::isIntegralType(input.scalar_type(), true))
    return c10::MemoryFormat::Contiguous;
  if (input.dim() == 5 && !onednn_in_pytorch(input, weight, groups))
    return c10::MemoryFormat::Contiguous;
  return input.suggest_memory_format() == last || weight.suggest_memory_format() == last
             ? last
             : c10::MemoryFormat::Contiguous;
}
}  // namespace

Tensor conv_result(const Tensor& input, const Tensor& weight, int64_t groups, IntArrayRef sizes) {
  const auto format = conv_format(input, weight, groups);
  if (format == c10::MemoryFormat::Contiguous)
    return empty_on(input.device(), sizes, input.scalar_type());
  int64_t strides[5];
  format_strides(sizes, format, strides);
  return empty_strided_on(input.device(), sizes, IntArrayRef(strides, sizes.size()),
                          input.scalar_type());
}

void convolution_shape(Out& out, const Tensor& input, const Tensor& weight, const OptTensor& bias,
                       IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                       bool transposed, IntArrayRef output_padding, int64_t groups) {
  const ConvArgs a(weight, stride, padding, dilation, transposed, output_padding, groups);
  a.check(input, weight, bias);
  check_dtypes(input, weight, bias);
  int64_t sizes[5], strides[5];
  a.output_sizes(input, weight, sizes);
  const IntArrayRef shape(sizes, static_cast<size_t>(a.dims + 2));
  const auto format = conv_format(input, weight, groups);
  if (format == c10::MemoryFormat::Contiguous)
    return out.set(0, shape, input.scalar_type(), input.device());
  format_strides(shape, format, strides);
  out.set_strided(0, shape, IntArrayRef(strides, shape.size()), input.scalar_type(),
                  input.device());
}

// ---- forms by number of dims ----------------------------------------------------------------

namespace {

constexpr int64_t kZeros[3] = {0, 0, 0};

bool batchify(const Tensor& input, Tensor& batched, int dims, const char* name) {
  const int64_t n = input.dim();
  TORCH_CHECK(n == dims + 1 || n == dims + 2, "Expected ", dims + 1, "D (unbatched) or ", dims + 2,
              "D (batched) input to ", name, ", but got input of size: ", input.sizes());
  batched = n == dims + 2 ? input : input.unsqueeze(0);
  return n == dims + 2;
}

Tensor conv(int dims, const char* name, const Tensor& input, const Tensor& weight,
            const OptTensor& bias, IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
            int64_t groups) {
  Tensor x;
  const bool batched = batchify(input, x, dims, name);
  Tensor y = at::convolution(x, weight, bias, stride, padding, dilation, false,
                             IntArrayRef(kZeros, static_cast<size_t>(dims)), groups);
  return batched ? y : y.squeeze(0);
}

Tensor conv_same(const Tensor& input, const Tensor& weight, const OptTensor& bias,
                 IntArrayRef stride, IntArrayRef dilation, int64_t groups) {
  const auto n = static_cast<int>(weight.dim()) - 2;
  TORCH_CHECK(input.dim() == weight.dim(), "Expected ", weight.dim(), "-dimensional input for ",
              weight.dim(), "-dimensional weight ", weight.sizes(), ", but got ", input.dim(),
              "-dimensional input of size ", input.sizes(), " instead");
  TORCH_CHECK(n > 0, "weight should have at least three dimensions");
  TORCH_CHECK(stride.size() == 1 || static_cast<int>(stride.size()) == n,
              "stride cannot broadcast to ", n, " dimensions");
  TORCH_CHECK(dilation.size() == 1 || static_cast<int>(dilation.size()) == n,
              "dilation cannot broadcast to ", n, " dimensions");
  for (int64_t s : stride)
    TORCH_CHECK(s == 1, "padding='same' is not supported for strided convolutions");
  int64_t left[3];
  std::vector<int64_t> extra(static_cast<size_t>(2 * n), 0);
  bool symmetric = true;
  for (int i = 0; i < n; ++i) {
    const int64_t d = dilation.size() == 1 ? dilation[0] : dilation[static_cast<size_t>(i)];
    const int64_t total = d * (weight.sizes()[i + 2] - 1);
    left[i] = total / 2;
    if (total % 2) {
      symmetric = false;
      extra[static_cast<size_t>(2 * (n - 1 - i) + 1)] = 1;
    }
  }
  const Tensor x = symmetric ? input : at::constant_pad_nd(input, extra, 0);
  return at::convolution(x, weight, bias, stride, IntArrayRef(left, static_cast<size_t>(n)),
                         dilation, false, IntArrayRef(kZeros, static_cast<size_t>(n)), groups);
}

Tensor conv_named(int dims, const char* name, const Tensor& input, const Tensor& weight,
                  const OptTensor& bias, IntArrayRef stride, c10::string_view padding,
                  IntArrayRef dilation, int64_t groups) {
  if (padding == "valid")
    return conv(dims, name, input, weight, bias, stride,
                IntArrayRef(kZeros, static_cast<size_t>(dims)), dilation, groups);
  TORCH_CHECK(padding == "same", "Invalid padding string: '", std::string(padding), "'");
  Tensor x;
  const bool batched = batchify(input, x, dims, name);
  Tensor y = conv_same(x, weight, bias, stride, dilation, groups);
  return batched ? y : y.squeeze(0);
}

Tensor conv_transpose(int dims, const char* name, const Tensor& input, const Tensor& weight,
                      const OptTensor& bias, IntArrayRef stride, IntArrayRef padding,
                      IntArrayRef output_padding, int64_t groups, IntArrayRef dilation) {
  Tensor x;
  const bool batched = batchify(input, x, dims, name);
  Tensor y =
      at::convolution(x, weight, bias, stride, padding, dilation, true, output_padding, groups);
  return batched ? y : y.squeeze(0);
}

}  // namespace

#define CONV_FORMS(N)                                                                              \
  Tensor conv##N##d(const Tensor& input, const Tensor& weight, const OptTensor& bias,              \
                    IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,                 \
                    int64_t groups) {                                                              \
    return conv(N, "conv" #N "d", input, weight, bias, stride, padding, dilation, groups);         \
  }                                                                                                \
  Tensor conv##N##d_padding(const Tensor& input, const Tensor& weight, const OptTensor& bias,      \
                            IntArrayRef stride, c10::string_view padding, IntArrayRef dilation,    \
                            int64_t groups) {                                                      \
    return conv_named(N, "conv" #N "d", input, weight, bias, stride, padding, dilation, groups);   \
  }                                                                                                \
  Tensor conv_transpose##N##d(const Tensor& input, const Tensor& weight, const OptTensor& bias,    \
                              IntArrayRef stride, IntArrayRef padding, IntArrayRef output_padding, \
                              int64_t groups, IntArrayRef dilation) {                              \
    return conv_transpose(N, "conv_transpose" #N "d", input, weight, bias, stride, padding,        \
                          output_padding, groups, dilation);                                       \
  }
CONV_FORMS(1)
CONV_FORMS(2)
CONV_FORMS(3)
#undef CONV_FORMS

Tensor _convolution(const Tensor& input, const Tensor& weight, const OptTensor& bias,
                    IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
                    IntArrayRef output_padding, int64_t groups, bool, bool, bool, bool) {
  return at::convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding,
                         groups);
}

Tensor _convolution_deprecated(const Tensor& input, const Tensor& weight, const OptTensor& bias,
                               IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation,
                               bool transposed, IntArrayRef output_padding, int64_t groups, bool,
                               bool, bool) {
  return at::convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding,
                         groups);
}

Tensor conv_tbc(const Tensor& self, const Tensor& weight, const Tensor& bias, int64_t pad) {
  TORCH_CHECK(self.dim() == 3, "Input must have 3 dims: time, batch, in_channel");
  TORCH_CHECK(weight.dim() == 3,
              "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.");
  TORCH_CHECK(bias.dim() == 1, "Bias must be 1-D");
  TORCH_CHECK(self.size(2) == weight.size(1),
              "Input dim 2 (input channels) is not == dim 1 in the weight tensor");
  TORCH_CHECK(weight.size(2) == bias.size(0),
              "Bias size must equal dim 2 in the weight tensor (output channels).");
  const int64_t length = self.size(0) + 2 * pad - weight.size(0) + 1;
  TORCH_CHECK(length >= 0, "Input length after padding is too small for the kernel");
  const int64_t one[] = {1}, zero[] = {0}, pads[] = {pad};
  return at::convolution(self.permute({1, 2, 0}), weight.permute({2, 1, 0}), bias, one, pads, one,
                         false, zero, 1)
      .permute({2, 0, 1})
      .contiguous();
}

std::tuple<Tensor, Tensor, Tensor> conv_tbc_backward(const Tensor& self, const Tensor& input,
                                                     const Tensor& weight, const Tensor& bias,
                                                     int64_t pad) {
  const int64_t one[] = {1}, zero[] = {0}, pads[] = {pad};
  auto [gx, gw, gb] = at::convolution_backward(self.permute({1, 2, 0}), input.permute({1, 2, 0}),
                                               weight.permute({2, 1, 0}), bias.sizes(), one, pads,
                                               one, false, zero, 1, {true, true, true});
  return {gx.permute({2, 0, 1}).contiguous(), gw.permute({2, 1, 0}).contiguous(), gb};
}

}  // namespace pharos::ops

namespace pharos::backward {

std::tuple<Tensor, Tensor, Tensor> conv_grad(const Tensor& grad, const Tensor& input,
                                             const Tensor& weight, IntArrayRef stride,
                                             IntArrayRef padding, IntArrayRef dilation,
                                             bool transposed, IntArrayRef output_padding,
                                             int64_t groups, std::array<bool, 3> needs) {
  const int64_t bias[] = {transposed ? weight.size(1) * groups : weight.size(0)};
  return at::convolution_backward(grad, input.conj(), weight.conj(), IntArrayRef(bias), stride,
                                  padding, dilation, transposed, output_padding, groups, needs);
}

std::tuple<Tensor, Tensor, Tensor> conv_double_backward(
    const Tensor* grads, const Tensor& grad_output, const Tensor& input, const Tensor& weight,
    IntArrayRef stride, IntArrayRef padding, IntArrayRef dilation, bool transposed,
    IntArrayRef output_padding, int64_t groups, std::array<bool, 3> needs) {
  const Tensor &ggi = grads[0], &ggw = grads[1], &ggb = grads[2];
  auto forward = [&](const Tensor& x, const Tensor& w) {
    return at::convolution(x, w, {}, stride, padding, dilation, transposed, output_padding, groups);
  };
  auto backward = [&](const Tensor& x, const Tensor& w, std::array<bool, 3> mask) {
    return at::convolution_backward(grad_output.conj(), x, w, {}, stride, padding, dilation,
                                    transposed, output_padding, groups, mask);
  };
  Tensor gg_out, g_input, g_weight;
  if (needs[0]) {
    if (ggi.defined()) gg_out = forward(ggi, weight.conj());
    if (ggw.defined()) {
      const Tensor part = forward(input.conj(), ggw);
      gg_out = gg_out.defined() ? gg_out + part : part;
    }
    if (ggb.defined()) {
      std::vector<int64_t> shape(static_cast<size_t>(grad_output.dim()), 1);
      shape[1] = ggb.size(0);
      const Tensor part = ggb.view(shape);
      gg_out = gg_out.defined() ? gg_out + part : part.expand(grad_output.sizes());
    }
  }
  if (needs[1] && ggw.defined()) g_input = std::get<0>(backward(input, ggw, {true, false, false}));
  if (needs[2] && ggi.defined())
    g_weight = std::get<1>(backward(ggi, weight, {false, true, false}));
  return {gg_out, g_input, g_weight};
}

}  // namespace pharos::backward
