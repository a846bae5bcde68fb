// What the random operators share: the locked generator, dtypes, and the order in which elements of
// a strided tensor are drawn.
#pragma once

#include <mutex>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/random.h"
#include "ops/geometry.h"
#include "ops/index/index.h"

namespace pharos::ops {

using OptGenerator = std::optional<at::Generator>;

// Calls draw(engine) under the generator's lock.
template <typename F>
void with_engine(const OptGenerator& generator, F&& draw) {
  auto* g = at::get_generator_or_default<at::CPUGeneratorImpl>(
      generator, at::detail::getDefaultCPUGenerator());
  std::lock_guard<std::mutex> lock(g->mutex());
  draw(g->engine());
}

[[noreturn]] inline void no_sampler(const char* name, ScalarType t) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, '"', name, "\" not implemented for '", t, "'");
}

// Calls f.operator()<T>() for the dtype.
template <typename F>
void for_floating(ScalarType t, const char* name, F&& f) {
  switch (t) {
    case c10::kFloat:
      return f.template operator()<float>();
    case c10::kDouble:
      return f.template operator()<double>();
    case c10::kHalf:
      return f.template operator()<c10::Half>();
    case c10::kBFloat16:
      return f.template operator()<c10::BFloat16>();
    default:
      no_sampler(name, t);
  }
}
template <typename F>
void for_integers(ScalarType t, const char* name, F&& f) {
  switch (t) {
    case c10::kByte:
      return f.template operator()<uint8_t>();
    case c10::kChar:
      return f.template operator()<int8_t>();
    case c10::kShort:
      return f.template operator()<int16_t>();
    case c10::kInt:
      return f.template operator()<int32_t>();
    case c10::kLong:
      return f.template operator()<int64_t>();
    default:
      no_sampler(name, t);
  }
}
template <typename F>
void for_real(ScalarType t, const char* name, F&& f) {
  if (c10::isIntegralType(t, false)) return for_integers(t, name, f);
  for_floating(t, name, f);
}
template <typename F>
void for_real_and_bool(ScalarType t, const char* name, F&& f) {
  if (t == c10::kBool) return f.template operator()<bool>();
  for_real(t, name, f);
}

void check_written(const Tensor& self);

// fill(data, n) writes n elements in increasing memory address: the order in which PyTorch draws.
// `self` is refused if its elements overlap; meta tensors and empty ones draw nothing.
template <typename F>
void fill_by_address(const Tensor& self, F&& fill) {
  check_written(self);
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (t->numel() == 0 || !self.is_cpu()) return;
  if (PHAROS_LIKELY(t->is_non_overlapping_and_dense())) return fill(t->data, t->numel());
  int64_t strides[kMaxDims];
  dense_strides_like(t->sizes(), t->strides(), strides);
  const Tensor dense = empty_strided_cpu(t->sizes(), IntArrayRef(strides, t->ndim), t->dtype_);
  fill(dense.unsafeGetTensorImpl()->data, t->numel());
  cpu::copy_values(self, dense);
}

}  // namespace pharos::ops

namespace pharos::backward {

Tensor native_dropout_gradient(const Tensor& grad, const Tensor& mask, double p,
                               std::optional<bool> train);
Tensor rrelu_gradient(const Tensor& grad, const Tensor& x, const Tensor& noise,
                      const c10::Scalar& lower, const c10::Scalar& upper, bool training);
Tensor standard_gamma_gradient(const Tensor& grad);

}  // namespace pharos::backward
