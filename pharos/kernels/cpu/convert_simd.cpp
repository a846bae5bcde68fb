// Rows of bfloat16 and float16 to f32 and back, rounding to nearest even.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/convert_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/cpu/dtype.h"
#include "kernels/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {

void Bf16ToFloat(const uint16_t* src, float* dst, int64_t n) {
  const hn::ScalableTag<float> df;
  const hn::RebindToUnsigned<decltype(df)> du;
  const hn::Rebind<uint16_t, decltype(df)> dh;
  const int64_t vl = hn::Lanes(df);
  int64_t i = 0;
  for (; i + vl <= n; i += vl) {
    const auto u = hn::ShiftLeft<16>(hn::PromoteTo(du, hn::LoadU(dh, src + i)));
    hn::StoreU(hn::BitCast(df, u), df, dst + i);
  }
  for (; i < n; ++i) dst[i] = to_float(BFloat16{src[i]});
}

void FloatToBf16(const float* src, uint16_t* dst, int64_t n) {
  const hn::ScalableTag<float> df;
  const hn::RebindToSigned<decltype(df)> di;
  const hn::RebindToUnsigned<decltype(df)> du;
  const hn::Rebind<uint16_t, decltype(df)> dh;
  const int64_t vl = hn::Lanes(df);
  int64_t i = 0;
  for (; i + vl <= n; i += vl) {
    const auto f = hn::LoadU(df, src + i);
    const auto u = hn::BitCast(du, f);
    const auto odd = hn::And(hn::ShiftRight<16>(u), hn::Set(du, 1u));
    auto r = hn::ShiftRight<16>(hn::Add(u, hn::Add(odd, hn::Set(du, 0x7fffu))));
    const auto nan = hn::IsNaN(f);  // Ne is an ordered comparison in Highway 1.0.3
    r = hn::IfThenElse(hn::RebindMask(du, nan), hn::Set(du, 0x7fc0u), r);
    hn::StoreU(hn::DemoteTo(dh, hn::BitCast(di, r)), dh, dst + i);
  }
  for (; i < n; ++i) dst[i] = to_bfloat16(src[i]).bits;
}

void HalfToFloat(const uint16_t* src, float* dst, int64_t n) {
  int64_t i = 0;
#if PHAROS_NATIVE_MASKS  // these targets have F16C
  const hn::ScalableTag<float> df;
  const hn::Rebind<hwy::float16_t, decltype(df)> dh;
  const hn::RebindToUnsigned<decltype(dh)> du;
  const int64_t vl = hn::Lanes(df);
  for (; i + vl <= n; i += vl) {
    hn::StoreU(hn::PromoteTo(df, hn::BitCast(dh, hn::LoadU(du, src + i))), df, dst + i);
  }
#endif
  for (; i < n; ++i) dst[i] = to_float(Half{src[i]});
}

void FloatToHalf(const float* src, uint16_t* dst, int64_t n) {
  int64_t i = 0;
#if PHAROS_NATIVE_MASKS
  const hn::ScalableTag<float> df;
  const hn::Rebind<hwy::float16_t, decltype(df)> dh;
  const hn::RebindToUnsigned<decltype(dh)> du;
  const int64_t vl = hn::Lanes(df);
  for (; i + vl <= n; i += vl) {
    const auto f = hn::LoadU(df, src + i);
    if (!hn::AllTrue(df, hn::Eq(f, f))) {  // NaN payloads: the scalar code has one NaN
      for (int64_t j = i; j < i + vl; ++j) dst[j] = to_half(src[j]).bits;
      continue;
    }
    hn::StoreU(hn::BitCast(du, hn::DemoteTo(dh, f)), du, dst + i);
  }
#endif
  for (; i < n; ++i) dst[i] = to_half(src[i]).bits;
}

}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(Bf16ToFloat);
HWY_EXPORT(FloatToBf16);
HWY_EXPORT(HalfToFloat);
HWY_EXPORT(FloatToHalf);

void convert_to_float(DType from, const void* src, float* dst, int64_t n) {
  const auto* s = static_cast<const uint16_t*>(src);
  if (from == DType::kBFloat16) {
    HWY_DYNAMIC_DISPATCH(Bf16ToFloat)(s, dst, n);
  } else {
    HWY_DYNAMIC_DISPATCH(HalfToFloat)(s, dst, n);
  }
}

void convert_from_float(DType to, const float* src, void* dst, int64_t n) {
  auto* d = static_cast<uint16_t*>(dst);
  if (to == DType::kBFloat16) {
    HWY_DYNAMIC_DISPATCH(FloatToBf16)(src, d, n);
  } else {
    HWY_DYNAMIC_DISPATCH(FloatToHalf)(src, d, n);
  }
}
}  // namespace pharos::cpu
#endif
