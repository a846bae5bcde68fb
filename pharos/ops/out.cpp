// Results of operators: made, checked, resized, or stood in for.
#include "ops/out.h"

#include <pharos/ops/functions.h>

#include <algorithm>

namespace pharos {
namespace {

using c10::StorageImpl;

// Bytes that a tensor's elements may touch, from its first.
struct Span {
  const char* begin;
  const char* end;
};
Span span_of(const TensorImpl& t) {
  const size_t bytes = t.numel() == 0 ? 0 : span_bytes(t.sizes(), t.strides(), t.itemsize());
  return {t.data, t.data + bytes};
}

bool overlaps_itself(const TensorImpl& t) {
  if (t.numel() == 0) return false;
  for (int i = 0; i < t.ndim; ++i)
    if (t.sizes_data()[i] > 1 && t.strides_data()[i] == 0) return true;
  return false;
}

bool same_view(const TensorImpl& a, const TensorImpl& b) {
  return a.data == b.data && a.dtype_ == b.dtype_ && a.sizes().equals(b.sizes()) &&
         a.strides().equals(b.strides());
}

// Strides in the order of `like`'s, without gaps: what a pointwise result of one operand takes.
void dense_strides(const TensorImpl& like, int64_t* strides) {
  int order[64];
  const int n = like.ndim;
  for (int i = 0; i < n; ++i) order[i] = n - 1 - i;
  std::stable_sort(order, order + n, [&](int a, int b) {
    const int64_t sa = like.strides_data()[a], sb = like.strides_data()[b];
    // Broadcast dims (stride 0) and dims of size 1 keep their place.
    if (sa == 0 || sb == 0) return false;
    return sa < sb;
  });
  int64_t stride = 1;
  for (int i = 0; i < n; ++i) {
    strides[order[i]] = stride;
    stride *= std::max<int64_t>(like.sizes_data()[order[i]], 1);
  }
}

}  // namespace

OutInto::OutInto(Mode mode, Tensor* const* targets, int n,
                 std::initializer_list<const Tensor*> inputs)
    : Out(own_, mode), n_(n), input_count_(static_cast<int>(inputs.size())), targets_(targets) {
  TORCH_INTERNAL_ASSERT(n <= kMax && inputs.size() <= kMax);
  std::copy(inputs.begin(), inputs.end(), inputs_);
}

const Tensor& Out::target(int i) const { return *static_cast<const OutInto*>(this)->targets_[i]; }

void Out::set(int i, IntArrayRef sizes, ScalarType dtype, Device device) {
  if (PHAROS_LIKELY(mode_ == Mode::kFunctional))
    results_[i] = empty_on(device, sizes, dtype);
  else
    static_cast<OutInto*>(this)->set_target(i, sizes, dtype, device);
}

void Out::set_strided(int i, IntArrayRef sizes, IntArrayRef strides, ScalarType dtype,
                      Device device) {
  if (PHAROS_LIKELY(mode_ == Mode::kFunctional))
    results_[i] = empty_strided_on(device, sizes, strides, dtype);
  else
    static_cast<OutInto*>(this)->set_target(i, sizes, dtype, device);
}

void Out::set_like_slow(int i, const Tensor& like, ScalarType dtype) {
  const TensorImpl& t = *like.unsafeGetTensorImpl();
  if (mode_ != Mode::kFunctional)
    return static_cast<OutInto*>(this)->set_target(i, t.sizes(), dtype, t.device());
  if (t.is_non_overlapping_and_dense()) {
    results_[i] = empty_dense_like(t, dtype);
    return;
  }
  int64_t strides[64];
  dense_strides(t, strides);
  results_[i] = empty_strided_on(t.device(), t.sizes(), IntArrayRef(strides, t.ndim), dtype);
}

void OutInto::set_target(int i, IntArrayRef sizes, ScalarType dtype, Device device) {
  Tensor& target = *targets_[i];
  TensorImpl* t = target.unsafeGetTensorImpl();
  TORCH_CHECK(mode_ != Mode::kInplace || t->sizes().equals(sizes), "output with shape ", t->sizes(),
              " doesn't match the broadcast shape ", sizes);
  TORCH_CHECK(c10::canCast(dtype, t->dtype_), "result type ", dtype,
              " can't be cast to the desired output type ", t->dtype_);
  TORCH_CHECK(t->device_type == device.type(),
              "Expected all tensors to be on the same device, but found at least two devices, ",
              t->device(), " and ", device, "!");
  if (!t->sizes().equals(sizes)) {
    target.resize_(sizes);
    t = target.unsafeGetTensorImpl();
  }
  TORCH_CHECK(!overlaps_itself(*t),
              "unsupported operation: more than one element of the written-to tensor refers to a "
              "single memory "
              "location. Please clone() the tensor before performing the operation.");
  bool direct = t->dtype_ == dtype && !(t->flags & (TensorImpl::kConj | TensorImpl::kNeg));
  const Span written = span_of(*t);
  for (int k = 0; k < input_count_; ++k) {
    const TensorImpl* in = inputs_[k]->unsafeGetTensorImpl();
    if (!in || in->storage != t->storage || t->numel() == 0) continue;
    if (same_view(*in, *t)) {
      direct = direct && same_ok_;
      continue;
    }
    const Span read = span_of(*in);
    if (read.begin < written.end && written.begin < read.end) {
      TORCH_CHECK(!(same_ok_ && t->is_contiguous() && in->is_contiguous()),
                  "unsupported operation: some elements of the input tensor and the written-to "
                  "tensor refer to a single "
                  "memory location. Please clone() the tensor before performing the operation.");
      direct = false;
    }
  }
  if (direct) {
    results_[i] = target;
  } else {
    results_[i] = empty_on(device, sizes, dtype);
    temporary_ |= static_cast<uint8_t>(1u << i);
  }
}

void OutInto::finish() {
  for (int i = 0; i < n_; ++i) {
    if (temporary_ & (1u << i))
      targets_[i]->copy_(results_[i]);  // counts a version
    else if (mode_ == Mode::kOut)
      targets_[i]->unsafeGetTensorImpl()->bump_version();
  }
}

void write_result(Out::Mode mode, Tensor& target, const Tensor& result) {
  TORCH_CHECK(
      target.defined(),
      "Expected a proper Tensor but got None (or an undefined Tensor in C++) for argument 'out'");
  TORCH_CHECK(c10::canCast(result.scalar_type(), target.scalar_type()), "result type ",
              result.scalar_type(), " can't be cast to the desired output type ",
              target.scalar_type());
  TORCH_CHECK(target.device() == result.device(),
              "Expected all tensors to be on the same device, but found at least two devices, ",
              target.device(), " and ", result.device(), "!");
  if (!target.sizes().equals(result.sizes())) {
    TORCH_CHECK(mode == Out::Mode::kOut, "output with shape ", target.sizes(),
                " doesn't match the broadcast shape ", result.sizes());
    target.resize_(result.sizes());
  }
  target.copy_(result);
}

}  // namespace pharos
