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

class SavedTensor {
 public:
  SavedTensor() = default;
  SavedTensor(const SavedTensor&) = delete;
  SavedTensor& operator=(const SavedTensor&) = delete;
  ~SavedTensor() { reset(); }

  void save(const Tensor& t) {
    TensorImpl* impl = t.unsafeGetTensorImpl();
    if (!impl) return;
    if (PHAROS_UNLIKELY(thread_state.special & kSpecialSavedHooks)) return save_packed(t);
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
  // The tensor, its history included; checks that it was not written since.
  Tensor unpack(Node* owner) const;
  void reset();

 private:
  void save_packed(const Tensor& t);
  [[noreturn]] static void refuse_inference();

  TensorImpl* impl_ = nullptr;
  uint32_t version_ = 0;
  uint16_t output_nr_ = 0;
  bool is_output_ = false;
  bool packed_ = false;  // impl_ is a PackedTensor made by saved-tensor hooks
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
  void reset() { items_.clear(); }

 private:
  std::vector<SavedTensor> items_;
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
