// Forwards to <pharos/dispatch_types.h>.
#pragma once

#include <pharos/dispatch_types.h>
