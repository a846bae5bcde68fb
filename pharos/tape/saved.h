// SavedTensor: a tensor kept for backward, with the version it had. Outputs of the node itself are
// kept as detached aliases, or node and tensor would own each other.
#pragma once

#include <pharos/autograd/node.h>

#include <optional>
#include <vector>

#include "core/thread_state.h"

namespace pharos::tape {

using at::Tensor;
using c10::TensorImpl;
using torch::autograd::Node;

// A node's name as errors about its outputs give it: without "Backward0".
std::string short_name(const Node& n);
[[noreturn]] void graph_released();

class SavedTensor {
 public:
  SavedTensor() = default;
  SavedTensor(const SavedTensor&) = delete;
  SavedTensor& operator=(const SavedTensor&) = delete;
  ~SavedTensor() { reset(); }

  PHAROS_INLINE_FOR_SPEED void save(const Tensor& t) {
    TensorImpl* impl = t.unsafeGetTensorImpl();
    if (!impl) return;
    if (PHAROS_UNLIKELY(thread_state.special & kSpecialSavedHooks)) return save_packed(t, false, 0);
    if (PHAROS_UNLIKELY(impl->is_inference())) refuse_inference();
    impl->retain();
    impl_ = impl;
    version_ = impl->version();
  }
  void save(const std::optional<Tensor>& t) {
    if (t) save(*t);
  }
  // `t` is output `nr` of the node that keeps it.
  void save_output(const Tensor& t, uint32_t nr);
  // The tensor; checks that it was not written since. Its history is there wherever it can be used:
  // in grad mode, or where `full` asks for it.
  PHAROS_INLINE_FOR_SPEED Tensor unpack(Node* owner, bool full = false) const {
    if (PHAROS_LIKELY(impl_ &&
                      (kind_ == kPlain || (kind_ == kOutput && !full && !thread_state.grad_mode)) &&
                      impl_->version() == version_))
      return Tensor::retain(impl_);
    return unpack_slow(owner);
  }
  void reset() {
    if (impl_) drop();
  }

 private:
  // kPacked: impl_ is a PackedTensor made by saved-tensor hooks. kGone: dropped after backward.
  enum Kind : uint32_t { kPlain, kOutput, kPacked, kGone };
  void save_packed(const Tensor& t, bool is_output, uint32_t nr);
  Tensor unpack_slow(Node* owner) const;
  void drop();
  [[noreturn]] void refuse_written(Node* owner) const;
  [[noreturn]] static void refuse_inference();

  TensorImpl* impl_ = nullptr;
  uint32_t version_ = 0;
  uint32_t output_nr_ : 29 = 0;
  uint32_t kind_ : 3 = kPlain;
};

// Several tensors, for list arguments.
class SavedTensors {
 public:
  template <typename List>
  void save(const List& list) {
    items_ = std::vector<SavedTensor>(list.size());
    size_t i = 0;
    for (const auto& t : list) items_[i++].save(t);
  }
  std::vector<Tensor> unpack(Node* owner) const;
  void reset() {
    gone_ = !items_.empty();
    items_.clear();
  }

 private:
  std::vector<SavedTensor> items_;
  bool gone_ = false;
};

// Sizes or other integers: inline up to five.
class SavedInts {
 public:
  SavedInts() = default;
  SavedInts(const SavedInts&) = delete;
  SavedInts& operator=(const SavedInts&) = delete;
  ~SavedInts() {
    if (count_ > kInline) delete[] u_.heap;
  }
  void save(c10::IntArrayRef v) {
    count_ = static_cast<uint32_t>(v.size());
    int64_t* to = count_ > kInline ? (u_.heap = new int64_t[count_]) : u_.here;
    for (uint32_t i = 0; i < count_; ++i) to[i] = v[i];
  }
  operator c10::IntArrayRef() const {
    return c10::IntArrayRef(count_ > kInline ? u_.heap : u_.here, count_);
  }

 private:
  static constexpr uint32_t kInline = 5;
  uint32_t count_ = 0;
  union {
    int64_t here[kInline];
    int64_t* heap;
  } u_;
};

}  // namespace pharos::tape
