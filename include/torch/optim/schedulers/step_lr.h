// LibTorch's name of <pharos/optim/schedulers/step_lr.h>.
#pragma once

#include <pharos/optim/schedulers/step_lr.h>
