// Batch, instance, layer, group and local response normalisation.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/norm.h>

namespace torch::nn {

// What batch and instance normalisation share.
template <typename Options>
class NormImplBase : public BuiltinModule {
 public:
  explicit NormImplBase(const Options& options_);
  NormImplBase(const NormImplBase&);
  NormImplBase& operator=(const NormImplBase&);
  ~NormImplBase() override;
  void reset() override;
  void reset_running_stats();
  void reset_parameters();
  Options options;
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 protected:
  Tensor batch_norm(const Tensor& input);
  Tensor instance_norm(const Tensor& input, int64_t dims);
  void print(std::ostream& stream, const char* name) const;
};
extern template class NormImplBase<BatchNormOptions>;
extern template class NormImplBase<InstanceNormOptions>;

#define PHAROS_NORM(Kind, D)                                             \
  class PHAROS_API Kind##D##dImpl : public NormImplBase<Kind##Options> { \
    PHAROS_MODULE(Kind##D##dImpl)                                        \
    Kind##D##dImpl(const Kind##Options& options_);                       \
    void pretty_print(std::ostream& stream) const override;              \
    Tensor forward(const Tensor& input);                                 \
                                                                         \
   protected:                                                            \
    virtual void _check_input_dim(const Tensor& input);                  \
  };                                                                     \
  PHAROS_HOLDER(Kind##D##d)
PHAROS_NORM(BatchNorm, 1);
PHAROS_NORM(BatchNorm, 2);
PHAROS_NORM(BatchNorm, 3);
PHAROS_NORM(InstanceNorm, 1);
PHAROS_NORM(InstanceNorm, 2);
PHAROS_NORM(InstanceNorm, 3);
#undef PHAROS_NORM

class PHAROS_API LayerNormImpl : public BuiltinModule {
  PHAROS_MODULE(LayerNormImpl)
  LayerNormImpl(std::vector<int64_t> normalized_shape);
  explicit LayerNormImpl(LayerNormOptions options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  LayerNormOptions options;
  Tensor weight, bias;
};
PHAROS_HOLDER(LayerNorm);

class PHAROS_API GroupNormImpl : public BuiltinModule {
  PHAROS_MODULE(GroupNormImpl)
  GroupNormImpl(int64_t num_groups, int64_t num_channels);
  explicit GroupNormImpl(const GroupNormOptions& options_);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  GroupNormOptions options;
  Tensor weight, bias;
};
PHAROS_HOLDER(GroupNorm);

class PHAROS_API LocalResponseNormImpl : public BuiltinModule {
  PHAROS_MODULE(LocalResponseNormImpl)
  LocalResponseNormImpl(int64_t size);
  explicit LocalResponseNormImpl(const LocalResponseNormOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  LocalResponseNormOptions options;
};
PHAROS_HOLDER(LocalResponseNorm);

class PHAROS_API CrossMapLRN2dImpl : public BuiltinModule {
  PHAROS_MODULE(CrossMapLRN2dImpl)
  CrossMapLRN2dImpl(int64_t size);
  explicit CrossMapLRN2dImpl(const CrossMapLRN2dOptions& options_);
  void reset() override;
  void pretty_print(std::ostream& stream) const override;
  Tensor forward(const Tensor& input);
  CrossMapLRN2dOptions options;
};
PHAROS_HOLDER(CrossMapLRN2d);

}  // namespace torch::nn
