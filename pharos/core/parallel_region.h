// Whether kernels of this thread run serially: inside a parallel_for body, and for good on threads
// that are themselves one of many, as a data loader's workers.
#pragma once

namespace pharos {

extern thread_local constinit bool serial_kernels __attribute__((tls_model("initial-exec")));

}  // namespace pharos
