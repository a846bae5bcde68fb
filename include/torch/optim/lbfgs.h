// LibTorch's name of <pharos/optim/lbfgs.h>.
#pragma once

#include <pharos/optim/lbfgs.h>
