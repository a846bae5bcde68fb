// Scans along one dim: running sums, products, extremes with their positions, and log-sum-exps.
#pragma once

#include <pharos/core/scalar_type.h>

#include "kernels/cpu/scan_lines.h"

namespace pharos::cpu {

enum class ScanKind : uint8_t { kSum, kProd, kLogSumExp, kMax, kMin };

// Offsets in `lines` are bytes: 0 the result, 1 the input, 2 (kMax, kMin) the int64 positions.
// Running values are kept in double for float, in float for halves.
void scan(ScanKind kind, const Lines<3>& lines, c10::ScalarType in_type, const void* in,
          c10::ScalarType out_type, void* out, int64_t* positions);

}  // namespace pharos::cpu
