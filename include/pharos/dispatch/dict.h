// c10::Dict<K, V>: a dict with reference semantics that keeps the order of insertion. As with
// lists, all dicts hold IValues underneath. Included by ivalue.h.
#pragma once

#include <pharos/dispatch/ivalue.h>

namespace c10 {

template <typename T>
TypePtr getTypePtr();

namespace detail {

// Entries in order of insertion and an open-addressing table of their positions. Erased entries
// stay as holes until half of them are, so that erasing is cheap and iterators over the rest stay
// valid.
struct PHAROS_API DictImpl final : intrusive_ptr_target {
  struct Entry {
    IValue key, value;
    size_t hash;
    bool alive;
  };
  DictImpl(TypePtr key_type, TypePtr value_type);
  ~DictImpl() override;
  intrusive_ptr<DictImpl> copy() const;
  // Position among the entries, or end().
  size_t find(const IValue& key) const;
  // The position; `fresh` tells whether it is new. An existing value is replaced if `assign`.
  size_t insert(IValue key, IValue value, bool assign, bool& fresh);
  size_t end() const;
  Entry& entry(size_t pos);
  const Entry& entry(size_t pos) const;
  void reserve(size_t n);
  void erase(size_t pos);
  void clear();
  size_t next_alive(size_t pos) const;
  const IValue& at(const IValue& key) const;

  size_t alive = 0;
  TypePtr keyType, valueType;

 private:
  struct Table;
  void rebuild();
  Table* table_;
};
PHAROS_API intrusive_ptr<DictImpl> make_dict(TypePtr key, TypePtr value);
PHAROS_API bool operator==(const DictImpl& a, const DictImpl& b);

}  // namespace detail

namespace impl {

template <typename K, typename V>
class DictEntryRef final {
 public:
  DictEntryRef(detail::DictImpl* d, size_t pos) : dict_(d), pos_(pos) {}
  decltype(auto) key() const { return entry().key.template to<K>(); }
  decltype(auto) value() const { return entry().value.template to<V>(); }
  template <typename U>
  void setValue(U&& v) const {
    entry().value = IValue(V(std::forward<U>(v)));
  }

 private:
  template <typename, typename>
  friend class DictIterator;
  detail::DictImpl::Entry& entry() const { return dict_->entry(pos_); }
  detail::DictImpl* dict_;
  size_t pos_;
};

template <typename K, typename V>
class DictIterator final {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = DictEntryRef<K, V>;
  using difference_type = std::ptrdiff_t;
  using pointer = const value_type*;
  using reference = const value_type&;
  DictIterator(detail::DictImpl* d, size_t pos) : ref_(d, pos) {}
  reference operator*() const { return ref_; }
  pointer operator->() const { return &ref_; }
  DictIterator& operator++() {
    ref_.pos_ = ref_.dict_->next_alive(ref_.pos_ + 1);
    return *this;
  }
  DictIterator operator++(int) {
    DictIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const DictIterator& a, const DictIterator& b) {
    return a.position() == b.position();
  }
  friend bool operator!=(const DictIterator& a, const DictIterator& b) { return !(a == b); }
  size_t position() const { return ref_.pos_; }

 private:
  value_type ref_;
};

}  // namespace impl

template <typename K, typename V>
class Dict final {
 public:
  using key_type = K;
  using mapped_type = V;
  using size_type = size_t;
  using iterator = impl::DictIterator<K, V>;

  Dict() : Dict(getTypePtr<K>(), getTypePtr<V>()) {}
  Dict(TypePtr key, TypePtr value) : impl_(detail::make_dict(key, value)) {}
  explicit Dict(intrusive_ptr<detail::DictImpl> impl) : impl_(std::move(impl)) {}

  Dict copy() const { return Dict(impl_->copy()); }
  iterator begin() const { return iterator(impl_.get(), impl_->next_alive(0)); }
  iterator end() const { return iterator(impl_.get(), impl_->end()); }
  bool empty() const { return size() == 0; }
  size_t size() const { return impl_->alive; }
  void clear() const { impl_->clear(); }
  std::pair<iterator, bool> insert(K key, V value) const {
    return put(std::move(key), std::move(value), false);
  }
  std::pair<iterator, bool> insert_or_assign(K key, V value) const {
    return put(std::move(key), std::move(value), true);
  }
  void erase(iterator i) const { impl_->erase(i.position()); }
  size_t erase(const K& key) const {
    const size_t pos = impl_->find(IValue(key));
    if (pos == impl_->end()) return 0;
    impl_->erase(pos);
    return 1;
  }
  V at(const K& key) const { return impl_->at(IValue(key)).template to<V>(); }
  iterator find(const K& key) const { return iterator(impl_.get(), impl_->find(IValue(key))); }
  bool contains(const K& key) const { return impl_->find(IValue(key)) != impl_->end(); }
  void reserve(size_t n) const { impl_->reserve(n); }
  bool is(const Dict& o) const { return impl_ == o.impl_; }
  size_t use_count() const { return impl_.use_count(); }
  TypePtr keyType() const { return impl_->keyType; }
  TypePtr valueType() const { return impl_->valueType; }
  void unsafeSetKeyType(TypePtr t) { impl_->keyType = t; }
  void unsafeSetValueType(TypePtr t) { impl_->valueType = t; }
  const intrusive_ptr<detail::DictImpl>& getIntrusivePtr() const { return impl_; }
  friend bool operator==(const Dict& a, const Dict& b) { return *a.impl_ == *b.impl_; }
  friend bool operator!=(const Dict& a, const Dict& b) { return !(a == b); }

 private:
  std::pair<iterator, bool> put(K key, V value, bool assign) const {
    bool fresh = false;
    const size_t pos =
        impl_->insert(IValue(std::move(key)), IValue(std::move(value)), assign, fresh);
    return {iterator(impl_.get(), pos), fresh};
  }
  intrusive_ptr<detail::DictImpl> impl_;
};

namespace impl {
using GenericDict = Dict<IValue, IValue>;
template <typename K, typename V>
GenericDict toGenericDict(const Dict<K, V>& d) {
  return GenericDict(d.getIntrusivePtr());
}
template <typename K, typename V>
Dict<K, V> toTypedDict(const GenericDict& d) {
  return Dict<K, V>(d.getIntrusivePtr());
}
}  // namespace impl

}  // namespace c10
