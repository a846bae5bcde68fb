// Runs of values from one dtype to another, with any strides: what every kernel that meets a dtype
// other than its own goes through. PyTorch's rules: floats truncate to integers, anything but zero
// is true, a complex number loses its imaginary part.
#pragma once

#include <pharos/core/scalar_type.h>

namespace pharos::cpu {

using c10::ScalarType;

// n values; strides in bytes (0 in the source repeats one value). The runs do not overlap, unless
// they are the same run of the same dtype.
void convert(int64_t n, void* dst, ScalarType dst_type, int64_t dst_stride, const void* src,
             ScalarType src_type, int64_t src_stride);
// The same for packed runs.
void convert_dense(int64_t n, void* dst, ScalarType dst_type, const void* src, ScalarType src_type);

// n items of `itemsize` bytes (1, 2, 4, 8 or 16) between any strides.
void copy_strided(int64_t n, void* dst, int64_t dst_stride, const void* src, int64_t src_stride,
                  int64_t itemsize);
// n copies of one item.
void fill_items(int64_t n, void* dst, const void* item, int64_t itemsize);

using DenseConvert = void (*)(int64_t n, void* dst, const void* src);
// Conversions among integers, bool, float and double; null for any other dtype.
DenseConvert basic_convert(ScalarType dst, ScalarType src);

}  // namespace pharos::cpu
