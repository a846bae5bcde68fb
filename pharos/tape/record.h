// What generated operator bodies use to record: argument keys, nodes from the pool, edges, history
// of results, in-place checks and view tracking.
#pragma once

#include <array>
#include <new>

#include "core/factory.h"
#include "core/inline_dims.h"
#include "core/pool.h"
#include "tape/saved.h"

namespace pharos::tape {

using at::TensorList;
using torch::autograd::RawEdge;

// Keys: dtype, device and flags of all tensor arguments OR-ed (TensorImpl::key).
constexpr uint64_t flag_bit(uint32_t f) { return uint64_t{f} << 32; }
constexpr uint64_t kRequiresGradKey = flag_bit(TensorImpl::kRequiresGrad);
constexpr uint64_t kUndefinedKey = flag_bit(TensorImpl::kUndefined);
constexpr uint64_t kLazyKey = flag_bit(TensorImpl::kConj | TensorImpl::kNeg);
constexpr uint64_t kDeviceKey = uint64_t{0xff} << 16;
// Calls that are handed over with boxed arguments: to handlers, or to have lazy ones resolved.
constexpr uint64_t kBoxedKey = kSpecialInterposer | kLazyKey;
constexpr uint64_t kViewKey = flag_bit(TensorImpl::kView);
// Arguments that take a body off its straight path before anything else is decided.
constexpr uint64_t kSlowKey = kUndefinedKey | kViewKey | kBoxedKey;
// The same for bodies that make views, to whom lazy bits do not matter.
constexpr uint64_t kSlowViewKey = kUndefinedKey | kViewKey | kSpecialInterposer;

C10_ALWAYS_INLINE uint64_t key_of(const Tensor& t) {
  const TensorImpl* impl = t.unsafeGetTensorImpl();
  return PHAROS_LIKELY(impl != nullptr) ? impl->key() : kUndefinedKey;
}
C10_ALWAYS_INLINE uint64_t key_of(const std::optional<Tensor>& t) {
  return t && t->unsafeGetTensorImpl() ? t->unsafeGetTensorImpl()->key() : 0;
}
inline uint64_t key_of(TensorList list) {
  uint64_t k = 0;
  for (const Tensor& t : list) k |= key_of(t);
  return k;
}
// A view made before its base came to require grad does not show it in its key: kRequiresGradKey
// for such a view, whose history is found again.
uint64_t stale_key(const Tensor& t);
inline uint64_t stale_key(const std::optional<Tensor>& t) { return t ? stale_key(*t) : 0; }
uint64_t stale_key(TensorList list);
C10_ALWAYS_INLINE bool records(uint64_t key) {
  return (key & kRequiresGradKey) && thread_state.grad_mode;
}

// Operators below autograd: what they call records nothing.
class BelowAutograd {
 public:
  BelowAutograd() : previous_(thread_state.grad_mode) { thread_state.grad_mode = false; }
  ~BelowAutograd() { thread_state.grad_mode = previous_; }
  BelowAutograd(const BelowAutograd&) = delete;

 private:
  bool previous_;
};

// An owner of a node while it is being filled.
class NodeOwner {
 public:
  explicit NodeOwner(Node* n) : n_(n) {}
  NodeOwner(NodeOwner&& o) noexcept : n_(o.n_) { o.n_ = nullptr; }
  ~NodeOwner() {
    if (n_) n_->release();
  }
  Node* get() const { return n_; }
  Node* release() {
    Node* n = n_;
    n_ = nullptr;
    return n;
  }

 private:
  Node* n_;
};
template <typename N>
class NewNode : public NodeOwner {
 public:
  using NodeOwner::NodeOwner;
  N* operator->() const { return get(); }
  N* get() const { return static_cast<N*>(NodeOwner::get()); }
};

void init_node_slow(Node* n);
PHAROS_INLINE_FOR_SPEED void init_node(Node* n, int pool_class) {
  n->pool_class = static_cast<uint8_t>(pool_class);
  n->sequence = thread_state.sequence++;
  n->module_id = thread_state.module_id;
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialAnomaly)) init_node_slow(n);
}

template <typename N>
C10_ALWAYS_INLINE NewNode<N> make_node() {
  constexpr int kClass = (sizeof(N) + kSmallStep - 1) / kSmallStep;
  static_assert(kClass <= kSmallClasses);
  N* n = new (pool_allocate(kClass)) N;
  init_node(n, kClass);
  return NewNode<N>(n);
}

// A node with a fixed number of inputs, whose edges are inline, and of saved tensors.
template <int Inputs, int Saved = 0>
struct NodeOf : NodeOf<Inputs> {
  void release_variables() override {
    for (SavedTensor& t : saved_) t.reset();
  }
  SavedTensor saved_[Saved];
};
template <int Inputs>
struct NodeOf<Inputs, 0> : Node {
  C10_ALWAYS_INLINE NodeOf() {
    edges = edges_;
    edge_count = Inputs;
  }
  RawEdge edges_[Inputs > 0 ? Inputs : 1];
};

// A node whose number of inputs is known at run time (list arguments).
struct ListNode : Node {
  void set_edge_count(size_t n);
  ~ListNode() override;
};

// Edge i leads to what made `t`, if it requires grad.
void connect_slow(RawEdge& e, TensorImpl* t);
PHAROS_INLINE_FOR_SPEED void connect(RawEdge& e, const Tensor& t) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (!impl || !impl->requires_grad()) return;
  e.dtype = impl->dtype_;
  // A leaf that threads share may get its metadata at this moment.
  const uintptr_t word = __atomic_load_n(&impl->autograd, __ATOMIC_RELAXED);
  if (PHAROS_LIKELY(word && !(word & 1) && !impl->base)) {
    e.fn = reinterpret_cast<Node*>(word);
    e.fn->retain();
    e.input_nr = impl->output_nr();
    return;
  }
  connect_slow(e, impl);
}
inline void connect(RawEdge& e, const std::optional<Tensor>& t) {
  if (t) connect(e, *t);
}
// As connect, for an operator that broadcasts its inputs to `result`.
void note_broadcast(RawEdge& e, const Tensor& t);
inline bool same_shape(const TensorImpl& a, const TensorImpl& b) {
  return a.ndim == b.ndim &&
         (PHAROS_LIKELY(a.ndim <= TensorImpl::kInlineDims) ? same_inline_sizes(a, b)
                                                           : a.sizes().equals(b.sizes()));
}
PHAROS_INLINE_FOR_SPEED void connect_broadcast(RawEdge& e, const Tensor& t, const Tensor& result) {
  connect(e, t);
  if (PHAROS_UNLIKELY(e.fn && !same_shape(*t.unsafeGetTensorImpl(), *result.unsafeGetTensorImpl())))
    note_broadcast(e, t);
}
inline void connect_broadcast(RawEdge& e, const std::optional<Tensor>& t, const Tensor& result) {
  if (t) connect_broadcast(e, *t, result);
}

// `t` becomes output `nr` of `n` (whose count it takes over once per call: retain for the second).
void set_history_slow(TensorImpl* t, Node* n, uint32_t nr);
inline void set_history(const Tensor& t, Node* n, uint32_t nr = 0) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (!impl) return;
  n->retain();
  if (PHAROS_LIKELY(impl->autograd == 0 && nr < TensorImpl::kManyOutputs)) {
    impl->autograd = reinterpret_cast<uintptr_t>(n);
    impl->flags |= TensorImpl::kRequiresGrad | (nr << TensorImpl::kOutputShift);
    return;
  }
  set_history_slow(impl, n, nr);
}
// The same for the only output of a node that is otherwise complete: hands the node over.
PHAROS_INLINE_FOR_SPEED void give_history(const Tensor& t, NodeOwner& node) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(impl->autograd != 0)) return set_history(t, node.get());
  impl->autograd = reinterpret_cast<uintptr_t>(node.release());
  impl->flags |= TensorImpl::kRequiresGrad;
}
void set_history(TensorList list, Node* n);

// Before an in-place write to `self`: refuses leaves that require grad and views that forbid it.
void check_inplace_slow(const Tensor& self, bool records);
inline void check_inplace(const Tensor& self, bool recording) {
  TensorImpl* impl = self.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(
          impl && ((recording && (impl->base || impl->requires_grad())) || impl->is_inference())))
    check_inplace_slow(self, recording);
}
inline void bump_version(const Tensor& self) { self.unsafeGetTensorImpl()->bump_version(); }
// `self` was written by `n`: its history becomes n's output `nr`; for a view (nr 0), its base's
// does too.
void rebase_history(const Tensor& self, Node* n, uint32_t nr = 0);

// How a view was made, where that forbids in-place writes in grad mode; at most one is set.
constexpr uint32_t kCreation = TensorImpl::kNoGradView | TensorImpl::kMultiView |
                               TensorImpl::kCustomView | TensorImpl::kInferenceView;
// How views made now are marked.
inline uint32_t creation_now(uint32_t in_grad_mode) {
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialInference)) return TensorImpl::kInferenceView;
  return thread_state.grad_mode ? in_grad_mode : uint32_t(TensorImpl::kNoGradView);
}
// `result` is a view of `self`; views of views are views of the first one's base and inherit its
// mark.
PHAROS_INLINE_FOR_SPEED void track_view(const Tensor& result, const Tensor& self,
                                        uint32_t in_grad_mode = 0) {
  TensorImpl* view = result.unsafeGetTensorImpl();
  TensorImpl* from = self.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(view == from || view->base || (from->flags & TensorImpl::kInference))) return;
  TensorImpl* root = from->base ? from->base : from;
  root->retain();
  view->base = root;
  view->attr_version = view->version();
  const uint32_t creation = creation_now(in_grad_mode);
  view->flags |= TensorImpl::kView | (creation ? creation : from->flags & kCreation);
}
void track_views(TensorList results, const Tensor& self);

}  // namespace pharos::tape
