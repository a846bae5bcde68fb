// Sequences of numbers: arange and range.
#include <pharos/ops/functions.h>

#include <cmath>

#include "core/factory.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/parallel.h"
#include "ops/factory/factory.h"
#include "ops/factory_decls.h"

namespace pharos::ops {
namespace {

ScalarType type_of(std::initializer_list<const Scalar*> numbers) {
  for (const Scalar* s : numbers)
    if (!s->isIntegral(true)) return c10::get_default_dtype();
  return c10::kLong;
}

void check_bounds(const Scalar& start, const Scalar& end, double step) {
  const double a = start.toDouble(), b = end.toDouble();
  TORCH_CHECK(step > 0 || step < 0, "step must be nonzero");
  TORCH_CHECK(std::isfinite(a) && std::isfinite(b), "unsupported range: ", a, " -> ", b);
  TORCH_CHECK((step > 0 && b >= a) || (step < 0 && b <= a),
              "upper bound and lower bound inconsistent with step sign");
}

int64_t count_of(const Scalar& start, const Scalar& end, const Scalar& step, ScalarType dtype) {
  double n;
  if (dtype == c10::kLong) {
    const int64_t s = step.toLong(), sign = s > 0 ? 1 : -1;
    n = static_cast<double>((end.toLong() - start.toLong() + s - sign) / s);
  } else {
    n = std::ceil((end.toDouble() - start.toDouble()) / step.toDouble());
  }
  TORCH_CHECK(n >= 0 && n <= 9.2e18, "invalid size, possible overflow?");
  return static_cast<int64_t>(n);
}

}  // namespace

namespace {

// PyTorch's kernel works on two vectors of 32 bytes at a time: there, an element is computed from
// the (rounded) first one of its vector; the rest of a range goes one by one. With fused
// multiply-add, as on AVX2.
template <class T, class A>
void sequence(T* out, int64_t begin, int64_t end, A start, A step) {
  constexpr int64_t kLanes = 32 / sizeof(T);
  int64_t i = begin;
  for (; i + 2 * kLanes <= end; i += kLanes * 2) {
    for (int64_t v = i; v < i + 2 * kLanes; v += kLanes) {
      const A base = static_cast<A>(static_cast<T>(std::fma(step, static_cast<A>(v), start)));
      for (int64_t j = 0; j < kLanes; ++j)
        out[v + j] = static_cast<T>(std::fma(step, static_cast<A>(j), base));
    }
  }
  for (; i < end; ++i) out[i] = static_cast<T>(std::fma(step, static_cast<A>(i), start));
}

void integer_sequence(const Tensor& out, int64_t start, int64_t step) {
  const auto item = static_cast<int64_t>(out.itemsize());
  char* data = out.unsafeGetTensorImpl()->data;
  cpu::parallel_for(0, out.numel(), 32768, [&](int64_t begin, int64_t end) {
    constexpr int64_t kBlock = 256;
    int64_t block[kBlock];
    for (int64_t i = begin; i < end; i += kBlock) {
      const int64_t m = std::min(kBlock, end - i);
      for (int64_t j = 0; j < m; ++j) block[j] = start + step * (i + j);
      cpu::convert_dense(m, data + i * item, out.scalar_type(), block, c10::kLong);
    }
  });
}

}  // namespace

void fill_sequence(const Tensor& out, const Scalar& start, const Scalar& step) {
  const ScalarType t = out.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(!c10::isComplexType(t) && t != c10::kBool,
                              "\"arange_cpu\" not implemented for '", t, "'");
  if (out.numel() == 0 || !out.is_cpu()) return;
  if (c10::isIntegralType(t, true)) return integer_sequence(out, start.toLong(), step.toLong());
  const double a = start.toDouble(), s = step.toDouble();
  const auto fa = static_cast<float>(a), fs = static_cast<float>(s);
  cpu::parallel_for(0, out.numel(), 32768, [&](int64_t begin, int64_t end) {
    switch (t) {
      case c10::kFloat:
        return sequence(out.data_ptr<float>(), begin, end, a, s);
      case c10::kDouble:
        return sequence(out.data_ptr<double>(), begin, end, a, s);
      case c10::kHalf:
        return sequence(out.data_ptr<c10::Half>(), begin, end, fa, fs);
      default:
        return sequence(out.data_ptr<c10::BFloat16>(), begin, end, fa, fs);
    }
  });
}

Tensor arange_start_step(const Scalar& start, const Scalar& end, const Scalar& step,
                         std::optional<ScalarType> dtype, std::optional<c10::Layout>,
                         std::optional<Device> device, std::optional<bool>) {
  const ScalarType t = dtype.value_or(type_of({&start, &end, &step}));
  check_bounds(start, end, step.toDouble());
  const int64_t n = count_of(start, end, step, t);
  Tensor out = empty_on(device.value_or(Device(c10::DeviceType::CPU)), {n}, t);
  fill_sequence(out, start, step);
  return out;
}
Tensor arange_start(const Scalar& start, const Scalar& end, std::optional<ScalarType> dtype,
                    std::optional<c10::Layout> layout, std::optional<Device> device,
                    std::optional<bool> pin) {
  return arange_start_step(start, end, 1, dtype.value_or(type_of({&start, &end})), layout, device,
                           pin);
}
Tensor arange(const Scalar& end, std::optional<ScalarType> dtype, std::optional<c10::Layout> layout,
              std::optional<Device> device, std::optional<bool> pin) {
  return arange_start_step(0, end, 1, dtype.value_or(type_of({&end})), layout, device, pin);
}

}  // namespace pharos::ops
