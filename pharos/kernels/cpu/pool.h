// Pooling on contiguous planes ([batch * channels] of them) in 1 to 3 spatial dimensions.
// Sizes are given for (d, h, w); missing leading dimensions are 1. Indices are positions within
// the plane, as in PyTorch: the first maximum in row-major order, and the last NaN if there is one.
#pragma once

#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

struct PoolShape {
  int64_t planes = 0;
  int64_t in[3] = {1, 1, 1};
  int64_t kernel[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1};
  int64_t pad[3] = {0, 0, 0};
  int64_t dilation[3] = {1, 1, 1};
  int64_t out[3] = {1, 1, 1};

  int64_t in_area() const { return in[0] * in[1] * in[2]; }
  int64_t out_area() const { return out[0] * out[1] * out[2]; }
};

// Output size of one dimension by PyTorch's rule: with ceil_mode, no window starts beyond the
// input and its left padding.
int64_t pool_output_size(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                         bool ceil_mode) noexcept;
// Arrays hold `dims` numbers each.
PoolShape make_pool_shape(int dims, int64_t planes, const int64_t* in, const int64_t* kernel,
                          const int64_t* stride, const int64_t* pad, const int64_t* dilation,
                          bool ceil_mode);
// For the adaptive pools: only in and out matter.
PoolShape make_adaptive_shape(int dims, int64_t planes, const int64_t* in, const int64_t* out);

// Real numbers and integers. indices may be null. Needs 2 * pad <= kernel.
void max_pool(DType type, const PoolShape& s, const void* x, void* y, int64_t* indices);
// grad_x is overwritten. An index outside the plane throws std::out_of_range.
// Serves max_pool and adaptive_max_pool.
void max_pool_backward(DType type, const PoolShape& s, const void* grad_y, const int64_t* indices,
                       void* grad_x);

// divisor 0: the size of the window (with padding if count_include_pad).
void avg_pool(DType type, const PoolShape& s, bool count_include_pad, int64_t divisor,
              const void* x, void* y);
void avg_pool_backward(DType type, const PoolShape& s, bool count_include_pad, int64_t divisor,
                       const void* grad_y, void* grad_x);

void adaptive_avg_pool(DType type, const PoolShape& s, const void* x, void* y);
void adaptive_avg_pool_backward(DType type, const PoolShape& s, const void* grad_y, void* grad_x);
void adaptive_max_pool(DType type, const PoolShape& s, const void* x, void* y, int64_t* indices);

namespace detail {
// pool_simd.cpp. False: refused (too large, or windows that lie in the padding alone).
bool simd_max_pool(const PoolShape& s, const float* x, float* y, int64_t* indices);
bool simd_max_pool(const PoolShape& s, const double* x, double* y, int64_t* indices);
bool simd_avg_pool(const PoolShape& s, bool count_include_pad, int64_t divisor, const float* x,
                   float* y);
bool simd_avg_pool(const PoolShape& s, bool count_include_pad, int64_t divisor, const double* x,
                   double* y);
bool simd_avg_pool_backward(const PoolShape& s, bool count_include_pad, int64_t divisor,
                            const float* gy, float* gx);
bool simd_avg_pool_backward(const PoolShape& s, bool count_include_pad, int64_t divisor,
                            const double* gy, double* gx);
// Number of inputs that window o of dimension i divides by.
int64_t window_size(const PoolShape& s, int i, int64_t o, bool count_include_pad) noexcept;
}  // namespace detail
}  // namespace pharos::cpu
