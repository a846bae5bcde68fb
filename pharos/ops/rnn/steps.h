// One step of each kind of recurrent net, given the input's share of the gates.
#pragma once

#include <tuple>

#include "ops/plain.h"

namespace pharos::ops {

std::tuple<Tensor, Tensor> lstm_step(const Tensor& gates_in, const Tensor& h, const Tensor& c,
                                     const Tensor& w_hh, const OptTensor& b_hh);
Tensor gru_step(const Tensor& gates_in, const Tensor& h, const Tensor& w_hh, const OptTensor& b_hh);
Tensor plain_step(const Tensor& gates_in, const Tensor& h, const Tensor& w_hh,
                  const OptTensor& b_hh, bool relu);

}  // namespace pharos::ops
