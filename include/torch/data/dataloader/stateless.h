// Forwards to <pharos/data/dataloader.h>.
#pragma once

#include <pharos/data/dataloader.h>
