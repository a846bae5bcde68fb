// Inner loops of reductions by types or operations that have no vectors, once for all machines.
#include <cmath>

#include "kernels/cpu/reduce_kernels.h"

namespace pharos::cpu {
namespace {

// Each operation: `identity`, `step` with the kernel's argument, `join` of partial results.
struct Sum {
  template <class A>
  static constexpr A identity() {
    return A(0);
  }
  template <class A>
  static A step(A acc, A x, A) {
    return acc + x;
  }
  template <class A>
  static A join(A a, A b) {
    return a + b;
  }
};

struct Prod {
  template <class A>
  static constexpr A identity() {
    return A(1);
  }
  template <class A>
  static A step(A acc, A x, A) {
    return acc * x;
  }
  template <class A>
  static A join(A a, A b) {
    return a * b;
  }
};

struct PowSum : Sum {
  template <class A>
  static A step(A acc, A x, A p) {
    return acc + std::pow(std::abs(x), p);
  }
};

struct ComplexNanSum : Sum {
  template <class A>
  static A step(A acc, A x, A) {
    return std::isnan(x.real()) || std::isnan(x.imag()) ? acc : acc + x;
  }
};

template <class Op, class A>
A row(const A* p, int64_t n, A arg) {
  A a0 = Op::template identity<A>(), a1 = a0, a2 = a0, a3 = a0;
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    a0 = Op::step(a0, p[i], arg);
    a1 = Op::step(a1, p[i + 1], arg);
    a2 = Op::step(a2, p[i + 2], arg);
    a3 = Op::step(a3, p[i + 3], arg);
  }
  for (; i < n; ++i) a0 = Op::step(a0, p[i], arg);
  return Op::join(Op::join(a0, a1), Op::join(a2, a3));
}

template <class Op, class A>
void columns(A* acc, const A* p, int64_t stride, int64_t rows, int64_t n, const A* args) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < n; ++j) {
      acc[j] = Op::step(acc[j], p[r * stride + j], args ? args[j] : A(0));
    }
  }
}

template <class Op, class A>
A join(A a, A b) {
  return Op::join(a, b);
}

template <class Op, class A>
const ReduceKernels<A>* table() {
  static constexpr ReduceKernels<A> kernels = {Op::template identity<A>(), row<Op, A>,
                                               columns<Op, A>, join<Op, A>};
  return &kernels;
}

template <class A>
const ReduceKernels<A>* of_complex(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kSum:
      return table<Sum, A>();
    case ReduceKind::kNanSum:
      return table<ComplexNanSum, A>();
    case ReduceKind::kProd:
      return table<Prod, A>();
    default:
      return nullptr;
  }
}

}  // namespace

template <>
const ReduceKernels<float>* plain_kernels(ReduceKind kind) {
  return kind == ReduceKind::kPowSum ? table<PowSum, float>() : nullptr;
}
template <>
const ReduceKernels<double>* plain_kernels(ReduceKind kind) {
  return kind == ReduceKind::kPowSum ? table<PowSum, double>() : nullptr;
}
template <>
const ReduceKernels<int64_t>* plain_kernels(ReduceKind kind) {
  return kind == ReduceKind::kProd ? table<Prod, int64_t>() : nullptr;
}
template <>
const ReduceKernels<c10::complex<float>>* plain_kernels(ReduceKind kind) {
  return of_complex<c10::complex<float>>(kind);
}
template <>
const ReduceKernels<c10::complex<double>>* plain_kernels(ReduceKind kind) {
  return of_complex<c10::complex<double>>(kind);
}

}  // namespace pharos::cpu
