// All of torch::nn.
#pragma once

#include <pharos/nn/containers.h>
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/activation.h>
#include <pharos/nn/modules/linear.h>
