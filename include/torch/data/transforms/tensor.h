// Forwards to <pharos/data/transforms.h>.
#pragma once

#include <pharos/data/transforms.h>
