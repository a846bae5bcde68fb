// Reading and writing at positions named by index values. All offsets and strides are bytes; every
// index is checked against its limit before it is used.
#pragma once

#include <pharos/core/scalar_type.h>

#include "kernels/cpu/scan_lines.h"

namespace pharos::cpu {

enum class ScatterOp : uint8_t { kSet, kAdd, kMul, kMin, kMax };

// out[i] = self[index[i]] on each line. Tensors of `lines`: out, self, index (int64).
// `dim` is for the message of an index outside [0, limit).
void gather_lines(const Lines<3>& lines, char* out, const char* self, const char* index,
                  int64_t limit, int64_t itemsize, int64_t dim);

// self[index[i]] op= src[i] on each line, in order. Tensors: self, src, index.
void scatter_lines(ScatterOp op, c10::ScalarType type, const Lines<3>& lines, char* self,
                   const char* src, const char* index, int64_t limit, int64_t dim);

// self[index[i]] op= src[i] on each line with the one checked index list. Tensors: self, src.
// `self_step` is self's distance along the dim.
void index_lines(ScatterOp op, c10::ScalarType type, const Lines<2>& lines, char* self,
                 const char* src, const int64_t* index);
// The same for packed tensors: self (outer, limit, inner), src (outer, n, inner).
void index_rows(ScatterOp op, c10::ScalarType type, char* self, const char* src,
                const int64_t* index, int64_t outer, int64_t n, int64_t inner, int64_t limit);

// A strided block of up to 64 dims, dims of size 1 dropped and touching ones merged.
struct Block {
  int dims = 0;
  int64_t size[64], a[64], b[64];  // innermost first
  int64_t numel = 1;
  void add(int64_t n, int64_t stride_a, int64_t stride_b);  // from the innermost dim outwards
};

// a[base_a + i * step_a + block] = b[base_b + offset[i] + block], i < n; `to_b`: the other way
// round, with any op. One outer block of positions lies around it. With kSet any type of the right
// size.
struct IndexJob {
  ScatterOp op = ScatterOp::kSet;
  bool to_b = false;
  c10::ScalarType type = c10::ScalarType::Byte;
  Block outer, inner;
  const int64_t* offset = nullptr;
  int64_t n = 0, step_a = 0;
};
void run_index(const IndexJob& job, char* a, char* b);

}  // namespace pharos::cpu
