// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/parallel.h>
#include <pharos/types.h>
