// torch::ExpandingArray<D>: D numbers, or one number that stands for all of them (kernel sizes,
// strides, paddings); and its form whose elements may be absent (adaptive pooling).
#pragma once

#include <pharos/core/array_ref.h>
#include <pharos/core/exception.h>

#include <array>
#include <initializer_list>
#include <optional>
#include <vector>

namespace torch {

namespace detail {
[[noreturn]] PHAROS_API void wrong_array_size(size_t expected, size_t got);
PHAROS_API std::ostream& print_array(std::ostream& out, const int64_t* values, size_t n);
PHAROS_API std::ostream& print_array(std::ostream& out, const double* values, size_t n);
PHAROS_API std::ostream& print_array(std::ostream& out, const std::optional<int64_t>* values,
                                     size_t n);
}  // namespace detail

template <size_t D, typename T = int64_t>
class ExpandingArray {
 public:
  ExpandingArray(std::initializer_list<T> list) { assign(list.begin(), list.size()); }
  ExpandingArray(const std::vector<T>& v) { assign(v.data(), v.size()); }
  ExpandingArray(c10::ArrayRef<T> v) { assign(v.data(), v.size()); }
  ExpandingArray(T single) {
    for (T& v : values_) v = single;
  }
  ExpandingArray(const std::array<T, D>& values) : values_(values) {}

  std::array<T, D>& operator*() { return values_; }
  const std::array<T, D>& operator*() const { return values_; }
  std::array<T, D>* operator->() { return &values_; }
  const std::array<T, D>* operator->() const { return &values_; }
  operator c10::ArrayRef<T>() const { return c10::ArrayRef<T>(values_.data(), D); }
  size_t size() const noexcept { return D; }

 protected:
  ExpandingArray() = default;
  template <typename U>
  void assign(const U* v, size_t n) {
    if (n != D) detail::wrong_array_size(D, n);
    for (size_t i = 0; i < D; ++i) values_[i] = v[i];
  }
  std::array<T, D> values_;
};

template <size_t D, typename T>
std::ostream& operator<<(std::ostream& out, const ExpandingArray<D, T>& a) {
  return detail::print_array(out, a->data(), D);
}

template <size_t D, typename T = int64_t>
class ExpandingArrayWithOptionalElem : public ExpandingArray<D, std::optional<T>> {
 public:
  using ExpandingArray<D, std::optional<T>>::ExpandingArray;
  ExpandingArrayWithOptionalElem(std::initializer_list<T> list) {
    this->assign(list.begin(), list.size());
  }
  ExpandingArrayWithOptionalElem(const std::vector<T>& v) { this->assign(v.data(), v.size()); }
  ExpandingArrayWithOptionalElem(c10::ArrayRef<T> v) { this->assign(v.data(), v.size()); }
  ExpandingArrayWithOptionalElem(T single)
      : ExpandingArray<D, std::optional<T>>(std::optional<T>(single)) {}
  ExpandingArrayWithOptionalElem(const std::array<T, D>& v) { this->assign(v.data(), D); }
};

template <size_t D, typename T>
std::ostream& operator<<(std::ostream& out, const ExpandingArrayWithOptionalElem<D, T>& a) {
  return detail::print_array(out, a->data(), D);
}

}  // namespace torch
