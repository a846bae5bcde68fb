// Saved-tensor hooks of the running thread.
#include "tape/saved_hooks.h"

#include <pharos/autograd/grad_mode.h>

#include "core/thread_state.h"

namespace pharos::tape {

struct PackedTensor {
  torch::autograd::SavedTensorHooks* hooks;
  void* packed;
};

PackedTensor* pack_saved(const at::Tensor& t) {
  auto* hooks = static_cast<torch::autograd::SavedTensorHooks*>(thread_state.saved_hooks);
  return new PackedTensor{hooks, hooks->pack(t)};
}
at::Tensor unpack_saved(const PackedTensor& p) { return p.hooks->unpack(p.packed); }
void drop_packed(PackedTensor* p) noexcept {
  p->hooks->drop(p->packed);
  delete p;
}

}  // namespace pharos::tape

namespace torch::autograd {

SavedTensorHooks::~SavedTensorHooks() = default;

SavedTensorHooksGuard::SavedTensorHooksGuard(SavedTensorHooks& hooks) : previous_(pharos::thread_state.saved_hooks) {
  pharos::thread_state.saved_hooks = &hooks;
  pharos::thread_state.special |= pharos::kSpecialSavedHooks;
}
SavedTensorHooksGuard::~SavedTensorHooksGuard() {
  pharos::thread_state.saved_hooks = previous_;
  if (!previous_) pharos::thread_state.special &= ~uint32_t(pharos::kSpecialSavedHooks);
}

}  // namespace torch::autograd
