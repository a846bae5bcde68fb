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
  if (dtype == c10::kLong && start.isIntegral(true) && end.isIntegral(true) &&
      step.isIntegral(true)) {
    const int64_t s = step.toLong(), sign = s > 0 ? 1 : -1;
    n = std::ceil(static_cast<double>(end.toLong() - start.toLong() + s - sign) / s);
    n = static_cast<double>((end.toLong() - start.toLong() + s - sign) / s);
  } else if (dtype == c10::kLong) {
    const int64_t s = step.toLong(), sign = s > 0 ? 1 : -1;
    n = static_cast<double>((end.toLong() - start.toLong() + s - sign) / s);
  } else {
    n = std::ceil((end.toDouble() - start.toDouble()) / step.toDouble());
  }
  TORCH_CHECK(n >= 0 && n <= 9.2e18, "invalid size, possible overflow?");
  return static_cast<int64_t>(n);
}

}  // namespace

// out[i] = start + i * step, computed in the accumulation type of out's dtype.
void fill_sequence(const Tensor& out, const Scalar& start, const Scalar& step) {
  const int64_t n = out.numel();
  if (n == 0 || !out.is_cpu()) return;
  const ScalarType t = out.scalar_type();
  TORCH_CHECK_NOT_IMPLEMENTED(!c10::isComplexType(t) && t != c10::kBool,
                              "\"arange_cpu\" not implemented for '", t, "'");
  char* data = out.unsafeGetTensorImpl()->data;
  const auto item = static_cast<int64_t>(out.itemsize());
  const bool integral = c10::isIntegralType(t, true);
  const int64_t istart = integral ? start.toLong() : 0, istep = integral ? step.toLong() : 0;
  const double dstart = integral ? 0 : start.toDouble(), dstep = integral ? 0 : step.toDouble();
  cpu::parallel_for(0, n, 32768, [&](int64_t begin, int64_t end) {
    constexpr int64_t kBlock = 256;
    for (int64_t i = begin; i < end; i += kBlock) {
      const int64_t m = std::min(kBlock, end - i);
      char* to = data + i * item;
      if (integral) {
        int64_t block[kBlock];
        for (int64_t j = 0; j < m; ++j) block[j] = istart + istep * (i + j);
        cpu::convert_dense(m, to, t, block, c10::kLong);
      } else if (t == c10::kDouble) {
        auto* p = reinterpret_cast<double*>(to);
        for (int64_t j = 0; j < m; ++j) p[j] = dstart + dstep * static_cast<double>(i + j);
      } else {
        double block[kBlock];
        for (int64_t j = 0; j < m; ++j) block[j] = dstart + dstep * static_cast<double>(i + j);
        cpu::convert_dense(m, to, t, block, c10::kDouble);
      }
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
