// An invented training run, for the tests of the report and for looking at one.
#pragma once

#include "report.h"

namespace pharos::cli {

Report sample_report();

}  // namespace pharos::cli
