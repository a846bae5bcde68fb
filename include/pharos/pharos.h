// The whole front end without the standard headers that old programs expect from torch/torch.h.
#pragma once

#include <pharos/autograd/autograd.h>
#include <pharos/autograd/function.h>
#include <pharos/autograd/hooks.h>
#include <pharos/context.h>
#include <pharos/cuda.h>
#include <pharos/data/data.h>
#include <pharos/indexing.h>
#include <pharos/io/serialize.h>
#include <pharos/nn/nn.h>
#include <pharos/optim/optim.h>
#include <pharos/parallel.h>
#include <pharos/tensor_new.h>
#include <pharos/tensor_operators.h>
#include <pharos/types.h>
#include <pharos/util.h>
#include <pharos/version.h>
