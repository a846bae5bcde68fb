// The flag of threads whose kernels run serially. It lies in the core because threads that are no
// kernels' own set it too.
#include "core/parallel_region.h"

namespace pharos {

thread_local constinit bool serial_kernels = false;

}  // namespace pharos
