// c10::List<T>: a list with reference semantics. Every list is a run of IValues underneath, so that
// a typed view and the generic one share it. Included by ivalue.h.
#pragma once

#include <pharos/dispatch/ivalue.h>

namespace c10 {

template <typename T>
TypePtr getTypePtr();

namespace detail {

struct PHAROS_API ListImpl final : intrusive_ptr_target {
  explicit ListImpl(TypePtr element, std::vector<IValue> v = {});
  ~ListImpl() override;
  intrusive_ptr<ListImpl> copy() const;
  std::vector<IValue> list;
  TypePtr elementType;
};
PHAROS_API intrusive_ptr<ListImpl> make_list(TypePtr element, size_t reserve);
PHAROS_API bool operator==(const ListImpl& a, const ListImpl& b);
PHAROS_API void append(ListImpl& list, IValue v);
PHAROS_API IValue& at(ListImpl& list, size_t pos);
PHAROS_API void insert(ListImpl& list, size_t pos, IValue v);
PHAROS_API void erase(ListImpl& list, size_t from, size_t to);
PHAROS_API void resize(ListImpl& list, size_t n, const IValue& fill);

}  // namespace detail

namespace impl {

// What indexing gives: reads convert, assignment stores.
template <typename T>
class ListElementReference final {
 public:
  explicit ListElementReference(IValue* p) : p_(p) {}
  ListElementReference(const ListElementReference&) = default;
  operator T() const { return p_->template to<T>(); }
  const IValue& get() const { return *p_; }
  const ListElementReference& operator=(T v) const {
    *p_ = IValue(std::move(v));
    return *this;
  }
  const ListElementReference& operator=(const ListElementReference& o) const {
    *p_ = *o.p_;
    return *this;
  }
  ListElementReference& operator=(const ListElementReference& o) {
    *p_ = *o.p_;
    return *this;
  }
  friend bool operator==(const ListElementReference& a, const T& b) { return T(a) == b; }
  friend bool operator==(const T& a, const ListElementReference& b) { return a == T(b); }
  friend void swap(ListElementReference a, ListElementReference b) { a.p_->swap(*b.p_); }

 private:
  IValue* p_;
};

template <typename T>
class ListIterator final {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = IValue*;
  using reference = ListElementReference<T>;

  ListIterator() = default;
  explicit ListIterator(IValue* p) : p_(p) {}
  reference operator*() const { return reference(p_); }
  reference operator[](difference_type n) const { return reference(p_ + n); }
  ListIterator& operator++() { return *this += 1; }
  ListIterator& operator--() { return *this += -1; }
  ListIterator operator++(int) { return ListIterator(p_++); }
  ListIterator operator--(int) { return ListIterator(p_--); }
  ListIterator& operator+=(difference_type n) {
    p_ += n;
    return *this;
  }
  ListIterator& operator-=(difference_type n) { return *this += -n; }
  friend ListIterator operator+(ListIterator i, difference_type n) { return i += n; }
  friend ListIterator operator+(difference_type n, ListIterator i) { return i += n; }
  friend ListIterator operator-(ListIterator i, difference_type n) { return i -= n; }
  friend difference_type operator-(ListIterator a, ListIterator b) { return a.p_ - b.p_; }
  friend bool operator==(ListIterator a, ListIterator b) { return a.p_ == b.p_; }
  friend bool operator!=(ListIterator a, ListIterator b) { return a.p_ != b.p_; }
  friend bool operator<(ListIterator a, ListIterator b) { return a.p_ < b.p_; }
  friend bool operator>(ListIterator a, ListIterator b) { return a.p_ > b.p_; }
  friend bool operator<=(ListIterator a, ListIterator b) { return a.p_ <= b.p_; }
  friend bool operator>=(ListIterator a, ListIterator b) { return a.p_ >= b.p_; }
  IValue* base() const { return p_; }

 private:
  IValue* p_ = nullptr;
};

}  // namespace impl

template <typename T>
class List final {
 public:
  using value_type = T;
  using size_type = size_t;
  using iterator = impl::ListIterator<T>;
  using reverse_iterator = std::reverse_iterator<iterator>;

  List() : List(getTypePtr<T>()) {}
  List(std::initializer_list<T> values) : List(ArrayRef<T>(values.begin(), values.size())) {}
  explicit List(ArrayRef<T> values) : impl_(detail::make_list(getTypePtr<T>(), values.size())) {
    for (const T& v : values) push_back(v);
  }
  explicit List(const std::vector<T>& values)
      : impl_(detail::make_list(getTypePtr<T>(), values.size())) {
    for (const auto& v : values) push_back(T(v));
  }
  explicit List(TypePtr element) : impl_(detail::make_list(element, 0)) {}
  explicit List(intrusive_ptr<detail::ListImpl> impl) : impl_(std::move(impl)) {}

  List copy() const { return List(impl_->copy()); }
  // A reference for values and tensors, a converted copy of the rest.
  decltype(auto) get(size_t pos) const {
    if constexpr (std::is_same_v<T, IValue>) {
      return static_cast<const IValue&>(detail::at(*impl_, pos));
    } else if constexpr (std::is_same_v<T, at::Tensor>) {
      return static_cast<const IValue&>(detail::at(*impl_, pos)).toTensor();
    } else {
      return detail::at(*impl_, pos).template to<T>();
    }
  }
  decltype(auto) operator[](size_t pos) const { return get(pos); }
  impl::ListElementReference<T> operator[](size_t pos) {
    return impl::ListElementReference<T>(&detail::at(*impl_, pos));
  }
  T extract(size_t pos) const { return std::move(detail::at(*impl_, pos)).template to<T>(); }
  void set(size_t pos, T v) const { detail::at(*impl_, pos) = IValue(std::move(v)); }
  iterator begin() const { return iterator(impl_->list.data()); }
  iterator end() const { return iterator(impl_->list.data() + size()); }
  bool empty() const { return size() == 0; }
  size_t size() const { return impl_->list.size(); }
  void reserve(size_t n) const { impl_->list.reserve(n); }
  void clear() const { impl_->list.clear(); }
  void push_back(T v) const { detail::append(*impl_, IValue(std::move(v))); }
  template <typename... Args>
  void emplace_back(Args&&... args) const {
    push_back(T(std::forward<Args>(args)...));
  }
  void append(List other) const {
    for (size_t i = 0, n = other.size(); i < n; ++i) detail::append(*impl_, other.impl_->list[i]);
  }
  iterator insert(iterator pos, T v) const {
    const auto i = pos - begin();
    detail::insert(*impl_, static_cast<size_t>(i), IValue(std::move(v)));
    return begin() + i;
  }
  iterator erase(iterator pos) const { return erase(pos, pos + 1); }
  iterator erase(iterator from, iterator to) const {
    const auto i = from - begin();
    detail::erase(*impl_, static_cast<size_t>(i), static_cast<size_t>(to - begin()));
    return begin() + i;
  }
  void pop_back() const {
    TORCH_CHECK(!empty(), "pop from empty list");
    detail::erase(*impl_, size() - 1, size());
  }
  void resize(size_t n) const { resize(n, T{}); }
  void resize(size_t n, const T& fill) const { detail::resize(*impl_, n, IValue(fill)); }
  std::vector<T> vec() const {
    std::vector<T> out;
    out.reserve(size());
    for (const IValue& v : impl_->list) out.push_back(v.template to<T>());
    return out;
  }
  bool is(const List& o) const { return impl_ == o.impl_; }
  size_t use_count() const { return impl_.use_count(); }
  TypePtr elementType() const { return impl_->elementType; }
  void unsafeSetElementType(TypePtr t) { impl_->elementType = t; }
  const intrusive_ptr<detail::ListImpl>& getIntrusivePtr() const { return impl_; }
  friend bool operator==(const List& a, const List& b) { return *a.impl_ == *b.impl_; }
  friend bool operator!=(const List& a, const List& b) { return !(a == b); }

 private:
  intrusive_ptr<detail::ListImpl> impl_;
};

namespace impl {
using GenericList = List<IValue>;
template <typename T>
List<T> toTypedList(List<IValue> l) {
  return List<T>(l.getIntrusivePtr());
}
template <typename T>
List<IValue> toList(const List<T>& l) {
  return List<IValue>(l.getIntrusivePtr());
}
}  // namespace impl

}  // namespace c10
