// The one place where a kernel's lack of a dtype becomes an error that programs can catch.
#include "kernels/cpu/no_kernel.h"

#include <pharos/core/exception.h>
#include <pharos/core/scalar_type.h>

namespace pharos::cpu {

void no_kernel(const char* name, DType t) {
  throw_error(ErrorKind::NotImplemented,
              message("\"", name, "\" not implemented for '",
                      c10::toString(static_cast<c10::ScalarType>(t)), "'"));
}

}  // namespace pharos::cpu
