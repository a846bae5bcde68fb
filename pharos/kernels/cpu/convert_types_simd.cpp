// Packed runs among integers, bool, float and double, vectorised by the compiler for each target.
#include "kernels/cpu/convert.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/convert_types_simd.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace pharos::cpu::HWY_NAMESPACE {
namespace {

struct BoolByte {
  uint8_t v;
};

template <class D, class S>
void Convert(int64_t n, void* dst, const void* src) {
  auto* HWY_RESTRICT d = static_cast<D*>(dst);
  const auto* HWY_RESTRICT s = static_cast<const S*>(src);
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<D, BoolByte>) {
      d[i].v = s[i] != S(0);
    } else if constexpr (std::is_same_v<S, BoolByte>) {
      d[i] = static_cast<D>(s[i].v);
    } else if constexpr (std::is_floating_point_v<S> && sizeof(D) < 4) {
      // Through int, as x86 does it for int8 and int16, so that negative values wrap for bytes too.
      d[i] = static_cast<D>(static_cast<int32_t>(s[i]));
    } else {
      d[i] = static_cast<D>(s[i]);
    }
  }
}

#define PHAROS_ROW(D)                                                                    \
  {                                                                                      \
    Convert<D, uint8_t>, Convert<D, int8_t>, Convert<D, int16_t>, Convert<D, int32_t>,   \
        Convert<D, int64_t>, Convert<D, float>, Convert<D, double>, Convert<D, BoolByte> \
  }
const DenseConvert kTable[8][8] = {
    PHAROS_ROW(uint8_t),
    PHAROS_ROW(int8_t),
    PHAROS_ROW(int16_t),
    PHAROS_ROW(int32_t),
    PHAROS_ROW(int64_t),
    PHAROS_ROW(float),
    PHAROS_ROW(double),
    {Convert<BoolByte, uint8_t>, Convert<BoolByte, int8_t>, Convert<BoolByte, int16_t>,
     Convert<BoolByte, int32_t>, Convert<BoolByte, int64_t>, Convert<BoolByte, float>,
     Convert<BoolByte, double>, nullptr}};
#undef PHAROS_ROW

DenseConvert Lookup(int dst, int src) { return kTable[dst][src]; }

}  // namespace
}  // namespace pharos::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pharos::cpu {
HWY_EXPORT(Lookup);

DenseConvert basic_convert(ScalarType dst, ScalarType src) {
  static constexpr int8_t kSlot[16] = {0, 1, 2, 3, 4, -1, 5, 6, -1, -1, -1, 7, -1, -1, -1, -1};
  const auto slot = [](ScalarType t) {
    const auto i = static_cast<unsigned>(t);
    return i < 16 ? kSlot[i] : int8_t(-1);
  };
  const int d = slot(dst), s = slot(src);
  return d < 0 || s < 0 ? nullptr : HWY_DYNAMIC_DISPATCH(Lookup)(d, s);
}
}  // namespace pharos::cpu
#endif
