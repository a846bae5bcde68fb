// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <pharos/autograd/autograd.h>
#include <pharos/autograd/function.h>
#include <pharos/autograd/hooks.h>
