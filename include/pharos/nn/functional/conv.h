// torch::nn::functional: convolutions.
#pragma once

#include <pharos/nn/options/conv.h>

namespace torch::nn::functional {

PHAROS_API Tensor conv1d(const Tensor& input, const Tensor& weight,
                         const Conv1dFuncOptions& options = {});
PHAROS_API Tensor conv2d(const Tensor& input, const Tensor& weight,
                         const Conv2dFuncOptions& options = {});
PHAROS_API Tensor conv3d(const Tensor& input, const Tensor& weight,
                         const Conv3dFuncOptions& options = {});
PHAROS_API Tensor conv_transpose1d(const Tensor& input, const Tensor& weight,
                                   const ConvTranspose1dFuncOptions& options = {});
PHAROS_API Tensor conv_transpose2d(const Tensor& input, const Tensor& weight,
                                   const ConvTranspose2dFuncOptions& options = {});
PHAROS_API Tensor conv_transpose3d(const Tensor& input, const Tensor& weight,
                                   const ConvTranspose3dFuncOptions& options = {});

}  // namespace torch::nn::functional
