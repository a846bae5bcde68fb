// Inner loops of reductions: rows with four vector accumulators, columns in registers. Operations
// and types without vectors are in reduce_plain.cpp.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/reduce_simd.cpp"
#include <cmath>

#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/reduce_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class A>
HWY_INLINE bool NotANumber(A x) {
  if constexpr (hwy::IsFloat<A>()) return !(x == x);
  return false;
}

// Each operation: `identity`, `step` on scalars, `vstep` on vectors, `join` and `vjoin` of partial
// results.
struct SumOp {
  template <class A>
  static constexpr A identity() {
    return A(0);
  }
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    return acc + x;
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D, V acc, V x, V) {
    return hn::Add(acc, x);
  }
  template <class A>
  static HWY_INLINE A join(A a, A b) {
    return a + b;
  }
  template <class D, class V>
  static HWY_INLINE V vjoin(D, V a, V b) {
    return hn::Add(a, b);
  }
};

struct NanSumOp : SumOp {
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    return NotANumber(x) ? acc : acc + x;
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D d, V acc, V x, V) {
    return hn::Add(acc, hn::IfThenZeroElse(hn::IsNaN(x), x));
  }
};

struct AbsSumOp : SumOp {
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    return acc + std::abs(x);
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D, V acc, V x, V) {
    return hn::Add(acc, hn::Abs(x));
  }
};

struct SquareSumOp : SumOp {
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    return acc + x * x;
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D, V acc, V x, V) {
    return hn::Add(acc, hn::Mul(x, x));
  }
};

struct VarianceOp : SumOp {
  template <class A>
  static HWY_INLINE A step(A acc, A x, A mean) {
    return acc + (x - mean) * (x - mean);
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D, V acc, V x, V mean) {
    const V t = hn::Sub(x, mean);
    return hn::Add(acc, hn::Mul(t, t));
  }
};

struct ProdOp {
  template <class A>
  static constexpr A identity() {
    return A(1);
  }
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    return acc * x;
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D, V acc, V x, V) {
    return hn::Mul(acc, x);
  }
  template <class A>
  static HWY_INLINE A join(A a, A b) {
    return a * b;
  }
  template <class D, class V>
  static HWY_INLINE V vjoin(D, V a, V b) {
    return hn::Mul(a, b);
  }
};

template <bool kLargest, bool kAbs>
struct ExtremeOp {
  template <class A>
  static constexpr A identity() {
    if constexpr (hwy::IsFloat<A>()) {
      if (kAbs && kLargest) return A(0);
      return kLargest ? -A(INFINITY) : A(INFINITY);
    } else {
      return kLargest ? hwy::LimitsMin<A>() : hwy::LimitsMax<A>();
    }
  }
  template <class A>
  static HWY_INLINE A join(A acc, A x) {
    const bool better = kLargest ? x > acc : x < acc;
    return better || NotANumber(x) ? x : acc;
  }
  template <class A>
  static HWY_INLINE A step(A acc, A x, A) {
    if constexpr (kAbs) x = std::abs(x);
    return join(acc, x);
  }
  template <class D, class V>
  static HWY_INLINE V vjoin(D, V acc, V x) {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      const auto better = kLargest ? hn::Gt(x, acc) : hn::Lt(x, acc);
      return hn::IfThenElse(hn::Or(better, hn::IsNaN(x)), x, acc);
    } else {
      return kLargest ? hn::Max(acc, x) : hn::Min(acc, x);
    }
  }
  template <class D, class V>
  static HWY_INLINE V vstep(D d, V acc, V x, V) {
    if constexpr (kAbs) x = hn::Abs(x);
    return vjoin(d, acc, x);
  }
};

// Joins the lanes of a vector, halves at a time.
template <class Op, class D, class V>
HWY_INLINE hn::TFromD<D> Fold(D d, V v) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    return hn::GetLane(v);
  } else {
    const hn::Half<D> half;
    return Fold<Op>(half, Op::vjoin(half, hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

template <class Op, class A>
A Row(const A* HWY_RESTRICT p, int64_t n, A arg) {
  const hn::ScalableTag<A> d;
  const int64_t vl = hn::Lanes(d);
  A tail = Op::template identity<A>();
  int64_t i = 0;
  if (n < vl) {
    for (; i < n; ++i) tail = Op::step(tail, p[i], arg);
    return tail;
  }
  const auto varg = hn::Set(d, arg);
  auto v0 = hn::Set(d, Op::template identity<A>()), v1 = v0, v2 = v0, v3 = v0;
  for (; i + 4 * vl <= n; i += 4 * vl) {
    v0 = Op::vstep(d, v0, hn::LoadU(d, p + i), varg);
    v1 = Op::vstep(d, v1, hn::LoadU(d, p + i + vl), varg);
    v2 = Op::vstep(d, v2, hn::LoadU(d, p + i + 2 * vl), varg);
    v3 = Op::vstep(d, v3, hn::LoadU(d, p + i + 3 * vl), varg);
  }
  for (; i + vl <= n; i += vl) v0 = Op::vstep(d, v0, hn::LoadU(d, p + i), varg);
  for (; i < n; ++i) tail = Op::step(tail, p[i], arg);
  const auto sum = Op::vjoin(d, Op::vjoin(d, v0, v2), Op::vjoin(d, v1, v3));
  return Op::join(Fold<Op>(d, sum), tail);
}

template <class Op, class A>
void Columns(A* acc, const A* p, int64_t stride, int64_t rows, int64_t n, const A* args) {
  const hn::ScalableTag<A> d;
  const int64_t vl = hn::Lanes(d);
  int64_t j = 0;
  for (; j + 4 * vl <= n; j += 4 * vl) {
    auto v0 = hn::LoadU(d, acc + j), v1 = hn::LoadU(d, acc + j + vl);
    auto v2 = hn::LoadU(d, acc + j + 2 * vl), v3 = hn::LoadU(d, acc + j + 3 * vl);
    auto a0 = v0, a1 = v1, a2 = v2, a3 = v3;
    if (args) {
      a0 = hn::LoadU(d, args + j), a1 = hn::LoadU(d, args + j + vl);
      a2 = hn::LoadU(d, args + j + 2 * vl), a3 = hn::LoadU(d, args + j + 3 * vl);
    }
    const A* q = p + j;
    for (int64_t r = 0; r < rows; ++r, q += stride) {
      v0 = Op::vstep(d, v0, hn::LoadU(d, q), a0);
      v1 = Op::vstep(d, v1, hn::LoadU(d, q + vl), a1);
      v2 = Op::vstep(d, v2, hn::LoadU(d, q + 2 * vl), a2);
      v3 = Op::vstep(d, v3, hn::LoadU(d, q + 3 * vl), a3);
    }
    hn::StoreU(v0, d, acc + j);
    hn::StoreU(v1, d, acc + j + vl);
    hn::StoreU(v2, d, acc + j + 2 * vl);
    hn::StoreU(v3, d, acc + j + 3 * vl);
  }
  for (; j + vl <= n; j += vl) {
    auto v = hn::LoadU(d, acc + j);
    const auto a = args ? hn::LoadU(d, args + j) : v;
    const A* q = p + j;
    for (int64_t r = 0; r < rows; ++r, q += stride) v = Op::vstep(d, v, hn::LoadU(d, q), a);
    hn::StoreU(v, d, acc + j);
  }
  for (; j < n; ++j) {
    A v = acc[j];
    const A a = args ? args[j] : A(0);
    for (int64_t r = 0; r < rows; ++r) v = Op::step(v, p[r * stride + j], a);
    acc[j] = v;
  }
}

template <class Op, class A>
A Join(A a, A b) {
  return Op::join(a, b);
}

template <class Op, class A>
const ReduceKernels<A>* Table() {
  static constexpr ReduceKernels<A> table = {Op::template identity<A>(), Row<Op, A>, Columns<Op, A>,
                                             Join<Op, A>};
  return &table;
}

template <class A>
const ReduceKernels<A>* FloatKernels(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kSum:
      return Table<SumOp, A>();
    case ReduceKind::kNanSum:
      return Table<NanSumOp, A>();
    case ReduceKind::kProd:
      return Table<ProdOp, A>();
    case ReduceKind::kMin:
      return Table<ExtremeOp<false, false>, A>();
    case ReduceKind::kMax:
      return Table<ExtremeOp<true, false>, A>();
    case ReduceKind::kAbsSum:
      return Table<AbsSumOp, A>();
    case ReduceKind::kSquareSum:
      return Table<SquareSumOp, A>();
    case ReduceKind::kAbsMin:
      return Table<ExtremeOp<false, true>, A>();
    case ReduceKind::kAbsMax:
      return Table<ExtremeOp<true, true>, A>();
    case ReduceKind::kVariance:
      return Table<VarianceOp, A>();
    default:
      return nullptr;
  }
}

const ReduceKernels<int64_t>* IntKernels(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kSum:
    case ReduceKind::kCount:
      return Table<SumOp, int64_t>();
    case ReduceKind::kMin:
      return Table<ExtremeOp<false, false>, int64_t>();
    case ReduceKind::kMax:
      return Table<ExtremeOp<true, false>, int64_t>();
    default:
      return nullptr;
  }
}

const ReduceKernels<uint8_t>* ByteKernels(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMin:
    case ReduceKind::kAll:
      return Table<ExtremeOp<false, false>, uint8_t>();
    case ReduceKind::kMax:
    case ReduceKind::kAny:
      return Table<ExtremeOp<true, false>, uint8_t>();
    default:
      return nullptr;
  }
}

template <class A>
HWY_INLINE int64_t FindEqual(const A* p, int64_t n, A value) {
  const hn::ScalableTag<A> d;
  const int64_t vl = hn::Lanes(d);
  const auto v = hn::Set(d, value);
  int64_t i = 0;
  for (; i + vl <= n; i += vl) {
    const auto x = hn::LoadU(d, p + i);
    intptr_t at;
    if constexpr (hwy::IsFloat<A>()) {
      at = NotANumber(value) ? hn::FindFirstTrue(d, hn::IsNaN(x))
                             : hn::FindFirstTrue(d, hn::Eq(x, v));
    } else {
      at = hn::FindFirstTrue(d, hn::Eq(x, v));
    }
    if (at >= 0) return i + at;
  }
  for (; i < n; ++i) {
    if (p[i] == value || (NotANumber(value) && NotANumber(p[i]))) return i;
  }
  return 0;
}

template <class A>
int64_t ArgExtreme(const A* p, int64_t n, bool largest) {
  const A best = largest ? Row<ExtremeOp<true, false>, A>(p, n, A(0))
                         : Row<ExtremeOp<false, false>, A>(p, n, A(0));
  return FindEqual(p, n, best);
}

template <bool kLargest, class A>
void ArgColumns(A* HWY_RESTRICT best, int64_t* HWY_RESTRICT index, const A* HWY_RESTRICT p,
                int64_t at, int64_t n) {
  for (int64_t j = 0; j < n; ++j) {
    const A x = p[j], b = best[j];
    const bool better = kLargest ? x > b : x < b;
    const bool take = (better | NotANumber(x)) & !NotANumber(b);
    best[j] = take ? x : b;
    index[j] = take ? at : index[j];
  }
}

template <class A>
void ArgExtremeColumns(A* best, int64_t* index, const A* p, int64_t at, int64_t n, bool largest) {
  if (largest) {
    ArgColumns<true>(best, index, p, at, n);
  } else {
    ArgColumns<false>(best, index, p, at, n);
  }
}

const ReduceKernels<float>* KernelsF32(ReduceKind k) { return FloatKernels<float>(k); }
const ReduceKernels<double>* KernelsF64(ReduceKind k) { return FloatKernels<double>(k); }
const ReduceKernels<int64_t>* KernelsI64(ReduceKind k) { return IntKernels(k); }
const ReduceKernels<uint8_t>* KernelsU8(ReduceKind k) { return ByteKernels(k); }
int64_t ArgF32(const float* p, int64_t n, bool largest) { return ArgExtreme(p, n, largest); }
int64_t ArgF64(const double* p, int64_t n, bool largest) { return ArgExtreme(p, n, largest); }
int64_t ArgI64(const int64_t* p, int64_t n, bool largest) { return ArgExtreme(p, n, largest); }
void ArgColumnsF32(float* b, int64_t* i, const float* p, int64_t at, int64_t n, bool largest) {
  ArgExtremeColumns(b, i, p, at, n, largest);
}
void ArgColumnsF64(double* b, int64_t* i, const double* p, int64_t at, int64_t n, bool largest) {
  ArgExtremeColumns(b, i, p, at, n, largest);
}
void ArgColumnsI64(int64_t* b, int64_t* i, const int64_t* p, int64_t at, int64_t n, bool largest) {
  ArgExtremeColumns(b, i, p, at, n, largest);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(KernelsF32);
HWY_EXPORT(KernelsF64);
HWY_EXPORT(KernelsI64);
HWY_EXPORT(KernelsU8);
HWY_EXPORT(ArgF32);
HWY_EXPORT(ArgF64);
HWY_EXPORT(ArgI64);
HWY_EXPORT(ArgColumnsF32);
HWY_EXPORT(ArgColumnsF64);
HWY_EXPORT(ArgColumnsI64);

template <>
const ReduceKernels<float>* reduce_kernels(ReduceKind kind) {
  const auto* k = HWY_DYNAMIC_DISPATCH(KernelsF32)(kind);
  return k ? k : plain_kernels<float>(kind);
}
template <>
const ReduceKernels<double>* reduce_kernels(ReduceKind kind) {
  const auto* k = HWY_DYNAMIC_DISPATCH(KernelsF64)(kind);
  return k ? k : plain_kernels<double>(kind);
}
template <>
const ReduceKernels<int64_t>* reduce_kernels(ReduceKind kind) {
  const auto* k = HWY_DYNAMIC_DISPATCH(KernelsI64)(kind);
  return k ? k : plain_kernels<int64_t>(kind);
}
template <>
const ReduceKernels<uint8_t>* reduce_kernels(ReduceKind kind) {
  return HWY_DYNAMIC_DISPATCH(KernelsU8)(kind);
}
template <>
const ReduceKernels<c10::complex<float>>* reduce_kernels(ReduceKind kind) {
  return plain_kernels<c10::complex<float>>(kind);
}
template <>
const ReduceKernels<c10::complex<double>>* reduce_kernels(ReduceKind kind) {
  return plain_kernels<c10::complex<double>>(kind);
}

template <>
int64_t arg_extreme(const float* p, int64_t n, bool largest) {
  return HWY_DYNAMIC_DISPATCH(ArgF32)(p, n, largest);
}
template <>
int64_t arg_extreme(const double* p, int64_t n, bool largest) {
  return HWY_DYNAMIC_DISPATCH(ArgF64)(p, n, largest);
}
template <>
int64_t arg_extreme(const int64_t* p, int64_t n, bool largest) {
  return HWY_DYNAMIC_DISPATCH(ArgI64)(p, n, largest);
}
template <>
void arg_extreme_columns(float* b, int64_t* i, const float* p, int64_t at, int64_t n,
                         bool largest) {
  HWY_DYNAMIC_DISPATCH(ArgColumnsF32)(b, i, p, at, n, largest);
}
template <>
void arg_extreme_columns(double* b, int64_t* i, const double* p, int64_t at, int64_t n,
                         bool largest) {
  HWY_DYNAMIC_DISPATCH(ArgColumnsF64)(b, i, p, at, n, largest);
}
template <>
void arg_extreme_columns(int64_t* b, int64_t* i, const int64_t* p, int64_t at, int64_t n,
                         bool largest) {
  HWY_DYNAMIC_DISPATCH(ArgColumnsI64)(b, i, p, at, n, largest);
}
}  // namespace pharos::cpu
#endif
