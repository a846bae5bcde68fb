// The engine: walks recorded graphs backward. One call runs on the caller's thread; several threads
// may run their own at the same time, and a hook or node may start another inside.
#pragma once

#include <pharos/autograd/node.h>

#include <vector>

namespace pharos::tape {

using at::Tensor;

struct BackwardCall {
  // Where to start, with the gradients that arrive there (moved from). The nodes stay owned by the
  // caller, and with them the whole graph.
  c10::ArrayRef<torch::autograd::Edge> roots;
  Tensor* root_grads = nullptr;
  bool keep_graph = false;
  bool create_graph = false;
  // If not empty: only what leads to these edges runs. With `accumulate` their leaves' .grad is
  // added to, otherwise the gradients come back (undefined where the graph does not reach).
  std::vector<torch::autograd::Edge> targets;
  bool accumulate = true;
};
std::vector<Tensor> run_backward(BackwardCall& call);

// The node that is running on this thread, if any.
torch::autograd::Node* current_node();

// Hooks of a node that has some (engine_hooks.cpp). They may add and remove hooks, these included.
void run_tensor_hooks(torch::autograd::Node* n, Tensor* grads);
void run_post_accumulate_hooks(torch::autograd::Node* n, const Tensor& leaf);
void run_with_hooks(torch::autograd::Node* n, Tensor* grads, Tensor* results);
// Errors of a node say which one it was and where it was recorded.
void add_node_context(c10::Error& e, torch::autograd::Node* n);
void check_nan(torch::autograd::Node* n, const Tensor* results);

}  // namespace pharos::tape
