// Promotion categories and broadcast geometry.
#include "ops/promotion.h"

#include <algorithm>

namespace pharos::ops {
namespace {

ScalarType join(ScalarType a, ScalarType b) {
  if (a == ScalarType::Undefined) return b;
  if (b == ScalarType::Undefined) return a;
  return promoteTypes(a, b);
}

// The lower category counts only where it is of a higher kind.
ScalarType combine(ScalarType higher, ScalarType lower) {
  if (higher == ScalarType::Undefined) return lower;
  if (lower == ScalarType::Undefined) return higher;
  if (isComplexType(higher)) return higher;
  if (isFloatingType(higher)) return isComplexType(lower) ? toComplexType(higher) : higher;
  if (higher == c10::kBool || isFloatingType(lower) || isComplexType(lower))
    return join(higher, lower);
  return higher;
}

ScalarType number_type(ScalarType t) {
  if (isComplexType(t)) return toComplexType(c10::get_default_dtype());
  if (isFloatingType(t)) return c10::get_default_dtype();
  return t;
}

}  // namespace

ResultType& ResultType::add(const Tensor& t) {
  const bool number = t.unsafeGetTensorImpl()->has(TensorImpl::kWrappedNumber);
  if (t.dim() > 0)
    dims_ = join(dims_, t.scalar_type());
  else if (number)
    number_ = join(number_, number_type(t.scalar_type()));
  else
    zero_ = join(zero_, t.scalar_type());
  return *this;
}

ResultType& ResultType::add(const Scalar& s) {
  number_ = join(number_, number_type(s.type()));
  return *this;
}

ScalarType ResultType::get() const { return combine(dims_, combine(zero_, number_)); }

ScalarType promoted_general(const Tensor& a, const Tensor& b) {
  return ResultType().add(a).add(b).get();
}
ScalarType promoted(const Tensor& a, const Scalar& b) { return ResultType().add(a).add(b).get(); }

ScalarType to_float_type(ScalarType t) {
  return isIntegralType(t, true) ? c10::get_default_dtype() : t;
}

void broadcast_into(IntArrayRef add, int64_t* shape, int* ndim) {
  const int n = static_cast<int>(add.size());
  if (n > *ndim) {
    std::copy_backward(shape, shape + *ndim, shape + n);
    std::fill(shape, shape + (n - *ndim), int64_t{1});
    *ndim = n;
  }
  const int shift = *ndim - n;
  for (int d = n - 1; d >= 0; --d) {
    int64_t& have = shape[d + shift];
    const int64_t size = add[static_cast<size_t>(d)];
    TORCH_CHECK(have == size || have == 1 || size == 1, "The size of tensor a (", have,
                ") must match the size of tensor b (", size, ") at non-singleton dimension ",
                d + shift);
    if (have == 1) have = size;
  }
}

void set_broadcast_pair(Out& out, int i, ScalarType dtype, const Tensor& a, const Tensor& b) {
  const TensorImpl *x = a.unsafeGetTensorImpl(), *y = b.unsafeGetTensorImpl();
  // A repeated number, as the gradient of a sum is, has no say in the layout.
  if (x->ndim == y->ndim && x->ndim <= TensorImpl::kInlineDims && out.functional() &&
      x->device_type == y->device_type && same_inline_sizes(*x, *y)) {
    if ((x->flags & TensorImpl::kContiguous) && has_zero_strides(*y))
      return out.set_like(i, a, dtype);
    if ((y->flags & TensorImpl::kContiguous) && has_zero_strides(*x))
      return out.set_like(i, b, dtype);
  }
  const Tensor* const inputs[] = {&a, &b};
  set_broadcast_general(out, i, dtype, inputs, 2);
}

void set_broadcast(Out& out, int i, ScalarType dtype, std::initializer_list<const Tensor*> inputs) {
  const Tensor* defined[8];
  int n = 0;
  for (const Tensor* t : inputs)
    if (t->defined()) defined[n++] = t;
  set_broadcast_general(out, i, dtype, defined, n);
}

namespace {

c10::Device common_device(const Tensor* const* inputs, int n) {
  const Tensor* first = nullptr;
  for (int k = 0; k < n; ++k) {
    const Tensor& t = *inputs[k];
    if (t.is_cpu() && t.dim() == 0) continue;  // a number to every device
    TORCH_CHECK(!first || first->device().type() == t.device().type(),
                "Expected all tensors to be on the same device, but found at least two devices, ",
                first->device(), " and ", t.device(), "!");
    if (!first) first = &t;
  }
  return first ? first->device() : inputs[0]->device();
}

struct Geometry {
  int ndim = 0;
  int64_t sizes[64];
  int64_t strides[8][64];  // of each input over `sizes`; 0 where it is repeated
};

// Negative: dim0 lies inside dim1; positive: the other way round; 0: the inputs do not say.
int compare_dims(const Geometry& g, int n, int dim0, int dim1) {
  for (int k = 0; k < n; ++k) {
    const int64_t a = g.strides[k][dim0], b = g.strides[k][dim1];
    if (a == 0 || b == 0) continue;
    if (a != b) return a < b ? -1 : 1;
    if (g.sizes[dim0] > g.sizes[dim1]) return 1;
  }
  return 0;
}

void dense_strides(const Geometry& g, int n, int64_t* strides) {
  int order[64];  // innermost first
  for (int d = 0; d < g.ndim; ++d) order[d] = g.ndim - 1 - d;
  for (int i = 1; i < g.ndim; ++i) {
    int dim1 = i;
    for (int dim0 = i - 1; dim0 >= 0; --dim0) {
      const int c = compare_dims(g, n, order[dim0], order[dim1]);
      if (c > 0) {
        std::swap(order[dim0], order[dim1]);
        dim1 = dim0;
      } else if (c < 0) {
        break;
      }
    }
  }
  int64_t stride = 1;
  for (int d = 0; d < g.ndim; ++d) {
    strides[order[d]] = stride;
    stride *= std::max<int64_t>(g.sizes[order[d]], 1);
  }
}

// Inputs of one shape that are laid out alike keep their layout.
bool same_layout(const Tensor* const* inputs, int n) {
  bool contiguous = true, last = true, last3d = true, equal = true;
  for (int k = 0; k < n; ++k) {
    const TensorImpl& t = *inputs[k]->unsafeGetTensorImpl();
    if (!t.sizes().equals(inputs[0]->sizes())) return false;
    contiguous = contiguous && t.is_contiguous();
    last = last && t.is_contiguous(MemoryFormat::ChannelsLast);
    last3d = last3d && t.is_contiguous(MemoryFormat::ChannelsLast3d);
    equal = equal && t.is_non_overlapping_and_dense() && t.strides().equals(inputs[0]->strides());
  }
  return contiguous || last || last3d || equal;
}

}  // namespace

namespace {

// One value for all of `main`'s elements: a single element, or one expanded to main's shape.
bool is_single_value(const TensorImpl& t, const TensorImpl& main) {
  if (t.numel_ == 1) return t.ndim <= main.ndim;
  if (t.ndim != main.ndim || !t.sizes().equals(main.sizes())) return false;
  for (int d = 0; d < t.ndim; ++d)
    if (t.strides_data()[d] != 0 && t.sizes_data()[d] != 1) return false;
  return true;
}

// Of two inputs: the contiguous one beside which the other is a single value; null if neither is.
const Tensor* decisive_input(const Tensor* const* inputs, int n) {
  if (n != 2) return nullptr;
  for (int k = 0; k < 2; ++k) {
    const TensorImpl& main = *inputs[k]->unsafeGetTensorImpl();
    if (main.is_contiguous() && is_single_value(*inputs[1 - k]->unsafeGetTensorImpl(), main))
      return inputs[k];
  }
  return nullptr;
}

}  // namespace

void set_broadcast_general(Out& out, int i, ScalarType dtype, const Tensor* const* inputs, int n) {
  const c10::Device device = common_device(inputs, n);
  if (same_layout(inputs, n) && inputs[0]->device() == device)
    return out.set_like(i, *inputs[0], dtype);
  if (const Tensor* main = decisive_input(inputs, n); main && main->device() == device)
    return out.set_like(i, *main, dtype);
  Geometry g;
  for (int k = 0; k < n; ++k) broadcast_into(inputs[k]->sizes(), g.sizes, &g.ndim);
  const IntArrayRef sizes(g.sizes, static_cast<size_t>(g.ndim));
  if (!out.functional()) return out.set(i, sizes, dtype, device);
  for (int k = 0; k < n; ++k) {
    const TensorImpl& t = *inputs[k]->unsafeGetTensorImpl();
    const int shift = g.ndim - t.ndim;
    for (int d = 0; d < g.ndim; ++d) {
      const bool repeated = d < shift || (t.sizes_data()[d - shift] == 1 && g.sizes[d] != 1);
      g.strides[k][d] = repeated ? 0 : t.strides_data()[d - shift];
    }
  }
  int64_t strides[64];
  dense_strides(g, n, strides);
  out.set_strided(i, sizes, IntArrayRef(strides, static_cast<size_t>(g.ndim)), dtype, device);
}

}  // namespace pharos::ops
