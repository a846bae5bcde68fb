// torch::nn::functional: normalisations.
#pragma once

#include <pharos/nn/options/norm.h>

namespace torch::nn::functional {

PHAROS_API Tensor batch_norm(const Tensor& input, const Tensor& running_mean,
                             const Tensor& running_var, const BatchNormFuncOptions& options = {});
PHAROS_API Tensor instance_norm(const Tensor& input, const InstanceNormFuncOptions& options = {});
PHAROS_API Tensor layer_norm(const Tensor& input, const LayerNormFuncOptions& options);
PHAROS_API Tensor group_norm(const Tensor& input, const GroupNormFuncOptions& options);
PHAROS_API Tensor local_response_norm(const Tensor& input,
                                      const LocalResponseNormFuncOptions& options);
PHAROS_API Tensor normalize(const Tensor& input, NormalizeFuncOptions options = {});

}  // namespace torch::nn::functional
