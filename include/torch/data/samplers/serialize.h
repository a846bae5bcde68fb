// Forwards to <pharos/data/samplers.h>.
#pragma once

#include <pharos/data/samplers.h>
