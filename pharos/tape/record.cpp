// The slow sides of recording: metadata on demand, edges to leaves and views, history of tensors
// that have some already.
#include "tape/record.h"

#include <execinfo.h>

#include "core/tape_hooks.h"
#include "tape/meta.h"

namespace pharos {

namespace {
void release_autograd(c10::TensorImpl* t) noexcept {
  using torch::autograd::Node;
  tape::AutogradMeta* meta = tape::meta_of(t);
  if (!meta) {
    reinterpret_cast<Node*>(t->autograd)->release();
    return;
  }
  if (Node* fn = meta->grad_fn) {
    if (fn->extra) std::erase_if(fn->extra->retains, [&](const auto& r) { return r.tensor == t; });
    fn->release();
  }
  delete meta->accumulate.extra;
  delete meta;
}

uint32_t output_nr_in_meta(const c10::TensorImpl* t) {
  const tape::AutogradMeta* meta = tape::meta_of(t);
  return meta ? meta->output_nr : 0;
}
}  // namespace

TapeHooks tape_hooks{&release_autograd, &output_nr_in_meta};

}  // namespace pharos

namespace pharos::tape {

using torch::autograd::AccumulateGrad;

AutogradMeta* ensure_meta(TensorImpl* t) {
  while (true) {
    uintptr_t word = __atomic_load_n(&t->autograd, __ATOMIC_ACQUIRE);
    if (word & 1) return reinterpret_cast<AutogradMeta*>(word & ~uintptr_t{1});
    auto* meta = new AutogradMeta(t);
    meta->grad_fn = reinterpret_cast<Node*>(word);
    if (__atomic_compare_exchange_n(&t->autograd, &word, reinterpret_cast<uintptr_t>(meta) | 1,
                                    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return meta;
    delete meta;
  }
}

void set_grad_fn(TensorImpl* t, Node* n, uint32_t nr) {
  if (n) n->retain();
  const bool large = nr >= TensorImpl::kManyOutputs;
  AutogradMeta* meta = large ? ensure_meta(t) : meta_of(t);
  Node* old = nullptr;
  if (meta) {
    old = meta->grad_fn;
    meta->grad_fn = n;
    meta->output_nr = nr;
    if (meta->retains_grad) {
      if (old && old->extra)
        std::erase_if(old->extra->retains, [&](const auto& r) { return r.tensor == t; });
      if (n) torch::autograd::ensure_extra(*n).retains.push_back({nr, t});
    }
  } else {
    old = reinterpret_cast<Node*>(t->autograd);
    __atomic_store_n(&t->autograd, reinterpret_cast<uintptr_t>(n), __ATOMIC_RELEASE);
  }
  const uint32_t in_flags = large ? uint32_t(TensorImpl::kManyOutputs) : nr;
  uint32_t flags = t->flags & ~(0xfffu << TensorImpl::kOutputShift | TensorImpl::kRequiresGrad);
  if (n) flags |= TensorImpl::kRequiresGrad | in_flags << TensorImpl::kOutputShift;
  t->flags = flags;
  if (old) old->release();
}

Node* grad_fn_of(TensorImpl* t) {
  if (PHAROS_UNLIKELY(t->base &&
                      __atomic_load_n(&t->attr_version, __ATOMIC_ACQUIRE) != t->version()))
    refresh_view(t);
  if (AutogradMeta* meta = meta_of(t)) return meta->grad_fn;
  return reinterpret_cast<Node*>(__atomic_load_n(&t->autograd, __ATOMIC_ACQUIRE));
}

GradientEdge gradient_edge(TensorImpl* t) {
  if (Node* fn = grad_fn_of(t)) return {c10::intrusive_ptr<Node>::reclaim_copy(fn), t->output_nr()};
  if (!t->requires_grad()) return {nullptr, 0};
  AccumulateGrad& a = ensure_meta(t)->accumulate;
  a.retain_edge();
  return {c10::intrusive_ptr<Node>::reclaim(&a), 0};
}

void connect_slow(RawEdge& e, TensorImpl* t) {
  GradientEdge g = gradient_edge(t);
  e.input_nr = g.nr;
  e.fn = g.fn.release();
}

void note_broadcast(RawEdge& e, const Tensor& t) {
  const auto sizes = t.sizes();
  e.reduce_to = new int64_t[sizes.size() + 1];
  e.reduce_to[0] = static_cast<int64_t>(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) e.reduce_to[i + 1] = sizes[i];
}

void init_node_slow(Node* n) {
  void* frames[64];
  const int count = backtrace(frames, 64);
  char** lines = backtrace_symbols(frames, count);
  std::string trace;
  for (int i = 2; lines && i < count; ++i) trace += std::string("  ") + lines[i] + "\n";
  std::free(lines);
  torch::autograd::ensure_extra(*n).anomaly_trace = trace;
}

void set_history_slow(TensorImpl* t, Node* n, uint32_t nr) {
  set_grad_fn(t, n, nr);
  n->release();  // set_grad_fn has retained it, as the caller had
}

void set_history(TensorList list, Node* n) {
  for (size_t i = 0; i < list.size(); ++i) set_history(list[i], n, static_cast<uint32_t>(i));
}

}  // namespace pharos::tape
