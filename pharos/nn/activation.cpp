// Activations as layers.
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/modules/activation.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer;

#define PHAROS_ACTIVATION(X, Input, call)                                     \
  PHAROS_DEFINE_MODULE(X##Impl)                                               \
  X##Impl::X##Impl(const X##Options& options_) : options(options_) {}         \
  void X##Impl::reset() {}                                                    \
  Tensor X##Impl::forward(Input input) {                                      \
    return run_layer(*this, input, [this](const Tensor& x) { return call; }); \
  }
PHAROS_ACTIVATION(ELU, Tensor, F::elu(x, options))
PHAROS_ACTIVATION(SELU, Tensor, F::selu(x, options))
PHAROS_ACTIVATION(Hardshrink, const Tensor&, F::hardshrink(x, options))
PHAROS_ACTIVATION(Hardtanh, Tensor, F::hardtanh(x, options))
PHAROS_ACTIVATION(LeakyReLU, Tensor, F::leaky_relu(x, options))
PHAROS_ACTIVATION(ReLU, Tensor, F::relu(x, options))
PHAROS_ACTIVATION(ReLU6, Tensor, F::relu6(x, options))
PHAROS_ACTIVATION(RReLU, Tensor,
                  F::rrelu(x, F::RReLUFuncOptions()
                                  .lower(options.lower())
                                  .upper(options.upper())
                                  .training(is_training())
                                  .inplace(options.inplace())))
PHAROS_ACTIVATION(CELU, Tensor, F::celu(x, options))
PHAROS_ACTIVATION(GLU, const Tensor&, F::glu(x, options))
PHAROS_ACTIVATION(GELU, const Tensor&, F::gelu(x, options))
PHAROS_ACTIVATION(Softplus, const Tensor&, F::softplus(x, options))
PHAROS_ACTIVATION(Softshrink, const Tensor&, F::softshrink(x, options))

#define PHAROS_DIM_ACTIVATION(X, call)                                        \
  PHAROS_DEFINE_MODULE(X##Impl)                                               \
  X##Impl::X##Impl(int64_t dim) : X##Impl(X##Options(dim)) {}                 \
  X##Impl::X##Impl(const X##Options& options_) : options(options_) {}         \
  void X##Impl::reset() {}                                                    \
  void X##Impl::pretty_print(std::ostream& stream) const {                    \
    stream << "torch::nn::" #X "(dim=" << options.dim() << ")";               \
  }                                                                           \
  Tensor X##Impl::forward(const Tensor& input) {                              \
    return run_layer(*this, input, [this](const Tensor& x) { return call; }); \
  }
PHAROS_DIM_ACTIVATION(Softmax, x.softmax(options.dim()))
PHAROS_DIM_ACTIVATION(Softmin, (-x).softmax(options.dim()))
PHAROS_DIM_ACTIVATION(LogSoftmax, x.log_softmax(options.dim()))

#define PHAROS_PLAIN_ACTIVATION(X, call)                                                      \
  PHAROS_DEFINE_MODULE(X##Impl)                                                               \
  X##Impl::X##Impl() = default;                                                               \
  void X##Impl::reset() {}                                                                    \
  void X##Impl::pretty_print(std::ostream& stream) const { stream << "torch::nn::" #X "()"; } \
  Tensor X##Impl::forward(const Tensor& input) {                                              \
    return run_layer(*this, input, [](const Tensor& x) { return call; });                     \
  }
PHAROS_PLAIN_ACTIVATION(LogSigmoid, at::log_sigmoid(x))
PHAROS_PLAIN_ACTIVATION(SiLU, at::silu(x))
PHAROS_PLAIN_ACTIVATION(Mish, at::mish(x))
PHAROS_PLAIN_ACTIVATION(Sigmoid, at::sigmoid(x))
PHAROS_PLAIN_ACTIVATION(Softsign, F::softsign(x))
PHAROS_PLAIN_ACTIVATION(Tanh, at::tanh(x))
PHAROS_PLAIN_ACTIVATION(Tanhshrink, F::tanhshrink(x))

static Tensor softmax2d(const Tensor& x) {
  TORCH_CHECK(x.dim() == 4 || x.dim() == 3, "Softmax2d requires a 3D or 4D tensor as input");
  return x.softmax(-3);
}
PHAROS_PLAIN_ACTIVATION(Softmax2d, softmax2d(x))

// --- printing, where there is more to say than the name ---

void ELUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::ELU(alpha=" << options.alpha();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
void SELUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::SELU(";
  if (options.inplace()) stream << std::boolalpha << "inplace=" << options.inplace();
  stream << ")";
}
void HardshrinkImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Hardshrink(" << options.lambda() << ")";
}
void HardtanhImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Hardtanh(min_val=" << options.min_val()
         << ", max_val=" << options.max_val();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
void LeakyReLUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::LeakyReLU(negative_slope=" << options.negative_slope();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
void ReLUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::ReLU(";
  if (options.inplace()) stream << std::boolalpha << "inplace=" << options.inplace();
  stream << ")";
}
void ReLU6Impl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::ReLU6(";
  if (options.inplace()) stream << std::boolalpha << "inplace=" << options.inplace();
  stream << ")";
}
void RReLUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::RReLU(lower=" << options.lower() << ", upper=" << options.upper();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
void CELUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::CELU(alpha=" << options.alpha();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
void GLUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::GLU(dim=" << options.dim() << ")";
}
void GELUImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::GELU()"; }
void SoftplusImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Softplus(beta=" << options.beta() << ", threshold=" << options.threshold()
         << ")";
}
void SoftshrinkImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Softshrink(" << options.lambda() << ")";
}

// --- PReLU, Threshold ---

PHAROS_DEFINE_MODULE(PReLUImpl)
PReLUImpl::PReLUImpl(const PReLUOptions& options_) : options(options_) { PReLUImpl::reset(); }
void PReLUImpl::reset() {
  weight = register_parameter("weight", at::full(options.num_parameters(), options.init()));
}
void PReLUImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::PReLU(num_parameters=" << options.num_parameters() << ")";
}
Tensor PReLUImpl::forward(const Tensor& input) {
  return run_layer(*this, input, [this](const Tensor& x) { return at::prelu(x, weight); });
}

PHAROS_DEFINE_MODULE(ThresholdImpl)
ThresholdImpl::ThresholdImpl(double threshold, double value)
    : ThresholdImpl(ThresholdOptions(threshold, value)) {}
ThresholdImpl::ThresholdImpl(const ThresholdOptions& options_) : options(options_) {}
void ThresholdImpl::reset() {}
void ThresholdImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Threshold(threshold=" << options.threshold()
         << ", value=" << options.value();
  if (options.inplace()) stream << std::boolalpha << ", inplace=" << options.inplace();
  stream << ")";
}
Tensor ThresholdImpl::forward(Tensor input) {
  return run_layer(*this, input, [this](const Tensor& x) { return F::threshold(x, options); });
}

}  // namespace torch::nn
