// c10::ArrayRef: a borrowed, read-only run of values; IntArrayRef for sizes, strides and dims.
#pragma once

#include <pharos/core/exception.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <vector>

namespace c10 {

template <typename T>
class ArrayRef {
 public:
  using iterator = const T*;
  using const_iterator = const T*;
  using value_type = T;
  using size_type = size_t;

  constexpr ArrayRef() = default;
  constexpr ArrayRef(const T& one) : data_(&one), size_(1) {}
  constexpr ArrayRef(const T* data, size_t size) : data_(data), size_(size) {}
  constexpr ArrayRef(const T* begin, const T* end) : data_(begin), size_(size_t(end - begin)) {}
  template <typename A>
  ArrayRef(const std::vector<T, A>& v) : data_(v.data()), size_(v.size()) {
    static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no contiguous storage");
  }
  // Any other container with data() and size() (std::array, SmallVector, ...).
  template <typename C,
            typename = std::enable_if_t<
                std::is_convertible_v<decltype(std::declval<const C&>().data()), const T*>>,
            typename = decltype(std::declval<const C&>().size()),
            typename = std::enable_if_t<!std::is_base_of_v<ArrayRef, C>>>
  ArrayRef(const C& c) : data_(c.data()), size_(c.size()) {}
  template <size_t N>
  constexpr ArrayRef(const T (&a)[N]) : data_(a), size_(N) {}
#pragma GCC diagnostic push
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
#endif
  constexpr ArrayRef(const std::initializer_list<T>& list)
      : data_(list.begin() == list.end() ? nullptr : list.begin()), size_(list.size()) {}
#pragma GCC diagnostic pop

  constexpr const T* begin() const { return data_; }
  constexpr const T* end() const { return data_ + size_; }
  constexpr const T* cbegin() const { return data_; }
  constexpr const T* cend() const { return data_ + size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr const T* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr const T& operator[](size_t i) const { return data_[i]; }
  const T& front() const {
    TORCH_CHECK(size_ > 0, "ArrayRef: attempted to access front() of empty list");
    return data_[0];
  }
  const T& back() const {
    TORCH_CHECK(size_ > 0, "ArrayRef: attempted to access back() of empty list");
    return data_[size_ - 1];
  }
  const T& at(size_t i) const {
    TORCH_CHECK(i < size_, "ArrayRef: invalid index Index = ", i, "; Length = ", size_);
    return data_[i];
  }
  constexpr bool equals(ArrayRef o) const {
    if (size_ != o.size_) return false;
    for (size_t i = 0; i < size_; ++i)
      if (!(data_[i] == o.data_[i])) return false;
    return true;
  }
  ArrayRef slice(size_t n, size_t m) const {
    TORCH_CHECK(n + m <= size_, "ArrayRef: invalid slice, N = ", n, "; M = ", m,
                "; size = ", size_);
    return ArrayRef(data_ + n, m);
  }
  ArrayRef slice(size_t n) const { return slice(n, size_ - n); }
  std::vector<T> vec() const { return std::vector<T>(data_, data_ + size_); }

 private:
  const T* data_ = nullptr;
  size_t size_ = 0;
};

template <typename T>
bool operator==(ArrayRef<T> a, ArrayRef<T> b) {
  return a.equals(b);
}
template <typename T>
bool operator!=(ArrayRef<T> a, ArrayRef<T> b) {
  return !a.equals(b);
}
template <typename T>
bool operator==(const std::vector<T>& a, ArrayRef<T> b) {
  return ArrayRef<T>(a).equals(b);
}
template <typename T>
bool operator!=(const std::vector<T>& a, ArrayRef<T> b) {
  return !ArrayRef<T>(a).equals(b);
}
template <typename T>
bool operator==(ArrayRef<T> a, const std::vector<T>& b) {
  return a.equals(ArrayRef<T>(b));
}
template <typename T>
bool operator!=(ArrayRef<T> a, const std::vector<T>& b) {
  return !a.equals(ArrayRef<T>(b));
}

using IntArrayRef = ArrayRef<int64_t>;
// Symbolic sizes have no place in an eager library: SymInt is the plain integer.
using SymInt = int64_t;
using SymIntArrayRef = IntArrayRef;

template <typename T>
ArrayRef<T> makeArrayRef(const std::vector<T>& v) {
  return v;
}

// Prints "[2, 3]".
PHAROS_API std::ostream& operator<<(std::ostream& out, IntArrayRef v);

using std::nullopt;
using std::nullopt_t;
using std::optional;

// An optional ArrayRef that also accepts what an ArrayRef accepts.
template <typename T>
class OptionalArrayRef {
 public:
  constexpr OptionalArrayRef() = default;
  constexpr OptionalArrayRef(nullopt_t) {}
  constexpr OptionalArrayRef(ArrayRef<T> v) : ref_(v), has_(true) {}
  constexpr OptionalArrayRef(const T& one) : ref_(one), has_(true) {}
  OptionalArrayRef(const std::vector<T>& v) : ref_(v), has_(true) {}
  constexpr OptionalArrayRef(const std::initializer_list<T>& v) : ref_(v), has_(true) {}
  OptionalArrayRef(const std::optional<ArrayRef<T>>& v)
      : ref_(v ? *v : ArrayRef<T>()), has_(v.has_value()) {}
  OptionalArrayRef(const std::optional<std::vector<T>>& v)
      : ref_(v ? ArrayRef<T>(*v) : ArrayRef<T>()), has_(v.has_value()) {}
  template <typename C, typename = decltype(ArrayRef<T>(std::declval<const C&>())),
            typename = std::enable_if_t<!std::is_base_of_v<OptionalArrayRef, C> &&
                                        !std::is_convertible_v<const C&, const T&>>,
            typename = decltype(std::declval<const C&>().data())>
  OptionalArrayRef(const C& c) : ref_(c), has_(true) {}

  constexpr bool has_value() const { return has_; }
  constexpr explicit operator bool() const { return has_; }
  const ArrayRef<T>& value() const {
    TORCH_CHECK(has_, "bad optional access");
    return ref_;
  }
  constexpr const ArrayRef<T>& operator*() const { return ref_; }
  constexpr const ArrayRef<T>* operator->() const { return &ref_; }
  ArrayRef<T> value_or(ArrayRef<T> other) const { return has_ ? ref_ : other; }

 private:
  ArrayRef<T> ref_;
  bool has_ = false;
};
using OptionalIntArrayRef = OptionalArrayRef<int64_t>;

}  // namespace c10

namespace at {
using c10::ArrayRef;
using c10::IntArrayRef;
using c10::makeArrayRef;
using c10::OptionalArrayRef;
using c10::OptionalIntArrayRef;
}  // namespace at
