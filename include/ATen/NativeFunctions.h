// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/tensor_operators.h>
