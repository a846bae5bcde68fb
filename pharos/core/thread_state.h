// The library's thread-local data: one small POD with the initial-exec TLS model (see CORE rule in
// docs/architecture.md), so that hot paths read it in one instruction even from a shared library.
#pragma once

#include <pharos/core/macros.h>

#include <cstdint>

namespace pharos {

struct ThreadCache;

// Bits that no tensor has in its key (TensorImpl::kThreadFlags): operators OR the word into the
// keys of their arguments and test both at once.
enum Special : uint64_t {
  kSpecialInterposer = uint64_t{1} << 46,  // boxed handlers stand before every operator
  kSpecialInference = uint64_t{1} << 47,   // InferenceMode
  kSpecialSavedHooks = uint64_t{1} << 48,  // saved-tensor hooks pack what nodes keep
  kSpecialAnomaly = uint64_t{1} << 49,     // nodes remember where they were made
};

struct ThreadState {
  ThreadCache* cache;
  uint64_t special;
  bool grad_mode;
  bool anomaly_check_nan;
  uint16_t backward_depth;
  // The module whose forward is running (index into the module-path table); 0: none.
  uint32_t module_id;
  uint64_t sequence;
  void* interposers;
  void* saved_hooks;
};

extern thread_local constinit ThreadState thread_state __attribute__((tls_model("initial-exec")));

}  // namespace pharos
