// torch::nn::functional: activations, linear and bilinear.
#include <pharos/nn/functional/activation.h>
#include <pharos/tensor_operators.h>

namespace torch::nn::functional {

#define PHAROS_INPLACE(name, ...) \
  options.inplace() ? at::name##_(input, ##__VA_ARGS__) : at::name(input, ##__VA_ARGS__)

Tensor elu(Tensor input, const ELUFuncOptions& options) {
  return PHAROS_INPLACE(elu, options.alpha());
}
Tensor selu(Tensor input, const SELUFuncOptions& options) {
  return options.inplace() ? at::selu_(input) : at::selu(input);
}
Tensor celu(Tensor input, const CELUFuncOptions& options) {
  return PHAROS_INPLACE(celu, options.alpha());
}
Tensor relu(Tensor input, const ReLUFuncOptions& options) {
  return options.inplace() ? at::relu_(input) : at::relu(input);
}
Tensor relu6(Tensor input, const ReLU6FuncOptions& options) {
  return options.inplace() ? at::relu6_(input) : at::relu6(input);
}
Tensor leaky_relu(Tensor input, const LeakyReLUFuncOptions& options) {
  return PHAROS_INPLACE(leaky_relu, options.negative_slope());
}
Tensor hardtanh(Tensor input, const HardtanhFuncOptions& options) {
  return PHAROS_INPLACE(hardtanh, options.min_val(), options.max_val());
}
Tensor rrelu(Tensor input, const RReLUFuncOptions& options) {
  return PHAROS_INPLACE(rrelu, options.lower(), options.upper(), options.training());
}
Tensor threshold(Tensor input, const ThresholdFuncOptions& options) {
  return PHAROS_INPLACE(threshold, options.threshold(), options.value());
}
#undef PHAROS_INPLACE

Tensor hardshrink(const Tensor& input, const HardshrinkFuncOptions& options) {
  return at::hardshrink(input, options.lambda());
}
Tensor softshrink(const Tensor& input, const SoftshrinkFuncOptions& options) {
  return at::softshrink(input, options.lambda());
}
Tensor softplus(const Tensor& input, const SoftplusFuncOptions& options) {
  return at::softplus(input, options.beta(), options.threshold());
}
Tensor logsigmoid(const Tensor& input) { return at::log_sigmoid(input); }
Tensor silu(const Tensor& input) { return at::silu(input); }
Tensor mish(const Tensor& input) { return at::mish(input); }
Tensor prelu(const Tensor& input, const Tensor& weight) { return at::prelu(input, weight); }
Tensor softsign(const Tensor& input) { return input / (input.abs() + 1); }
Tensor tanhshrink(const Tensor& input) { return input - input.tanh(); }
Tensor gelu(const Tensor& input, const GELUFuncOptions& options) {
  return at::gelu(input, options.approximate());
}
Tensor glu(const Tensor& input, const GLUFuncOptions& options) {
  TORCH_CHECK(input.dim() != 0, "glu does not support scalars because halving size must be even");
  return at::glu(input, options.dim());
}
Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& options) {
  return input.softmax(options.dim(), options.dtype());
}
Tensor softmin(const Tensor& input, const SoftminFuncOptions& options) {
  return (-input).softmax(options.dim(), options.dtype());
}
Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& options) {
  return input.log_softmax(options.dim(), options.dtype());
}

Tensor gumbel_softmax(const Tensor& logits, const GumbelSoftmaxFuncOptions& options) {
  const Tensor noise = -at::empty_like(logits).exponential_().log();
  const Tensor soft = ((logits + noise) / options.tau()).softmax(options.dim());
  if (!options.hard()) return soft;
  const Tensor index = std::get<1>(soft.max(options.dim(), true));
  // One-hot in value, soft in gradient.
  const Tensor hot = at::zeros_like(logits).scatter_(options.dim(), index, 1.0);
  return hot - soft.detach() + soft;
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  return at::linear(input, weight, bias);
}
Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias) {
  return at::bilinear(input1, input2, weight, bias);
}

}  // namespace torch::nn::functional
