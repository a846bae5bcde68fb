// The operators behind the tape's function pointers.
#include "tape/tape_ops.h"

#include <pharos/ops/functions.h>

#include "core/factory.h"
#include "tape/record.h"

namespace pharos::tape {
namespace {

Tensor clone_as(const Tensor& t, const Tensor& like) {
  Tensor out = like.is_non_overlapping_and_dense()
                   ? empty_strided_on(t.device(), like.sizes(), like.strides(), t.scalar_type())
                   : empty_on(t.device(), t.sizes(), t.scalar_type());
  return out.copy_(t);
}

Tensor cast_gradient(const Tensor& t, c10::ScalarType dtype) {
  const bool to_real = t.is_complex() && !c10::isComplexType(dtype);
  return (to_real ? at::real(t) : t).to(dtype);
}

Tensor regenerate_view(const Tensor& base, const Tensor& view) {
  TORCH_CHECK(base.scalar_type() == view.scalar_type(),
              "the history of a view whose base has another dtype cannot be found again after an in-place write; clone "
              "the view before writing to its base");
  return base.as_strided(view.sizes(), view.strides(), view.storage_offset());
}

}  // namespace

const TapeOps tape_ops{
    [](const Tensor& a, const Tensor& b) { return at::add(a, b); },
    [](const Tensor& a, const Tensor& b) {
      BelowAutograd below;
      a.add_(b);
    },
    [](const Tensor& t, c10::IntArrayRef sizes) { return t.sum_to_size(sizes); },
    &cast_gradient,
    [](const Tensor& t) { return at::ones_like(t, {}, c10::MemoryFormat::Preserve); },
    [](const Tensor& t) { return t.clone(); },
    &clone_as,
    [](const Tensor& to, const Tensor& from) { to.copy_(from); },
    [](const Tensor& t) { t.zero_(); },
    [](const Tensor& t, c10::IntArrayRef sizes, c10::IntArrayRef strides, int64_t offset) {
      return t.as_strided(sizes, strides, offset);
    },
    &regenerate_view,
    [](const Tensor& t) { return t.detach(); },
    [](const Tensor& t) { return t.is_floating_point() && at::isnan(t).any().item().toBool(); },
};

}  // namespace pharos::tape
