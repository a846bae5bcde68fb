// AT_DISPATCH_*: calls a generic lambda with `scalar_t` as the C++ type of a dtype, as programs
// with kernels of their own do:
//
//   AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "scale", [&] { scale<scalar_t>(x); });
#pragma once

#include <pharos/tensor.h>

namespace pharos {
constexpr at::ScalarType dispatch_type(at::ScalarType t) { return t; }
inline at::ScalarType dispatch_type(const at::DeprecatedTypeProperties& t) {
  return t.scalarType();
}
[[noreturn]] PHAROS_API void no_dispatch(const char* name, at::ScalarType t);
}  // namespace pharos

#define AT_DISPATCH_CASE_TMPL(alias, dtype, ...)                           \
  case dtype: {                                                            \
    using alias [[maybe_unused]] = c10::impl::ScalarTypeToCPPTypeT<dtype>; \
    return __VA_ARGS__();                                                  \
  }
#define AT_DISPATCH_CASE(dtype, ...) AT_DISPATCH_CASE_TMPL(scalar_t, dtype, __VA_ARGS__)
#define AT_DISPATCH_INDEX_CASE(dtype, ...) AT_DISPATCH_CASE_TMPL(index_t, dtype, __VA_ARGS__)
#define AT_DISPATCH_SWITCH(type, name, ...)                      \
  [&] {                                                          \
    const at::ScalarType dtype_ = ::pharos::dispatch_type(type); \
    switch (dtype_) {                                            \
      __VA_ARGS__                                                \
      default:                                                   \
        ::pharos::no_dispatch(name, dtype_);                     \
    }                                                            \
  }()

#define AT_DISPATCH_CASE_FLOATING_TYPES(...)            \
  AT_DISPATCH_CASE(at::ScalarType::Double, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::Float, __VA_ARGS__)
#define AT_DISPATCH_CASE_REDUCED_FLOATING_TYPES(...)  \
  AT_DISPATCH_CASE(at::ScalarType::Half, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::BFloat16, __VA_ARGS__)
#define AT_DISPATCH_CASE_COMPLEX_TYPES(...)                    \
  AT_DISPATCH_CASE(at::ScalarType::ComplexDouble, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::ComplexFloat, __VA_ARGS__)
#define AT_DISPATCH_CASE_INTEGRAL_TYPES(...)          \
  AT_DISPATCH_CASE(at::ScalarType::Byte, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::Char, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::Int, __VA_ARGS__)  \
  AT_DISPATCH_CASE(at::ScalarType::Long, __VA_ARGS__) \
  AT_DISPATCH_CASE(at::ScalarType::Short, __VA_ARGS__)
#define AT_DISPATCH_CASE_FLOATING_AND_COMPLEX_TYPES(...) \
  AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__)           \
  AT_DISPATCH_CASE_COMPLEX_TYPES(__VA_ARGS__)
#define AT_DISPATCH_CASE_ALL_TYPES(...)        \
  AT_DISPATCH_CASE_INTEGRAL_TYPES(__VA_ARGS__) \
  AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__)
#define AT_DISPATCH_CASE_ALL_TYPES_AND_COMPLEX(...) \
  AT_DISPATCH_CASE_ALL_TYPES(__VA_ARGS__)           \
  AT_DISPATCH_CASE_COMPLEX_TYPES(__VA_ARGS__)

#define AT_DISPATCH_FLOATING_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__))
#define AT_DISPATCH_INTEGRAL_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_INTEGRAL_TYPES(__VA_ARGS__))
#define AT_DISPATCH_COMPLEX_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_COMPLEX_TYPES(__VA_ARGS__))
#define AT_DISPATCH_FLOATING_AND_COMPLEX_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_FLOATING_AND_COMPLEX_TYPES(__VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_ALL_TYPES(__VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND_COMPLEX(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_ALL_TYPES_AND_COMPLEX(__VA_ARGS__))
#define AT_DISPATCH_REDUCED_FLOATING_TYPES(type, name, ...) \
  AT_DISPATCH_SWITCH(type, name, AT_DISPATCH_CASE_REDUCED_FLOATING_TYPES(__VA_ARGS__))

// With one, two or three dtypes more.
#define AT_DISPATCH_FLOATING_TYPES_AND(t1, type, name, ...) \
  AT_DISPATCH_SWITCH(                                       \
      type, name, AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__) AT_DISPATCH_CASE(t1, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_TYPES_AND2(t1, t2, type, name, ...)  \
  AT_DISPATCH_SWITCH(type, name,                                  \
                     AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__) \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_TYPES_AND3(t1, t2, t3, type, name, ...)                         \
  AT_DISPATCH_SWITCH(type, name,                                                             \
                     AT_DISPATCH_CASE_FLOATING_TYPES(__VA_ARGS__)                            \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__) \
                             AT_DISPATCH_CASE(t3, __VA_ARGS__))
#define AT_DISPATCH_INTEGRAL_TYPES_AND(t1, type, name, ...) \
  AT_DISPATCH_SWITCH(                                       \
      type, name, AT_DISPATCH_CASE_INTEGRAL_TYPES(__VA_ARGS__) AT_DISPATCH_CASE(t1, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_AND_COMPLEX_TYPES_AND(t1, type, name, ...)       \
  AT_DISPATCH_SWITCH(type, name,                                              \
                     AT_DISPATCH_CASE_FLOATING_AND_COMPLEX_TYPES(__VA_ARGS__) \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_AND_COMPLEX_TYPES_AND2(t1, t2, type, name, ...)  \
  AT_DISPATCH_SWITCH(type, name,                                              \
                     AT_DISPATCH_CASE_FLOATING_AND_COMPLEX_TYPES(__VA_ARGS__) \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_AND_COMPLEX_TYPES_AND3(t1, t2, t3, type, name, ...)             \
  AT_DISPATCH_SWITCH(type, name,                                                             \
                     AT_DISPATCH_CASE_FLOATING_AND_COMPLEX_TYPES(__VA_ARGS__)                \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__) \
                             AT_DISPATCH_CASE(t3, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND(t1, type, name, ...) \
  AT_DISPATCH_SWITCH(type, name,                       \
                     AT_DISPATCH_CASE_ALL_TYPES(__VA_ARGS__) AT_DISPATCH_CASE(t1, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND2(t1, t2, type, name, ...)                                    \
  AT_DISPATCH_SWITCH(type, name,                                                               \
                     AT_DISPATCH_CASE_ALL_TYPES(__VA_ARGS__) AT_DISPATCH_CASE(t1, __VA_ARGS__) \
                         AT_DISPATCH_CASE(t2, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND3(t1, t2, t3, type, name, ...)                                \
  AT_DISPATCH_SWITCH(type, name,                                                               \
                     AT_DISPATCH_CASE_ALL_TYPES(__VA_ARGS__) AT_DISPATCH_CASE(t1, __VA_ARGS__) \
                         AT_DISPATCH_CASE(t2, __VA_ARGS__) AT_DISPATCH_CASE(t3, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND(t1, type, name, ...)       \
  AT_DISPATCH_SWITCH(type, name,                                         \
                     AT_DISPATCH_CASE_ALL_TYPES_AND_COMPLEX(__VA_ARGS__) \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND2(t1, t2, type, name, ...)  \
  AT_DISPATCH_SWITCH(type, name,                                         \
                     AT_DISPATCH_CASE_ALL_TYPES_AND_COMPLEX(__VA_ARGS__) \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__))
#define AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND3(t1, t2, t3, type, name, ...)                  \
  AT_DISPATCH_SWITCH(type, name,                                                             \
                     AT_DISPATCH_CASE_ALL_TYPES_AND_COMPLEX(__VA_ARGS__)                     \
                         AT_DISPATCH_CASE(t1, __VA_ARGS__) AT_DISPATCH_CASE(t2, __VA_ARGS__) \
                             AT_DISPATCH_CASE(t3, __VA_ARGS__))
#define AT_DISPATCH_FLOATING_TYPES_AND_HALF(type, name, ...) \
  AT_DISPATCH_FLOATING_TYPES_AND(at::ScalarType::Half, type, name, __VA_ARGS__)
#define AT_DISPATCH_INDEX_TYPES(type, name, ...)                              \
  AT_DISPATCH_SWITCH(type, name,                                              \
                     AT_DISPATCH_INDEX_CASE(at::ScalarType::Int, __VA_ARGS__) \
                         AT_DISPATCH_INDEX_CASE(at::ScalarType::Long, __VA_ARGS__))
