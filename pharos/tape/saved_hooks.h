// Saved-tensor hooks: a pair of functions that pack what nodes keep and unpack it in backward.
#pragma once

#include <pharos/autograd/node.h>

namespace pharos::tape {

struct PackedTensor;

PackedTensor* pack_saved(const at::Tensor& t, bool is_output);
// The unpacked values with the history that the saved tensor had; for an output, as output `nr` of
// `owner`.
at::Tensor unpack_saved(const PackedTensor& p, torch::autograd::Node* owner, uint32_t nr);
void drop_packed(PackedTensor* p) noexcept;

}  // namespace pharos::tape
