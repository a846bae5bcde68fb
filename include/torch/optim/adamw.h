// LibTorch's name of <pharos/optim/adamw.h>.
#pragma once

#include <pharos/optim/adamw.h>
