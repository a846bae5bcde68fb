// Gradients of the shape operators that are longer than a line.
#pragma once

#include "ops/geometry.h"

namespace pharos::backward {

using at::TensorList;
using c10::TensorOptions;

Tensor unsqueeze_to(const Tensor& grad, IntArrayRef sizes);
Tensor unsqueeze_to(const Tensor& grad, int64_t dim, IntArrayRef sizes);
Tensor unsqueeze_to(const Tensor& grad, IntArrayRef dims, IntArrayRef sizes);
Tensor permute_backward(const Tensor& grad, IntArrayRef dims);
Tensor slice_gradient(const Tensor& grad, IntArrayRef sizes, int64_t dim,
                      std::optional<int64_t> start, std::optional<int64_t> end, int64_t step);
Tensor narrow_gradient(const Tensor& grad, IntArrayRef sizes, int64_t dim, int64_t start,
                       int64_t length);
// Pieces of a view that gave several: those without a gradient count as zeros.
Tensor unbind_backward(TensorList grads, int64_t dim);
Tensor split_backward(TensorList grads, int64_t split_size, int64_t dim, IntArrayRef sizes,
                      const TensorOptions& options);
Tensor split_sizes_backward(TensorList grads, IntArrayRef split_sizes, int64_t dim,
                            IntArrayRef sizes, const TensorOptions& options);
Tensor restride(const Tensor& grad, IntArrayRef sizes, IntArrayRef strides, int64_t storage_offset,
                IntArrayRef size, IntArrayRef stride, std::optional<int64_t> offset);

}  // namespace pharos::backward
