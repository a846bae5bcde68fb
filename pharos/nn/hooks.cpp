// Module hooks: registration, the calls around forward, and the nodes that carry backward hooks.
#include "nn/hooks.h"

#include "core/thread_state.h"
#include "nn/names.h"
#include "tape/module_path.h"
#include "tape/record.h"

namespace torch::nn {

using pharos::nn::ModuleHooks;

RemovableHandle::RemovableHandle() : id_(0) {}
RemovableHandle::RemovableHandle(std::weak_ptr<ModuleHooks> hooks, uint64_t id)
    : hooks_(std::move(hooks)), id_(id) {}
RemovableHandle::RemovableHandle(const RemovableHandle&) = default;
RemovableHandle& RemovableHandle::operator=(const RemovableHandle&) = default;
RemovableHandle::~RemovableHandle() = default;

template <typename List>
static void erase_id(List& list, uint64_t id) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i].first == id) return void(list.erase(list.begin() + static_cast<std::ptrdiff_t>(i)));
}
void RemovableHandle::remove() {
  const std::shared_ptr<ModuleHooks> hooks = hooks_.lock();
  hooks_.reset();
  if (!hooks) return;
  erase_id(hooks->forward, id_);
  erase_id(hooks->pre, id_);
  erase_id(hooks->backward, id_);
  erase_id(hooks->output, id_);
}

ModuleHooks& Module::hooks() {
  if (!hooks_) hooks_ = std::make_shared<ModuleHooks>();
  return *hooks_;
}
template <typename List, typename Hook>
static uint64_t append(ModuleHooks& hooks, List& list, Hook hook) {
  list.emplace_back(hooks.next_id, std::move(hook));
  return hooks.next_id++;
}
RemovableHandle Module::add_hook(GenericHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.forward, ModuleHooks::Forward{std::move(hook), nullptr})};
}
RemovableHandle Module::add_hook(TensorHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.forward, ModuleHooks::Forward{nullptr, std::move(hook)})};
}
RemovableHandle Module::add_pre_hook(GenericPreHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.pre, ModuleHooks::Pre{std::move(hook), nullptr})};
}
RemovableHandle Module::add_pre_hook(TensorPreHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.pre, ModuleHooks::Pre{nullptr, std::move(hook)})};
}
RemovableHandle Module::add_backward_hook(BackwardHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.backward, std::move(hook))};
}
RemovableHandle Module::add_output_hook(OutputHook hook) {
  ModuleHooks& h = hooks();
  return {hooks_, append(h, h.output, std::move(hook))};
}

}  // namespace torch::nn

namespace pharos::nn {

ModuleScope::ModuleScope(const Module& m) noexcept : previous_(thread_state.module_id) {
  uint32_t id = m.path_id_.load(std::memory_order_relaxed);
  if (PHAROS_UNLIKELY(id == Module::kNoPath)) {
    id = tape::intern_module_path(m.path_);
    m.path_id_.store(id, std::memory_order_relaxed);
  }
  thread_state.module_id = id;
}
ModuleScope::~ModuleScope() { thread_state.module_id = previous_; }

namespace {

using Grads = std::vector<Tensor>;

// The call that was opened last on this thread and whose forward has not begun to run.
thread_local const Module* opened_module = nullptr;

// Shared by the nodes at the inputs and at the outputs of one call.
struct BackwardCall {
  Module* module;
  std::shared_ptr<Module> keep;  // where the module lives in a shared_ptr
  HookList<ModuleHooks::Backward> hooks;
  HookList<ModuleHooks::Output> output_hooks;
  size_t input_count = 0, output_count = 0;
  std::vector<size_t> input_positions, output_positions;
  Grads grad_outputs;
  bool outputs_ran = false;
};

// Passes gradients on through the hooks of one call.
struct BoundaryNode : tape::ListNode {
  std::shared_ptr<BackwardCall> call;
  bool at_inputs = false;
  std::string name() const override { return "BackwardHookFunctionBackward"; }
  void run(Tensor* grads, Tensor* results) override {
    for (size_t i = 0; i < edge_count; ++i) results[i] = grads[i];
    if (at_inputs)
      run_inputs(results);
    else
      run_outputs(results);
  }

 private:
  static Grads spread(const Tensor* grads, const std::vector<size_t>& positions, size_t n) {
    Grads out(n);
    for (size_t i = 0; i < positions.size(); ++i) out[positions[i]] = grads[i];
    return out;
  }
  void run_outputs(Tensor* grads) {
    BackwardCall& c = *call;
    for (const auto& hook : c.output_hooks) {
      for (size_t i = 0; i < edge_count; ++i) {
        if (!grads[i].defined()) continue;
        Tensor replaced = hook.second(grads[i]);
        if (replaced.defined()) grads[i] = std::move(replaced);
      }
    }
    if (c.hooks.empty()) return;
    c.grad_outputs = spread(grads, c.output_positions, c.output_count);
    c.outputs_ran = true;
    if (!c.input_positions.empty()) return;
    for (const auto& hook : c.hooks) {
      const Grads replaced = hook.second(*c.module, Grads(c.input_count), c.grad_outputs);
      for (const Tensor& t : replaced)
        TORCH_CHECK(!t.defined(),
                    "Backward hook for Modules where no input requires gradient should always "
                    "return nothing or undefined tensors for all gradients.");
    }
    c.outputs_ran = false;
  }
  void run_inputs(Tensor* grads) {
    BackwardCall& c = *call;
    // The gradient came to the inputs by another way than through the outputs.
    if (!c.outputs_ran) return;
    Grads grad_inputs = spread(grads, c.input_positions, c.input_count);
    for (const auto& hook : c.hooks) {
      Grads replaced = hook.second(*c.module, grad_inputs, c.grad_outputs);
      if (replaced.empty()) continue;
      TORCH_CHECK(replaced.size() == grad_inputs.size(), "Backward hook returned ", replaced.size(),
                  " gradients, but the module has ", grad_inputs.size(), " inputs");
      grad_inputs = std::move(replaced);
    }
    for (size_t i = 0; i < c.input_positions.size(); ++i)
      grads[i] = grad_inputs[c.input_positions[i]];
    c.outputs_ran = false;
    c.grad_outputs.clear();
  }
};

// Replaces the tensors that require grad by aliases made by one node; their positions are noted.
void add_boundary(const std::shared_ptr<BackwardCall>& call, std::vector<Tensor*>& tensors,
                  bool at_inputs) {
  auto& positions = at_inputs ? call->input_positions : call->output_positions;
  (at_inputs ? call->input_count : call->output_count) = tensors.size();
  if (!thread_state.grad_mode) return;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i]->defined() && tensors[i]->requires_grad()) positions.push_back(i);
  if (positions.empty()) return;
  auto node = tape::make_node<BoundaryNode>();
  node->call = call;
  node->at_inputs = at_inputs;
  node->set_edge_count(positions.size());
  node->input_count = static_cast<uint16_t>(positions.size());
  for (size_t i = 0; i < positions.size(); ++i)
    tape::connect(node->edges[i], *tensors[positions[i]]);
  for (size_t i = 0; i < positions.size(); ++i) {
    Tensor alias = tensors[positions[i]]->tensor_data();
    tape::set_history(alias, node.get(), static_cast<uint32_t>(i));
    *tensors[positions[i]] = alias;
  }
}

// Tensors at the top level and in tuples and lists, in order.
void collect(IValue& v, std::vector<Tensor>& out) {
  if (v.isTensor()) {
    out.push_back(v.toTensor());
  } else if (v.isTuple()) {
    for (IValue e : v.toTupleRef().elements()) collect(e, out);
  } else if (v.isList()) {
    for (IValue e : v.toListRef()) collect(e, out);
  }
}
IValue rebuild(const IValue& v, const std::vector<Tensor>& tensors, size_t& next) {
  if (v.isTensor()) return tensors[next++];
  if (v.isTuple()) {
    std::vector<IValue> elements;
    for (const IValue& e : v.toTupleRef().elements()) elements.push_back(rebuild(e, tensors, next));
    return c10::ivalue::Tuple::create(std::move(elements));
  }
  if (v.isTensorList()) {
    std::vector<Tensor> elements;
    for (const IValue& e : v.toListRef()) elements.push_back(rebuild(e, tensors, next).toTensor());
    return IValue(std::move(elements));
  }
  return v;
}

const Tensor& first_tensor(const IValues& values) {
  static const Tensor none;
  for (const IValue& v : values)
    if (v.isTensor()) return v.toTensor();
  return none;
}

}  // namespace

struct HookedCall::State {
  enum class Phase { CollectInputs, GiveInputs, CollectOutput, GiveOutput };

  explicit State(Module& m, const ModuleHooks& h) : module(m), hooks(h), previous(opened_module) {}

  void value(IValue v) {
    if (open_lists.empty())
      values.push_back(std::move(v));
    else
      open_lists.back().second.push_back(std::move(v));
  }
  bool collecting() const { return phase == Phase::CollectInputs || phase == Phase::CollectOutput; }
  // One argument was given back.
  void gave() {
    if (depth == 0 && phase == Phase::GiveInputs && ++given == inputs.size()) start_output();
  }
  void start_output() {
    phase = Phase::CollectOutput;
    values.clear();
  }
  void set_leaves(const IValues& from) {
    leaves.clear();
    for (const IValue& v : from) {
      IValue copy = v;
      collect(copy, leaves);
    }
    next_leaf = 0;
  }

  Module& module;
  // A hook may remove itself or others while it runs.
  const ModuleHooks hooks;
  const Module* previous;
  Phase phase = Phase::CollectInputs;
  IValues values, inputs;
  std::vector<std::pair<bool, IValues>> open_lists;
  size_t depth = 0, given = 0, next_leaf = 0, collected = 0;
  std::vector<Tensor> leaves;
  std::shared_ptr<BackwardCall> backward;
};

HookedCall::HookedCall(Module& m) : state_(new State(m, *m.hooks_)) {}
HookedCall::~HookedCall() {
  opened_module = state_->previous;
  delete state_;
}
bool HookedCall::opened(const Module& m) noexcept {
  if (opened_module != &m) return false;
  opened_module = nullptr;
  return true;
}

void HookedCall::leaf(Tensor& t) {
  State& s = *state_;
  if (s.collecting()) {
    ++s.collected;
    s.value(t);
    return;
  }
  TORCH_CHECK(s.next_leaf < s.leaves.size() && s.leaves.size() == s.collected, "a hook of ",
              s.module.name(), " replaced ", s.collected, " tensors by ", s.leaves.size());
  t = s.leaves[s.next_leaf++];
  s.gave();
}
void HookedCall::number(double v) {
  return state_->collecting() ? state_->value(v) : state_->gave();
}
void HookedCall::number(int64_t v) {
  return state_->collecting() ? state_->value(v) : state_->gave();
}
void HookedCall::number(bool v) { return state_->collecting() ? state_->value(v) : state_->gave(); }
void HookedCall::none() { return state_->collecting() ? state_->value({}) : state_->gave(); }
void HookedCall::open(bool list) {
  if (state_->collecting())
    state_->open_lists.emplace_back(list, IValues());
  else
    ++state_->depth;
}
void HookedCall::close() {
  State& s = *state_;
  if (!s.collecting()) {
    --s.depth;
    return s.gave();
  }
  auto [list, elements] = std::move(s.open_lists.back());
  s.open_lists.pop_back();
  if (!list) return s.value(c10::ivalue::Tuple::create(std::move(elements)));
  std::vector<Tensor> tensors;
  for (IValue& e : elements) tensors.push_back(std::move(e).toTensor());
  s.value(IValue(std::move(tensors)));
}

// Runs the pre-hooks; the inputs are given back next.
void HookedCall::before() {
  State& s = *state_;
  s.inputs = std::move(s.values);
  for (const auto& [id, hook] : s.hooks.pre) {
    if (hook.tensor) {
      Tensor replaced = hook.tensor(s.module, first_tensor(s.inputs));
      if (!replaced.defined()) continue;
      for (IValue& v : s.inputs)
        if (v.isTensor()) {
          v = std::move(replaced);
          break;
        }
    } else {
      IValue replaced = hook.generic(s.module, s.inputs);
      if (replaced.isNone()) continue;
      if (replaced.isTuple() && !(s.inputs.size() == 1 && s.inputs[0].isTuple())) {
        TORCH_CHECK(replaced.toTupleRef().size() == s.inputs.size(), "a forward pre-hook of ",
                    s.module.name(), " returned ", replaced.toTupleRef().size(), " values for ",
                    s.inputs.size(), " inputs");
        s.inputs = replaced.toTupleRef().elements();
      } else {
        TORCH_CHECK(s.inputs.size() == 1, "a forward pre-hook of ", s.module.name(),
                    " returned one value for ", s.inputs.size(), " inputs");
        s.inputs[0] = std::move(replaced);
      }
    }
  }
  s.set_leaves(s.inputs);
  if (!s.hooks.backward.empty() || !s.hooks.output.empty()) {
    s.backward = std::make_shared<BackwardCall>();
    s.backward->module = &s.module;
    s.backward->keep = s.module.weak_from_this().lock();
    s.backward->hooks = s.hooks.backward;
    s.backward->output_hooks = s.hooks.output;
    if (!s.hooks.backward.empty()) {
      std::vector<Tensor*> tensors;
      for (Tensor& t : s.leaves) tensors.push_back(&t);
      add_boundary(s.backward, tensors, true);
      size_t next = 0;
      for (IValue& v : s.inputs) v = rebuild(v, s.leaves, next);
    }
  }
  opened_module = &s.module;
  s.phase = State::Phase::GiveInputs;
  if (s.inputs.empty()) s.start_output();
}

// Runs the forward hooks; the output is given back next.
void HookedCall::after() {
  State& s = *state_;
  opened_module = s.previous;
  IValue output = s.values.empty() ? IValue() : s.values.front();
  std::vector<Tensor> before;
  collect(output, before);
  s.collected = before.size();
  for (const auto& [id, hook] : s.hooks.forward) {
    IValue replaced;
    if (hook.tensor) {
      TORCH_CHECK(output.isTensor(), "a forward hook of ", s.module.name(),
                  " takes the output as a Tensor, but it is a ", output.tagKind(),
                  "; use the form (Module&, const std::vector<IValue>&, const IValue&)");
      Tensor t = hook.tensor(s.module, first_tensor(s.inputs), output.toTensor());
      if (t.defined()) replaced = std::move(t);
    } else {
      replaced = hook.generic(s.module, s.inputs, output);
    }
    if (!replaced.isNone()) output = std::move(replaced);
  }
  s.set_leaves({output});
  if (s.backward) {
    std::vector<Tensor*> tensors;
    for (Tensor& t : s.leaves) tensors.push_back(&t);
    add_boundary(s.backward, tensors, false);
  }
  s.phase = State::Phase::GiveOutput;
}

}  // namespace pharos::nn
