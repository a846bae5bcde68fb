// How the engine sees operands of one broadcast shape: dims innermost first, ordered by the first
// operand's strides and merged where all operands allow; and a walk over that shape.
#pragma once

#include <pharos/tensor.h>

#include "kernels/cpu/loops.h"

namespace pharos::cpu {

constexpr int kMaxDims = 64;

struct Stream {
  char* data;
  ScalarType dtype;          // of the tensor
  ScalarType type;           // of the loop
  ScalarType via;            // or Undefined
  int64_t item;              // bytes of the tensor's items
  int64_t loop_item;         // bytes of the loop's items
  bool same;                 // no conversion
  bool dense;                // packed over the whole iteration space
  int64_t stride[kMaxDims];  // bytes, innermost dim first
};

struct Plan {
  LoopFn fn;
  const void* params;
  int nout, count;
  int ndim;
  int64_t numel;
  int64_t size[kMaxDims];  // innermost dim first
  Stream streams[kMaxOperands];
};

// False if there is nothing to do. The first operand has the broadcast shape.
bool make_plan(Plan& p, LoopFn fn, const Operand* ops, int nout, int nin, const void* params);

// Walks an operand over linear positions: how many items lie ahead in the current row, where.
struct Walker {
  const Plan& p;
  int64_t index[kMaxDims];
  Walker(const Plan& plan, int64_t linear) : p(plan) {
    for (int d = 0; d < p.ndim; ++d) {
      index[d] = linear % p.size[d];
      linear /= p.size[d];
    }
  }
  int64_t left() const { return p.size[0] - index[0]; }
  char* at(const Stream& s) const {
    char* q = s.data;
    for (int d = 0; d < p.ndim; ++d) q += index[d] * s.stride[d];
    return q;
  }
  void advance(int64_t n) {
    index[0] += n;
    for (int d = 0; index[d] >= p.size[d] && d + 1 < p.ndim; ++d) {
      index[d] = 0;
      ++index[d + 1];
    }
  }
};

}  // namespace pharos::cpu
