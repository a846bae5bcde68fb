// Linear, Bilinear, Identity, Flatten, Unflatten.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/linear.h>

namespace torch::nn {

PHAROS_PLAIN_LAYER(Identity);

class PHAROS_API LinearImpl : public BuiltinModule {
  PHAROS_MODULE(LinearImpl)
  LinearImpl(int64_t in_features, int64_t out_features);
  explicit LinearImpl(const LinearOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  LinearOptions options;
  Tensor weight, bias;
};
PHAROS_HOLDER(Linear);

PHAROS_LAYER(Flatten, const Tensor&);

class PHAROS_API UnflattenImpl : public BuiltinModule {
  PHAROS_MODULE(UnflattenImpl)
  UnflattenImpl(int64_t dim, std::vector<int64_t> sizes);
  explicit UnflattenImpl(UnflattenOptions options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  UnflattenOptions options;
};
PHAROS_HOLDER(Unflatten);

class PHAROS_API BilinearImpl : public BuiltinModule {
  PHAROS_MODULE(BilinearImpl)
  BilinearImpl(int64_t in1_features, int64_t in2_features, int64_t out_features);
  explicit BilinearImpl(const BilinearOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input1, const Tensor& input2);
  BilinearOptions options;
  Tensor weight, bias;
};
PHAROS_HOLDER(Bilinear);

}  // namespace torch::nn
