// Batch normalisation on contiguous [batch, channels, area] memory. Statistics are f64 for f64
// tensors and f32 otherwise. Sums have fixed boundaries: bits do not depend on threads.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

struct NormShape {
  int64_t batch, channels, area;
};

// Mean and biased variance per channel (f32, or f64 for f64).
void batch_norm_stats(DType type, const NormShape& s, const void* x, void* mean, void* var);

// y = (x - mean) * invstd * weight + bias; weight, bias: [channels] of the statistics' type or
// null.
void batch_norm_apply(DType type, const NormShape& s, const void* x, const void* mean,
                      const void* invstd, const void* weight, const void* bias, void* y);

// Gradients. `train`: mean and invstd come from the batch itself; otherwise they are constants.
// weight and all gradients but grad_x are of the statistics' type. Each result may be null.
void batch_norm_backward(DType type, const NormShape& s, bool train, const void* grad_y,
                         const void* x, const void* mean, const void* invstd, const void* weight,
                         void* grad_x, void* grad_weight, void* grad_bias);

}  // namespace pharos::cpu
