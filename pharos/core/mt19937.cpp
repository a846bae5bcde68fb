// Seeding, the twist and the state layout of the Mersenne twister.
//
// Loops are written so that compilers vectorise them: the twist's dependence distance (227 words)
// is far beyond any vector's length.
#include "core/mt19937.h"

#include <pharos/core/exception.h>

#include <algorithm>
#include <cstring>

namespace pharos {
namespace {

constexpr int kShift = 397;

// Offsets in the serialised state. The fields between them are PyTorch's unused legacy ones.
constexpr std::size_t kSeedAt = 0;
constexpr std::size_t kLeftAt = 8;
constexpr std::size_t kSeededAt = 12;
constexpr std::size_t kNextAt = 16;
constexpr std::size_t kWordsAt = 24;
constexpr std::size_t kNormalAt = 5024;
constexpr std::size_t kNormalValidAt = 5040;

inline std::uint32_t twist(std::uint32_t here, std::uint32_t after) {
  const std::uint32_t mixed = (here & 0x80000000U) | (after & 0x7fffffffU);
  return (mixed >> 1) ^ ((0U - (after & 1U)) & 0x9908b0dfU);
}

// The state is little-endian whatever the machine.
template <class T>
void put(std::uint8_t* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

template <class T>
T get(const std::uint8_t* at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(T{at[i]} << (8 * i));
  return value;
}

}  // namespace

void Mt19937::seed(std::uint64_t seed) {
  seed_ = seed;
  words_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t j = 1; j < kWords; ++j) {
    words_[j] = 1812433253U * (words_[j - 1] ^ (words_[j - 1] >> 30)) + j;
  }
  left_ = 1;
  next_ = 0;
  has_cached_normal_ = false;
  cached_normal_ = 0;
}

void Mt19937::seed_wide(std::uint64_t seed) {
  this->seed(seed);
  // Words of splitmix64 over the ordinary ones, which know only the seed's low half.
  std::uint64_t state = seed;
  for (int j = 0; j < kWords; j += 2) {
    state += 0x9e3779b97f4a7c15U;
    std::uint64_t x = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    x ^= x >> 31;
    words_[j] ^= static_cast<std::uint32_t>(x);
    words_[j + 1] ^= static_cast<std::uint32_t>(x >> 32);
  }
}

void Mt19937::regenerate() {
  std::uint32_t* w = words_;
  for (int k = 0; k < kWords - kShift; ++k) w[k] = w[k + kShift] ^ twist(w[k], w[k + 1]);
  for (int k = kWords - kShift; k < kWords - 1; ++k) {
    w[k] = w[k - (kWords - kShift)] ^ twist(w[k], w[k + 1]);
  }
  w[kWords - 1] = w[kShift - 1] ^ twist(w[kWords - 1], w[0]);
  left_ = kWords;
  next_ = 0;
}

void Mt19937::fill_words(std::uint32_t* out, std::int64_t n) {
  while (n > 0) {
    if (left_ <= 1 || next_ >= kWords) {
      regenerate();
      left_ = kWords + 1;  // the draws below count it down as next32 would
    }
    const std::int64_t ready = std::min<std::int64_t>(left_ - 1, kWords - std::int64_t{next_});
    const std::int64_t count = std::min(n, ready);
    const std::uint32_t* __restrict from = words_ + next_;
    std::uint32_t* __restrict to = out;
    for (std::int64_t i = 0; i < count; ++i) to[i] = temper(from[i]);
    next_ += static_cast<std::uint32_t>(count);
    left_ -= static_cast<std::int32_t>(count);
    out += count;
    n -= count;
  }
}

void Mt19937::save(std::uint8_t* bytes) const {
  std::memset(bytes, 0, kStateBytes);
  put<std::uint64_t>(bytes + kSeedAt, seed_);
  put<std::uint32_t>(bytes + kLeftAt, static_cast<std::uint32_t>(left_));
  put<std::uint32_t>(bytes + kSeededAt, 1);
  put<std::uint64_t>(bytes + kNextAt, next_);
  for (int i = 0; i < kWords; ++i) put<std::uint64_t>(bytes + kWordsAt + 8 * i, words_[i]);
  if (has_cached_normal_) {
    std::uint64_t bits;
    std::memcpy(&bits, &cached_normal_, sizeof(bits));
    put<std::uint64_t>(bytes + kNormalAt, bits);
    put<std::uint32_t>(bytes + kNormalValidAt, 1);
  }
}

void Mt19937::load(const std::uint8_t* bytes, std::size_t size) {
  TORCH_CHECK(size == kStateBytes, "Expected a CPUGeneratorImplState of size ", kStateBytes,
              " but found the input RNG state size to be ", size);
  const auto left = static_cast<std::int32_t>(get<std::uint32_t>(bytes + kLeftAt));
  const auto next = get<std::uint64_t>(bytes + kNextAt);
  const bool seeded = get<std::uint32_t>(bytes + kSeededAt) != 0;
  TORCH_CHECK(seeded && left >= 1 && left <= kWords && next <= kWords, "Invalid mt19937 state");
  seed_ = get<std::uint64_t>(bytes + kSeedAt);
  left_ = left;
  next_ = static_cast<std::uint32_t>(next);
  for (int i = 0; i < kWords; ++i) {
    words_[i] = static_cast<std::uint32_t>(get<std::uint64_t>(bytes + kWordsAt + 8 * i));
  }
  has_cached_normal_ = get<std::uint32_t>(bytes + kNormalValidAt) != 0;
  const auto bits = has_cached_normal_ ? get<std::uint64_t>(bytes + kNormalAt) : 0;
  std::memcpy(&cached_normal_, &bits, sizeof(bits));
}

}  // namespace pharos
