// A number in the compute dtype of a loop, as the parameter that the loop reads.
#pragma once

#include <pharos/core/scalar.h>

#include <algorithm>
#include <limits>
#include <type_traits>

namespace pharos::cpu {

class ScalarParam {
 public:
  enum Overflow { kCheck, kSaturate };
  ScalarParam(const c10::Scalar& v, c10::ScalarType t, Overflow overflow = kCheck) {
    switch (t) {
#define PHAROS_CASE(T, Name)                                 \
  case c10::ScalarType::Name:                                \
    *reinterpret_cast<T*>(bytes_) = convert<T>(v, overflow); \
    break;
      PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
      default:
        break;
    }
  }
  const void* get() const { return bytes_; }

 private:
  template <class T>
  static T convert(const c10::Scalar& v, Overflow overflow) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      if (overflow == kSaturate && v.isIntegral(true)) {
        const int64_t n = v.to<int64_t>();
        return static_cast<T>(
            std::clamp<int64_t>(n, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
      }
    }
    // The error on overflow is for integers; a float takes infinity.
    if constexpr (std::is_same_v<T, float>) {
      if (!v.isComplex()) return static_cast<float>(v.to<double>());
    }
    return v.to<T>();
  }
  alignas(16) char bytes_[16] = {};
};

}  // namespace pharos::cpu
