// LibTorch's name of <pharos/optim/optimizer.h>.
#pragma once

#include <pharos/optim/optimizer.h>
