// Shape rules and backward functions of the pool family.
#pragma once

#include <pharos/tensor_operators.h>

#include <array>
#include <tuple>

#include "ops/index/index.h"
#include "ops/out.h"
#include "ops/plain.h"

namespace pharos::ops {

// Window arguments, one value per spatial dim.
struct Window {
  int dims;
  int64_t kernel[3], stride[3], pad[3], dilation[3] = {1, 1, 1};
  bool ceil_mode;

  Window(int dims, const char* name, IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
         IntArrayRef dilation, bool ceil_mode);
  // Checks an input and writes the spatial sizes of the result.
  void output(const Tensor& self, const char* name, int64_t* out) const;
};

void max_pool_shape(Out& out, int dims, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                    IntArrayRef pad, IntArrayRef dilation, bool ceil_mode);
void max_pool_backward_shape(Out& out, int dims, const Tensor& grad, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             IntArrayRef dilation, bool ceil_mode, const Tensor& indices);
void avg_pool_shape(Out& out, int dims, const Tensor& self, IntArrayRef kernel, IntArrayRef stride,
                    IntArrayRef pad, bool ceil_mode, const std::optional<int64_t>& divisor);
void avg_pool_backward_shape(Out& out, int dims, const Tensor& grad, const Tensor& self,
                             IntArrayRef kernel, IntArrayRef stride, IntArrayRef pad,
                             bool ceil_mode, const std::optional<int64_t>& divisor);
void adaptive_avg_shape(Out& out, int dims, const Tensor& self, IntArrayRef size);
void adaptive_max_shape(Out& out, int dims, const Tensor& self, IntArrayRef size);
void adaptive_backward_shape(Out& out, int dims, bool max, const Tensor& grad, const Tensor& self);
void max_unpool2d_shape(Out& out, const Tensor& self, const Tensor& indices, IntArrayRef size);
void max_unpool3d_shape(Out& out, const Tensor& self, const Tensor& indices, IntArrayRef size,
                        IntArrayRef stride, IntArrayRef padding);

// Interpolation: `dims` spatial dims; the result has `size` in them.
void upsample_shape(Out& out, int dims, const Tensor& self, IntArrayRef size);
void upsample_backward_shape(Out& out, int dims, const Tensor& grad, IntArrayRef size,
                             IntArrayRef input_size);
// The gradients that `mask` asks for, unrecorded (grid_sample_cpu.cpp).
std::tuple<Tensor, Tensor> grid_sample_grad(const Tensor& grad, const Tensor& input,
                                            const Tensor& grid, int64_t mode, int64_t padding,
                                            bool align, std::array<bool, 2> mask);
void grid_sampler_shape(Out& out, int dims, const Tensor& input, const Tensor& grid, int64_t mode,
                        int64_t padding);

}  // namespace pharos::ops

namespace pharos::backward {

// Gathers the gradient at the indices of a max pool's result.
Tensor max_pool_double_backward(const Tensor& grad, const Tensor& indices, int64_t dim);
// Spatial sizes of a pool's result, from its gradient.
Tensor adaptive_avg_again(const Tensor& grad, IntArrayRef sizes, int64_t dims);

}  // namespace pharos::backward
