// Integer samplers and random permutations.
#include <algorithm>
#include <utility>

#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

using detail::from_integer;
using detail::kChunk;
using detail::kDigits;
using detail::kIsFloating;

// From this range on a number takes two words, whatever the output type.
constexpr std::uint64_t kWideRange = std::uint64_t{1} << 28;
// PyTorch's limit for permutations of single words.
constexpr std::int64_t kShortPermutation = 214748364;

// Remainder by a fixed 32-bit divisor as two multiplications (Lemire, Kaser and Kurz, 2019).
class FastModulo {
 public:
  explicit FastModulo(std::uint32_t divisor)
      : divisor_(divisor), inverse_(~std::uint64_t{0} / divisor + 1) {}
  std::uint32_t operator()(std::uint32_t value) const {
    const std::uint64_t fraction = inverse_ * value;
    return static_cast<std::uint32_t>(static_cast<unsigned __int128>(fraction) * divisor_ >> 64);
  }

 private:
  std::uint64_t divisor_;
  std::uint64_t inverse_;
};

template <class T>
void fill_short_range(Mt19937& gen, T* out, std::int64_t n, std::uint32_t range,
                      std::int64_t base) {
  const FastModulo modulo(range);
  std::uint32_t words[kChunk];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    const std::int64_t count = std::min(n - i, kChunk);
    gen.fill_words(words, count);
    for (std::int64_t j = 0; j < count; ++j) {
      out[i + j] = from_integer<T>(static_cast<std::int64_t>(
          static_cast<std::uint64_t>(modulo(words[j])) + static_cast<std::uint64_t>(base)));
    }
  }
}

// base + [0, range); a range of 0 stands for 2^64.
template <class T>
void fill_range(Mt19937& gen, T* out, std::int64_t n, std::uint64_t range, std::int64_t base) {
  if (range != 0 && range < kWideRange) {
    return fill_short_range(gen, out, n, static_cast<std::uint32_t>(range), base);
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t word = gen.next64();
    const std::uint64_t value =
        (range == 0 ? word : word % range) + static_cast<std::uint64_t>(base);
    out[i] = from_integer<T>(static_cast<std::int64_t>(value));
  }
}

// The distance between neighbours of T around the integer of this magnitude.
template <class T>
std::int64_t spacing_at(std::int64_t value) {
  const std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  int exponent = 0;
  while (magnitude >> exponent > 1) ++exponent;
  return std::int64_t{1} << (exponent - kDigits<T> + 1);
}

template <class T>
std::int64_t round_trip(std::int64_t value) {
  return detail::round_to<std::int64_t>(static_cast<double>(from_integer<T>(value)));
}

template <class T>
std::int64_t adjust_from(std::int64_t from) {
  const std::int64_t rounded = round_trip<T>(from + 1);
  return rounded < from ? rounded + spacing_at<T>(from + 1) : from;
}

template <class T>
std::int64_t adjust_to(std::int64_t to) {
  const std::int64_t rounded = round_trip<T>(to - 1);
  return rounded >= to ? rounded - spacing_at<T>(to - 1) : to;
}

}  // namespace

template <class T>
void adjust_random_bounds(std::int64_t* from, std::int64_t* to) {
  if constexpr (kIsFloating<T>) {
    *from = adjust_from<T>(*from);
    *to = adjust_to<T>(*to);
  }
}

template <class T>
void fill_random_from_to(Mt19937& gen, T* out, std::int64_t n, std::int64_t from, std::int64_t to) {
  adjust_random_bounds<T>(&from, &to);
  fill_range(gen, out, n, static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from), from);
}

template <class T>
void fill_random_from(Mt19937& gen, T* out, std::int64_t n, std::int64_t from) {
  if (from == std::numeric_limits<std::int64_t>::min()) return fill_range(gen, out, n, 0, 0);
  std::uint64_t last;
  if constexpr (kIsFloating<T>) {
    last = std::uint64_t{1} << kDigits<T>;
    from = adjust_from<T>(from);
  } else {
    last = std::min(static_cast<std::uint64_t>(std::numeric_limits<T>::max()),
                    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  }
  fill_range(gen, out, n, last - static_cast<std::uint64_t>(from) + 1, from);
}

template <class T>
void fill_random(Mt19937& gen, T* out, std::int64_t n) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>) {
    const std::uint64_t range =
        std::is_same_v<T, double> ? (std::uint64_t{1} << 53) + 1 : std::uint64_t{1} << 63;
    fill_range(gen, out, n, range, 0);
  } else if constexpr (kIsFloating<T>) {
    fill_short_range(gen, out, n, (1U << kDigits<T>)+1, 0);
  } else {
    fill_short_range(gen, out, n, static_cast<std::uint32_t>(std::numeric_limits<T>::max()) + 1, 0);
  }
}

template <class T>
void fill_randperm(Mt19937& gen, T* out, std::int64_t n) {
  if (n < kShortPermutation) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = from_integer<T>(i);
    for (std::int64_t i = 0; i + 1 < n; ++i) {
      std::swap(out[i], out[i + gen.next32() % static_cast<std::uint32_t>(n - i)]);
    }
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const auto z = static_cast<std::int64_t>(gen.next64() % static_cast<std::uint64_t>(i + 1));
    out[i] = from_integer<T>(i);
    out[i] = out[z];
    out[z] = from_integer<T>(i);
  }
}

#define PHAROS_INTEGER_RANGES(T)                                                                \
  template void fill_random_from_to<T>(Mt19937&, T*, std::int64_t, std::int64_t, std::int64_t); \
  template void fill_random_from<T>(Mt19937&, T*, std::int64_t, std::int64_t);                  \
  template void adjust_random_bounds<T>(std::int64_t*, std::int64_t*);                          \
  template void fill_randperm<T>(Mt19937&, T*, std::int64_t);
PHAROS_RANDOM_FLOATING(PHAROS_INTEGER_RANGES)
PHAROS_RANDOM_INTEGER(PHAROS_INTEGER_RANGES)
PHAROS_INTEGER_RANGES(bool)

#define PHAROS_INTEGER_FULL(T) template void fill_random<T>(Mt19937&, T*, std::int64_t);
PHAROS_RANDOM_FLOATING(PHAROS_INTEGER_FULL)
PHAROS_INTEGER_FULL(std::int8_t)
PHAROS_INTEGER_FULL(std::int16_t)
PHAROS_INTEGER_FULL(std::int32_t)
PHAROS_INTEGER_FULL(std::int64_t)
PHAROS_INTEGER_FULL(std::uint8_t)
PHAROS_INTEGER_FULL(bool)

}  // namespace pharos::cpu
