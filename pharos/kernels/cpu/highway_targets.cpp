// What Highway's dispatch needs from libhwy: which targets this processor runs. libhwy itself is
// not linked, since loading it calibrates a timer for about 4 ms, most of what a small program
// takes. PHAROS_SIMD=sse4|avx2|avx3 in the environment keeps kernels from using more than that.
#include <hwy/targets.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

namespace hwy {
namespace {

// HWY_SCALAR is the bit that Highway wants set in any case.
constexpr int64_t kAtLeast = HWY_SCALAR;

#if defined(__x86_64__)
#if __has_include(<sys/platform/x86.h>)
// glibc asked the processor at start-up; asking again costs 20 us per cpuid on virtual machines.
#define PHAROS_CPU(glibc_name, gcc_name) x86_cpu_active(x86_cpu_##glibc_name)
#else
#define PHAROS_CPU(glibc_name, gcc_name) __builtin_cpu_supports(gcc_name)
#endif

int64_t detect() {
  int64_t targets = kAtLeast;
  const bool sse4 = PHAROS_CPU(SSSE3, "ssse3") && PHAROS_CPU(SSE4_1, "sse4.1") &&
                    PHAROS_CPU(SSE4_2, "sse4.2") && PHAROS_CPU(AES, "aes") &&
                    PHAROS_CPU(PCLMULQDQ, "pclmul");
  if (!sse4) return targets;
  targets |= HWY_SSE4;
  const bool avx2 = PHAROS_CPU(AVX, "avx") && PHAROS_CPU(AVX2, "avx2") && PHAROS_CPU(FMA, "fma") &&
                    PHAROS_CPU(F16C, "f16c") && PHAROS_CPU(LZCNT, "lzcnt") &&
                    PHAROS_CPU(BMI1, "bmi") && PHAROS_CPU(BMI2, "bmi2");
  if (!avx2) return targets;
  targets |= HWY_AVX2;
  const bool avx3 = PHAROS_CPU(AVX512F, "avx512f") && PHAROS_CPU(AVX512VL, "avx512vl") &&
                    PHAROS_CPU(AVX512DQ, "avx512dq") && PHAROS_CPU(AVX512BW, "avx512bw") &&
                    PHAROS_CPU(AVX512CD, "avx512cd");
  return avx3 ? targets | HWY_AVX3 : targets;
}
#undef PHAROS_CPU

int64_t allowed() {
  const char* value = std::getenv("PHAROS_SIMD");
  const std::string_view limit = value ? value : "";
  if (limit == "sse4") return kAtLeast | HWY_SSE4;
  if (limit == "avx2") return kAtLeast | HWY_SSE4 | HWY_AVX2;
  return ~int64_t{0};
}
#else
int64_t detect() { return kAtLeast | HWY_STATIC_TARGET; }
int64_t allowed() { return ~int64_t{0}; }
#endif

std::atomic<int64_t> disabled{0};
std::atomic<int64_t> mocked{0};

}  // namespace

int64_t SupportedTargets() {
  static const int64_t usable = detect() & allowed();
  const int64_t mock = mocked.load(std::memory_order_relaxed);
  const int64_t targets = (mock ? mock : usable) & ~disabled.load(std::memory_order_relaxed);
  return targets ? targets : kAtLeast;
}

void DisableTargets(int64_t disabled_targets) {
  disabled.store(disabled_targets);
  GetChosenTarget().DeInit();
}

void SetSupportedTargetsForTest(int64_t targets) {
  mocked.store(targets);
  GetChosenTarget().DeInit();
}

ChosenTarget& GetChosenTarget() {
  static constinit ChosenTarget chosen;
  return chosen;
}

// Behind HWY_ASSERT, for broken invariants only: kernels see checked arguments.
[[noreturn]] void HWY_FORMAT(3, 4) Abort(const char* file, int line, const char* format, ...) {
  std::fprintf(stderr, "Abort at %s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::abort();
}

}  // namespace hwy
