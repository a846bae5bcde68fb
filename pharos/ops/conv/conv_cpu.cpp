// Convolutions on CPU tensors: contiguous operands for the kernels on raw pointers, halves in f32,
// transposed convolutions as the other direction of a plain one.
#include "kernels/cpu/conv.h"

#include "kernels/cpu/parallel.h"
#include "ops/conv/conv.h"
#include "ops/conv_decls.h"

namespace pharos::cpu {
namespace {

using ops::ConvArgs;
using ops::data_of;
using ops::data_or_null;
using ops::dtype_of;
using ops::OptTensor;
using ops::plain;

ScalarType compute_type(ScalarType t) {
  if (t == ScalarType::Bool) ops::no_kernel("slow_conv2d_cpu", t);
  return c10::isReducedFloatingType(t) ? ScalarType::Float : t;
}

// The convolution whose forward (or, if transposed, backward by data) this is. `x` and `y` are the
// sizes of input and result.
ConvShape shape_of(const ConvArgs& a, IntArrayRef x, IntArrayRef weight, IntArrayRef y) {
  const IntArrayRef in = a.transposed ? y : x, out = a.transposed ? x : y;
  ConvShape s = make_conv_shape(a.dims, in[0], in[1], weight[0], a.groups, in.data() + 2,
                                weight.data() + 2, a.stride, a.padding, a.dilation);
  for (int i = 0; i < a.dims; ++i) s.out[3 - a.dims + i] = out[static_cast<size_t>(i) + 2];
  return s;
}

// With an output padding of a stride or more, the sizes do not follow from each other: only the
// generic kernel takes that.
ConvImpl impl_of(const ConvArgs& a) {
  for (int i = 0; i < a.dims; ++i)
    if (a.transposed && a.output_padding[i] >= a.stride[i]) return ConvImpl::kGeneric;
  return ConvImpl::kAuto;
}

// Names the contents of a weight that the kernel reads where they are, not from a copy.
WeightKey key_of(const Tensor& weight, const Tensor& read) {
  if (!read.is_same(weight)) return {};
  c10::StorageImpl* s = weight.unsafeGetTensorImpl()->storage;
  return {s->name_contents(), s->version_.load(std::memory_order_relaxed)};
}

template <class T>
void add_channel_bias(T* y, const T* bias, int64_t batch, int64_t channels, int64_t area) {
  parallel_for(0, batch * channels, grain_for(area), [&](int64_t b, int64_t e) {
    for (int64_t p = b; p < e; ++p) {
      const T v = bias[p % channels];
      for (int64_t i = 0; i < area; ++i) y[p * area + i] += v;
    }
  });
}

void add_bias(const Tensor& y, const Tensor& bias) {
  const int64_t n = y.sizes()[0], c = y.sizes()[1];
  const int64_t area = n * c > 0 ? y.numel() / (n * c) : 0;
  if (y.scalar_type() == ScalarType::Float)
    return add_channel_bias(ops::data_as<float>(y), ops::data_as<float>(bias), n, c, area);
  if (y.scalar_type() == ScalarType::Double)
    return add_channel_bias(ops::data_as<double>(y), ops::data_as<double>(bias), n, c, area);
  if (y.scalar_type() == ScalarType::Long)
    return add_channel_bias(ops::data_as<int64_t>(y), ops::data_as<int64_t>(bias), n, c, area);
  if (y.scalar_type() == ScalarType::ComplexFloat)
    return add_channel_bias(ops::data_as<c10::complex<float>>(y),
                            ops::data_as<c10::complex<float>>(bias), n, c, area);
  if (y.scalar_type() == ScalarType::ComplexDouble)
    return add_channel_bias(ops::data_as<c10::complex<double>>(y),
                            ops::data_as<c10::complex<double>>(bias), n, c, area);
  ops::no_kernel("conv_transpose", y.scalar_type());
}

// grad_output, input and weight in the compute dtype; results in the layout of convolutions.
struct Backward {
  const ConvArgs& a;
  ConvShape s;
  DType type;
  ConvImpl impl;
  Tensor gy, x, w;
  WeightKey key;

  void data(const Tensor& gx) const {
    if (a.transposed)
      conv_forward(type, s, data_of(gy), data_of(w), nullptr, data_of(gx), key, impl);
    else
      conv_backward_data(type, s, data_of(gy), data_of(w), data_of(gx), key, impl);
  }
  void weight(const Tensor& gw) const {
    if (a.transposed)
      conv_backward_weights(type, s, data_of(gy), data_of(x), data_of(gw), nullptr, impl);
    else
      conv_backward_weights(type, s, data_of(x), data_of(gy), data_of(gw), nullptr, impl);
  }
  void bias(const Tensor& gb) const {
    ConvShape flat;
    flat.batch = gy.sizes()[0];
    flat.out_channels = flat.in_channels = gy.sizes()[1];
    for (int i = 0; i < a.dims; ++i) flat.out[3 - a.dims + i] = gy.sizes()[i + 2];
    detail::conv_bias_grad(type, flat, data_of(gy), data_of(gb));
  }
};

}  // namespace

void convolution(const Tensor& out, const Tensor& input, const Tensor& weight,
                 const OptTensor& bias, IntArrayRef stride, IntArrayRef padding,
                 IntArrayRef dilation, bool transposed, IntArrayRef output_padding,
                 int64_t groups) {
  if (out.numel() == 0) return;
  const ConvArgs a(weight, stride, padding, dilation, transposed, output_padding, groups);
  const ScalarType type = compute_type(input.scalar_type());
  const bool direct = out.is_contiguous() && out.scalar_type() == type;
  const Tensor y = direct ? out : empty_cpu(out.sizes(), type);
  const Tensor x = plain(input, type), w = plain(weight, type);
  const Tensor b = bias && bias->defined() ? plain(*bias, type) : Tensor();
  const ConvShape s = shape_of(a, x.sizes(), w.sizes(), y.sizes());
  const WeightKey key = key_of(weight, w);
  if (transposed) {
    conv_backward_data(dtype_of(type), s, data_of(x), data_of(w), data_of(y), key, impl_of(a));
    if (b.defined()) add_bias(y, b);
  } else {
    conv_forward(dtype_of(type), s, data_of(x), data_of(w), data_or_null(b), data_of(y), key);
  }
  if (!direct) copy_values(out, y);
}

}  // namespace pharos::cpu

namespace pharos::ops {

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& grad_output,
                                                        const Tensor& input, const Tensor& weight,
                                                        at::OptionalIntArrayRef bias_sizes,
                                                        IntArrayRef stride, IntArrayRef padding,
                                                        IntArrayRef dilation, bool transposed,
                                                        IntArrayRef output_padding, int64_t groups,
                                                        std::array<bool, 3> mask) {
  const ConvArgs a(weight, stride, padding, dilation, transposed, output_padding, groups);
  a.check(input, weight, {});
  int64_t sizes[5];
  a.output_sizes(input, weight, sizes);
  const IntArrayRef expected(sizes, static_cast<size_t>(a.dims + 2));
  TORCH_CHECK(grad_output.sizes().equals(expected), "Expected grad_output of size ", expected,
              ", but got ", grad_output.sizes());
  TORCH_CHECK(grad_output.scalar_type() == input.scalar_type() &&
                  weight.scalar_type() == input.scalar_type(),
              "expected scalar type ", input.scalar_type(), " but found ",
              grad_output.scalar_type() == input.scalar_type() ? weight.scalar_type()
                                                               : grad_output.scalar_type());
  const int64_t channels[] = {transposed ? weight.sizes()[1] * groups : weight.sizes()[0]};
  (void)bias_sizes;
  Tensor gx, gw, gb;
  if (mask[0]) gx = conv_result(input, weight, groups, input.sizes());
  if (mask[1]) gw = conv_result(input, weight, groups, weight.sizes());
  if (mask[2]) gb = empty_on(weight.device(), IntArrayRef(channels), weight.scalar_type());
  if (input.is_meta()) return {gx, gw, gb};
  if (input.numel() == 0 || grad_output.numel() == 0) {
    for (const Tensor* t : {&gx, &gw, &gb})
      if (t->defined()) cpu::fill_zero(*t);
    return {gx, gw, gb};
  }
  const ScalarType type = cpu::compute_type(input.scalar_type());
  const Tensor w = mask[0] ? plain(weight, type) : weight;
  const cpu::Backward back{a,
                           cpu::shape_of(a, input.sizes(), weight.sizes(), grad_output.sizes()),
                           dtype_of(type),
                           cpu::impl_of(a),
                           plain(grad_output, type),
                           mask[1] ? plain(input, type) : input,
                           w,
                           cpu::key_of(weight, w)};
  auto run = [&](const Tensor& result, auto&& f) {
    if (!result.defined()) return;
    const bool direct = result.is_contiguous() && result.scalar_type() == type;
    const Tensor to = direct ? result : empty_cpu(result.sizes(), type);
    f(to);
    if (!direct) cpu::copy_values(result, to);
  };
  run(gx, [&](const Tensor& t) { back.data(t); });
  run(gw, [&](const Tensor& t) { back.weight(t); });
  run(gb, [&](const Tensor& t) { back.bias(t); });
  return {gx, gw, gb};
}

}  // namespace pharos::ops
