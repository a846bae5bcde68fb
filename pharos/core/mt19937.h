// MT19937 as PyTorch's CPU generator runs it: the same seeding, word order and 5,056-byte state.
//
// The cached second half of the last Box-Muller pair belongs to the generator, not to one sampler,
// and travels with the state. The class is not thread safe; its owner locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pharos {

class Mt19937 {
 public:
  static constexpr int kWords = 624;
  static constexpr std::size_t kStateBytes = 5056;
  static constexpr std::uint64_t kDefaultSeed = 67280421310721ULL;

  explicit Mt19937(std::uint64_t seed = kDefaultSeed) { this->seed(seed); }

  // Restarts the stream and drops the cached normal.
  void seed(std::uint64_t seed);
  // The same with all 64 bits of the seed in use, which is not PyTorch's stream for that seed.
  void seed_wide(std::uint64_t seed);
  std::uint64_t initial_seed() const { return seed_; }

  std::uint32_t next32() {
    if (--left_ <= 0 || next_ >= kWords) regenerate();
    return temper(words_[next_++]);
  }

  // Two words, the first of which becomes the high half.
  std::uint64_t next64() {
    const std::uint64_t high = next32();
    return high << 32 | next32();
  }

  // Uniform in [0, 1) with 24 bits from one word, and with 53 bits from two.
  float uniform_float() { return static_cast<float>(next32() & ((1U << 24) - 1)) * 0x1p-24F; }
  double uniform_double() {
    return static_cast<double>(next64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
  }

  // The next n words at once.
  void fill_words(std::uint32_t* out, std::int64_t n);

  bool has_cached_normal() const { return has_cached_normal_; }
  double take_cached_normal() {
    has_cached_normal_ = false;
    return cached_normal_;
  }
  std::optional<double> cached_normal() const {
    return has_cached_normal_ ? std::optional<double>(cached_normal_) : std::nullopt;
  }
  void cache_normal(std::optional<double> value) {
    has_cached_normal_ = value.has_value();
    cached_normal_ = value.value_or(0);
  }

  // `bytes` holds kStateBytes. `load` throws on a state of another size or with impossible indices
  // and then leaves the generator as it was.
  void save(std::uint8_t* bytes) const;
  void load(const std::uint8_t* bytes, std::size_t size);

 private:
  static std::uint32_t temper(std::uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }

  void regenerate();

  std::uint64_t seed_;
  // Draws until the words are used up, plus one. PyTorch's state stores it beside `next_`, and a
  // loaded state may hold any pair, so it cannot be derived.
  std::int32_t left_;
  std::uint32_t next_;
  std::uint32_t words_[kWords];
  bool has_cached_normal_;
  double cached_normal_;
};

}  // namespace pharos
