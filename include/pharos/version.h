// Version of Pharos, of the binary interface it stands for, and the LibTorch release whose
// programming interface it follows. Macros only but for one function: cheap to include anywhere.
#pragma once

#define PHAROS_VERSION_MAJOR 0
#define PHAROS_VERSION_MINOR 1
#define PHAROS_VERSION_PATCH 0
#define PHAROS_VERSION "0.1.0"

#define TORCH_VERSION_MAJOR 2
#define TORCH_VERSION_MINOR 15
#define TORCH_VERSION_PATCH 0
#define TORCH_VERSION "2.15.0"

namespace pharos {

// PHAROS_VERSION of the loaded library, which may be newer than the headers of the program.
__attribute__((visibility("default"))) const char* version() noexcept;

}  // namespace pharos
