// Dims arguments: negative ones counted from the end, sets of them as bit masks, with PyTorch's
// errors. A 0-dim tensor counts as having one dim.
#pragma once

#include "ops/out.h"

namespace pharos::ops {

int64_t wrapped_dim(int64_t dim, int64_t ndim);
// Bit d for each dim named; an absent (and, unless told otherwise, an empty) list names all.
uint64_t dim_mask(OptionalIntArrayRef dims, int64_t ndim, bool empty_is_all = true);
uint64_t all_dims(int64_t ndim);
// Result i is `self`'s shape without the masked dims (size 1 where kept), contiguous.
void set_reduced(Out& out, int i, const Tensor& self, uint64_t mask, bool keepdim,
                 ScalarType dtype);
// Number of items that the masked dims of `sizes` hold.
int64_t masked_numel(IntArrayRef sizes, uint64_t mask);

}  // namespace pharos::ops
