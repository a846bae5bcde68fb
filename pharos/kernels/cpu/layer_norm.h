// Normalisation of contiguous rows: layer_norm, and group_norm seen as rows of (n, group).
// `stats` are f64 for f64 and f32 otherwise; half-precision tensors compute in f32.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

// x, y: [rows, cols]; weight, bias: [cols] or null, of the same type as x.
// mean, rstd: [rows] (f32, or f64 for f64), or both null.
void layer_norm(DType type, int64_t rows, int64_t cols, const void* x, const void* weight,
                const void* bias, double eps, void* y, void* mean, void* rstd);
// Any of grad_x, grad_weight, grad_bias may be null.
void layer_norm_backward(DType type, int64_t rows, int64_t cols, const void* grad_y, const void* x,
                         const void* mean, const void* rstd, const void* weight, void* grad_x,
                         void* grad_weight, void* grad_bias);

// x: [batch, channels, area] in `groups` groups of channels; weight, bias: [channels] or null.
// mean, rstd: [batch * groups].
void group_norm(DType type, int64_t batch, int64_t channels, int64_t area, int64_t groups,
                const void* x, const void* weight, const void* bias, double eps, void* y,
                void* mean, void* rstd);
void group_norm_backward(DType type, int64_t batch, int64_t channels, int64_t area, int64_t groups,
                         const void* grad_y, const void* x, const void* mean, const void* rstd,
                         const void* weight, void* grad_x, void* grad_weight, void* grad_bias);

}  // namespace pharos::cpu
