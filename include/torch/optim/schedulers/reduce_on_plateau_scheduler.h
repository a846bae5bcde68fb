// LibTorch's name of <pharos/optim/schedulers/reduce_on_plateau_scheduler.h>.
#pragma once

#include <pharos/optim/schedulers/reduce_on_plateau_scheduler.h>
