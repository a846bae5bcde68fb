// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/nn/modules/attention.h>
