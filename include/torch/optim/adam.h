// LibTorch's name of <pharos/optim/adam.h>.
#pragma once

#include <pharos/optim/adam.h>
