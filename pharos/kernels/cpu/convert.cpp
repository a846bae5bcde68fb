// Conversions between any two dtypes: halves and complex numbers go through float or double in
// blocks on the stack, everything else through the compiled pairs.
#include "kernels/cpu/convert.h"

#include <pharos/core/exception.h>

#include <cstring>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {
namespace {

constexpr int64_t kBlock = 512;

template <class T>
void copy_items(int64_t n, char* dst, int64_t ds, const char* src, int64_t ss) {
  constexpr int64_t kSize = sizeof(T);
  if (ds == kSize) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(dst + i * kSize, src + i * ss, kSize);
  } else if (ss == kSize) {
    for (int64_t i = 0; i < n; ++i) std::memcpy(dst + i * ds, src + i * kSize, kSize);
  } else {
    for (int64_t i = 0; i < n; ++i) std::memcpy(dst + i * ds, src + i * ss, kSize);
  }
}

template <class T>
void fill(int64_t n, void* dst, const void* item) {
  constexpr int64_t kLanes = 16 / sizeof(T);
  T v;
  std::memcpy(&v, item, sizeof v);
  alignas(16) T lanes[kLanes];
  for (T& lane : lanes) lane = v;
  T* d = static_cast<T*>(dst);
  for (; n >= kLanes; n -= kLanes, d += kLanes) std::memcpy(d, lanes, sizeof lanes);
  for (int64_t i = 0; i < n; ++i) d[i] = v;
}

struct Item16 {
  uint64_t a, b;
};

DType to_dtype(ScalarType t) { return static_cast<DType>(t); }

// Real parts of complex numbers, or complex numbers of real ones.
template <class T>
void complex_to_real(int64_t n, T* dst, const T* src) {
  for (int64_t i = 0; i < n; ++i) dst[i] = src[2 * i];
}
template <class T>
void real_to_complex(int64_t n, T* dst, const T* src) {
  for (int64_t i = 0; i < n; ++i) {
    dst[2 * i] = src[i];
    dst[2 * i + 1] = T(0);
  }
}

// Complex on one side only.
void convert_from_complex(int64_t n, char* dst, ScalarType dst_type, const char* src,
                          ScalarType src_type) {
  alignas(64) double block[kBlock];
  const ScalarType real = c10::toRealValueType(src_type);
  const auto dst_size = static_cast<int64_t>(elementSize(dst_type));
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = n - i < kBlock ? n - i : kBlock;
    if (real == c10::kFloat)
      complex_to_real(m, reinterpret_cast<float*>(block),
                      reinterpret_cast<const float*>(src) + 2 * i);
    else
      complex_to_real(m, block, reinterpret_cast<const double*>(src) + 2 * i);
    convert_dense(m, dst + i * dst_size, dst_type, block, real);
  }
}

void convert_to_complex(int64_t n, char* dst, ScalarType dst_type, const char* src,
                        ScalarType src_type) {
  alignas(64) double block[kBlock];
  const ScalarType real = c10::toRealValueType(dst_type);
  const auto src_size = static_cast<int64_t>(elementSize(src_type));
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = n - i < kBlock ? n - i : kBlock;
    convert_dense(m, block, real, src + i * src_size, src_type);
    if (real == c10::kFloat)
      real_to_complex(m, reinterpret_cast<float*>(dst) + 2 * i,
                      reinterpret_cast<const float*>(block));
    else
      real_to_complex(m, reinterpret_cast<double*>(dst) + 2 * i, block);
  }
}

// At least one half, no complex: float is the stop between.
void convert_halves(int64_t n, char* dst, ScalarType dst_type, const char* src,
                    ScalarType src_type) {
  if (src_type == c10::kFloat)
    return convert_from_float(to_dtype(dst_type), reinterpret_cast<const float*>(src), dst, n);
  if (dst_type == c10::kFloat)
    return convert_to_float(to_dtype(src_type), src, reinterpret_cast<float*>(dst), n);
  alignas(64) float block[kBlock];
  const auto dst_size = static_cast<int64_t>(elementSize(dst_type));
  const auto src_size = static_cast<int64_t>(elementSize(src_type));
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = n - i < kBlock ? n - i : kBlock;
    convert_dense(m, block, c10::kFloat, src + i * src_size, src_type);
    convert_dense(m, dst + i * dst_size, dst_type, block, c10::kFloat);
  }
}

}  // namespace

void copy_strided(int64_t n, void* dst, int64_t ds, const void* src, int64_t ss, int64_t itemsize) {
  if (ds == itemsize && ss == itemsize) {
    if (dst != src) std::memcpy(dst, src, static_cast<size_t>(n * itemsize));
    return;
  }
  auto* d = static_cast<char*>(dst);
  const auto* s = static_cast<const char*>(src);
  switch (itemsize) {
    case 1:
      return copy_items<uint8_t>(n, d, ds, s, ss);
    case 2:
      return copy_items<uint16_t>(n, d, ds, s, ss);
    case 4:
      return copy_items<uint32_t>(n, d, ds, s, ss);
    case 8:
      return copy_items<uint64_t>(n, d, ds, s, ss);
    default:
      return copy_items<Item16>(n, d, ds, s, ss);
  }
}

void fill_items(int64_t n, void* dst, const void* item, int64_t itemsize) {
  switch (itemsize) {
    case 1:
      std::memset(dst, *static_cast<const uint8_t*>(item), static_cast<size_t>(n));
      return;
    case 2:
      return fill<uint16_t>(n, dst, item);
    case 4:
      return fill<uint32_t>(n, dst, item);
    case 8:
      return fill<uint64_t>(n, dst, item);
    default:
      return fill<Item16>(n, dst, item);
  }
}

void convert_dense(int64_t n, void* dst, ScalarType dst_type, const void* src,
                   ScalarType src_type) {
  if (dst_type == src_type) {
    if (dst != src) std::memcpy(dst, src, static_cast<size_t>(n) * elementSize(dst_type));
    return;
  }
  if (const DenseConvert f = basic_convert(dst_type, src_type)) return f(n, dst, src);
  auto* d = static_cast<char*>(dst);
  const auto* s = static_cast<const char*>(src);
  const auto known = [](ScalarType t) {
    return basic_convert(c10::kFloat, t) || isReducedFloatingType(t) || t == c10::kComplexFloat ||
           t == c10::kComplexDouble;
  };
  TORCH_CHECK_NOT_IMPLEMENTED(known(dst_type) && known(src_type), "\"copy_\" not implemented for '",
                              toString(known(dst_type) ? src_type : dst_type), "'");
  const bool from = isComplexType(src_type), to = isComplexType(dst_type);
  if (from && to) {
    const ScalarType rs = c10::toRealValueType(src_type), rd = c10::toRealValueType(dst_type);
    return convert_dense(2 * n, dst, rd, src, rs);
  }
  // A complex number is true if either part is.
  if (from && dst_type == c10::kBool) {
    for (int64_t i = 0; i < n; ++i) {
      bool v;
      if (src_type == c10::kComplexFloat) {
        const auto* p = static_cast<const float*>(src) + 2 * i;
        v = p[0] != 0 || p[1] != 0;
      } else {
        const auto* p = static_cast<const double*>(src) + 2 * i;
        v = p[0] != 0 || p[1] != 0;
      }
      d[i] = v;
    }
    return;
  }
  if (from) return convert_from_complex(n, d, dst_type, s, src_type);
  if (to) return convert_to_complex(n, d, dst_type, s, src_type);
  convert_halves(n, d, dst_type, s, src_type);
}

void convert(int64_t n, void* dst, ScalarType dst_type, int64_t ds, const void* src,
             ScalarType src_type, int64_t ss) {
  const auto dsize = static_cast<int64_t>(elementSize(dst_type));
  const auto ssize = static_cast<int64_t>(elementSize(src_type));
  if (n <= 0) return;
  if (ss == 0) {
    alignas(16) char one[16];
    convert_dense(1, one, dst_type, src, src_type);
    if (ds == dsize) return fill_items(n, dst, one, dsize);
    return copy_strided(n, dst, ds, one, 0, dsize);
  }
  if (dst_type == src_type) return copy_strided(n, dst, ds, src, ss, dsize);
  if (ds == dsize && ss == ssize) return convert_dense(n, dst, dst_type, src, src_type);
  alignas(64) char in[kBlock * 16], out[kBlock * 16];
  auto* d = static_cast<char*>(dst);
  const auto* s = static_cast<const char*>(src);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = n - i < kBlock ? n - i : kBlock;
    const char* from = s + i * ss;
    if (ss != ssize) {
      copy_strided(m, in, ssize, from, ss, ssize);
      from = in;
    }
    if (ds == dsize) {
      convert_dense(m, d + i * ds, dst_type, from, src_type);
    } else {
      convert_dense(m, out, dst_type, from, src_type);
      copy_strided(m, d + i * ds, ds, out, dsize, dsize);
    }
  }
}

}  // namespace pharos::cpu
