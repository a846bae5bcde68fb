// Keyed random streams in place of a thread's default generator.
#include "core/random_scope.h"

#include <mutex>

#include "core/mt19937.h"

namespace pharos {
namespace {

thread_local constinit RandomScope* innermost __attribute__((tls_model("initial-exec"))) = nullptr;

// The finaliser of splitmix64 (Steele, Lea & Flood, 2014).
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t random_key(uint64_t a, uint64_t b) noexcept {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15U;
  return mix(mix(a + kGolden) + b * kGolden + kGolden);
}

RandomScope::RandomScope(uint64_t key) noexcept : outer_(innermost), key_(key) { innermost = this; }
RandomScope::~RandomScope() { innermost = outer_; }

void RandomScope::rekey(uint64_t key) noexcept {
  key_ = key;
  seeded_ = false;
}

RandomScope* RandomScope::current() noexcept { return innermost; }

const at::Generator& RandomScope::generator() {
  if (!seeded_) {
    if (!generator_.defined()) generator_ = at::detail::createCPUGenerator();
    auto* impl = generator_.get<at::CPUGeneratorImpl>();
    const std::lock_guard<std::mutex> lock(impl->mutex());
    impl->engine().seed_wide(key_);
    seeded_ = true;
  }
  return generator_;
}

}  // namespace pharos
