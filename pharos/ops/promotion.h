// The result dtype of several tensors and numbers, and the shape and strides of their broadcast:
// what shape rules of pointwise operators are made of.
#pragma once

#include "ops/out.h"

namespace pharos::ops {

// Collects operands by PyTorch's three categories: tensors with dims before 0-dim tensors before
// numbers; a lower category counts only if it is of a higher kind (bool, integer, float, complex).
class ResultType {
 public:
  ResultType& add(const Tensor& t);
  ResultType& add(const Scalar& s);
  ScalarType get() const;

 private:
  ScalarType dims_ = ScalarType::Undefined;
  ScalarType zero_ = ScalarType::Undefined;
  ScalarType number_ = ScalarType::Undefined;
};

ScalarType promoted_general(const Tensor& a, const Tensor& b);
inline ScalarType promoted(const Tensor& a, const Tensor& b) {
  const TensorImpl *x = a.unsafeGetTensorImpl(), *y = b.unsafeGetTensorImpl();
  if (PHAROS_LIKELY(x->dtype_ == y->dtype_ &&
                    !((x->flags | y->flags) & TensorImpl::kWrappedNumber)))
    return x->dtype_;
  return promoted_general(a, b);
}
ScalarType promoted(const Tensor& a, const Scalar& b);
// Integers and bool become the default dtype.
ScalarType to_float_type(ScalarType t);

// Unused inline dims are zero, so no loop over the dims is needed.
inline bool same_inline_sizes(const TensorImpl& a, const TensorImpl& b) {
  int64_t differ = 0;
  for (int i = 0; i < TensorImpl::kInlineDims; ++i) differ |= a.sizes_[i] ^ b.sizes_[i];
  return differ == 0;
}

// All inline strides are zero: one item, repeated.
inline bool repeats_one_item(const TensorImpl& t) {
  int64_t any = 0;
  for (int i = 0; i < TensorImpl::kInlineDims; ++i) any |= t.strides_[i];
  return any == 0;
}

// Result i takes the broadcast shape of the inputs (undefined ones do not count), with the strides
// that TensorIterator gives: the inputs' own if they agree, otherwise dense in their order.
void set_broadcast(Out& out, int i, ScalarType dtype, std::initializer_list<const Tensor*> inputs);
void set_broadcast_general(Out& out, int i, ScalarType dtype, const Tensor* const* inputs, int n);
inline void set_broadcast(Out& out, int i, ScalarType dtype, const Tensor& a, const Tensor& b) {
  const TensorImpl *x = a.unsafeGetTensorImpl(), *y = b.unsafeGetTensorImpl();
  if (PHAROS_LIKELY(x->ndim == y->ndim && x->ndim <= TensorImpl::kInlineDims &&
                    (x->flags & y->flags & TensorImpl::kContiguous) &&
                    x->device_type == y->device_type && same_inline_sizes(*x, *y)))
    return out.set_like(i, a, dtype);
  // A repeated number, as the gradient of a sum is, has no say in the layout.
  if (x->ndim == y->ndim && x->ndim <= TensorImpl::kInlineDims && out.functional() &&
      x->device_type == y->device_type && same_inline_sizes(*x, *y)) {
    if ((x->flags & TensorImpl::kContiguous) && repeats_one_item(*y)) return out.set_like(i, a, dtype);
    if ((y->flags & TensorImpl::kContiguous) && repeats_one_item(*x)) return out.set_like(i, b, dtype);
  }
  const Tensor* const inputs[] = {&a, &b};
  set_broadcast_general(out, i, dtype, inputs, 2);
}

// The shape two shapes broadcast to; "The size of tensor a (3) must match ..." otherwise.
void broadcast_into(c10::IntArrayRef add, int64_t* shape, int* ndim);

}  // namespace pharos::ops
