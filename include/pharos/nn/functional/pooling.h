// torch::nn::functional: pools.
#pragma once

#include <pharos/nn/options/pooling.h>

namespace torch::nn::functional {

#define PHAROS_POOL_FUNCTIONS(D)                                                                  \
  PHAROS_API Tensor avg_pool##D##d(const Tensor& input, const AvgPool##D##dFuncOptions& options); \
  PHAROS_API Tensor max_pool##D##d(const Tensor& input, const MaxPool##D##dFuncOptions& options); \
  PHAROS_API std::tuple<Tensor, Tensor> max_pool##D##d_with_indices(                              \
      const Tensor& input, const MaxPool##D##dFuncOptions& options);                              \
  PHAROS_API Tensor adaptive_avg_pool##D##d(const Tensor& input,                                  \
                                            const AdaptiveAvgPool##D##dFuncOptions& options);     \
  PHAROS_API Tensor adaptive_max_pool##D##d(const Tensor& input,                                  \
                                            const AdaptiveMaxPool##D##dFuncOptions& options);     \
  PHAROS_API std::tuple<Tensor, Tensor> adaptive_max_pool##D##d_with_indices(                     \
      const Tensor& input, const AdaptiveMaxPool##D##dFuncOptions& options);                      \
  PHAROS_API Tensor max_unpool##D##d(const Tensor& input, const Tensor& indices,                  \
                                     const MaxUnpool##D##dFuncOptions& options);                  \
  PHAROS_API Tensor lp_pool##D##d(const Tensor& input, const LPPool##D##dFuncOptions& options);
PHAROS_POOL_FUNCTIONS(1)
PHAROS_POOL_FUNCTIONS(2)
PHAROS_POOL_FUNCTIONS(3)
#undef PHAROS_POOL_FUNCTIONS

}  // namespace torch::nn::functional
