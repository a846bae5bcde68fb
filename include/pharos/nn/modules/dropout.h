// The dropouts.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/dropout.h>

namespace torch::nn {

#define PHAROS_DROPOUT(X, Input)                            \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    X##Impl(double p);                                      \
    explicit X##Impl(const DropoutOptions& options_ = {});  \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(Input input);                            \
    DropoutOptions options;                                 \
  };                                                        \
  PHAROS_HOLDER(X)
PHAROS_DROPOUT(Dropout, Tensor);
PHAROS_DROPOUT(Dropout2d, Tensor);
PHAROS_DROPOUT(Dropout3d, Tensor);
PHAROS_DROPOUT(AlphaDropout, const Tensor&);
PHAROS_DROPOUT(FeatureAlphaDropout, const Tensor&);
#undef PHAROS_DROPOUT

}  // namespace torch::nn
