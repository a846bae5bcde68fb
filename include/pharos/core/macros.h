// Visibility, branch hints and the compiler attributes every other header uses.
#pragma once

#define PHAROS_API __attribute__((visibility("default")))
#define C10_API PHAROS_API
#define TORCH_API PHAROS_API

#define PHAROS_LIKELY(x) (__builtin_expect(static_cast<bool>(x), 1))
#define PHAROS_UNLIKELY(x) (__builtin_expect(static_cast<bool>(x), 0))
#define C10_LIKELY(x) PHAROS_LIKELY(x)
#define C10_UNLIKELY(x) PHAROS_UNLIKELY(x)
#define C10_UNUSED __attribute__((unused))
#define C10_NOINLINE __attribute__((noinline))
#define C10_ALWAYS_INLINE inline __attribute__((always_inline))
// Inlined where the compiler works for speed, a function of its own where it works for size (-Os).
#ifdef __OPTIMIZE_SIZE__
#define PHAROS_INLINE_FOR_SPEED inline __attribute__((noinline))
#else
#define PHAROS_INLINE_FOR_SPEED C10_ALWAYS_INLINE
#endif
// Not cloned: one body serves all callers.
#if defined(__GNUC__) && !defined(__clang__)
#define PHAROS_COLD __attribute__((cold, noinline, noclone))
#else
#define PHAROS_COLD __attribute__((cold, noinline))
#endif
#define PHAROS_NOINLINE __attribute__((noinline))

#define C10_STRINGIZE_IMPL(x) #x
#define C10_STRINGIZE(x) C10_STRINGIZE_IMPL(x)
#define C10_CONCATENATE_IMPL(a, b) a##b
#define C10_CONCATENATE(a, b) C10_CONCATENATE_IMPL(a, b)
#define C10_HOST_DEVICE
#define C10_DEVICE
#define C10_HOST
