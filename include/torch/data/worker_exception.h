// Forwards to <pharos/data/loader.h>.
#pragma once

#include <pharos/data/loader.h>
