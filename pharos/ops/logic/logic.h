// Shape rules of comparisons, predicates and bit operators: the pointwise ones and where's.
#pragma once

#include "ops/pointwise/pointwise.h"

namespace pharos::ops {

void where(Out& out, const Tensor& condition, const Tensor& self, const Tensor& other);

}  // namespace pharos::ops
