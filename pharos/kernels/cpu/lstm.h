// The cell of an LSTM on rows of gates in PyTorch's order: input, forget, cell, output.
#pragma once

#include <cstdint>

namespace pharos::cpu {

// gates: rows x 4 hidden, sums on entry and activations on return. c_prev, c, h: rows x hidden.
void lstm_cell_forward(int64_t rows, int64_t hidden, float* gates, const float* c_prev, float* c,
                       float* h);
// gates: the activations. grad_h: gradient of h; grad_c: of c on entry, of c_prev on return.
// Writes the gradients of the gates' sums.
void lstm_cell_backward(int64_t rows, int64_t hidden, const float* gates, const float* c_prev,
                        const float* c, const float* grad_h, float* grad_c, float* grad_gates);

}  // namespace pharos::cpu
