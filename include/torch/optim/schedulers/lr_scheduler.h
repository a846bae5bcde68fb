// LibTorch's name of <pharos/optim/schedulers/lr_scheduler.h>.
#pragma once

#include <pharos/optim/schedulers/lr_scheduler.h>
