// Rows of any dtype to and from rows of an accumulator type, at any stride in bytes.
#pragma once

#include <pharos/core/scalar_type.h>

namespace pharos::cpu {

template <class A>
constexpr bool c10_complex = false;
template <class T>
constexpr bool c10_complex<c10::complex<T>> = true;

// Complex values become their modulus where A is real. uint8_t as A means a truth value.
template <class A>
using LoadFn = void (*)(const char* src, int64_t stride, int64_t n, A* dst);
// `nonzero`: 1 where the value is not zero, 0 elsewhere.
// A: float, double, int64_t, uint8_t, c10::complex of float and double.
template <class A>
LoadFn<A> loader(c10::ScalarType from, bool nonzero = false);

template <class A>
void store_values(c10::ScalarType to, const A* src, char* dst, int64_t stride, int64_t n);

}  // namespace pharos::cpu
