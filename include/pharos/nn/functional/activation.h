// torch::nn::functional: activations, linear and bilinear.
#pragma once

#include <pharos/nn/options/activation.h>

namespace torch::nn::functional {

PHAROS_API Tensor elu(Tensor input, const ELUFuncOptions& options = {});
PHAROS_API Tensor selu(Tensor input, const SELUFuncOptions& options = {});
PHAROS_API Tensor hardshrink(const Tensor& input, const HardshrinkFuncOptions& options = {});
PHAROS_API Tensor hardtanh(Tensor input, const HardtanhFuncOptions& options = {});
PHAROS_API Tensor leaky_relu(Tensor input, const LeakyReLUFuncOptions& options = {});
PHAROS_API Tensor logsigmoid(const Tensor& input);
PHAROS_API Tensor gumbel_softmax(const Tensor& logits,
                                 const GumbelSoftmaxFuncOptions& options = {});
PHAROS_API Tensor softmax(const Tensor& input, const SoftmaxFuncOptions& options);
PHAROS_API Tensor softmin(const Tensor& input, const SoftminFuncOptions& options);
PHAROS_API Tensor log_softmax(const Tensor& input, const LogSoftmaxFuncOptions& options);
PHAROS_API Tensor glu(const Tensor& input, const GLUFuncOptions& options = {});
PHAROS_API Tensor gelu(const Tensor& input, const GELUFuncOptions& options = {});
PHAROS_API Tensor silu(const Tensor& input);
PHAROS_API Tensor mish(const Tensor& input);
PHAROS_API Tensor prelu(const Tensor& input, const Tensor& weight);
PHAROS_API Tensor relu(Tensor input, const ReLUFuncOptions& options = {});
PHAROS_API Tensor relu6(Tensor input, const ReLU6FuncOptions& options = {});
PHAROS_API Tensor rrelu(Tensor input, const RReLUFuncOptions& options = {});
PHAROS_API Tensor celu(Tensor input, const CELUFuncOptions& options = {});
PHAROS_API Tensor softplus(const Tensor& input, const SoftplusFuncOptions& options = {});
PHAROS_API Tensor softshrink(const Tensor& input, const SoftshrinkFuncOptions& options = {});
PHAROS_API Tensor softsign(const Tensor& input);
PHAROS_API Tensor tanhshrink(const Tensor& input);
PHAROS_API Tensor threshold(Tensor input, const ThresholdFuncOptions& options);
PHAROS_API Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});
PHAROS_API Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                           const Tensor& bias = Tensor());
PHAROS_API std::tuple<Tensor, Tensor> multi_head_attention_forward(
    const Tensor& query, const Tensor& key, const Tensor& value,
    const MultiheadAttentionForwardFuncOptions& options);

}  // namespace torch::nn::functional
