// torch::autograd::Node: one step of the recorded graph, and the edges between steps. Nodes live in
// the memory pool and are counted; `Tensor::grad_fn()` hands them out for walking.
#pragma once

#include <pharos/tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace torch::autograd {

using variable_list = std::vector<at::Tensor>;
using tensor_list = std::vector<at::Tensor>;

// Where the gradient of one input goes: output `input_nr` of the node that made the input. Not
// owning a count here would be wrong only for AccumulateGrad, whose count keeps its leaf.
struct RawEdge {
  Node* fn = nullptr;
  // For inputs that were broadcast: their rank, then sizes; the gradient is summed to them.
  int64_t* reduce_to = nullptr;
  uint32_t input_nr = 0;
  c10::ScalarType dtype = c10::ScalarType::Undefined;
};

struct Edge {
  c10::intrusive_ptr<Node> function;
  uint32_t input_nr = 0;
  bool is_valid() const { return function.defined(); }
};
using edge_list = std::vector<Edge>;

struct NodeExtra;

struct PHAROS_API Node {
  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // "AddBackward0", as PyTorch names it.
  virtual std::string name() const;
  // Gradients of the outputs in, gradients of the inputs out; undefined tensors stand for zeros.
  // `grads` may be moved from.
  virtual void run(at::Tensor* grads, at::Tensor* results) = 0;
  // Drops what was saved for backward.
  virtual void release_variables() {}

  uint64_t sequence_nr() const { return sequence; }
  uint32_t num_inputs() const { return input_count; }
  uint32_t num_outputs() const { return edge_count; }
  Edge next_edge(size_t i) const;
  edge_list next_edges() const;
  // Runs the node by itself.
  variable_list operator()(variable_list&& grads);
  void retain() const noexcept { refcount.fetch_add(1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (refcount.fetch_sub(1, std::memory_order_acq_rel) == 1) const_cast<Node*>(this)->on_zero();
  }
  uint32_t use_count() const noexcept { return refcount.load(std::memory_order_relaxed); }
  // The path of the module whose forward made this node ("encoder.layers.3.fc1"); may be empty.
  std::string module_path() const;

  // Filled in by the tape; not for programs.
  mutable std::atomic<uint32_t> refcount{1};
  uint32_t dependencies = 0;
  uint64_t sequence = 0;
  RawEdge* edges = nullptr;
  uint32_t edge_count = 0;
  uint32_t input_count = 1;
  uint8_t pool_class = 0;
  uint8_t marks = 0;  // engine's bits: seen, needed
  bool is_accumulate = false;
  bool released = false;
  uint32_t module_id = 0;
  NodeExtra* extra = nullptr;
  // The gradient gathered for output 0, or the array of all outputs' (input_count > 1).
  void* slot = nullptr;

 protected:
  virtual ~Node();
  // The count fell to zero: links the node for destruction without recursion.
  virtual void on_zero() noexcept;
  friend struct NodeReaper;
};

// Its address.
PHAROS_API std::ostream& operator<<(std::ostream& out, const c10::intrusive_ptr<Node>& node);

}  // namespace torch::autograd
