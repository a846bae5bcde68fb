// What the core asks of the tape: a table of functions that the tape fills in, so that the core
// stands without it.
#pragma once

#include <pharos/core/tensor_impl.h>

namespace pharos {

struct TapeHooks {
  // Releases what the impl's (non-zero) autograd word owns.
  void (*release_autograd)(c10::TensorImpl*) noexcept;
  // The output number of a tensor whose flags cannot hold it.
  uint32_t (*large_output_nr)(const c10::TensorImpl*);
};
extern TapeHooks tape_hooks;

}  // namespace pharos
