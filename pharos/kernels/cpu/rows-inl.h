// Highway helpers for reductions and maps along contiguous rows. Sums use four vectors in blocks of
// 2048 items and add the blocks in f64: the error stays near half an ulp for any length, and the
// result depends on the length only.
#if defined(PHAROS_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PHAROS_KERNELS_ROWS_INL_H_
#undef PHAROS_KERNELS_ROWS_INL_H_
#else
#define PHAROS_KERNELS_ROWS_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

template <class T>
using RowTag = hn::ScalableTag<T>;
template <class T>
using RowVec = hn::Vec<RowTag<T>>;
template <class T>
constexpr int64_t kRowLanes = hn::MaxLanes(RowTag<T>());

// Sum over i of term(i): term(i, lanes) gives the vector at i, zero beyond `lanes` items.
template <class T, class F>
HWY_INLINE double row_sum(int64_t n, F&& term) {
  const RowTag<T> d;
  constexpr int64_t vl = kRowLanes<T>;
  constexpr int64_t kBlock = 2048;
  double total = 0;
  for (int64_t start = 0; start < n; start += kBlock) {
    const int64_t end = n - start > kBlock ? start + kBlock : n;
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = start;
    for (; i + 4 * vl <= end; i += 4 * vl) {
      s0 = hn::Add(s0, term(i, vl));
      s1 = hn::Add(s1, term(i + vl, vl));
      s2 = hn::Add(s2, term(i + 2 * vl, vl));
      s3 = hn::Add(s3, term(i + 3 * vl, vl));
    }
    for (; i + vl <= end; i += vl) s0 = hn::Add(s0, term(i, vl));
    if (i < end) s1 = hn::Add(s1, term(i, end - i));
    total += static_cast<double>(
        hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)))));
  }
  return total;
}

template <class T>
HWY_INLINE RowVec<T> row_load(const T* p, int64_t lanes) {
  return lanes == kRowLanes<T> ? hn::LoadU(RowTag<T>(), p) : load_first(RowTag<T>(), p, lanes);
}

// out[i] = f(i, lanes) for the whole row.
template <class T, class F>
HWY_INLINE void row_map(int64_t n, T* out, F&& f) {
  const RowTag<T> d;
  constexpr int64_t vl = kRowLanes<T>;
  int64_t i = 0;
  for (; i + vl <= n; i += vl) hn::StoreU(f(i, vl), d, out + i);
  if (i < n) store_first(f(i, n - i), d, out + i, n - i);
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
