// Nodes: their end (without recursion), their edges as programs see them, AccumulateGrad.
#include <pharos/autograd/node.h>

#include <sched.h>

#include <ostream>

#include "core/pool.h"
#include "core/tape_hooks.h"
#include "tape/engine.h"
#include "tape/meta.h"
#include "tape/module_path.h"
#include "tape/record.h"
#include "tape/tape_ops.h"

namespace torch::autograd {

// Dead nodes are chained through `slot` and destroyed in a loop: a graph of any depth needs
// constant stack. The list's head is per thread; non-null while a loop runs.
namespace {
thread_local constinit Node* reaping __attribute__((tls_model("initial-exec"))) = nullptr;
thread_local constinit Node* dead __attribute__((tls_model("initial-exec"))) = nullptr;
}  // namespace

struct NodeReaper {
  static void drop_edges(Node* n) {
    for (uint32_t i = 0; i < n->edge_count; ++i) {
      RawEdge& e = n->edges[i];
      delete[] e.reduce_to;
      e.reduce_to = nullptr;
      if (Node* next = e.fn) {
        e.fn = nullptr;
        next->release();
      }
    }
  }
  static void destroy(Node* n) {
    drop_edges(n);
    delete n->extra;
    n->extra = nullptr;
    const int pool_class = n->pool_class;
    if (pool_class == 0) {
      delete n;
    } else {
      n->~Node();
      pharos::pool_free(n, pool_class);
    }
  }
};

Node::~Node() = default;

void Node::on_zero() noexcept {
  if (reaping) {
    slot = dead;
    dead = this;
    return;
  }
  reaping = this;
  NodeReaper::destroy(this);
  while (Node* n = dead) {
    dead = static_cast<Node*>(n->slot);
    n->slot = nullptr;
    NodeReaper::destroy(n);
  }
  reaping = nullptr;
}

std::string Node::name() const { return "Node"; }
std::ostream& operator<<(std::ostream& out, const c10::intrusive_ptr<Node>& node) {
  return out << static_cast<const void*>(node.get());
}

Edge Node::next_edge(size_t i) const {
  TORCH_CHECK_INDEX(i < edge_count, "Node has ", edge_count, " edges; edge ", i, " was asked for");
  return {c10::intrusive_ptr<Node>::reclaim_copy(edges[i].fn), edges[i].input_nr};
}

edge_list Node::next_edges() const {
  edge_list list;
  for (size_t i = 0; i < edge_count; ++i) list.push_back(next_edge(i));
  return list;
}

variable_list Node::operator()(variable_list&& grads) {
  grads.resize(input_count);
  variable_list results(edge_count);
  run(grads.data(), results.data());
  return results;
}

std::string Node::module_path() const { return pharos::tape::module_path(module_id); }

AccumulateGrad::AccumulateGrad(c10::TensorImpl* self) : leaf(self) {
  refcount.store(0, std::memory_order_relaxed);
  is_accumulate = true;
  sequence = ~uint64_t{0};
}

void AccumulateGrad::retain_edge() {
  if (refcount.fetch_add(1, std::memory_order_acq_rel) == 0) leaf->retain();
}

void AccumulateGrad::on_zero() noexcept { leaf->release(); }

void AutogradMeta::lock() {
  int spins = 0;
  while (locked.exchange(true, std::memory_order_acquire))
    if (++spins > 64) sched_yield();
}

namespace {

[[noreturn]] PHAROS_COLD void refuse_gradient(const at::Tensor& fresh,
                                              const c10::TensorImpl& leaf) {
  TORCH_CHECK(false, "Function AccumulateGrad returned an invalid gradient at index 0 - got ",
              fresh.sizes(), " but expected shape compatible with ", leaf.sizes());
}

// Whether nobody else sees the tensor's memory, so that it may become a leaf's gradient as it is.
bool may_keep(const c10::TensorImpl& f, const c10::TensorImpl& leaf) {
  if (f.use_count() != 1 || !f.storage || f.storage->use_count() != 1 || f.base ||
      (f.flags & (c10::TensorImpl::kConj | c10::TensorImpl::kNeg)))
    return false;
  if (f.ndim <= c10::TensorImpl::kInlineDims &&
      std::memcmp(f.strides_, leaf.strides_, sizeof f.strides_) == 0)
    return true;
  return f.strides().equals(leaf.strides()) ||
         (!leaf.is_non_overlapping_and_dense() && f.is_contiguous());
}

}  // namespace

void AccumulateGrad::run(at::Tensor* grads, at::Tensor*) {
  using pharos::tape::tape_ops;
  at::Tensor fresh = std::move(grads[0]);
  if (!fresh.defined()) return;
  AutogradMeta* meta = pharos::tape::meta_of(leaf);
  const c10::TensorImpl& f = *fresh.unsafeGetTensorImpl();
  if (PHAROS_UNLIKELY(!pharos::tape::same_shape(f, *leaf))) refuse_gradient(fresh, *leaf);
  const bool recording = pharos::thread_state.grad_mode;
  meta->lock();
  struct Unlock {
    AutogradMeta* m;
    ~Unlock() { m->unlock(); }
  };
  {
    Unlock unlock{meta};
    if (meta->grad.defined()) {
      if (recording)
        meta->grad = tape_ops.add(meta->grad, fresh);
      else
        tape_ops.add_inplace(meta->grad, fresh);
    } else if (!recording && may_keep(f, *leaf)) {
      meta->grad = std::move(fresh);
    } else {
      meta->grad = tape_ops.clone_as(fresh, at::Tensor::retain(leaf));
    }
  }
  if (PHAROS_UNLIKELY(extra && !extra->post_accumulate.empty()))
    pharos::tape::run_post_accumulate_hooks(this, at::Tensor::retain(leaf));
}

}  // namespace torch::autograd

namespace pharos::tape {

void ListNode::set_edge_count(size_t n) {
  edges = new torch::autograd::RawEdge[n];
  edge_count = static_cast<uint32_t>(n);
}
ListNode::~ListNode() { delete[] edges; }

}  // namespace pharos::tape
