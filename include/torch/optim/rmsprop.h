// LibTorch's name of <pharos/optim/rmsprop.h>.
#pragma once

#include <pharos/optim/rmsprop.h>
