// LibTorch's name of <pharos/optim/adagrad.h>.
#pragma once

#include <pharos/optim/adagrad.h>
