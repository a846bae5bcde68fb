// The operators that the tape itself needs, as function pointers: the tape stands below the
// operator declarations. The table is filled by pharos/ops/tape_ops.cpp.
#pragma once

#include <pharos/tensor.h>

#include <vector>

namespace pharos::tape {

using at::Tensor;

// What makes a view of its base: enough to take it anew.
struct ViewGeometry {
  ViewGeometry() = default;
  explicit ViewGeometry(const c10::TensorImpl* view);
  std::vector<int64_t> sizes, strides;
  int64_t offset = 0;
  c10::ScalarType dtype = c10::ScalarType::Undefined;
  bool conj = false, neg = false;
};

struct TapeOps {
  Tensor (*add)(const Tensor& a, const Tensor& b);
  void (*add_inplace)(const Tensor& a, const Tensor& b);
  Tensor (*sum_to_size)(const Tensor& t, c10::IntArrayRef sizes);
  // Casts a gradient to its input's dtype; complex to real takes the real part.
  Tensor (*cast_gradient)(const Tensor& t, c10::ScalarType dtype);
  Tensor (*ones_like)(const Tensor& t);
  Tensor (*clone)(const Tensor& t);
  // A copy with the geometry of `like` where that is dense, contiguous otherwise.
  Tensor (*clone_as)(const Tensor& t, const Tensor& like);
  void (*copy_inplace)(const Tensor& to, const Tensor& from);
  void (*zero_inplace)(const Tensor& t);
  // The view anew, taken by (recorded) operators from its base or from a tensor of the base's
  // geometry; `base_offset` is the storage offset that the base had.
  Tensor (*replay_view)(const Tensor& base, const ViewGeometry& view, int64_t base_offset);
  Tensor (*detach)(const Tensor& t);
  bool (*any_nan)(const Tensor& t);
};
extern const TapeOps tape_ops;

}  // namespace pharos::tape
