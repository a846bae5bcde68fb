// All of torch::nn.
#pragma once

#include <pharos/nn/containers.h>
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/functional/conv.h>
#include <pharos/nn/functional/dropout.h>
#include <pharos/nn/functional/loss.h>
#include <pharos/nn/functional/norm.h>
#include <pharos/nn/functional/pooling.h>
#include <pharos/nn/functional/vision.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/activation.h>
#include <pharos/nn/modules/attention.h>
#include <pharos/nn/modules/conv.h>
#include <pharos/nn/modules/dropout.h>
#include <pharos/nn/modules/embedding.h>
#include <pharos/nn/modules/linear.h>
#include <pharos/nn/modules/loss.h>
#include <pharos/nn/modules/norm.h>
#include <pharos/nn/modules/padding.h>
#include <pharos/nn/modules/pooling.h>
#include <pharos/nn/modules/rnn.h>
#include <pharos/nn/modules/vision.h>
#include <pharos/nn/utils.h>
