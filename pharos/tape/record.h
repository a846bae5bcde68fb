// What generated operator bodies use to record: argument keys, nodes from the pool, edges, history
// of results, in-place checks and view tracking.
#pragma once

#include <array>
#include <new>

#include "core/factory.h"
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
constexpr uint64_t kSlowKey = kUndefinedKey | kLazyKey;

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
// Lists of optional tensors (advanced indices).
template <typename List>
uint64_t key_of_optionals(const List& list) {
  uint64_t k = 0;
  for (size_t i = 0; i < list.size(); ++i) k |= key_of(std::optional<Tensor>(list.get(i)));
  return k;
}
C10_ALWAYS_INLINE bool records(uint64_t key) { return (key & kRequiresGradKey) && thread_state.grad_mode; }

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
template <typename N>
class NewNode {
 public:
  explicit NewNode(N* n) : n_(n) {}
  NewNode(NewNode&& o) noexcept : n_(o.n_) { o.n_ = nullptr; }
  ~NewNode() {
    if (n_) n_->release();
  }
  N* operator->() const { return n_; }
  N* get() const { return n_; }
  N* release() {
    N* n = n_;
    n_ = nullptr;
    return n;
  }

 private:
  N* n_;
};

void init_node_slow(Node* n);

template <typename N>
NewNode<N> make_node() {
  constexpr int kClass = (sizeof(N) + kSmallStep - 1) / kSmallStep;
  static_assert(kClass <= kSmallClasses);
  N* n = new (pool_allocate(kClass)) N;
  n->pool_class = kClass;
  n->sequence = thread_state.sequence++;
  n->module_id = thread_state.module_id;
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialAnomaly)) init_node_slow(n);
  return NewNode<N>(n);
}

// A node with a fixed number of inputs; their edges are inline.
template <int N>
struct NodeOf : Node {
  NodeOf() {
    edges = edges_;
    edge_count = N;
  }
  RawEdge edges_[N > 0 ? N : 1];
};

// A node whose number of inputs is known at run time (list arguments).
struct ListNode : Node {
  void set_edge_count(size_t n);
  ~ListNode() override;
};

// Edge i leads to what made `t`, if it requires grad.
void connect_slow(RawEdge& e, TensorImpl* t);
inline void connect(RawEdge& e, const Tensor& t) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (!impl || !impl->requires_grad()) return;
  e.dtype = impl->dtype_;
  if (PHAROS_LIKELY(impl->autograd && !(impl->autograd & 1) && !impl->base)) {
    e.fn = reinterpret_cast<Node*>(impl->autograd);
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
  return a.ndim == b.ndim && (a.ndim <= TensorImpl::kInlineDims
                                  ? std::memcmp(a.sizes_, b.sizes_, sizeof a.sizes_) == 0
                                  : a.sizes().equals(b.sizes()));
}
inline void connect_broadcast(RawEdge& e, const Tensor& t, const Tensor& result) {
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
  if (PHAROS_LIKELY(impl->autograd == 0)) {
    impl->autograd = reinterpret_cast<uintptr_t>(n);
    impl->flags |= TensorImpl::kRequiresGrad | (nr << TensorImpl::kOutputShift);
    return;
  }
  set_history_slow(impl, n, nr);
}
void set_history(TensorList list, Node* n);

// Before an in-place write to `self`: refuses leaves that require grad and views that forbid it.
void check_inplace_slow(const Tensor& self, bool records);
inline void check_inplace(const Tensor& self, bool recording) {
  TensorImpl* impl = self.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(impl && ((recording && (impl->base || impl->requires_grad())) || impl->is_inference())))
    check_inplace_slow(self, recording);
}
inline void bump_version(const Tensor& self) { self.unsafeGetTensorImpl()->bump_version(); }
// `self` was written by `n`: its history becomes n's output 0; for a view, its base's does too.
void rebase_history(const Tensor& self, Node* n);

// `result` is a view of `self`.
void track_view_slow(TensorImpl* view, TensorImpl* self);
inline void track_view(const Tensor& result, const Tensor& self) {
  TensorImpl* view = result.unsafeGetTensorImpl();
  TensorImpl* from = self.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY((thread_state.special & kSpecialInference) ||
                      (from->flags & TensorImpl::kInference) || view == from || view->base))
    return track_view_slow(view, from);
  if (!thread_state.grad_mode) view->flags |= TensorImpl::kNoGradView;
  TensorImpl* root = from->base ? from->base : from;
  root->retain();
  view->base = root;
  view->attr_version = view->version();
}
void track_views(TensorList results, const Tensor& self);

[[noreturn]] void graph_released();

}  // namespace pharos::tape
