// Weights in oneDNN's layouts, kept between calls and shared by all threads. A weight is kept from
// its second use with unchanged contents on, so that training, which changes it every step, keeps
// nothing; what is kept ends with the contents that it was made of.
#pragma once

#include <pharos/core/allocator.h>

#include <dnnl.hpp>
#include <memory>

#include "kernels/cpu/conv.h"

namespace pharos::cpu {

using PackedBlock = std::shared_ptr<const c10::DataPtr>;

struct PackedWeight {
  PackedBlock block;  // null: not kept
  bool wanted = false;
};

// What is kept of the contents at `address`; where that is nothing, whether it ought to be.
PackedWeight find_packed_weight(const WeightKey& key, const void* address,
                                const dnnl::memory::desc& layout);
// Memory for a weight in that layout; null where memory is short: no reason for a product to fail.
PackedBlock new_packed_block(const dnnl::memory::desc& layout);
void keep_packed_weight(const WeightKey& key, const void* address, const dnnl::memory::desc& layout,
                        PackedBlock block);

}  // namespace pharos::cpu
