// The full autograd metadata of a tensor, made on demand: a leaf's gradient and its AccumulateGrad
// node, or a non-leaf's retained gradient. Also the rare parts of nodes.
#pragma once

#include <pharos/autograd/node.h>

#include <atomic>
#include <functional>
#include <vector>

namespace torch::autograd {

// Adds the incoming gradient to its leaf's `.grad`. It lives inside the leaf's metadata: its count
// is the number of edges that lead to it, and while there are any they keep the leaf alive.
struct AccumulateGrad final : Node {
  // Runs as soon as it is ready: its sequence number is the largest.
  explicit AccumulateGrad(c10::TensorImpl* leaf);
  std::string name() const override { return "torch::autograd::AccumulateGrad"; }
  void run(at::Tensor* grads, at::Tensor* results) override;
  // An edge more; the first one retains the leaf.
  void retain_edge();

  c10::TensorImpl* leaf;

 protected:
  void on_zero() noexcept override;
};

struct AutogradMeta {
  explicit AutogradMeta(c10::TensorImpl* self) : accumulate(self) {}
  AccumulateGrad accumulate;
  at::Tensor grad;
  Node* grad_fn = nullptr;  // owned
  uint32_t output_nr = 0;   // of grad_fn, where the tensor's flags cannot hold it
  bool retains_grad = false;
  std::atomic<bool> locked{false};  // guards `grad` between concurrent backward passes

  void lock();
  void unlock() { locked.store(false, std::memory_order_release); }
};

using TensorHook = std::function<at::Tensor(const at::Tensor&)>;
using PostAccumulateHook = std::function<void(const at::Tensor&)>;
using NodePreHook = std::function<variable_list(const variable_list& grads)>;
using NodePostHook =
    std::function<variable_list(const variable_list& results, const variable_list& grads)>;

// Hooks and the record of where a node was made.
struct NodeExtra {
  struct OnTensor {
    uint32_t output_nr;
    unsigned id;
    TensorHook hook;
  };
  struct Retain {
    uint32_t output_nr;
    c10::TensorImpl* tensor;
  };
  std::vector<OnTensor> tensor_hooks;
  std::vector<Retain> retains;
  std::vector<std::pair<unsigned, NodePreHook>> pre_hooks;
  std::vector<std::pair<unsigned, NodePostHook>> post_hooks;
  std::vector<std::pair<unsigned, PostAccumulateHook>> post_accumulate;
  std::string anomaly_trace;
  unsigned next_id = 0;
};

inline NodeExtra& ensure_extra(Node& n) {
  if (!n.extra) n.extra = new NodeExtra;
  return *n.extra;
}

}  // namespace torch::autograd

namespace pharos::tape {

using torch::autograd::AutogradMeta;
using torch::autograd::Node;

// The metadata if there is any; ensure_meta makes it (two threads may race to).
inline AutogradMeta* meta_of(const c10::TensorImpl* t) {
  const uintptr_t w = __atomic_load_n(&t->autograd, __ATOMIC_ACQUIRE);
  return w & 1 ? reinterpret_cast<AutogradMeta*>(w & ~uintptr_t{1}) : nullptr;
}
AutogradMeta* ensure_meta(c10::TensorImpl* t);
// The grad_fn, brought up to date for views; null for leaves. Borrowed.
Node* grad_fn_of(c10::TensorImpl* t);
// As grad_fn_of, for a view known to be behind its base; sets the view's kRequiresGrad as well.
void refresh_view(c10::TensorImpl* t);
// Makes `n` (retained by the call) the grad_fn; null makes the tensor a leaf.
void set_grad_fn(c10::TensorImpl* t, Node* n, uint32_t output_nr);

struct GradientEdge {
  c10::intrusive_ptr<Node> fn;
  uint32_t nr;
};
// Where gradients of `t` arrive: its grad_fn or its AccumulateGrad; null if it requires none.
GradientEdge gradient_edge(c10::TensorImpl* t);

}  // namespace pharos::tape
