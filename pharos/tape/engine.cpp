// Backward passes. Dependency counts, gradient slots and marks live in the nodes for the one pass
// that runs alone, and in a map for passes beside or inside it. A pass keeps no nodes alive: its
// roots do, for the edges of a recorded node never change.
#include "tape/engine.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <unordered_map>

#include "core/thread_state.h"
#include "tape/meta.h"
#include "tape/record.h"
#include "tape/tape_ops.h"

namespace pharos::tape {
namespace {

using torch::autograd::Edge;

enum Mark : uint8_t { kSeen = 1, kNeeded = 2, kTarget = 4 };

// What a pass keeps per node.
struct State {
  uint32_t* dependencies;
  void** slot;
  uint8_t* marks;
};

struct InNode {
  State operator()(Node* n) const { return {&n->dependencies, &n->slot, &n->marks}; }
};

struct InMap {
  struct Entry {
    uint32_t dependencies = 0;
    uint8_t marks = 0;
    void* slot = nullptr;
  };
  std::unordered_map<Node*, Entry> entries;
  State operator()(Node* n) {
    Entry& e = entries[n];
    return {&e.dependencies, &e.slot, &e.marks};
  }
};

std::atomic<bool> nodes_taken{false};
thread_local constinit Node* running __attribute__((tls_model("initial-exec"))) = nullptr;

// The gradients gathered for a node: one inline, several in an array.
PHAROS_NOINLINE Tensor* several_slots(Node* n, void** slot) {
  if (!*slot) *slot = new Tensor[n->input_count];
  return static_cast<Tensor*>(*slot);
}
C10_ALWAYS_INLINE Tensor* slots_of(Node* n, State s) {
  if (PHAROS_LIKELY(n->input_count == 1)) return reinterpret_cast<Tensor*>(s.slot);
  return several_slots(n, s.slot);
}

C10_ALWAYS_INLINE void drop_slots(Node* n, void** slot) {
  if (!*slot) return;
  if (PHAROS_LIKELY(n->input_count == 1))
    reinterpret_cast<TensorImpl*>(*slot)->release();
  else
    delete[] static_cast<Tensor*>(*slot);
  *slot = nullptr;
}

bool sole_owner(const Tensor& t) {
  const TensorImpl* i = t.unsafeGetTensorImpl();
  return i->use_count() == 1 && i->storage && i->storage->use_count() == 1 && !i->base &&
         i->is_non_overlapping_and_dense();
}

PHAROS_NOINLINE void add_to_slot(Tensor& slot, const Tensor& grad) {
  if (!thread_state.grad_mode && sole_owner(slot) && slot.scalar_type() == grad.scalar_type() &&
      slot.sizes() == grad.sizes())
    tape_ops.add_inplace(slot, grad);
  else
    slot = tape_ops.add(slot, grad);
}
// Nodes in the order of their discovery; those of a small graph need no allocation.
class NodeQueue {
 public:
  NodeQueue() = default;
  NodeQueue(const NodeQueue&) = delete;
  ~NodeQueue() {
    if (data_ != here_) delete[] data_;
  }
  void push_back(Node* n) {
    if (PHAROS_UNLIKELY(size_ == room_)) grow();
    data_[size_++] = n;
  }
  size_t size() const { return size_; }
  Node* operator[](size_t i) const { return data_[i]; }
  Node* const* begin() const { return data_; }
  Node* const* end() const { return data_ + size_; }

 private:
  void grow() {
    Node** more = new Node*[4 * room_];
    std::copy(begin(), end(), more);
    if (data_ != here_) delete[] data_;
    data_ = more;
    room_ *= 4;
  }

  static constexpr size_t kInline = 48;
  Node** data_ = here_;
  size_t size_ = 0, room_ = kInline;
  Node* here_[kInline];
};

// The gradients that a node returns: on the stack for up to four edges.
class Results {
 public:
  explicit Results(uint32_t n)
      : n_(n), data_(PHAROS_LIKELY(n <= kInline) ? here() : new Tensor[n]) {}
  ~Results() {
    if (PHAROS_UNLIKELY(n_ > kInline))
      delete[] data_;
    else
      for (uint32_t i = 0; i < n_; ++i) data_[i].~Tensor();
  }
  Results(const Results&) = delete;
  Tensor* data() { return data_; }

 private:
  static constexpr uint32_t kInline = 4;
  Tensor* here() { return reinterpret_cast<Tensor*>(here_); }

  // Undefined tensors are null pointers. All are cleared, by two stores, and only those of edges
  // destroyed.
  alignas(Tensor) char here_[kInline * sizeof(Tensor)] = {};
  uint32_t n_;
  Tensor* data_;
};

template <typename Store>
class Pass {
 public:
  explicit Pass(BackwardCall& call) : call_(call) {}
  ~Pass() {
    // A pass that ran to its end has cleaned every node as it went.
    if (PHAROS_LIKELY(finished_)) return;
    for (Node* n : seen_) {
      State s = store_(n);
      drop_slots(n, s.slot);
      *s.marks = 0;
      *s.dependencies = 0;
    }
  }

  std::vector<Tensor> run() {
    captured_.resize(call_.targets.size());
    discover();
    if (!call_.targets.empty()) find_needed();
    for (size_t i = 0; i < call_.roots.size(); ++i) {
      Node* n = call_.roots[i].function.get();
      Tensor& slot = slots_of(n, store_(n))[call_.roots[i].input_nr];
      if (PHAROS_LIKELY(!slot.defined()))
        slot = std::move(call_.root_grads[i]);
      else
        add_to_slot(slot, call_.root_grads[i]);
    }
    // A root may be given twice: its mark is gone once it is ready or ran.
    for (const Edge& r : call_.roots) {
      State s = store_(r.function.get());
      if (*s.dependencies != 0 || (*s.marks & kSeen) == 0) continue;
      *s.marks &= ~kSeen;
      make_ready(r.function.get());
    }
    while (Node* n = next()) step(n);
    finished_ = true;
    return std::move(captured_);
  }

 private:
  void see(Node* n, State s) {
    if (*s.marks & kSeen) return;
    *s.marks |= kSeen;
    seen_.push_back(n);
  }

  // Finds every node that the roots reach and counts the edges into each.
  void discover() {
    for (const Edge& r : call_.roots) see(r.function.get(), store_(r.function.get()));
    for (size_t i = 0; i < seen_.size(); ++i) {
      Node* n = seen_[i];
      for (uint32_t e = 0; e < n->edge_count; ++e) {
        Node* next = n->edges[e].fn;
        if (!next) continue;
        State s = store_(next);
        see(next, s);
        ++*s.dependencies;
      }
    }
  }

  // Marks the nodes from which a target is reached: children before parents, by the order in which
  // counting down would make them ready.
  void find_needed() {
    for (const Edge& t : call_.targets) {
      State s = store_(t.function.get());
      if (*s.marks & kSeen) *s.marks |= kTarget | kNeeded;
    }
    std::vector<Node*> order;
    std::unordered_map<Node*, uint32_t> left;
    for (Node* n : seen_)
      if ((left[n] = *store_(n).dependencies) == 0) order.push_back(n);
    for (size_t i = 0; i < order.size(); ++i)
      for (uint32_t e = 0; e < order[i]->edge_count; ++e)
        if (Node* next = order[i]->edges[e].fn)
          if (--left[next] == 0) order.push_back(next);
    for (size_t i = order.size(); i-- > 0;)
      for (uint32_t e = 0; e < order[i]->edge_count; ++e)
        if (Node* next = order[i]->edges[e].fn)
          if (*store_(next).marks & kNeeded) *store_(order[i]).marks |= kNeeded;
  }

  // Later nodes first; a single ready node never touches the heap.
  static bool earlier(const Node* a, const Node* b) { return a->sequence < b->sequence; }
  void make_ready(Node* n) {
    if (PHAROS_LIKELY(!single_ && heap_.empty())) {
      single_ = n;
      return;
    }
    if (single_) {
      heap_.push_back(single_);
      std::push_heap(heap_.begin(), heap_.end(), earlier);
      single_ = nullptr;
    }
    heap_.push_back(n);
    std::push_heap(heap_.begin(), heap_.end(), earlier);
  }
  Node* next() {
    if (Node* n = single_) {
      single_ = nullptr;
      return n;
    }
    if (heap_.empty()) return nullptr;
    std::pop_heap(heap_.begin(), heap_.end(), earlier);
    Node* n = heap_.back();
    heap_.pop_back();
    return n;
  }

  void step(Node* n) {
    State s = store_(n);
    const uint8_t marks = *s.marks;
    *s.marks = 0;
    Tensor* grads = slots_of(n, s);
    bool any = false;
    for (uint32_t i = 0; i < n->input_count; ++i) any |= grads[i].defined();
    if (PHAROS_UNLIKELY(n->extra != nullptr) && any && wanted(n, marks)) run_tensor_hooks(n, grads);
    if (PHAROS_UNLIKELY(marks & kTarget)) capture(n, grads);
    Results results(n->edge_count);
    if (any && runs(n, marks)) run_node(n, grads, results.data());
    drop_slots(n, store_(n).slot);
    Tensor* result = results.data();
    const auto* end = n->edges + n->edge_count;
    for (const auto* e = n->edges; e != end; ++e, ++result) {
      Node* to = e->fn;
      if (!to) continue;
      State next = store_(to);
      if (result->defined()) deliver(n, *e, *result, next);
      if (--*next.dependencies == 0) {
        if (to->is_accumulate && !to->extra)
          step(to);
        else
          make_ready(to);
      }
    }
  }

  // Whether what arrives at the node matters to this pass.
  bool wanted(Node*, uint8_t marks) const { return call_.targets.empty() || (marks & kNeeded); }
  bool runs(Node* n, uint8_t marks) {
    if (PHAROS_LIKELY(call_.targets.empty())) return true;
    if (!(marks & kNeeded)) return false;
    if (n->is_accumulate) return (marks & kTarget) && call_.accumulate;
    return !(marks & kTarget) || leads_on(n);
  }
  bool leads_on(Node* n) {
    for (uint32_t i = 0; i < n->edge_count; ++i)
      if (n->edges[i].fn && (*store_(n->edges[i].fn).marks & kNeeded)) return true;
    return false;
  }

  void run_node(Node* n, Tensor* grads, Tensor* results) {
    struct Restore {
      Node* previous = running;
      ~Restore() { running = previous; }
    } restore;
    running = n;
    try {
      if (PHAROS_LIKELY(!n->extra))
        n->run(grads, results);
      else
        run_with_hooks(n, grads, results);
    } catch (c10::Error& e) {
      add_node_context(e, n);
      throw;
    }
    if (!call_.keep_graph && !n->is_accumulate) {
      n->release_variables();
      n->released = true;
    }
    if (PHAROS_UNLIKELY(thread_state.special & kSpecialAnomaly) && thread_state.anomaly_check_nan)
      check_nan(n, results);
  }

  void capture(Node* n, Tensor* grads) {
    if (call_.accumulate) return;
    for (size_t i = 0; i < call_.targets.size(); ++i)
      if (call_.targets[i].function.get() == n) captured_[i] = grads[call_.targets[i].input_nr];
  }

  // Casts and reduces a gradient to what its input was, and adds it where it goes.
  C10_ALWAYS_INLINE void deliver(Node* from, const RawEdge& e, Tensor& g, State next) {
    if (PHAROS_UNLIKELY(e.reduce_to != nullptr)) reduce(from, e, g);
    if (PHAROS_UNLIKELY(g.scalar_type() != e.dtype && e.dtype != c10::ScalarType::Undefined))
      g = tape_ops.cast_gradient(g, e.dtype);
    Tensor& slot = slots_of(e.fn, next)[e.input_nr];
    if (PHAROS_LIKELY(!slot.defined())) {
      slot = std::move(g);
      return;
    }
    if (PHAROS_UNLIKELY(slot.sizes() != g.sizes())) refuse_shape(from, e, g, slot.sizes());
    add_to_slot(slot, g);
    g = Tensor();  // its other owners may be waiting to be the only one
  }
  PHAROS_NOINLINE static void reduce(Node* from, const RawEdge& e, Tensor& g) {
    const c10::IntArrayRef sizes(e.reduce_to + 1, static_cast<size_t>(e.reduce_to[0]));
    if (g.sizes().equals(sizes)) return;
    bool fits = sizes.size() <= g.sizes().size();
    for (size_t i = 0; fits && i < sizes.size(); ++i) {
      const int64_t to = sizes[sizes.size() - 1 - i], of = g.sizes()[g.sizes().size() - 1 - i];
      fits = to == of || to == 1;
    }
    if (!fits) refuse_shape(from, e, g, sizes);
    g = tape_ops.sum_to_size(g, sizes);
  }
  [[noreturn]] PHAROS_COLD static void refuse_shape(Node* from, const RawEdge& e, const Tensor& g,
                                                    c10::IntArrayRef expected) {
    TORCH_CHECK(false, "Function ", from->name(), " returned an invalid gradient at index ",
                &e - from->edges, " - got ", g.sizes(), " but expected shape compatible with ",
                expected);
  }

  BackwardCall& call_;
  Store store_;
  NodeQueue seen_;
  std::vector<Node*> heap_;
  Node* single_ = nullptr;
  bool finished_ = false;
  std::vector<Tensor> captured_;
};

// Restores the modes that backward changes.
struct Modes {
  bool grad_mode = thread_state.grad_mode;
  uint32_t module_id = thread_state.module_id;
  explicit Modes(bool create_graph) {
    thread_state.grad_mode = create_graph;
    thread_state.backward_depth++;
  }
  ~Modes() {
    thread_state.grad_mode = grad_mode;
    thread_state.module_id = module_id;
    thread_state.backward_depth--;
  }
};

// Passes inside passes on one stack; PyTorch draws the line at the same place.
constexpr uint16_t kMaxDepth = 60;

// The pass in a thread of its own, as if in this one, which waits for it.
PHAROS_COLD std::vector<Tensor> run_on_fresh_stack(BackwardCall& call) {
  const ThreadState mine = thread_state;
  uint64_t sequence = 0;
  std::vector<Tensor> captured;
  std::exception_ptr error;
  std::thread([&] {
    ThreadCache* cache = thread_state.cache;
    thread_state = mine;
    thread_state.cache = cache;
    thread_state.backward_depth = 0;
    try {
      captured = run_backward(call);
    } catch (...) {
      error = std::current_exception();
    }
    sequence = thread_state.sequence;
  }).join();
  thread_state.sequence = sequence;
  if (error) std::rethrow_exception(error);
  return captured;
}

}  // namespace

Node* current_node() { return running; }

std::vector<Tensor> run_backward(BackwardCall& call) {
  if (PHAROS_UNLIKELY(thread_state.backward_depth >= kMaxDepth)) return run_on_fresh_stack(call);
  Modes modes(call.create_graph);
  if (!nodes_taken.exchange(true, std::memory_order_acquire)) {
    struct Free {
      ~Free() { nodes_taken.store(false, std::memory_order_release); }
    } free;
    return Pass<InNode>(call).run();
  }
  return Pass<InMap>(call).run();
}

}  // namespace pharos::tape
