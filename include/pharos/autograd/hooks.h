// Hooks on gradients of tensors and on nodes of the graph.
#pragma once

#include <pharos/autograd/node.h>

#include <functional>

namespace torch::autograd {

// The hook's result, if defined, replaces the gradient. The number removes the hook again.
PHAROS_API unsigned add_tensor_hook(const at::Tensor& t,
                                    std::function<at::Tensor(const at::Tensor&)> hook);
// Called with a leaf after its .grad was added to.
PHAROS_API unsigned add_post_accumulate_hook(const at::Tensor& t,
                                             std::function<void(const at::Tensor&)> hook);
PHAROS_API bool remove_hook(const at::Tensor& t, unsigned id);
// Before a node runs, on its incoming gradients; after it ran, on its results.
PHAROS_API unsigned add_node_pre_hook(
    Node& n, std::function<variable_list(const variable_list& grads)> hook);
PHAROS_API unsigned add_node_post_hook(
    Node& n,
    std::function<variable_list(const variable_list& results, const variable_list& grads)> hook);
PHAROS_API bool remove_node_hook(Node& n, unsigned id);

}  // namespace torch::autograd

namespace at {

template <typename F>
unsigned Tensor::register_hook(F&& hook) const {
  if constexpr (std::is_void_v<decltype(hook(std::declval<const Tensor&>()))>) {
    return torch::autograd::add_tensor_hook(*this,
                                            [f = std::forward<F>(hook)](const Tensor& g) mutable {
                                              f(g);
                                              return Tensor();
                                            });
  } else {
    return torch::autograd::add_tensor_hook(*this, std::forward<F>(hook));
  }
}

}  // namespace at
