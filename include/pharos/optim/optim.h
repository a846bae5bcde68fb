// All optimizers and schedulers.
#pragma once

#include <pharos/optim/adagrad.h>
#include <pharos/optim/adam.h>
#include <pharos/optim/adamw.h>
#include <pharos/optim/lbfgs.h>
#include <pharos/optim/optimizer.h>
#include <pharos/optim/rmsprop.h>
#include <pharos/optim/schedulers/cosine_annealing_lr.h>
#include <pharos/optim/schedulers/exponential_lr.h>
#include <pharos/optim/schedulers/lambda_lr.h>
#include <pharos/optim/schedulers/linear_lr.h>
#include <pharos/optim/schedulers/lr_scheduler.h>
#include <pharos/optim/schedulers/multi_step_lr.h>
#include <pharos/optim/schedulers/reduce_on_plateau_scheduler.h>
#include <pharos/optim/schedulers/step_lr.h>
#include <pharos/optim/sgd.h>
