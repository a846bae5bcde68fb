// A value or nothing, for options and members of public classes: std::optional costs each program
// that includes it nearly a megabyte of compiler memory per type. Converts from and to it.
#pragma once

#include <optional>
#include <type_traits>

namespace pharos {

template <typename T>
class Maybe {
 public:
  Maybe() = default;
  Maybe(std::nullopt_t) {}
  // Two conditions one after the other, so that copies do not evaluate the costly one.
  template <typename U = T,
            typename = std::enable_if_t<!std::is_base_of_v<Maybe, std::remove_reference_t<U>>>,
            typename = std::enable_if_t<std::is_convertible_v<U&&, T>>>
  Maybe(U&& value) : value_(static_cast<U&&>(value)), has_(true) {}
  template <typename U>
  Maybe(const std::optional<U>& o) : has_(o.has_value()) {
    if (o) value_ = *o;
  }
  template <typename U, typename = std::enable_if_t<std::is_same_v<U, T>>>
  operator std::optional<U>() const {
    return has_ ? std::optional<U>(value_) : std::nullopt;
  }

  bool has_value() const noexcept { return has_; }
  explicit operator bool() const noexcept { return has_; }
  T& operator*() noexcept { return value_; }
  const T& operator*() const noexcept { return value_; }
  T* operator->() noexcept { return &value_; }
  const T* operator->() const noexcept { return &value_; }
  T& value() {
    if (!has_) throw std::bad_optional_access();
    return value_;
  }
  const T& value() const { return const_cast<Maybe*>(this)->value(); }
  T value_or(T other) const { return has_ ? value_ : other; }
  T& emplace() {
    value_ = T();
    has_ = true;
    return value_;
  }
  void reset() { *this = Maybe(); }

 private:
  T value_{};
  bool has_ = false;
};
template <typename T>
bool operator==(const Maybe<T>& a, const Maybe<T>& b) {
  return a.has_value() == b.has_value() && (!a || *a == *b);
}
template <typename T>
bool operator!=(const Maybe<T>& a, const Maybe<T>& b) {
  return !(a == b);
}

}  // namespace pharos
