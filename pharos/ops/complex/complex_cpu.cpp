// CPU kernels of complex operators.
#include <cmath>

#include "kernels/cpu/copy.h"
#include "kernels/cpu/pointwise_ops.h"
#include "ops/complex_decls.h"

namespace pharos::cpu {
namespace {

template <class T>
void complex_loop(int64_t n, void* const* p, const void*) {
  T* o = static_cast<T*>(p[0]);
  const T *re = static_cast<const T*>(p[1]), *im = static_cast<const T*>(p[2]);
  for (int64_t i = 0; i < n; ++i) {
    o[2 * i] = re[i];
    o[2 * i + 1] = im[i];
  }
}
template <class T>
void polar_loop(int64_t n, void* const* p, const void*) {
  T* o = static_cast<T*>(p[0]);
  const T *r = static_cast<const T*>(p[1]), *angle = static_cast<const T*>(p[2]);
  for (int64_t i = 0; i < n; ++i) {
    o[2 * i] = r[i] * std::cos(angle[i]);
    o[2 * i + 1] = r[i] * std::sin(angle[i]);
  }
}

void run(LoopFn f32, LoopFn f64, const Tensor& out, const Tensor& a, const Tensor& b, int cost) {
  const ScalarType t = a.scalar_type();
  const Operand ops[] = {{&out, out.scalar_type()}, {&a, t}, {&b, t}};
  run_loop(t == c10::kDouble ? f64 : f32, ops, 1, 2, nullptr, cost);
}

}  // namespace

void complex_kernel(const Tensor& out, const Tensor& real, const Tensor& imag) {
  run(complex_loop<float>, complex_loop<double>, out, real, imag, 1);
}
void polar_kernel(const Tensor& out, const Tensor& abs, const Tensor& angle) {
  run(polar_loop<float>, polar_loop<double>, out, abs, angle, 16);
}

void angle_kernel(const Tensor& out, const Tensor& self) {
  const OpTable& table = op_table(Op::kAngle);
  if (!self.is_complex()) return unary_loop(table, out, self);
  const Operand ops[] = {{&out, out.scalar_type()}, {&self, self.scalar_type()}};
  run_loop(find_loop(table, self.scalar_type()), ops, 1, 1, nullptr, 8);
}

void conj_physical_kernel(const Tensor& out, const Tensor& self) {
  if (!self.is_complex()) return copy_values(out, self);
  unary_loop(op_table(Op::kConj), out, self);
}

}  // namespace pharos::cpu
