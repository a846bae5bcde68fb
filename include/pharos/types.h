// Names that namespace torch adds to those of at: dtypes under all their spellings, guards, seeds.
#pragma once

#include <pharos/autograd/grad_mode.h>
#include <pharos/ops/functions.h>

namespace torch {

using Dtype = at::ScalarType;
using std::nullopt;
using std::optional;

constexpr at::ScalarType kUInt8 = at::kByte, kInt8 = at::kChar, kInt16 = at::kShort,
                         kInt32 = at::kInt, kInt64 = at::kLong, kFloat16 = at::kHalf,
                         kFloat32 = at::kFloat, kFloat64 = at::kDouble, kU8 = at::kByte,
                         kI8 = at::kChar, kI16 = at::kShort, kI32 = at::kInt, kI64 = at::kLong,
                         kF16 = at::kHalf, kF32 = at::kFloat, kF64 = at::kDouble;

}  // namespace torch
