// Forwards to <pharos/data/example.h>.
#pragma once

#include <pharos/data/example.h>
