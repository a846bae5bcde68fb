// Sorting by least-significant-digit radix passes on order-preserving keys, which is stable and
// takes a few passes over the data whatever its order; short lines go through std::sort on pairs.
#include "kernels/cpu/sort.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

using c10::ScalarType;

template <size_t kSize>
struct Unsigned;
template <>
struct Unsigned<1> {
  using type = uint8_t;
};
template <>
struct Unsigned<2> {
  using type = uint16_t;
};
template <>
struct Unsigned<4> {
  using type = uint32_t;
};
template <>
struct Unsigned<8> {
  using type = uint64_t;
};
template <class T>
using KeyOf = typename Unsigned<sizeof(T)>::type;

template <class T>
inline KeyOf<T> to_key(T x) {
  using K = KeyOf<T>;
  constexpr K kTop = K(K(1) << (8 * sizeof(K) - 1));
  K bits;
  std::memcpy(&bits, &x, sizeof bits);
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return std::is_signed_v<T> ? K(bits ^ kTop) : bits;
  } else {
    bool nan, zero;
    if constexpr (sizeof(T) == 2) {
      const float f = static_cast<float>(x);
      nan = f != f, zero = f == 0;
    } else {
      nan = x != x, zero = x == 0;
    }
    if (nan) return K(~K(0));
    if (zero) return kTop;
    return bits & kTop ? K(~bits) : K(bits | kTop);
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

template <class K>
struct Entry {
  K key;
  uint32_t index;
};

// Stable radix sort; `a` holds the input, the result is where the returned pointer says.
template <class K>
Entry<K>* radix_sort(Entry<K>* a, Entry<K>* b, int64_t n) {
  constexpr int kBits = sizeof(K) == 1 ? 8 : 11;
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

template <class T>
void sort_typed(const char* src, int64_t stride, int64_t n, bool descending, char* values,
                int64_t value_stride, int64_t* order, int64_t order_stride) {
  using K = KeyOf<T>;
  TORCH_CHECK(n < (int64_t{1} << 32), "sort: lines of 2^32 items and more are not supported");
  Scratch<Entry<K>> space(2 * n);
  Entry<K>* a = space.get();
  const K flip = descending ? K(~K(0)) : K(0);
  for (int64_t i = 0; i < n; ++i) {
    a[i] = {K(to_key(at<T>(src, stride, i)) ^ flip), static_cast<uint32_t>(i)};
  }
  if (n <= 16) {
    for (int64_t i = 1; i < n; ++i) {
      const Entry<K> e = a[i];
      int64_t j = i;
      for (; j > 0 && a[j - 1].key > e.key; --j) a[j] = a[j - 1];
      a[j] = e;
    }
  } else if (n < 400) {
    std::sort(a, a + n, [](const Entry<K>& x, const Entry<K>& y) {
      return x.key < y.key || (x.key == y.key && x.index < y.index);
    });
  } else {
    a = radix_sort(a, a + n, n);
  }
  if (values) {  // before the order is written: either may be the input's own memory
    for (int64_t i = 0; i < n; ++i) {
      *reinterpret_cast<T*>(values + i * value_stride) = at<T>(src, stride, a[i].index);
    }
  }
  if (order) {
    for (int64_t i = 0; i < n; ++i) order[i * order_stride] = a[i].index;
  }
}

template <class T>
bool nan_of(T x) {
  if constexpr (std::is_integral_v<T>)
    return false;
  else if constexpr (sizeof(T) == 2)
    return static_cast<float>(x) != static_cast<float>(x);
  else
    return x != x;
}

template <class T>
auto comparable(T x) {
  if constexpr (sizeof(T) == 2 && !std::is_integral_v<T>)
    return static_cast<float>(x);
  else
    return x;
}

template <class T>
void top_typed(const char* src, int64_t stride, int64_t n, int64_t k, bool largest, bool sorted,
               char* values, int64_t value_stride, int64_t* order, int64_t order_stride) {
  using C = decltype(comparable(T()));
  using Pair = std::pair<C, int64_t>;
  std::vector<Pair> queue(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    queue[static_cast<size_t>(i)] = {comparable(at<T>(src, stride, i)), i};
  const auto more = [](const Pair& x, const Pair& y) {
    return (nan_of(x.first) && !nan_of(y.first)) || x.first > y.first;
  };
  const auto less = [](const Pair& x, const Pair& y) {
    return (!nan_of(x.first) && nan_of(y.first)) || x.first < y.first;
  };
  const auto choose = [&](auto before) {
    if (k * 64 <= n) {
      std::partial_sort(queue.begin(), queue.begin() + k, queue.end(), before);
      return;
    }
    if (k == 0) return;
    std::nth_element(queue.begin(), queue.begin() + k - 1, queue.end(), before);
    if (sorted) std::sort(queue.begin(), queue.begin() + k - 1, before);
  };
  if (largest)
    choose(more);
  else
    choose(less);
  for (int64_t i = 0; i < k; ++i) {
    const int64_t from = queue[static_cast<size_t>(i)].second;
    *reinterpret_cast<T*>(values + i * value_stride) = at<T>(src, stride, from);
    order[i * order_stride] = from;
  }
}

// Position of the entry of rank k; equal keys rank by position.
template <class T>
int64_t select_typed(const char* src, int64_t stride, int64_t n, int64_t k) {
  using E = std::pair<KeyOf<T>, int64_t>;
  std::vector<E> entries(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    entries[static_cast<size_t>(i)] = {to_key(at<T>(src, stride, i)), i};
  std::nth_element(entries.begin(), entries.begin() + k, entries.end());
  return entries[static_cast<size_t>(k)].second;
}

template <class T>
int64_t mode_typed(const char* src, int64_t stride, int64_t n) {
  using E = std::pair<KeyOf<T>, int64_t>;
  std::vector<E> entries(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    entries[static_cast<size_t>(i)] = {to_key(at<T>(src, stride, i)), i};
  std::sort(entries.begin(), entries.end());
  int64_t best = 0, best_count = 0;
  for (size_t i = 0; i < entries.size();) {
    size_t j = i;
    const bool nan = nan_of(at<T>(src, stride, entries[i].second));  // equal to nothing
    do {
      ++j;
    } while (!nan && j < entries.size() && entries[j].first == entries[i].first);
    if (static_cast<int64_t>(j - i) > best_count) {
      best_count = static_cast<int64_t>(j - i);
      best = entries[j - 1].second;
    }
    i = j;
  }
  return best;
}

}  // namespace

void sort_line(ScalarType type, const char* src, int64_t stride, int64_t n, bool descending,
               char* values, int64_t value_stride, int64_t* order, int64_t order_stride) {
  if (n == 0) return;
  by_type(type, [&](auto tag) {
    sort_typed<decltype(tag)>(src, stride, n, descending, values, value_stride, order,
                              order_stride);
  });
}

void top_line(ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k, bool largest,
              bool sorted, char* values, int64_t value_stride, int64_t* order,
              int64_t order_stride) {
  by_type(type, [&](auto tag) {
    top_typed<decltype(tag)>(src, stride, n, k, largest, sorted, values, value_stride, order,
                             order_stride);
  });
}

int64_t select_line(ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k) {
  int64_t result = 0;
  by_type(type, [&](auto tag) { result = select_typed<decltype(tag)>(src, stride, n, k); });
  return result;
}

int64_t median_line(ScalarType type, const char* src, int64_t stride, int64_t n, bool skip_nan) {
  int64_t result = 0;
  by_type(type, [&](auto tag) {
    using T = decltype(tag);
    int64_t nans = 0, first = -1;
    if constexpr (!std::is_integral_v<T>) {
      for (int64_t i = 0; i < n; ++i) {
        if (!nan_of(at<T>(src, stride, i))) continue;
        if (nans++ == 0) first = i;
      }
    }
    if (nans > 0 && (!skip_nan || nans == n)) {
      result = first;
      return;
    }
    result = select_typed<T>(src, stride, n, (n - nans - 1) / 2);
  });
  return result;
}

int64_t mode_line(ScalarType type, const char* src, int64_t stride, int64_t n) {
  int64_t result = 0;
  by_type(type, [&](auto tag) { result = mode_typed<decltype(tag)>(src, stride, n); });
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
