// Batches of column-major matrices and the checks before LAPACK.
#include "ops/linalg/matrices.h"

#include <pharos/ops/functions.h>

#include "ops/geometry.h"
#include "ops/linalg/linalg.h"

namespace pharos::ops {

void need_lapack(const Tensor& a) {
  if (a.is_meta()) return;
  if (const char* why = cpu::lapack::unavailable()) TORCH_CHECK(false, why);
}

void check_decomposable(const Tensor& a, const char* name) {
  TORCH_CHECK_NOT_IMPLEMENTED(a.is_cpu() || a.is_meta(), name, " has no kernel for ", a.device());
  check_float_or_complex(a, name);
  if (c10::isReducedFloatingType(a.scalar_type()) || a.scalar_type() == ScalarType::ComplexHalf)
    throw_error(ErrorKind::Error,
                message(name, ": Low precision dtypes not supported. Got ", a.scalar_type()));
}

Tensor column_major(const Tensor& a) { return a.mT().clone(c10::MemoryFormat::Contiguous).mT(); }

Tensor empty_column_major(const Tensor& like, std::vector<int64_t> sizes) {
  const size_t n = sizes.size();
  std::swap(sizes[n - 1], sizes[n - 2]);
  return empty_on(like.device(), sizes, like.scalar_type()).mT();
}

int64_t batches(const Tensor& a) {
  return a.is_meta() ? 0 : product(a.sizes().slice(0, static_cast<size_t>(a.dim() - 2)));
}

std::vector<int64_t> common_batch(const Tensor& a, const Tensor& b) {
  int64_t shape[kMaxDims];
  const IntArrayRef batch = broadcast_shapes(lead(a, 2), lead(b, 2), shape);
  return std::vector<int64_t>(batch.begin(), batch.end());
}

std::vector<int64_t> lead(const Tensor& a, int64_t drop, std::initializer_list<int64_t> more) {
  std::vector<int64_t> sizes(a.sizes().begin(), a.sizes().end() - drop);
  sizes.insert(sizes.end(), more);
  return sizes;
}

int64_t first_failure(const Tensor& info, std::string& where) {
  if (info.is_meta()) return 0;
  const int* p = data_as<const int>(info);
  for (int64_t b = 0; b < info.numel(); ++b)
    if (p[b] != 0) {
      if (info.dim() > 0) where = "(Batch element " + std::to_string(b) + "): ";
      return p[b];
    }
  return 0;
}

}  // namespace pharos::ops
