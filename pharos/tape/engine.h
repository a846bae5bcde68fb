// The engine: walks recorded graphs backward. One call runs on the caller's thread; several threads
// may run their own at the same time, and a hook or node may start another inside.
#pragma once

#include <pharos/autograd/node.h>

#include <vector>

namespace pharos::tape {

using at::Tensor;

struct BackwardCall {
  // Where to start, with the gradient that arrives there.
  std::vector<torch::autograd::Edge> roots;
  std::vector<Tensor> root_grads;
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

}  // namespace pharos::tape
