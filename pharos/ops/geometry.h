// Sizes and strides on the stack, dims counted from the end, and the rules that views share.
#pragma once

#include "core/factory.h"

namespace pharos {

constexpr int kMaxDims = 64;

[[noreturn]] void dim_out_of_range(int64_t dim, int64_t ndim);
// A dim in [0, ndim); a 0-dim tensor counts as having one.
inline int64_t wrap(int64_t dim, int64_t ndim) {
  const int64_t n = ndim == 0 ? 1 : ndim;
  if (PHAROS_UNLIKELY(dim < -n || dim >= n)) dim_out_of_range(dim, n);
  return dim < 0 ? dim + n : dim;
}

// A geometry under construction. Left unset: it lives on hot paths.
struct Geometry {
  int64_t size[kMaxDims];
  int64_t stride[kMaxDims];
  int n = 0;

  Geometry() {}
  explicit Geometry(const Tensor& t) {
    for (int i = 0; i < (n = static_cast<int>(t.dim())); ++i) {
      size[i] = t.unsafeGetTensorImpl()->sizes_data()[i];
      stride[i] = t.unsafeGetTensorImpl()->strides_data()[i];
    }
  }
  void push(int64_t s, int64_t st) {
    TORCH_CHECK(n < kMaxDims, "tensors have at most 64 dims");
    size[n] = s;
    stride[n++] = st;
  }
  void erase(int64_t d) {
    for (auto i = static_cast<int>(d); i + 1 < n; ++i) {
      size[i] = size[i + 1];
      stride[i] = stride[i + 1];
    }
    --n;
  }
  void insert(int64_t d, int64_t s, int64_t st) {
    TORCH_CHECK(n < kMaxDims, "tensors have at most 64 dims");
    for (int i = n; i > d; --i) {
      size[i] = size[i - 1];
      stride[i] = stride[i - 1];
    }
    size[d] = s;
    stride[d] = st;
    ++n;
  }
  void swap(int64_t a, int64_t b) {
    std::swap(size[a], size[b]);
    std::swap(stride[a], stride[b]);
  }
  IntArrayRef sizes() const { return IntArrayRef(size, static_cast<size_t>(n)); }
  IntArrayRef strides() const { return IntArrayRef(stride, static_cast<size_t>(n)); }
  Tensor view(const Tensor& of, int64_t offset = 0) const {
    return view_of(of, sizes(), strides(), offset);
  }
};

// A size with at most one -1, which `numel` settles. Writes into `to` (kMaxDims), returns it.
IntArrayRef infer_size(IntArrayRef shape, int64_t numel, int64_t* to);
// Strides under which `shape` (of as many elements) is a view; false if there are none.
bool view_strides(IntArrayRef sizes, IntArrayRef strides, IntArrayRef shape, int64_t* to);
void contiguous_strides(IntArrayRef sizes, int64_t* to);
// Strides of a memory format (Contiguous, ChannelsLast, ChannelsLast3d) for these sizes.
void format_strides(IntArrayRef sizes, c10::MemoryFormat format, int64_t* to);
// Dense strides in the order of `like`'s: what a copy that preserves the layout takes.
void dense_strides_like(IntArrayRef sizes, IntArrayRef strides, int64_t* to);
// The shape to which both broadcast.
IntArrayRef broadcast_shapes(IntArrayRef a, IntArrayRef b, int64_t* to);
// Refuses a geometry that reads outside of the storage (which must be known to be fixed in size).
void check_in_storage(IntArrayRef sizes, IntArrayRef strides, int64_t offset, size_t itemsize,
                      size_t storage_bytes);

}  // namespace pharos
