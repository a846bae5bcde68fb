// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/context.h>
#include <pharos/cuda.h>
#include <pharos/dispatch/ivalue.h>
#include <pharos/dispatch_types.h>
#include <pharos/parallel.h>
#include <pharos/tensor_operators.h>
#include <pharos/types.h>
