// Dims arguments of reductions.
#include "ops/reduce/dims.h"

namespace pharos::ops {

int64_t wrapped_dim(int64_t dim, int64_t ndim) {
  const int64_t n = ndim == 0 ? 1 : ndim;
  TORCH_CHECK_INDEX(dim >= -n && dim < n, "Dimension out of range (expected to be in range of [",
                    -n, ", ", n - 1, "], but got ", dim, ")");
  return dim < 0 ? dim + n : dim;
}

uint64_t all_dims(int64_t ndim) { return ndim >= 64 ? ~uint64_t{0} : (uint64_t{1} << ndim) - 1; }

uint64_t dim_mask(OptionalIntArrayRef dims, int64_t ndim, bool empty_is_all) {
  TORCH_CHECK(ndim <= 64, "only tensors with up to 64 dims are supported");
  if (!dims.has_value() || (empty_is_all && dims->empty())) return all_dims(ndim);
  uint64_t mask = 0;
  for (int64_t dim : *dims) {
    const int64_t d = wrapped_dim(dim, ndim);
    TORCH_CHECK(!(mask >> d & 1), "dim ", d, " appears multiple times in the list of dims");
    mask |= uint64_t{1} << d;
  }
  return ndim == 0 ? 0 : mask;
}

void set_reduced(Out& out, int i, const Tensor& self, uint64_t mask, bool keepdim,
                 ScalarType dtype) {
  if (!keepdim && mask == all_dims(self.dim())) return out.set(i, {}, dtype, self.device());
  int64_t sizes[64];
  size_t n = 0;
  const IntArrayRef in = self.sizes();
  for (size_t d = 0; d < in.size(); ++d) {
    if (!(mask >> d & 1)) {
      sizes[n++] = in[d];
    } else if (keepdim) {
      sizes[n++] = 1;
    }
  }
  out.set(i, IntArrayRef(sizes, n), dtype, self.device());
}

int64_t masked_numel(IntArrayRef sizes, uint64_t mask) {
  int64_t n = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (mask >> d & 1) n *= sizes[d];
  }
  return n;
}

}  // namespace pharos::ops
