// The rules that views and copies share.
#include "ops/geometry.h"

#include <algorithm>

namespace pharos {

void dim_out_of_range(int64_t dim, int64_t n) {
  TORCH_CHECK_INDEX(false, "Dimension out of range (expected to be in range of [", -n, ", ", n - 1,
                    "], but got ", dim, ")");
}

IntArrayRef infer_size(IntArrayRef shape, int64_t numel, int64_t* to) {
  TORCH_CHECK(shape.size() <= kMaxDims, "tensors have at most 64 dims, got ", shape.size());
  int64_t product = 1;
  int inferred = -1;
  bool overflow = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    to[i] = shape[i];
    if (shape[i] == -1) {
      TORCH_CHECK(inferred < 0, "only one dimension can be inferred");
      inferred = static_cast<int>(i);
    } else {
      TORCH_CHECK(shape[i] >= 0, "invalid shape dimension ", shape[i], " at index ", i,
                  " of shape ", shape);
      overflow |= __builtin_mul_overflow(product, shape[i], &product);
    }
  }
  if (PHAROS_LIKELY(inferred < 0 && !overflow && product == numel)) return {to, shape.size()};
  if (inferred >= 0 && !overflow) {
    TORCH_CHECK(product != 0 || numel != 0, "cannot reshape tensor of 0 elements into shape ",
                shape,
                " because the unspecified dimension size -1 can be any value and is ambiguous");
    if (product > 0 && numel % product == 0) {
      to[inferred] = numel / product;
      return {to, shape.size()};
    }
  }
  TORCH_CHECK(false, "shape '", shape, "' is invalid for input of size ", numel);
}

void contiguous_strides(IntArrayRef sizes, int64_t* to) {
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    to[i] = stride;
    stride *= sizes[i] > 1 ? sizes[i] : 1;
  }
}

bool view_strides(IntArrayRef sizes, IntArrayRef strides, IntArrayRef shape, int64_t* to) {
  if (sizes.empty()) {
    std::fill(to, to + shape.size(), 1);
    return true;
  }
  int64_t numel = 1;
  for (int64_t s : sizes) numel *= s;
  if (numel == 0) {
    if (sizes == shape) {
      std::copy(strides.begin(), strides.end(), to);
    } else {
      contiguous_strides(shape, to);
    }
    return true;
  }
  // Runs of old dims that lie in memory as one are cut into new dims, from the last.
  auto d = static_cast<int>(shape.size()) - 1;
  int64_t unit = strides[sizes.size() - 1];  // stride of the run's last dim
  int64_t run = 1, made = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    run *= sizes[i];
    if (i != 0 && (sizes[i - 1] == 1 || strides[i - 1] == run * unit)) continue;
    while (d >= 0 && (made < run || shape[static_cast<size_t>(d)] == 1)) {
      to[d] = made * unit;
      made *= shape[static_cast<size_t>(d)];
      --d;
    }
    if (made != run) return false;
    if (i > 0) {
      unit = strides[i - 1];
      run = made = 1;
    }
  }
  return d == -1;
}

void format_strides(IntArrayRef sizes, c10::MemoryFormat format, int64_t* to) {
  static constexpr int k2d[] = {1, 3, 2, 0}, k3d[] = {1, 4, 3, 2, 0};
  const bool is_2d = format == c10::MemoryFormat::ChannelsLast;
  if (!is_2d && format != c10::MemoryFormat::ChannelsLast3d) return contiguous_strides(sizes, to);
  const size_t n = is_2d ? 4 : 5;
  TORCH_CHECK(sizes.size() == n, "required rank ", n, " tensor to use channels_last",
              is_2d ? "" : "_3d", " format");
  int64_t stride = 1;
  for (size_t i = 0; i < n; ++i) {
    const auto d = static_cast<size_t>(is_2d ? k2d[i] : k3d[i]);
    to[d] = stride;
    stride *= sizes[d] > 1 ? sizes[d] : 1;
  }
}

void dense_strides_like(IntArrayRef sizes, IntArrayRef strides, int64_t* to) {
  const auto n = static_cast<int>(sizes.size());
  int order[kMaxDims];
  for (int i = 0; i < n; ++i) order[i] = n - 1 - i;
  // Insertion of each dim before those of larger stride; a broadcast dim stops nothing.
  const auto less = [&](int a, int b) {
    const int64_t x = strides[static_cast<size_t>(a)], y = strides[static_cast<size_t>(b)];
    if (x == 0 || y == 0) return 0;
    if (x != y) return x < y ? -1 : 1;
    return sizes[static_cast<size_t>(a)] > sizes[static_cast<size_t>(b)] ? 1 : 0;
  };
  for (int i = 1; i < n; ++i) {
    int at = i;
    for (int j = i - 1; j >= 0; --j) {
      const int c = less(order[j], order[at]);
      if (c > 0) {
        std::swap(order[j], order[at]);
        at = j;
      } else if (c < 0) {
        break;
      }
    }
  }
  int64_t stride = 1;
  for (int i = 0; i < n; ++i) {
    to[order[i]] = stride;
    const int64_t s = sizes[static_cast<size_t>(order[i])];
    stride *= s > 1 ? s : 1;
  }
}

IntArrayRef broadcast_shapes(IntArrayRef a, IntArrayRef b, int64_t* to) {
  const size_t n = std::max(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    TORCH_CHECK(x == y || x == 1 || y == 1, "The size of tensor a (", x,
                ") must match the size of tensor b (", y, ") at non-singleton dimension ",
                n - 1 - i);
    to[n - 1 - i] = x == 1 ? y : x;
  }
  return {to, n};
}

void check_in_storage(IntArrayRef sizes, IntArrayRef strides, int64_t offset, size_t itemsize,
                      size_t storage_bytes) {
  TORCH_CHECK(offset >= 0, "Tensor: invalid storage offset ", offset);
  size_t bytes = span_bytes(sizes, strides, itemsize);
  if (bytes == 0) return;
  bytes += static_cast<size_t>(offset) * itemsize;
  TORCH_CHECK(bytes <= storage_bytes, "setStorage: sizes ", sizes, ", strides ", strides,
              ", storage offset ", offset, ", and itemsize ", itemsize,
              " requiring a storage size of ", bytes, " are out of bounds for storage of size ",
              storage_bytes);
}

}  // namespace pharos
