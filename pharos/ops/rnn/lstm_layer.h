// One layer and direction of an LSTM over a padded sequence, as a single recorded operator.
#pragma once

#include <optional>
#include <utility>

#include "ops/plain.h"

namespace pharos::ops {

// gates_in: the input's share, [time, batch, 4 hidden]. Gives the outputs [time, batch, hidden] and
// the last cell state; nothing where only the composed steps can do it (other dtypes and devices,
// interposers, arguments that do not fit).
std::optional<std::pair<Tensor, Tensor>> lstm_layer(const Tensor& gates_in, const Tensor& h0,
                                                    const Tensor& c0, const Tensor& w_hh,
                                                    const OptTensor& b_hh, bool reverse);

}  // namespace pharos::ops
