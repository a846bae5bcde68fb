// What the pharos tool does. Each gives the exit code; all throw c10::Error for files and settings
// that they cannot use, which the program reports as one line with exit code kBadUsage.
#pragma once

#include "args.h"

namespace pharos::cli {

int run_train(const TrainOptions& options);
int run_predict(const PredictOptions& options);
int run_inspect(const InspectOptions& options);

}  // namespace pharos::cli
