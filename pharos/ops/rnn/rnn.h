// Backward functions and helpers of the rnn family.
#pragma once

#include <pharos/tensor_operators.h>

#include <tuple>
#include <vector>

#include "ops/out.h"
#include "ops/plain.h"
