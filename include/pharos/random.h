// The default CPU generator's state as a value: 5,056 bytes, as torch.get_rng_state() gives them.
#pragma once

#include <pharos/tensor.h>

namespace pharos {

PHAROS_API at::Tensor rng_state();
PHAROS_API void set_rng_state(const at::Tensor& state);

}  // namespace pharos
