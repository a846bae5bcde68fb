// Element types as kernels see them: an enum with ScalarType's numbers, and half-precision values
// as plain bit patterns. Kernels take raw pointers and this enum; they know nothing of tensors.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace pharos::cpu {

enum class DType : int8_t {
  kByte = 0,
  kChar = 1,
  kShort = 2,
  kInt = 3,
  kLong = 4,
  kHalf = 5,
  kFloat = 6,
  kDouble = 7,
  kComplexHalf = 8,
  kComplexFloat = 9,
  kComplexDouble = 10,
  kBool = 11,
  kBFloat16 = 15,
};

inline int64_t item_size(DType t) noexcept {
  switch (t) {
    case DType::kByte:
    case DType::kChar:
    case DType::kBool:
      return 1;
    case DType::kShort:
    case DType::kHalf:
    case DType::kBFloat16:
      return 2;
    case DType::kInt:
    case DType::kFloat:
    case DType::kComplexHalf:
      return 4;
    case DType::kLong:
    case DType::kDouble:
    case DType::kComplexFloat:
      return 8;
    case DType::kComplexDouble:
      return 16;
  }
  return 0;
}

struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

inline float to_float(BFloat16 x) noexcept {
  const uint32_t u = static_cast<uint32_t>(x.bits) << 16;
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

inline BFloat16 to_bfloat16(float f) noexcept {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  if ((u & 0x7fffffffu) > 0x7f800000u) return {0x7fc0};  // one NaN, as PyTorch writes it
  return {static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16)};
}

inline float to_float(Half x) noexcept {
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000u) << 16;
  const uint32_t rest = x.bits & 0x7fffu;
  uint32_t u;
  float f;
  if (rest >= 0x7c00u) {  // infinity and NaN
    u = sign | 0x7f800000u | ((rest & 0x3ffu) << 13);
  } else if (rest >= 0x400u) {
    u = sign | ((rest + 0x1c000u) << 13);
  } else {  // zero and subnormals: exact in f32
    f = static_cast<float>(rest) * 0x1p-24f;
    std::memcpy(&u, &f, 4);
    u |= sign;
  }
  std::memcpy(&f, &u, 4);
  return f;
}

inline Half to_half(float f) noexcept {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  const uint32_t sign = (u >> 16) & 0x8000u;
  u &= 0x7fffffffu;
  if (u > 0x7f800000u) return {static_cast<uint16_t>(sign | 0x7e00u)};
  if (u >= 0x47800000u) return {static_cast<uint16_t>(sign | 0x7c00u)};  // 2^16 and above
  if (u < 0x38800000u) {  // below 2^-14: let the f32 adder round to a multiple of 2^-24
    float g;
    std::memcpy(&g, &u, 4);
    g += 0.5f;
    std::memcpy(&u, &g, 4);
    return {static_cast<uint16_t>(sign | (u - 0x3f000000u))};
  }
  u += 0xc8000fffu + ((u >> 13) & 1u);  // re-bias, round to nearest even; may carry to infinity
  return {static_cast<uint16_t>(sign | (u >> 13))};
}

// Rows of half precision to f32 and back.
void convert_to_float(DType from, const void* src, float* dst, int64_t n);
void convert_from_float(DType to, const float* src, void* dst, int64_t n);

}  // namespace pharos::cpu
