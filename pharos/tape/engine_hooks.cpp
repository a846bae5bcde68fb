// What a backward pass does only for nodes with hooks or in anomaly mode.
#include <algorithm>

#include "tape/engine.h"
#include "tape/meta.h"
#include "tape/tape_ops.h"

namespace pharos::tape {

using torch::autograd::NodeExtra;
using torch::autograd::variable_list;

namespace {

// Calls f(hook) for each hook that is registered now; one that an earlier one removes is left out,
// and one that is added waits for the next pass.
template <typename List, typename Id, typename Hook, typename F>
void each_hook(List NodeExtra::*list, Node* n, Id id_of, Hook hook_of, F&& f) {
  std::vector<unsigned> ids;
  for (const auto& h : n->extra->*list) ids.push_back(id_of(h));
  for (unsigned id : ids) {
    auto& now = n->extra->*list;
    const auto at =
        std::find_if(now.begin(), now.end(), [&](const auto& h) { return id_of(h) == id; });
    if (at == now.end()) continue;
    auto hook = hook_of(*at);  // a copy: the hook may remove itself
    f(*at, hook);
  }
}

constexpr auto kFirst = [](const auto& h) { return h.first; };
constexpr auto kSecond = [](const auto& h) { return h.second; };

}  // namespace

void run_tensor_hooks(Node* n, Tensor* grads) {
  if (!n->extra->tensor_hooks.empty())
    each_hook(
        &NodeExtra::tensor_hooks, n, [](const auto& h) { return h.id; },
        [](const auto& h) { return h.hook; },
        [&](const NodeExtra::OnTensor& h, const auto& hook) {
          Tensor& g = grads[h.output_nr];
          if (!g.defined()) return;
          const Tensor replaced = hook(g);
          if (!replaced.defined()) return;
          TORCH_CHECK(replaced.sizes() == g.sizes(),
                      "hook '<unnamed>' has changed the size of value");
          TORCH_CHECK(replaced.scalar_type() == g.scalar_type(),
                      "hook '<unnamed>' has changed the type of value (was ", g.toString(), " got ",
                      replaced.toString(), ")");
          g = replaced;
        });
  for (const NodeExtra::Retain& r : n->extra->retains) {
    AutogradMeta* meta = meta_of(r.tensor);
    const Tensor& g = grads[r.output_nr];
    if (!meta || !g.defined()) continue;
    meta->grad = meta->grad.defined() ? tape_ops.add(meta->grad, g) : tape_ops.clone(g);
  }
}

void run_with_hooks(Node* n, Tensor* grads, Tensor* results) {
  if (!n->extra->pre_hooks.empty()) {
    variable_list list(grads, grads + n->input_count);
    each_hook(&NodeExtra::pre_hooks, n, kFirst, kSecond,
              [&](const auto&, const auto& hook) { list = hook(list); });
    TORCH_CHECK(list.size() == n->input_count, "a pre-hook of ", n->name(), " returned ",
                list.size(), " gradients instead of ", n->input_count);
    std::copy(list.begin(), list.end(), grads);
  }
  const bool post = !n->extra->post_hooks.empty();
  variable_list before;
  if (post) before.assign(grads, grads + n->input_count);
  n->run(grads, results);
  if (!post) return;
  variable_list list(results, results + n->edge_count);
  each_hook(&NodeExtra::post_hooks, n, kFirst, kSecond,
            [&](const auto&, const auto& hook) { list = hook(list, before); });
  TORCH_CHECK(list.size() == n->edge_count, "a post-hook of ", n->name(), " returned ", list.size(),
              " gradients instead of ", n->edge_count);
  std::copy(list.begin(), list.end(), results);
}

void run_post_accumulate_hooks(Node* n, const Tensor& leaf) {
  each_hook(&NodeExtra::post_accumulate, n, kFirst, kSecond,
            [&](const auto&, const auto& hook) { hook(leaf); });
}

namespace {
std::string forward_trace(Node* n) {
  return n->extra && !n->extra->anomaly_trace.empty()
             ? " Traceback of forward call that caused the error:\n" + n->extra->anomaly_trace
             : std::string();
}
}  // namespace

void add_node_context(c10::Error& e, Node* n) {
  const std::string path = n->module_path();
  e.add_context("in the backward of " + n->name() +
                (path.empty() ? "" : " recorded in module " + path) + forward_trace(n));
}

void check_nan(Node* n, const Tensor* results) {
  for (uint32_t i = 0; i < n->edge_count; ++i) {
    if (!results[i].defined() || !tape_ops.any_nan(results[i])) continue;
    const std::string path = n->module_path();
    TORCH_CHECK(false, "Function '", n->name(), "' returned nan values in its ", i, "th output.",
                path.empty() ? "" : " Its forward ran in module " + path + ".", forward_trace(n));
  }
}

}  // namespace pharos::tape
