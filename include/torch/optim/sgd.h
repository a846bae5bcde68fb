// LibTorch's name of <pharos/optim/sgd.h>.
#pragma once

#include <pharos/optim/sgd.h>
