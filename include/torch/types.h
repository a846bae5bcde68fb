// Forwarding header: LibTorch's place of what it includes.
#pragma once

#include <ATen/ATen.h>
#include <pharos/autograd/autograd.h>
#include <pharos/indexing.h>
#include <pharos/tensor_new.h>
