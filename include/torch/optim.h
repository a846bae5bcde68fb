// LibTorch's name of <pharos/optim/optim.h>.
#pragma once

#include <pharos/optim/optim.h>
