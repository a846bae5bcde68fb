// c10::intrusive_ptr: shared ownership with the count inside the object, as LibTorch's programs and
// custom classes use it.
#pragma once

#include <pharos/core/macros.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace c10 {

// Base of objects held by intrusive_ptr. A new object has no owner; the first intrusive_ptr is one.
class PHAROS_API intrusive_ptr_target {
 public:
  intrusive_ptr_target() = default;
  intrusive_ptr_target(const intrusive_ptr_target&) noexcept {}
  intrusive_ptr_target& operator=(const intrusive_ptr_target&) noexcept { return *this; }
  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const_cast<intrusive_ptr_target*>(this)->release_resources();
      delete this;
    }
  }
  uint32_t use_count() const noexcept { return count_.load(std::memory_order_relaxed); }

 protected:
  virtual ~intrusive_ptr_target();
  virtual void release_resources() {}

 private:
  mutable std::atomic<uint32_t> count_{0};
};

template <typename T>
class intrusive_ptr {
 public:
  using element_type = T;
  intrusive_ptr() noexcept = default;
  intrusive_ptr(std::nullptr_t) noexcept {}
  intrusive_ptr(const intrusive_ptr& o) noexcept : p_(o.p_) {
    if (p_) p_->retain();
  }
  intrusive_ptr(intrusive_ptr&& o) noexcept : p_(o.p_) { o.p_ = nullptr; }
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
  intrusive_ptr(const intrusive_ptr<U>& o) noexcept : p_(o.get()) {
    if (p_) p_->retain();
  }
  template <typename U, typename = std::enable_if_t<std::is_convertible_v<U*, T*>>>
  intrusive_ptr(intrusive_ptr<U>&& o) noexcept : p_(o.release()) {}
  ~intrusive_ptr() {
    if (p_) p_->release();
  }
  intrusive_ptr& operator=(const intrusive_ptr& o) noexcept {
    intrusive_ptr(o).swap(*this);
    return *this;
  }
  intrusive_ptr& operator=(intrusive_ptr&& o) noexcept {
    intrusive_ptr(std::move(o)).swap(*this);
    return *this;
  }
  // Takes over a reference that the caller owns.
  static intrusive_ptr reclaim(T* owned) noexcept {
    intrusive_ptr r;
    r.p_ = owned;
    return r;
  }
  static intrusive_ptr reclaim_copy(T* borrowed) noexcept {
    if (borrowed) borrowed->retain();
    return reclaim(borrowed);
  }
  static intrusive_ptr unsafe_reclaim_from_nonowning(T* borrowed) noexcept {
    return reclaim_copy(borrowed);
  }
  // Gives up the reference without releasing it.
  T* release() noexcept {
    T* p = p_;
    p_ = nullptr;
    return p;
  }
  T* get() const noexcept { return p_; }
  T& operator*() const noexcept { return *p_; }
  T* operator->() const noexcept { return p_; }
  explicit operator bool() const noexcept { return p_ != nullptr; }
  bool defined() const noexcept { return p_ != nullptr; }
  void reset() noexcept { intrusive_ptr().swap(*this); }
  void swap(intrusive_ptr& o) noexcept { std::swap(p_, o.p_); }
  size_t use_count() const noexcept { return p_ ? p_->use_count() : 0; }
  bool unique() const noexcept { return use_count() == 1; }
  friend bool operator==(const intrusive_ptr& a, const intrusive_ptr& b) { return a.p_ == b.p_; }
  friend bool operator!=(const intrusive_ptr& a, const intrusive_ptr& b) { return a.p_ != b.p_; }
  friend bool operator==(const intrusive_ptr& a, std::nullptr_t) { return a.p_ == nullptr; }
  friend bool operator!=(const intrusive_ptr& a, std::nullptr_t) { return a.p_ != nullptr; }
  friend bool operator<(const intrusive_ptr& a, const intrusive_ptr& b) { return a.p_ < b.p_; }

 private:
  T* p_ = nullptr;
};

template <typename T, typename... Args>
intrusive_ptr<T> make_intrusive(Args&&... args) {
  T* p = new T(std::forward<Args>(args)...);
  p->retain();
  return intrusive_ptr<T>::reclaim(p);
}
template <typename To, typename From>
intrusive_ptr<To> static_intrusive_pointer_cast(const intrusive_ptr<From>& p) {
  return intrusive_ptr<To>::reclaim_copy(static_cast<To*>(p.get()));
}
template <typename To, typename From>
intrusive_ptr<To> dynamic_intrusive_pointer_cast(const intrusive_ptr<From>& p) {
  return intrusive_ptr<To>::reclaim_copy(dynamic_cast<To*>(p.get()));
}

}  // namespace c10
