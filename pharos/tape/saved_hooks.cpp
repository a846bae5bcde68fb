// Saved-tensor hooks of the running thread.
#include "tape/saved_hooks.h"

#include <pharos/autograd/grad_mode.h>

#include "core/thread_state.h"
#include "tape/meta.h"
#include "tape/record.h"

namespace pharos::tape {

struct PackedTensor {
  torch::autograd::SavedTensorHooks* hooks;
  void* packed;
  GradientEdge edge;  // where gradients of the saved tensor go; none for outputs
  bool is_output;
};

PackedTensor* pack_saved(const at::Tensor& t, bool is_output) {
  auto* hooks = static_cast<torch::autograd::SavedTensorHooks*>(thread_state.saved_hooks);
  GradientEdge edge = is_output ? GradientEdge{} : gradient_edge(t.unsafeGetTensorImpl());
  // What the hooks do is neither recorded nor packed itself.
  BelowAutograd below;
  const uint64_t special = thread_state.special;
  struct Restore {
    uint64_t special;
    ~Restore() { thread_state.special = special; }
  } restore{special};
  thread_state.special &= ~uint64_t{kSpecialSavedHooks};
  void* packed = hooks->pack(t.tensor_data());
  return new PackedTensor{hooks, packed, std::move(edge), is_output};
}

at::Tensor unpack_saved(const PackedTensor& p, Node* owner, uint32_t nr) {
  const at::Tensor values = [&] {
    BelowAutograd below;
    return p.hooks->unpack(p.packed);
  }();
  TORCH_CHECK(values.defined(), "the unpack hook of a saved tensor returned an undefined tensor");
  at::Tensor out = values.tensor_data();
  if (p.is_output)
    set_grad_fn(out.unsafeGetTensorImpl(), owner, nr);
  else if (p.edge.fn)
    set_grad_fn(out.unsafeGetTensorImpl(), p.edge.fn.get(), p.edge.nr);
  return out;
}

void drop_packed(PackedTensor* p) noexcept {
  p->hooks->drop(p->packed);
  delete p;
}

}  // namespace pharos::tape

namespace torch::autograd {

SavedTensorHooks::~SavedTensorHooks() = default;

SavedTensorHooksGuard::SavedTensorHooksGuard(SavedTensorHooks& hooks)
    : previous_(pharos::thread_state.saved_hooks) {
  pharos::thread_state.saved_hooks = &hooks;
  pharos::thread_state.special |= pharos::kSpecialSavedHooks;
}
SavedTensorHooksGuard::~SavedTensorHooksGuard() {
  pharos::thread_state.saved_hooks = previous_;
  if (!previous_) pharos::thread_state.special &= ~uint64_t{pharos::kSpecialSavedHooks};
}

}  // namespace torch::autograd
