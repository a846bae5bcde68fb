// Activations as layers.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/activation.h>

namespace torch::nn {

PHAROS_LAYER(ELU, Tensor);
PHAROS_LAYER(SELU, Tensor);
PHAROS_LAYER(Hardshrink, const Tensor&);
PHAROS_LAYER(Hardtanh, Tensor);
PHAROS_LAYER(LeakyReLU, Tensor);
PHAROS_LAYER(ReLU, Tensor);
PHAROS_LAYER(ReLU6, Tensor);
PHAROS_LAYER(RReLU, Tensor);
PHAROS_LAYER(CELU, Tensor);
PHAROS_LAYER(GLU, const Tensor&);
PHAROS_LAYER(GELU, const Tensor&);
PHAROS_LAYER(Softplus, const Tensor&);
PHAROS_LAYER(Softshrink, const Tensor&);
PHAROS_PLAIN_LAYER(LogSigmoid);
PHAROS_PLAIN_LAYER(Softmax2d);
PHAROS_PLAIN_LAYER(SiLU);
PHAROS_PLAIN_LAYER(Mish);
PHAROS_PLAIN_LAYER(Sigmoid);
PHAROS_PLAIN_LAYER(Softsign);
PHAROS_PLAIN_LAYER(Tanh);
PHAROS_PLAIN_LAYER(Tanhshrink);

#define PHAROS_DIM_LAYER(X)                                 \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    explicit X##Impl(int64_t dim);                          \
    explicit X##Impl(const X##Options& options_);           \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(const Tensor& input);                    \
    X##Options options;                                     \
  };                                                        \
  PHAROS_HOLDER(X)
PHAROS_DIM_LAYER(Softmax);
PHAROS_DIM_LAYER(Softmin);
PHAROS_DIM_LAYER(LogSoftmax);
#undef PHAROS_DIM_LAYER

class PHAROS_API PReLUImpl : public BuiltinModule {
  PHAROS_MODULE(PReLUImpl)
  explicit PReLUImpl(const PReLUOptions& options_ = {});
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  PReLUOptions options;
  Tensor weight;
};
PHAROS_HOLDER(PReLU);

class PHAROS_API ThresholdImpl : public BuiltinModule {
  PHAROS_MODULE(ThresholdImpl)
  ThresholdImpl(double threshold, double value);
  explicit ThresholdImpl(const ThresholdOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(Tensor input);
  ThresholdOptions options;
};
PHAROS_HOLDER(Threshold);

}  // namespace torch::nn
