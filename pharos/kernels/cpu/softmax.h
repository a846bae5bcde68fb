// softmax and log_softmax over one dimension of contiguous memory seen as [outer, size, inner],
// forward and backward. NaN and rows of -inf give NaN, as in PyTorch.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

void softmax(DType type, bool log, int64_t outer, int64_t size, int64_t inner, const void* x,
             void* y);
// y: the result of the forward pass.
void softmax_backward(DType type, bool log, int64_t outer, int64_t size, int64_t inner,
                      const void* grad_y, const void* y, void* grad_x);

}  // namespace pharos::cpu
