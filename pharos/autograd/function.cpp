// Custom functions: the node, its context, and how outputs are wrapped.
#include <pharos/autograd/function.h>
#include <pharos/ops/functions.h>

#include <algorithm>
#include <cstring>

#include "tape/meta.h"
#include "tape/record.h"

namespace torch::autograd {

using pharos::tape::BelowAutograd;

struct SavedData::Items {
  std::vector<std::pair<std::string, c10::IValue>> list;
};

SavedData::SavedData() = default;
SavedData::~SavedData() { delete items_; }

c10::IValue* SavedData::find(const std::string& key) const {
  if (!items_) return nullptr;
  for (auto& [k, v] : items_->list)
    if (k == key) return &v;
  return nullptr;
}
c10::IValue& SavedData::operator[](const std::string& key) {
  if (c10::IValue* v = find(key)) return *v;
  if (!items_) items_ = new Items;
  items_->list.emplace_back(key, c10::IValue());
  return items_->list.back().second;
}
const c10::IValue& SavedData::at(const std::string& key) const {
  const c10::IValue* v = find(key);
  TORCH_CHECK_INDEX(v, "saved_data has no key '", key, "'");
  return *v;
}
size_t SavedData::count(const std::string& key) const { return find(key) ? 1 : 0; }
size_t SavedData::size() const { return items_ ? items_->list.size() : 0; }

void AutogradContext::save_for_backward(variable_list to_save) { to_save_ = std::move(to_save); }
void AutogradContext::mark_dirty(const variable_list& inputs) { dirty_ = inputs; }
void AutogradContext::mark_non_differentiable(const variable_list& outputs) {
  non_differentiable_ = outputs;
}
AutogradContext::AutogradContext() = default;
AutogradContext::~AutogradContext() = default;

// Allocated by new (pool_class 0), so that the reaper deletes it.
struct CustomNode final : pharos::tape::ListNode {
  AutogradContext context;
  std::vector<pharos::tape::SavedTensor> saved;
  CustomCall::Backward backward = nullptr;
  const char* pretty = "";
  std::vector<bool> is_tensor;
  struct Output {
    std::vector<int64_t> sizes;
    c10::TensorOptions options;
  };
  std::vector<Output> outputs;

  std::string name() const override {
    // "... [with T = ns::Square]" names the function's type.
    const char* with = std::strstr(pretty, "T = ");
    if (!with) return "CppNode";
    std::string s(with + 4);
    s = s.substr(0, s.find_first_of(";]"));
    const size_t colon = s.rfind("::");
    return "CppNode<" + (colon == std::string::npos ? s : s.substr(colon + 2)) + ">";
  }

  void release_variables() override { saved.clear(); }

  void run(at::Tensor* grads, at::Tensor* results) override {
    variable_list in(input_count);
    for (size_t i = 0; i < in.size(); ++i) {
      in[i] = grads[i];
      if (!in[i].defined() && context.materialize_grads_)
        in[i] = at::zeros(outputs[i].sizes, outputs[i].options);
    }
    variable_list out = backward(&context, std::move(in));
    // Trailing gradients of arguments that take none may be left out or undefined.
    while (out.size() > is_tensor.size() && !out.back().defined()) out.pop_back();
    TORCH_CHECK(out.size() == is_tensor.size(), "function ", name(),
                " returned an incorrect number of gradients (expected ", is_tensor.size(), ", got ",
                out.size(), ")");
    size_t edge = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (!is_tensor[i]) {
        TORCH_CHECK(!out[i].defined(), "function ", name(),
                    " returned a gradient different from None at position ", i + 1,
                    ", but the corresponding forward input was not a Variable");
        continue;
      }
      if (edges[edge].fn) results[edge] = std::move(out[i]);
      ++edge;
    }
  }
};

variable_list AutogradContext::get_saved_variables() const {
  TORCH_CHECK(node_ && !(node_->released && node_->saved.empty() && !to_save_.empty()),
              "Trying to backward through the graph a second time (or directly access saved "
              "tensors after they have "
              "already been freed). Saved intermediate values of the graph are freed when you call "
              ".backward() or "
              "autograd.grad(). Specify retain_graph=True if you need to backward through the "
              "graph a second time or if "
              "you need to access saved tensors after calling backward.");
  if (node_->released && node_->saved.empty()) pharos::tape::graph_released();
  variable_list out;
  for (const auto& s : node_->saved) out.push_back(s.unpack(node_, true));
  return out;
}

bool AutogradContext::needs_input_grad(size_t i) const {
  TORCH_CHECK_INDEX(node_ && i < node_->edge_count, "needs_input_grad: there are ",
                    node_ ? node_->edge_count : 0, " tensor inputs; input ", i, " was asked for");
  return node_->edges[i].fn != nullptr;
}

CustomCall::CustomCall(const char* name, Backward backward) : node_(new CustomNode) {
  node_->pretty = name;
  node_->backward = backward;
  node_->context.node_ = node_;
}

CustomCall::~CustomCall() {
  if (in_forward_) pharos::thread_state.grad_mode = previous_mode_;
  node_->release();
}

void CustomCall::argument(const at::Tensor& t) {
  inputs_.push_back(t);
  node_->is_tensor.push_back(true);
}
void CustomCall::argument(const std::optional<at::Tensor>& t) { argument(t ? *t : at::Tensor()); }
void CustomCall::argument(const std::vector<at::Tensor>& list) {
  for (const at::Tensor& t : list) argument(t);
}
void CustomCall::other_argument() { node_->is_tensor.push_back(false); }

AutogradContext* CustomCall::context() { return &node_->context; }

void CustomCall::begin_forward() {
  auto& state = pharos::thread_state;
  for (const at::Tensor& t : inputs_) recording_ |= t.defined() && t.requires_grad();
  recording_ &= state.grad_mode;
  node_->sequence = state.sequence++;
  node_->module_id = state.module_id;
  if (recording_) {
    node_->set_edge_count(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      pharos::tape::RawEdge& e = node_->edges[i];
      if (inputs_[i].defined()) pharos::tape::stale_key(inputs_[i]);
      pharos::tape::connect(e, inputs_[i]);
      // What backward returns is checked against the input's shape.
      if (e.fn) pharos::tape::note_broadcast(e, inputs_[i]);
    }
    if (state.special & pharos::kSpecialAnomaly) pharos::tape::init_node_slow(node_);
  }
  previous_mode_ = state.grad_mode;
  in_forward_ = true;
  state.grad_mode = false;
}

void CustomCall::end_forward() {
  pharos::thread_state.grad_mode = previous_mode_;
  in_forward_ = false;
}

namespace {
bool contains(const variable_list& list, const at::Tensor& t) {
  return std::any_of(list.begin(), list.end(), [&](const at::Tensor& x) { return x.is_same(t); });
}
}  // namespace

// What mark_dirty names must be inputs that come back, and writable ones.
static void check_dirty(const variable_list& dirty, const variable_list& inputs,
                        const variable_list& outputs, bool recording) {
  for (const at::Tensor& t : dirty) {
    TORCH_CHECK(contains(inputs, t),
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that "
                "have been mutated should "
                "be passed to ctx.mark_dirty().");
    TORCH_CHECK(contains(outputs, t),
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are "
                "modified inplace must all be outputs of the Function.");
    if (!recording) continue;
    TORCH_CHECK(!(t.requires_grad() && t.is_leaf()),
                "a leaf Variable that requires grad has been used in an in-place operation.");
    TORCH_CHECK(!(t.is_view() && outputs.size() > 1),
                "If your Function modifies inplace an input that is a view of another Tensor, your "
                "Function cannot return "
                "more than one Tensor. This is not supported by the current autograd engine. You "
                "should either make sure "
                "the input is not a view (using .clone() for example) or make your Function only "
                "return one Tensor (by "
                "making the other tensors non-differentiable or moving them out of the Function).");
  }
  for (const at::Tensor& t : dirty) {
    pharos::tape::check_inplace(t, recording);
    if (!t.is_inference()) pharos::tape::bump_version(t);
  }
}

static void mark_created(const at::Tensor& view, uint32_t creation) {
  uint32_t& flags = view.unsafeGetTensorImpl()->flags;
  flags = (flags & ~pharos::tape::kCreation) | creation;
}

void CustomCall::wrap(variable_list& outputs) {
  AutogradContext& ctx = node_->context;
  check_dirty(ctx.dirty_, inputs_, outputs, recording_);
  node_->input_count = static_cast<uint32_t>(outputs.size());
  const variable_list returned = ctx.to_save_.empty() ? variable_list{} : outputs;
  size_t differentiable = 0;
  for (const at::Tensor& out : outputs) differentiable += out.defined() && is_differentiable(out);
  for (size_t i = 0; i < outputs.size(); ++i) {
    at::Tensor& out = outputs[i];
    node_->outputs.push_back(out.defined() ? CustomNode::Output{out.sizes().vec(), out.options()}
                                           : CustomNode::Output{});
    if (!out.defined()) continue;
    const bool dirty = contains(ctx.dirty_, out), input = contains(inputs_, out);
    if (!is_differentiable(out)) {
      // An input that comes back without history is a detached alias, not the input itself.
      if (input && !dirty && out.requires_grad()) out = out.detach();
      continue;
    }
    if (dirty) {
      pharos::tape::rebase_history(out, node_, static_cast<uint32_t>(i));
      continue;
    }
    if (input) {
      // An input that comes back as it is: a view of it with this node as its history.
      BelowAutograd below;
      out = out.view_as(out);
    }
    if (out.is_view())
      mark_created(out,
                   differentiable > 1 ? c10::TensorImpl::kMultiView : c10::TensorImpl::kCustomView);
    pharos::tape::set_history(out, node_, static_cast<uint32_t>(i));
  }
  if (recording_) save(returned, outputs);
  // Outputs among them would own the node that owns them.
  ctx.dirty_.clear();
  ctx.non_differentiable_.clear();
}

bool CustomCall::is_differentiable(const at::Tensor& out) const {
  return recording_ && !contains(node_->context.non_differentiable_, out) &&
         c10::isDifferentiableType(out.scalar_type());
}

// `returned` are the outputs as forward gave them, `outputs` with their history.
void CustomCall::save(const variable_list& returned, const variable_list& outputs) {
  AutogradContext& ctx = node_->context;
  node_->saved = std::vector<pharos::tape::SavedTensor>(ctx.to_save_.size());
  for (size_t i = 0; i < ctx.to_save_.size(); ++i) {
    const at::Tensor& t = ctx.to_save_[i];
    if (!t.defined()) continue;
    const auto at = std::find_if(returned.begin(), returned.end(),
                                 [&](const at::Tensor& o) { return o.is_same(t); });
    const auto nr = static_cast<size_t>(at - returned.begin());
    const bool output = at != returned.end() && (!contains(inputs_, t) || contains(ctx.dirty_, t));
    if (output && is_differentiable(outputs[nr]))
      node_->saved[i].save_output(outputs[nr], static_cast<uint32_t>(nr));
    else
      node_->saved[i].save(t);
  }
  // The count of what was saved stays; the tensors themselves are in `saved`.
  std::fill(ctx.to_save_.begin(), ctx.to_save_.end(), at::Tensor());
}

}  // namespace torch::autograd
