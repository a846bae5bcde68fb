// The result dtype of several tensors and numbers, and the shape and strides of their broadcast:
// what shape rules of pointwise operators are made of.
#pragma once

#include "core/inline_dims.h"
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

// Result i takes the broadcast shape of the inputs (undefined ones do not count), with the strides
// that TensorIterator gives: the inputs' own if they agree, otherwise dense in their order.
void set_broadcast(Out& out, int i, ScalarType dtype, std::initializer_list<const Tensor*> inputs);
void set_broadcast_general(Out& out, int i, ScalarType dtype, const Tensor* const* inputs, int n);
void set_broadcast_pair(Out& out, int i, ScalarType dtype, const Tensor& a, const Tensor& b);
C10_ALWAYS_INLINE void set_broadcast(Out& out, int i, ScalarType dtype, const Tensor& a,
                                     const Tensor& b) {
  const TensorImpl *x = a.unsafeGetTensorImpl(), *y = b.unsafeGetTensorImpl();
  if (PHAROS_LIKELY(x->ndim == y->ndim && x->ndim <= TensorImpl::kInlineDims &&
                    (x->flags & y->flags & TensorImpl::kContiguous) &&
                    x->device_type == y->device_type && same_inline_sizes(*x, *y)))
    return out.set_like(i, a, dtype);
  set_broadcast_pair(out, i, dtype, a, b);
}

// The shape two shapes broadcast to; "The size of tensor a (3) must match ..." otherwise.
void broadcast_into(c10::IntArrayRef add, int64_t* shape, int* ndim);

}  // namespace pharos::ops
