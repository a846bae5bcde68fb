// The operators behind the tape's function pointers.
#include "tape/tape_ops.h"

#include <pharos/ops/functions.h>

#include "core/factory.h"
#include "tape/record.h"

namespace pharos::tape {
namespace {

Tensor clone_as(const Tensor& t, const Tensor& like) {
  const bool dense = like.is_non_overlapping_and_dense();
  // Handlers must see where memory comes from.
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInterposer)) {
    Tensor out = dense ? at::empty_strided(like.sizes(), like.strides(), t.options())
                       : at::empty(t.sizes(), t.options());
    return out.copy_(t);
  }
  Tensor out = dense ? empty_strided_on(t.device(), like.sizes(), like.strides(), t.scalar_type())
                     : empty_on(t.device(), t.sizes(), t.scalar_type());
  return out.copy_(t);
}

Tensor cast_gradient(const Tensor& t, c10::ScalarType dtype) {
  const bool to_real = t.is_complex() && !c10::isComplexType(dtype);
  return (to_real ? at::real(t) : t).to(dtype);
}

// The base seen with the view's dtype: complex numbers as pairs of reals or pairs as numbers, else
// the bytes as they are.
Tensor with_dtype(const Tensor& base, c10::ScalarType dtype) {
  if (base.scalar_type() == dtype) return base;
  if (base.is_complex() && c10::toRealValueType(base.scalar_type()) == dtype) {
    const Tensor plain = base.is_conj() ? base.conj() : base;
    return at::view_as_real(plain.is_neg() ? at::_neg_view(plain) : plain);
  }
  if (c10::isComplexType(dtype) && c10::toRealValueType(dtype) == base.scalar_type()) {
    // All of the base's elements, gaps included, as pairs.
    const auto span = static_cast<int64_t>(
        span_bytes(base.sizes(), base.strides(), base.itemsize()) / base.itemsize());
    const int64_t odd = base.storage_offset() % 2;
    return at::view_as_complex(
        base.as_strided({(span - odd) / 2, 2}, {2, 1}, base.storage_offset() + odd));
  }
  TORCH_CHECK(false, "the history of a ", dtype, " view of a ", base.scalar_type(),
              " tensor cannot be found again after an in-place write; clone the view before "
              "writing to its base");
}

Tensor replay_view(const Tensor& base, const ViewGeometry& view, int64_t base_offset) {
  const auto in_elements = [&](int64_t base_elements) {
    return base_elements * static_cast<int64_t>(base.itemsize()) /
           static_cast<int64_t>(c10::elementSize(view.dtype));
  };
  Tensor t = with_dtype(base, view.dtype);
  const int64_t offset =
      view.offset + in_elements(base.storage_offset()) - in_elements(base_offset);
  if (!t.sizes().equals(view.sizes) || !t.strides().equals(view.strides) ||
      t.storage_offset() != offset || t.is_same(base))
    t = t.as_strided(view.sizes, view.strides, offset);
  if (t.is_conj() != view.conj) t = at::conj(t);
  if (t.is_neg() != view.neg) t = at::_neg_view(t);
  return t;
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
    &replay_view,
    [](const Tensor& t) { return t.detach(); },
    [](const Tensor& t) {
      BelowAutograd below;
      return c10::isDifferentiableType(t.scalar_type()) && at::isnan(t).any().item().toBool();
    },
};

}  // namespace pharos::tape
