// RandomScope: while one is alive, the default CPU generator of its thread is a generator of its
// own whose stream is a function of a key. The data loader opens one for each sample, so that what
// a sample draws depends neither on other threads nor on what was drawn before.
#pragma once

#include <pharos/core/generator.h>

namespace pharos {

class RandomScope {
 public:
  explicit RandomScope(uint64_t key) noexcept;
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;
  // Starts another stream. Streams that nothing is drawn from cost nothing.
  void rekey(uint64_t key) noexcept;

  // The innermost of this thread, or null.
  static RandomScope* current() noexcept;
  const at::Generator& generator();

 private:
  RandomScope* outer_;
  uint64_t key_;
  bool seeded_ = false;
  at::Generator generator_;
};

// A key made of parts; equal parts in another order give another key.
uint64_t random_key(uint64_t a, uint64_t b) noexcept;

}  // namespace pharos
