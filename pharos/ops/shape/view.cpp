// Views that change a tensor's shape: view, reshape and their kin, squeeze, unsqueeze, expand,
// as_strided, alias.
#include <pharos/ops/functions.h>

#include "ops/geometry.h"
#include "ops/shape/shape.h"
#include "ops/shape_decls.h"
#include "tape/meta.h"

namespace pharos::ops {

namespace {

// Whether this shape, with nothing left to infer, has so many elements.
inline bool holds(IntArrayRef shape, int64_t numel) {
  if (shape.size() > static_cast<size_t>(kMaxDims)) return false;
  int64_t product = 1;
  bool bad = false;
  for (int64_t s : shape) {
    bad |= s < 0;
    bad |= __builtin_mul_overflow(product, s, &product);
  }
  return !bad && product == numel;
}

}  // namespace

Tensor view(const Tensor& self, IntArrayRef size) {
  int64_t shape[kMaxDims], strides[kMaxDims];
  const TensorImpl* t = self.unsafeGetTensorImpl();
  if (PHAROS_LIKELY(t->is_contiguous())) {
    if (PHAROS_LIKELY(holds(size, t->numel()))) return contiguous_view_of(self, size);
    return contiguous_view_of(self, infer_size(size, t->numel(), shape));
  }
  const IntArrayRef sizes = infer_size(size, t->numel(), shape);
  TORCH_CHECK(view_strides(t->sizes(), t->strides(), sizes, strides),
              "view size is not compatible with input tensor's size and stride (at least one "
              "dimension spans across two contiguous subspaces). Use .reshape(...) instead.");
  return view_of(self, sizes, IntArrayRef(strides, sizes.size()));
}

Tensor view_dtype(const Tensor& self, ScalarType dtype) {
  if (self.scalar_type() == dtype) return view_of(self, self.sizes(), self.strides());
  TORCH_CHECK(!self.is_conj(),
              "torch.Tensor.view is not supported for conjugate view tensors when "
              "converting to a different dtype.");
  TORCH_CHECK(!self.is_neg(),
              "torch.Tensor.view is not supported for tensors with negative bit "
              "set when converting to a different dtype.");
  const auto from = static_cast<int64_t>(self.itemsize()),
             to = static_cast<int64_t>(c10::elementSize(dtype));
  TORCH_CHECK(to > 0, "view: dtype ", dtype, " is not supported");
  Geometry g(self);
  const int64_t last = g.n - 1;
  if (from > to) {
    const int64_t ratio = from / to;
    TORCH_CHECK(g.n > 0, "self.dim() cannot be 0 to view ", self.scalar_type(), " as ", dtype,
                " (different element sizes)");
    TORCH_CHECK(g.stride[last] == 1, "self.stride(-1) must be 1 to view ", self.scalar_type(),
                " as ", dtype, " (different element sizes), but got ", g.stride[last]);
    for (int i = 0; i < last; ++i) g.stride[i] *= ratio;
    g.size[last] *= ratio;
  } else if (from < to) {
    const int64_t ratio = to / from;
    TORCH_CHECK(g.n > 0, "self.dim() cannot be 0 to view ", self.scalar_type(), " as ", dtype,
                " (different element sizes)");
    TORCH_CHECK(g.size[last] % ratio == 0, "self.size(-1) must be divisible by ", ratio,
                " to view ", self.scalar_type(), " as ", dtype,
                " (different element sizes), but got ", g.size[last]);
    TORCH_CHECK(self.storage_offset() % ratio == 0, "self.storage_offset() must be divisible by ",
                ratio, " to view ", self.scalar_type(), " as ", dtype,
                " (different element sizes), but got ", self.storage_offset());
    for (int i = 0; i < last; ++i) {
      TORCH_CHECK(g.stride[i] % ratio == 0, "self.stride(", i, ") must be divisible by ", ratio,
                  " to view ", self.scalar_type(), " as ", dtype,
                  " (different element sizes), but got ", g.stride[i]);
      g.stride[i] /= ratio;
    }
    TORCH_CHECK(g.stride[last] == 1, "self.stride(-1) must be 1 to view ", self.scalar_type(),
                " as ", dtype, " (different element sizes), but got ", g.stride[last]);
    g.size[last] /= ratio;
  }
  Tensor out = view_of(self, self.sizes(), self.strides());
  out.unsafeGetTensorImpl()->dtype_ = dtype;
  out.unsafeGetTensorImpl()->set_geometry(g.sizes(), g.strides());
  return out;
}

Tensor reshape(const Tensor& self, IntArrayRef shape) {
  int64_t inferred[kMaxDims], strides[kMaxDims];
  const IntArrayRef sizes = infer_size(shape, self.numel(), inferred);
  if (self.is_contiguous()) return self.view(sizes);
  if (view_strides(self.sizes(), self.strides(), sizes, strides))
    return at::_reshape_alias(self, sizes, IntArrayRef(strides, sizes.size()));
  return at::_unsafe_view(self.clone(c10::MemoryFormat::Contiguous), sizes);
}

Tensor _reshape_alias(const Tensor& self, IntArrayRef size, IntArrayRef stride) {
  return view_of(self, size, stride);
}

// A view in memory, but none to autograd: its argument is a temporary.
Tensor _unsafe_view(const Tensor& self, IntArrayRef size) { return ops::view(self, size); }

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  const int64_t first = wrap(start_dim, self.dim()), last = wrap(end_dim, self.dim());
  TORCH_CHECK(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return self.reshape({1});
  if (first == last) return self;
  Geometry g;
  int64_t product = 1;
  for (int64_t i = first; i <= last; ++i) product *= self.size(i);
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i == first) g.push(product, 0);
    if (i < first || i > last) g.push(self.size(i), 0);
  }
  return self.reshape(g.sizes());
}

Tensor ravel(const Tensor& self) { return self.contiguous().view(-1); }

Tensor unflatten(const Tensor& self, int64_t dim, IntArrayRef sizes) {
  const int64_t d = wrap(dim, self.dim());
  TORCH_CHECK(!sizes.empty(), "unflatten: sizes must be non-empty");
  int64_t inferred[kMaxDims];
  int64_t product = 1;
  bool negative = false;
  for (int64_t s : sizes) {
    product *= s;
    negative |= s == -1;
  }
  const int64_t old = self.size(d);
  TORCH_CHECK(negative || product == old, "unflatten: Provided sizes ", sizes,
              " don't multiply up to the size of dim ", d, " (", old, ") in the input tensor");
  IntArrayRef parts;
  try {
    parts = infer_size(sizes, old, inferred);
  } catch (const c10::Error&) {
    TORCH_CHECK(false, "unflatten: Provided sizes ", sizes,
                " don't multiply up to the size of dim ", d, " (", old, ") in the input tensor");
  }
  Geometry g;
  for (int64_t i = 0; i < self.dim(); ++i) {
    if (i != d) {
      g.push(self.size(i), 0);
    } else {
      for (int64_t s : parts) g.push(s, 0);
    }
  }
  return self.view(g.sizes());
}

namespace {

Geometry squeezed(const Tensor& self, uint64_t mask) {
  Geometry g;
  const IntArrayRef sizes = self.sizes(), strides = self.strides();
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1 || !(mask >> i & 1)) g.push(sizes[i], strides[i]);
  return g;
}

uint64_t mask_of(const Tensor& self, IntArrayRef dims) {
  uint64_t mask = 0;
  for (int64_t d : dims) {
    const int64_t at = wrap(d, self.dim());
    TORCH_CHECK(!(mask >> at & 1), "dim ", at, " appears multiple times in the list of dims");
    mask |= uint64_t{1} << at;
  }
  return mask;
}

Geometry unsqueezed(const Tensor& self, int64_t dim) {
  const int64_t d = wrap(dim, self.dim() + 1);
  Geometry g(self);
  g.insert(d, 1, d < g.n ? g.size[d] * g.stride[d] : 1);
  return g;
}

}  // namespace

Tensor squeeze(const Tensor& self) { return squeezed(self, ~uint64_t{0}).view(self); }
Tensor squeeze_dim(const Tensor& self, int64_t dim) {
  return squeezed(self, uint64_t{1} << wrap(dim, self.dim())).view(self);
}
Tensor squeeze_dims(const Tensor& self, IntArrayRef dim) {
  return squeezed(self, mask_of(self, dim)).view(self);
}
Tensor unsqueeze(const Tensor& self, int64_t dim) { return unsqueezed(self, dim).view(self); }

Tensor& reshape_in_place(Tensor& self, const Geometry& g) {
  self.unsafeGetTensorImpl()->set_geometry(g.sizes(), g.strides());
  return self;
}
Tensor& squeeze_(Tensor& self) { return reshape_in_place(self, squeezed(self, ~uint64_t{0})); }
Tensor& squeeze__dim(Tensor& self, int64_t dim) {
  return reshape_in_place(self, squeezed(self, uint64_t{1} << wrap(dim, self.dim())));
}
Tensor& squeeze__dims(Tensor& self, IntArrayRef dim) {
  return reshape_in_place(self, squeezed(self, mask_of(self, dim)));
}
Tensor& unsqueeze_(Tensor& self, int64_t dim) {
  return reshape_in_place(self, unsqueezed(self, dim));
}

Tensor expand(const Tensor& self, IntArrayRef size, bool) {
  const auto n = static_cast<int64_t>(size.size()), old = self.dim();
  if (old == 0)
    if (Tensor repeated = repeated_view_of(self, size); PHAROS_LIKELY(repeated.defined()))
      return repeated;
  TORCH_CHECK(n >= old, "expand(", self.toString(), "{", self.sizes(), "}, size=", size,
              "): the number of sizes provided (", n,
              ") must be greater or equal to the number of dimensions in the tensor (", old, ")");
  Geometry g;
  TORCH_CHECK(n <= kMaxDims, "tensors have at most 64 dims, got ", n);
  g.n = static_cast<int>(n);
  for (int64_t i = n - 1; i >= 0; --i) {
    const int64_t d = old - (n - i);
    int64_t target = size[static_cast<size_t>(i)];
    const int64_t have = d >= 0 ? self.sizes()[static_cast<size_t>(d)] : 1;
    // A dim that broadcasts in front of all others steps over all of them.
    int64_t stride = d >= 0    ? self.strides()[static_cast<size_t>(d)]
                     : old > 0 ? g.size[i + 1] * g.stride[i + 1]
                               : 0;
    if (target == -1) {
      TORCH_CHECK(d >= 0, "The expanded size of the tensor (", target,
                  ") isn't allowed in a leading, non-existing dimension ", i);
      target = have;
    }
    if (have != target) {
      TORCH_CHECK(have == 1, "The expanded size of the tensor (", target,
                  ") must match the existing size (", have, ") at non-singleton dimension ", i,
                  ".  Target sizes: ", size, ".  Tensor sizes: ", self.sizes());
      stride = 0;
    }
    TORCH_CHECK(target >= 0, "The expanded size of the tensor (", target,
                ") isn't allowed in a leading, non-existing dimension ", i);
    g.size[i] = target;
    g.stride[i] = stride;
  }
  return g.view(self);
}

Tensor expand_as(const Tensor& self, const Tensor& other) { return self.expand(other.sizes()); }
Tensor broadcast_to(const Tensor& self, IntArrayRef size) { return self.expand(size); }

std::vector<Tensor> broadcast_tensors(TensorList tensors) {
  int64_t shape[kMaxDims];
  IntArrayRef common;
  for (const Tensor& t : tensors) common = broadcast_shapes(common, t.sizes(), shape);
  std::vector<Tensor> out;
  out.reserve(tensors.size());
  for (const Tensor& t : tensors) out.push_back(t.expand(common));
  return out;
}

Tensor as_strided(const Tensor& self, IntArrayRef size, IntArrayRef stride,
                  std::optional<int64_t> storage_offset) {
  TORCH_CHECK(size.size() == stride.size(), "mismatch in length of strides and shape");
  for (int64_t s : stride)
    TORCH_CHECK(
        s >= 0,
        "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
  checked_numel(size);
  const int64_t own = self.storage_offset();
  const int64_t offset = storage_offset.value_or(own);
  check_in_storage(size, stride, offset, self.itemsize(),
                   self.unsafeGetTensorImpl()->storage->nbytes());
  return view_of(self, size, stride, offset - own);
}

Tensor& as_strided_(Tensor& self, IntArrayRef size, IntArrayRef stride,
                    std::optional<int64_t> storage_offset) {
  const Tensor v = ops::as_strided(self, size, stride, storage_offset);
  TensorImpl* t = self.unsafeGetTensorImpl();
  t->data = v.unsafeGetTensorImpl()->data;
  t->set_geometry(size, stride);
  return self;
}

Tensor alias(const Tensor& self) { return view_of(self, self.sizes(), self.strides()); }

// Shares memory and version, but no history.
Tensor detach(const Tensor& self) {
  TORCH_CHECK(self.defined(), "tensor does not have a device");
  return Tensor::reclaim(self.unsafeGetTensorImpl()->shallow_alias());
}
Tensor& detach_(Tensor& self) {
  TORCH_CHECK(!self.is_view(),
              "Can't detach views in-place. Use detach() instead. If you are using "
              "DistributedDataParallel (DDP) for training, and gradient_as_bucket_view is set as "
              "True, gradients are views of DDP buckets, and hence detach_() cannot be called on "
              "these gradients. To fix this error, please refer to the Optimizer.zero_grad() "
              "function in torch/optim/optimizer.py as a solution.");
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (tape::grad_fn_of(t)) tape::set_grad_fn(t, nullptr, 0);
  t->flags &= ~uint32_t(TensorImpl::kRequiresGrad);
  return self;
}

Tensor view_as(const Tensor& self, const Tensor& other) { return self.view(other.sizes()); }
Tensor reshape_as(const Tensor& self, const Tensor& other) { return self.reshape(other.sizes()); }

Tensor sum_to_size(const Tensor& self, IntArrayRef size) {
  const IntArrayRef from = self.sizes();
  bool fits = size.size() <= from.size();
  for (size_t i = 0; fits && i < size.size(); ++i) {
    const int64_t s = from[from.size() - size.size() + i];
    fits = size[i] == s || size[i] == 1;
  }
  TORCH_CHECK(fits, "size {", size, "} is not expandable to size {", from, "}.");
  int64_t dims[kMaxDims];
  size_t n = 0;
  const size_t leading = from.size() - size.size();
  for (size_t i = 0; i < from.size(); ++i)
    if (i < leading || (size[i - leading] == 1 && from[i] != 1))
      dims[n++] = static_cast<int64_t>(i);
  const Tensor sum = n == 0 ? self : self.sum(IntArrayRef(dims, n), true);
  return sum.view(size);
}

}  // namespace pharos::ops
