// The version that the library itself was built as; include/pharos/version.h has the rest.
#include <pharos/version.h>

namespace pharos {

const char* version() noexcept { return PHAROS_VERSION; }

}  // namespace pharos
