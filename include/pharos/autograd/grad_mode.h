// Grad mode, inference mode and their guards; saved-tensor hooks.
#pragma once

#include <pharos/tensor.h>

namespace c10 {

// Whether operators of this thread record.
struct PHAROS_API GradMode {
  static bool is_enabled();
  static void set_enabled(bool enabled);
};

class PHAROS_API AutoGradMode {
 public:
  explicit AutoGradMode(bool enabled) : previous_(GradMode::is_enabled()) {
    GradMode::set_enabled(enabled);
  }
  ~AutoGradMode() { GradMode::set_enabled(previous_); }
  AutoGradMode(const AutoGradMode&) = delete;

 private:
  bool previous_;
};

class PHAROS_API NoGradGuard : public AutoGradMode {
 public:
  NoGradGuard() : AutoGradMode(false) {}
};

// Nothing records and nothing can be recorded later: tensors made inside have no version counter in
// use. Nests; InferenceMode(false) switches it off inside.
class PHAROS_API InferenceMode {
 public:
  explicit InferenceMode(bool enabled = true);
  ~InferenceMode();
  InferenceMode(const InferenceMode&) = delete;
  static bool is_enabled();

 private:
  uint64_t previous_special_;
  bool previous_grad_mode_;
};

}  // namespace c10

namespace at {
using c10::AutoGradMode;
using c10::GradMode;
using c10::InferenceMode;
using c10::NoGradGuard;

// Within its scope kernels registered for Autograd are passed by and nothing is recorded.
class PHAROS_API AutoDispatchBelowAutograd {
 public:
  AutoDispatchBelowAutograd();
  ~AutoDispatchBelowAutograd();
  AutoDispatchBelowAutograd(const AutoDispatchBelowAutograd&) = delete;
  AutoDispatchBelowAutograd& operator=(const AutoDispatchBelowAutograd&) = delete;

 private:
  bool old_below_, old_grad_;
};
using AutoDispatchBelowADInplaceOrView = AutoDispatchBelowAutograd;

}  // namespace at

namespace torch::autograd {

using c10::GradMode;

// What a node keeps goes through pack() and comes back through unpack(), which may be called
// several times; drop() gives the packed form back. The object must outlive the graph.
struct PHAROS_API SavedTensorHooks {
  virtual ~SavedTensorHooks();
  virtual void* pack(const at::Tensor& t) = 0;
  virtual at::Tensor unpack(void* packed) = 0;
  virtual void drop(void* packed) noexcept = 0;
};
class PHAROS_API SavedTensorHooksGuard {
 public:
  explicit SavedTensorHooksGuard(SavedTensorHooks& hooks);
  ~SavedTensorHooksGuard();
  SavedTensorHooksGuard(const SavedTensorHooksGuard&) = delete;

 private:
  void* previous_;
};

}  // namespace torch::autograd
