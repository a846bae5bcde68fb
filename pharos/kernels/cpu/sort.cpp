// Sorting by least-significant-digit radix passes on order-preserving keys, which is stable and
// takes a few passes over the data whatever its order; short lines go through std::sort on pairs.
#include "kernels/cpu/sort.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

using c10::ScalarType;

// Small types have keys of 32 bits too: the loops below are written for two kinds of keys.
template <class T>
using KeyOf = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

// The key of a floating-point bit pattern.
template <class B>
inline B float_key(B bits, bool nan) {
  constexpr B kTop = B(B(1) << (8 * sizeof(B) - 1));
  if (nan) return B(~B(0));
  if (B(bits << 1) == 0) return kTop;
  return bits & kTop ? B(~bits) : B(bits | kTop);
}

// Keys of narrow types stay narrow: radix passes skip upper digits that are all equal.
template <class T>
inline KeyOf<T> to_key(T x) {
  using K = KeyOf<T>;
  if constexpr (std::is_integral_v<T>) {
    return std::is_signed_v<T> ? K(K(x) + (K(1) << (8 * sizeof(T) - 1))) : K(x);
  } else if constexpr (sizeof(T) == 2) {
    constexpr int kInfinity = std::is_same_v<T, c10::Half> ? 0x7c00 : 0x7f80;
    uint16_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return float_key(bits, (bits & 0x7fff) > kInfinity);
  } else {
    K bits;
    std::memcpy(&bits, &x, sizeof bits);
    return float_key(bits, x != x);
  }
}

template <class F>
void by_type(ScalarType t, F&& f) {
  switch (t) {
#define PHAROS_CASE(T, Name)                                            \
  case ScalarType::Name:                                                \
    if constexpr (sizeof(T) <= 8 && !std::is_class_v<T>) return f(T()); \
    break;
    PHAROS_FORALL_SCALAR_TYPES(PHAROS_CASE)
#undef PHAROS_CASE
    default:
      break;
  }
  if (t == ScalarType::Half) return f(c10::Half());
  if (t == ScalarType::BFloat16) return f(c10::BFloat16());
  TORCH_CHECK_NOT_IMPLEMENTED(false, "\"sort\" not implemented for '", t, "'");
}

template <class T>
inline T at(const char* src, int64_t stride, int64_t i) {
  return *reinterpret_cast<const T*>(src + i * stride);
}

// Positions have 32 bits where a whole line is moved, again and again.
template <class K, class I>
struct Entry {
  K key;
  I index;
};
template <class K>
using SortEntry = Entry<K, uint32_t>;
template <class K>
using RankEntry = Entry<K, int64_t>;

// Keys in reverse order if `descending`.
template <class K, class I>
void load(ScalarType type, const char* src, int64_t stride, int64_t n, bool descending,
          Entry<K, I>* to) {
  const K flip = descending ? K(~K(0)) : K(0);
  by_type(type, [&](auto tag) {
    using T = decltype(tag);
    if constexpr (std::is_same_v<KeyOf<T>, K>) {
      for (int64_t i = 0; i < n; ++i) {
        to[i] = {K(to_key(at<T>(src, stride, i)) ^ flip), static_cast<I>(i)};
      }
    }
  });
}

template <class K>
std::vector<RankEntry<K>> load(ScalarType type, const char* src, int64_t stride, int64_t n,
                               bool descending) {
  std::vector<RankEntry<K>> entries(static_cast<size_t>(n));
  load(type, src, stride, n, descending, entries.data());
  return entries;
}

// f(K()) for the keys of a type.
template <class F>
void by_key(ScalarType type, F&& f) {
  if (c10::elementSize(type) <= 4)
    f(uint32_t());
  else
    f(uint64_t());
}

template <class K>
bool is_nan(ScalarType type, K key) {
  if (!c10::isFloatingType(type)) return false;
  return key == (c10::elementSize(type) == 2 ? K(0xffff) : K(~K(0)));
}

// to[i] = src[entries[i].index] for i < n.
template <class T, class E>
void take(const char* src, int64_t stride, const E* entries, int64_t n, char* to, int64_t to_step) {
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<T*>(to + i * to_step) = at<T>(src, stride, entries[i].index);
  }
}

template <class E>
void take_values(ScalarType type, const char* src, int64_t stride, const E* entries, int64_t n,
                 char* to, int64_t to_step) {
  switch (c10::elementSize(type)) {
    case 1:
      return take<uint8_t>(src, stride, entries, n, to, to_step);
    case 2:
      return take<uint16_t>(src, stride, entries, n, to, to_step);
    case 4:
      return take<uint32_t>(src, stride, entries, n, to, to_step);
    default:
      return take<uint64_t>(src, stride, entries, n, to, to_step);
  }
}

template <class E>
bool before(const E& x, const E& y) {
  return x.key < y.key || (x.key == y.key && x.index < y.index);
}

// Stable radix sort; `a` holds the input, the result is where the returned pointer says.
template <class K>
SortEntry<K>* radix_sort(SortEntry<K>* a, SortEntry<K>* b, int64_t n) {
  constexpr int kBits = 11;
  constexpr int kPasses = (8 * sizeof(K) + kBits - 1) / kBits;
  constexpr uint32_t kBuckets = 1u << kBits;
  Scratch<uint32_t> count(kPasses * kBuckets);
  std::fill_n(count.get(), kPasses * kBuckets, 0u);
  for (int64_t i = 0; i < n; ++i) {
    K k = a[i].key;
    for (int p = 0; p < kPasses; ++p) {
      ++count[p * kBuckets + static_cast<uint32_t>(k & (kBuckets - 1))];
      k = static_cast<K>(static_cast<uint64_t>(k) >> kBits);
    }
  }
  for (int p = 0; p < kPasses; ++p) {
    uint32_t* c = count.get() + p * kBuckets;
    const int shift = p * kBits;
    const auto digit = [shift](K k) {
      return static_cast<uint32_t>((static_cast<uint64_t>(k) >> shift) & (kBuckets - 1));
    };
    if (c[digit(a[0].key)] == static_cast<uint32_t>(n)) continue;  // one value: nothing to move
    uint32_t sum = 0;
    for (uint32_t i = 0; i < kBuckets; ++i) {
      const uint32_t here = c[i];
      c[i] = sum;
      sum += here;
    }
    for (int64_t i = 0; i < n; ++i) b[c[digit(a[i].key)]++] = a[i];
    std::swap(a, b);
  }
  return a;
}

// Sorts the first half of `a`, which has room for 2 n; the result is where the returned pointer
// says.
template <class K>
SortEntry<K>* sort_entries(SortEntry<K>* a, int64_t n) {
  if (n >= 400) return radix_sort(a, a + n, n);
  if (n > 16) {
    std::sort(a, a + n, before<SortEntry<K>>);
    return a;
  }
  for (int64_t i = 1; i < n; ++i) {
    const SortEntry<K> e = a[i];
    int64_t j = i;
    for (; j > 0 && a[j - 1].key > e.key; --j) a[j] = a[j - 1];
    a[j] = e;
  }
  return a;
}

template <class T>
auto comparable(T x) {
  if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>)
    return static_cast<float>(x);
  else
    return x;
}

// Ranks the first k entries; ties fall as the standard algorithms let them.
template <class K>
void choose(std::vector<RankEntry<K>>& entries, int64_t k, bool sorted) {
  const auto less = [](const RankEntry<K>& x, const RankEntry<K>& y) { return x.key < y.key; };
  const auto begin = entries.begin(), end = entries.end();
  if (k * 64 <= end - begin) {
    std::partial_sort(begin, begin + k, end, less);
    return;
  }
  if (k == 0) return;
  std::nth_element(begin, begin + k - 1, end, less);
  if (sorted) std::sort(begin, begin + k - 1, less);
}

// Position of the entry of rank k; equal keys rank by position.
template <class K>
int64_t select(std::vector<RankEntry<K>>& entries, int64_t k) {
  std::nth_element(entries.begin(), entries.begin() + k, entries.end(), before<RankEntry<K>>);
  return entries[static_cast<size_t>(k)].index;
}

template <class K>
int64_t mode(ScalarType type, std::vector<RankEntry<K>>& entries) {
  std::sort(entries.begin(), entries.end(), before<RankEntry<K>>);
  int64_t best = 0, best_count = 0;
  for (size_t i = 0; i < entries.size();) {
    size_t j = i;
    const bool nan = is_nan(type, entries[i].key);  // equal to nothing
    do {
      ++j;
    } while (!nan && j < entries.size() && entries[j].key == entries[i].key);
    if (static_cast<int64_t>(j - i) > best_count) {
      best_count = static_cast<int64_t>(j - i);
      best = entries[j - 1].index;
    }
    i = j;
  }
  return best;
}

template <class K>
int64_t median(ScalarType type, std::vector<RankEntry<K>>& entries, bool skip_nan) {
  const auto n = static_cast<int64_t>(entries.size());
  int64_t nans = 0, first = -1;
  if (c10::isFloatingType(type)) {
    for (const RankEntry<K>& e : entries) {
      if (is_nan(type, e.key) && nans++ == 0) first = e.index;
    }
  }
  if (nans > 0 && (!skip_nan || nans == n)) return first;
  return select(entries, (n - nans - 1) / 2);
}

}  // namespace

void sort_line(ScalarType type, const char* src, int64_t stride, int64_t n, bool descending,
               char* values, int64_t value_stride, int64_t* order, int64_t order_stride) {
  if (n == 0) return;
  TORCH_CHECK(n < (int64_t{1} << 32), "sort: lines of 2^32 items and more are not supported");
  by_key(type, [&](auto key) {
    using E = SortEntry<decltype(key)>;
    Scratch<E> space(2 * n);
    load(type, src, stride, n, descending, space.get());
    const E* a = sort_entries(space.get(), n);
    // Before the order is written: either may be the input's own memory.
    if (values) take_values(type, src, stride, a, n, values, value_stride);
    if (order) {
      for (int64_t i = 0; i < n; ++i) order[i * order_stride] = a[i].index;
    }
  });
}

void top_line(ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k, bool largest,
              bool sorted, char* values, int64_t value_stride, int64_t* order,
              int64_t order_stride) {
  by_key(type, [&](auto key) {
    auto entries = load<decltype(key)>(type, src, stride, n, largest);
    choose(entries, k, sorted);
    take_values(type, src, stride, entries.data(), k, values, value_stride);
    for (int64_t i = 0; i < k; ++i) order[i * order_stride] = entries[static_cast<size_t>(i)].index;
  });
}

int64_t select_line(ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k) {
  int64_t result = 0;
  by_key(type, [&](auto key) {
    auto entries = load<decltype(key)>(type, src, stride, n, false);
    result = select(entries, k);
  });
  return result;
}

int64_t median_line(ScalarType type, const char* src, int64_t stride, int64_t n, bool skip_nan) {
  int64_t result = 0;
  by_key(type, [&](auto key) {
    auto entries = load<decltype(key)>(type, src, stride, n, false);
    result = median(type, entries, skip_nan);
  });
  return result;
}

int64_t mode_line(ScalarType type, const char* src, int64_t stride, int64_t n) {
  int64_t result = 0;
  by_key(type, [&](auto key) {
    auto entries = load<decltype(key)>(type, src, stride, n, false);
    result = mode(type, entries);
  });
  return result;
}

void search_sorted(ScalarType type, const void* bounds, int64_t n, const int64_t* sorter,
                   const void* values, int64_t m, bool right, int64_t* out) {
  by_type(type, [&](auto tag) {
    using T = decltype(tag);
    const T* b = static_cast<const T*>(bounds);
    const T* v = static_cast<const T*>(values);
    for (int64_t i = 0; i < m; ++i) {
      const auto x = comparable(v[i]);
      int64_t lo = 0, hi = n;
      while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        const auto y = comparable(b[sorter ? sorter[mid] : mid]);
        // Written so that a NaN goes to the end.
        const bool go = right ? !(y > x) : !(y >= x);
        if (go)
          lo = mid + 1;
        else
          hi = mid;
      }
      out[i] = lo;
    }
  });
}

int compare_rows(ScalarType type, const void* a, const void* b, int64_t n) {
  int result = 0;
  by_type(type, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0; i < n && result == 0; ++i) {
      const auto x = to_key(static_cast<const T*>(a)[i]), y = to_key(static_cast<const T*>(b)[i]);
      result = x < y ? -1 : x > y;
    }
  });
  return result;
}

bool equal_rows(ScalarType type, const void* a, const void* b, int64_t n) {
  bool result = false;
  by_type(type, [&](auto tag) {
    using T = decltype(tag);
    result = true;
    for (int64_t i = 0; i < n && result; ++i) {
      result = comparable(static_cast<const T*>(a)[i]) == comparable(static_cast<const T*>(b)[i]);
    }
  });
  return result;
}

}  // namespace pharos::cpu
