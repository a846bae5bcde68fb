// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/parallel.h>
#include <pharos/tensor_operators.h>
#include <pharos/types.h>
