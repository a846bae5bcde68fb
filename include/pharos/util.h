// Small helpers that programs use from c10: irange, str, demangle.
#pragma once

#include <pharos/core/exception.h>

#include <cstdint>
#include <string>
#include <type_traits>

namespace c10 {

// for (const auto i : irange(n))
template <typename T>
class IntegerRange {
 public:
  class Iterator {
   public:
    constexpr explicit Iterator(T v) : value_(v) {}
    constexpr T operator*() const { return value_; }
    constexpr Iterator& operator++() {
      ++value_;
      return *this;
    }
    constexpr bool operator!=(const Iterator& o) const { return value_ != o.value_; }
    constexpr bool operator==(const Iterator& o) const { return value_ == o.value_; }

   private:
    T value_;
  };
  constexpr IntegerRange(T begin, T end) : begin_(begin), end_(end < begin ? begin : end) {}
  constexpr Iterator begin() const { return Iterator(begin_); }
  constexpr Iterator end() const { return Iterator(end_); }

 private:
  T begin_, end_;
};
template <typename T, typename = std::enable_if_t<std::is_integral_v<T>>>
constexpr IntegerRange<T> irange(T end) {
  return IntegerRange<T>(T(0), end);
}
template <typename A, typename B,
          typename = std::enable_if_t<std::is_integral_v<A> && std::is_integral_v<B>>>
constexpr IntegerRange<B> irange(A begin, B end) {
  return IntegerRange<B>(static_cast<B>(begin), end);
}

template <typename... Args>
std::string str(const Args&... args) {
  return pharos::message(args...);
}

template <typename Container>
std::string Join(const std::string& delimiter, const Container& v) {
  std::string joined;
  bool first = true;
  for (const auto& element : v) {
    if (!first) joined += delimiter;
    joined += pharos::message(element);
    first = false;
  }
  return joined;
}

PHAROS_API std::string demangle(const char* name);

}  // namespace c10
