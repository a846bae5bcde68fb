// torch::nn::functional: dropouts.
#pragma once

#include <pharos/nn/options/dropout.h>
#include <pharos/tensor.h>

namespace torch::nn::functional {

PHAROS_API Tensor dropout(Tensor input, const DropoutFuncOptions& options = {});
PHAROS_API Tensor dropout2d(Tensor input, const Dropout2dFuncOptions& options = {});
PHAROS_API Tensor dropout3d(Tensor input, const Dropout3dFuncOptions& options = {});
PHAROS_API Tensor alpha_dropout(Tensor input, const AlphaDropoutFuncOptions& options = {});
PHAROS_API Tensor feature_alpha_dropout(Tensor input,
                                        const FeatureAlphaDropoutFuncOptions& options = {});

}  // namespace torch::nn::functional
