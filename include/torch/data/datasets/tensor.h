// Forwards to <pharos/data/dataset.h>.
#pragma once

#include <pharos/data/dataset.h>
