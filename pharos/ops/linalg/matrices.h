// Batches of column-major matrices, as LAPACK takes them, and the checks before it is called.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/cpu/lapack.h"
#include "ops/plain.h"

namespace pharos::ops {

// Throws if there is no LAPACK to compute `a` with.
void need_lapack(const Tensor& a);
// A tensor on the CPU or meta, of f32, f64 or their complex types; or PyTorch's error.
void check_decomposable(const Tensor& a, const char* name);

// A batch of column-major matrices: the transpose of what these return is contiguous.
Tensor column_major(const Tensor& a);
Tensor empty_column_major(const Tensor& like, std::vector<int64_t> sizes);
// How many matrices there are to work on: none where only shapes are asked for.
int64_t batches(const Tensor& a);
// The batch dims of both, broadcast.
std::vector<int64_t> common_batch(const Tensor& a, const Tensor& b);
// The sizes without the last `drop`, and with others after them.
std::vector<int64_t> lead(const Tensor& a, int64_t drop, std::initializer_list<int64_t> more = {});
// Matrix b of the batch.
inline char* matrix(const Tensor& a, int64_t b) {
  return data_of(a) + b * a.size(-1) * a.size(-2) * static_cast<int64_t>(a.itemsize());
}
inline int as_int(int64_t v) { return static_cast<int>(v); }
inline int ld(int64_t rows) { return static_cast<int>(std::max<int64_t>(rows, 1)); }

// The first entry of LAPACK's infos that is not zero, and where it is as PyTorch says it: "" or
// "(Batch element 2): ".
int64_t first_failure(const Tensor& info, std::string& where);

}  // namespace pharos::ops
