// torch::OrderedDict: a dictionary that keeps the order of insertion. Small ones are searched one
// by one; larger ones through a table of hashes that lives out of line.
#pragma once

#include <pharos/core/exception.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pharos {

// Open-addressing table from hashes to positions.
class PHAROS_API HashIndex {
 public:
  HashIndex() noexcept = default;
  HashIndex(HashIndex&&) noexcept;
  HashIndex& operator=(HashIndex&&) noexcept;
  ~HashIndex();
  void clear() noexcept;
  size_t count() const noexcept { return count_; }
  void add(size_t hash);
  // Candidates for a hash, one after the other; npos at the end.
  size_t first(size_t hash, size_t& cursor) const noexcept;
  size_t next(size_t hash, size_t& cursor) const noexcept;
  static constexpr size_t npos = ~size_t{0};

 private:
  struct Slot;
  Slot* slots_ = nullptr;
  size_t capacity_ = 0, count_ = 0;
};
[[noreturn]] PHAROS_API void index_out_of_bounds(size_t index);
[[noreturn]] PHAROS_API void empty_dict(const char* what);

}  // namespace pharos

namespace torch {

template <typename Key, typename Value>
class OrderedDict {
 public:
  class Item {
   public:
    Item(Key key, Value value) : pair_(std::move(key), std::move(value)) {}
    Value& operator*() { return value(); }
    const Value& operator*() const { return value(); }
    Value* operator->() { return &value(); }
    const Value* operator->() const { return &value(); }
    const Key& key() const noexcept { return pair_.first; }
    Value& value() noexcept { return pair_.second; }
    const Value& value() const noexcept { return pair_.second; }
    const std::pair<Key, Value>& pair() const noexcept { return pair_; }

   private:
    std::pair<Key, Value> pair_;
  };
  using Iterator = typename std::vector<Item>::iterator;
  using ConstIterator = typename std::vector<Item>::const_iterator;

  explicit OrderedDict(std::string key_description = "Key")
      : key_description_(std::move(key_description)) {}
  OrderedDict(const OrderedDict& o) : items_(o.items_), key_description_(o.key_description_) {}
  OrderedDict(OrderedDict&&) noexcept = default;
  OrderedDict& operator=(const OrderedDict& o) {
    if (this != &o) {
      clear();
      items_ = o.items_;
      key_description_ = o.key_description_;
    }
    return *this;
  }
  OrderedDict& operator=(OrderedDict&&) noexcept = default;
  OrderedDict(std::initializer_list<Item> list) : OrderedDict("Key") {
    for (const Item& item : list) insert(item.key(), item.value());
  }

  const std::string& key_description() const noexcept { return key_description_; }
  Item& front() { return check_not_empty("front()"), items_.front(); }
  const Item& front() const { return check_not_empty("front()"), items_.front(); }
  Item& back() { return check_not_empty("back()"), items_.back(); }
  const Item& back() const { return check_not_empty("back()"), items_.back(); }
  Item& operator[](size_t index) {
    if (index >= items_.size()) pharos::index_out_of_bounds(index);
    return items_[index];
  }
  const Item& operator[](size_t index) const {
    if (index >= items_.size()) pharos::index_out_of_bounds(index);
    return items_[index];
  }
  Value& operator[](const Key& key) {
    if (Value* v = find(key)) return *v;
    TORCH_CHECK(false, key_description_, " '", key, "' is not defined");
  }
  const Value& operator[](const Key& key) const {
    if (const Value* v = find(key)) return *v;
    TORCH_CHECK(false, key_description_, " '", key, "' is not defined");
  }
  Value* find(const Key& key) noexcept {
    const size_t i = position(key);
    return i == npos ? nullptr : &items_[i].value();
  }
  const Value* find(const Key& key) const noexcept {
    const size_t i = position(key);
    return i == npos ? nullptr : &items_[i].value();
  }
  bool contains(const Key& key) const noexcept { return position(key) != npos; }

  Iterator begin() { return items_.begin(); }
  ConstIterator begin() const { return items_.begin(); }
  Iterator end() { return items_.end(); }
  ConstIterator end() const { return items_.end(); }
  size_t size() const noexcept { return items_.size(); }
  bool is_empty() const noexcept { return items_.empty(); }
  void reserve(size_t n) { items_.reserve(n); }

  template <typename K, typename V>
  Value& insert(K&& key, V&& value) {
    const Key& k = key;
    TORCH_CHECK(!contains(k), key_description_, " '", k, "' already defined");
    items_.emplace_back(std::forward<K>(key), std::forward<V>(value));
    sync();
    return items_.back().value();
  }
  Value& insert(Key key, Value&& value) {
    return insert<Key, Value>(std::move(key), std::move(value));
  }
  void update(OrderedDict&& o) {
    for (Item& item : o) insert(Key(item.key()), std::move(item.value()));
  }
  void update(const OrderedDict& o) {
    for (const Item& item : o) insert(item.key(), item.value());
  }
  void erase(const Key& key) {
    const size_t i = position(key);
    TORCH_CHECK(i != npos, "Key '", key, "' doesn't exist");
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(i));
    index_.clear();
    sync();
  }
  void clear() {
    index_.clear();
    items_.clear();
  }

  const std::vector<Item>& items() const noexcept { return items_; }
  std::vector<Key> keys() const {
    std::vector<Key> out;
    out.reserve(size());
    for (const Item& item : items_) out.push_back(item.key());
    return out;
  }
  std::vector<Value> values() const {
    std::vector<Value> out;
    out.reserve(size());
    for (const Item& item : items_) out.push_back(item.value());
    return out;
  }
  std::vector<std::pair<Key, Value>> pairs() const {
    std::vector<std::pair<Key, Value>> out;
    out.reserve(size());
    for (const Item& item : items_) out.push_back(item.pair());
    return out;
  }
  friend bool operator==(const OrderedDict& a, const OrderedDict& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (a.items_[i].key() != b.items_[i].key() || !(a.items_[i].value() == b.items_[i].value()))
        return false;
    return true;
  }

 private:
  static constexpr size_t npos = pharos::HashIndex::npos;
  static constexpr size_t kSmall = 8;

  void check_not_empty(const char* what) const {
    if (items_.empty()) pharos::empty_dict(what);
  }
  // A copied dict has no table yet and is searched one by one until its next insertion.
  void sync() {
    if (items_.size() <= kSmall) return;
    if (index_.count() + 1 != items_.size()) index_.clear();
    for (size_t i = index_.count(); i < items_.size(); ++i)
      index_.add(std::hash<Key>()(items_[i].key()));
  }
  size_t position(const Key& key) const noexcept {
    const size_t n = items_.size();
    if (index_.count() != n) {
      for (size_t i = 0; i < n; ++i)
        if (items_[i].key() == key) return i;
      return npos;
    }
    size_t cursor;
    const size_t hash = std::hash<Key>()(key);
    for (size_t i = index_.first(hash, cursor); i != npos; i = index_.next(hash, cursor))
      if (items_[i].key() == key) return i;
    return npos;
  }

  std::vector<Item> items_;
  std::string key_description_;
  pharos::HashIndex index_;
};

}  // namespace torch
