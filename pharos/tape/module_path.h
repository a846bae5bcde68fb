// The table of module paths that nodes and errors refer to by a 4-byte number.
#pragma once

#include <cstdint>
#include <string>

namespace pharos::tape {

// The number of a path (made on first use; never freed). 0 is the empty path. Thread-safe.
uint32_t intern_module_path(const std::string& path);
std::string module_path(uint32_t id);

}  // namespace pharos::tape
