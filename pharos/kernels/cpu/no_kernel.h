// What a kernel throws for a dtype that it lacks, in PyTorch's words.
#pragma once

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

// NotImplementedError: "name" not implemented for 'Half'.
[[noreturn]] void no_kernel(const char* name, DType t);

}  // namespace pharos::cpu
