// What LibTorch programs include first. Besides the library it brings the standard headers that
// real programs use without including them.
#pragma once

#include <pharos/dispatch_types.h>
#include <pharos/pharos.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>
