// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/autograd/grad_mode.h>
#include <pharos/dispatch/library.h>
