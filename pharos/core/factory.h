// Making tensors without going through operators: what kernels, shape rules and the tape use.
// `empty_*` leave the values unset. All of them are without autograd.
#pragma once

#include <pharos/tensor.h>

namespace pharos {

using at::Tensor;
using c10::IntArrayRef;
using c10::ScalarType;
using c10::TensorImpl;

// A block of the pool's size for one impl; everything is initialised but storage and geometry.
TensorImpl* allocate_impl();

Tensor empty_cpu(IntArrayRef sizes, ScalarType dtype);
Tensor empty_strided_cpu(IntArrayRef sizes, IntArrayRef strides, ScalarType dtype);
// The same on any device of the device table (meta and plug-ins included).
Tensor empty_on(c10::Device device, IntArrayRef sizes, ScalarType dtype);
Tensor empty_strided_on(c10::Device device, IntArrayRef sizes, IntArrayRef strides,
                        ScalarType dtype);
// The geometry of a dense `like` (its strides included) with its own storage, dtype as given.
Tensor empty_dense_like(const TensorImpl& like, ScalarType dtype);
// A 0-dim tensor of one value.
Tensor scalar_cpu(const c10::Scalar& v, ScalarType dtype);
// The 0-dim tensor a number becomes in an operator with a tensor: kWrappedNumber is set.
Tensor wrapped_scalar(const c10::Scalar& v);
// A tensor on `storage` at a byte offset.
Tensor view_on(c10::StorageImpl* storage, int64_t byte_offset, IntArrayRef sizes,
               IntArrayRef strides, ScalarType dtype);
// A view of `t` with other geometry; offset in elements from t's first. Conj and neg bits are kept.
Tensor view_of(const Tensor& t, IntArrayRef sizes, IntArrayRef strides, int64_t offset = 0);

// A view of a 0-dim `t` that repeats its value: strides of zero. `sizes` are at most kInlineDims
// and none is negative, or the result is undefined.
Tensor repeated_view_of(const Tensor& t, IntArrayRef sizes);

// A view of a contiguous `t` with other sizes of as many elements.
Tensor contiguous_view_of(const Tensor& t, IntArrayRef sizes);

// Number of elements; throws on negative sizes and overflow.
int64_t checked_numel(IntArrayRef sizes);
// Bytes that a tensor of this geometry spans from its first element.
size_t span_bytes(IntArrayRef sizes, IntArrayRef strides, size_t itemsize);

}  // namespace pharos
