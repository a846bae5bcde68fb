// Saved-tensor hooks: a pair of functions that pack what nodes keep and unpack it in backward.
#pragma once

#include <pharos/tensor.h>

namespace pharos::tape {

struct PackedTensor;

PackedTensor* pack_saved(const at::Tensor& t);
at::Tensor unpack_saved(const PackedTensor& p);
void drop_packed(PackedTensor* p) noexcept;

}  // namespace pharos::tape
