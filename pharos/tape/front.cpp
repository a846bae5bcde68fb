// The public face of the tape: Tensor's autograd members, backward and grad, modes.
#include <pharos/autograd/autograd.h>
#include <pharos/autograd/hooks.h>

#include "core/factory.h"
#include "core/tensor_extra.h"
#include "core/thread_state.h"
#include "dispatch/user_ops.h"
#include "tape/engine.h"
#include "tape/meta.h"
#include "tape/record.h"
#include "tape/tape_ops.h"

namespace c10 {

using pharos::thread_state;

bool GradMode::is_enabled() { return thread_state.grad_mode; }
void GradMode::set_enabled(bool enabled) { thread_state.grad_mode = enabled; }

InferenceMode::InferenceMode(bool enabled)
    : previous_special_(thread_state.special), previous_grad_mode_(thread_state.grad_mode) {
  if (enabled)
    thread_state.special |= pharos::kSpecialInference;
  else
    thread_state.special &= ~uint64_t{pharos::kSpecialInference};
  thread_state.grad_mode = !enabled;
}
InferenceMode::~InferenceMode() {
  thread_state.special = previous_special_;
  thread_state.grad_mode = previous_grad_mode_;
}
bool InferenceMode::is_enabled() { return thread_state.special & pharos::kSpecialInference; }

}  // namespace c10

namespace at {

AutoDispatchBelowAutograd::AutoDispatchBelowAutograd()
    : old_below_(pharos::below_autograd), old_grad_(pharos::thread_state.grad_mode) {
  pharos::below_autograd = true;
  pharos::thread_state.grad_mode = false;
}
AutoDispatchBelowAutograd::~AutoDispatchBelowAutograd() {
  pharos::below_autograd = old_below_;
  pharos::thread_state.grad_mode = old_grad_;
}

}  // namespace at

namespace torch::autograd {

namespace {

Edge edge_of(const at::Tensor& t) {
  auto e = pharos::tape::gradient_edge(t.unsafeGetTensorImpl());
  return {std::move(e.fn), e.nr};
}

// The gradient to start from at `t`, output number i of a call; undefined means ones.
at::Tensor root_gradient(const at::Tensor& t, at::Tensor g, size_t i) {
  TORCH_CHECK(t.requires_grad(), "element ", i,
              " of tensors does not require grad and does not have a grad_fn");
  if (!g.defined()) {
    TORCH_CHECK(t.numel() == 1, "grad can be implicitly created only for scalar outputs");
    TORCH_CHECK(!t.is_complex(),
                "grad can be implicitly created only for real scalar outputs but got ",
                t.scalar_type());
    if (t.dim() == 0 && t.is_cpu() &&
        PHAROS_LIKELY(!(pharos::thread_state.special & pharos::kSpecialInterposer)))
      return pharos::scalar_cpu(1.0, t.scalar_type());
    pharos::tape::BelowAutograd below;
    return pharos::tape::tape_ops.ones_like(t);
  }
  TORCH_CHECK(g.sizes() == t.sizes(), "Mismatch in shape: grad_output[", i, "] has a shape of ",
              g.sizes(), " and output[", i, "] has a shape of ", t.sizes(), ".");
  TORCH_CHECK(g.is_complex() == t.is_complex(),
              "For complex Tensors, both grad_output and output are required to have the same "
              "dtype. Mismatch in dtype: "
              "grad_output[",
              i, "] has a dtype of ", g.scalar_type(), " and output[", i, "] has a dtype of ",
              t.scalar_type(), ".");
  if (g.scalar_type() != t.scalar_type())
    g = pharos::tape::tape_ops.cast_gradient(g, t.scalar_type());
  return g;
}

// The roots of a call with several outputs.
struct Roots {
  std::vector<Edge> edges;
  variable_list grads;
  Roots(pharos::tape::BackwardCall& call, const variable_list& tensors,
        const variable_list& given) {
    TORCH_CHECK(given.empty() || given.size() == tensors.size(), "got ", tensors.size(),
                " tensors and ", given.size(), " gradients");
    edges.reserve(tensors.size());
    grads.reserve(tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      TORCH_CHECK(tensors[i].defined(), "element ", i, " of tensors is undefined");
      grads.push_back(root_gradient(tensors[i], i < given.size() ? given[i] : at::Tensor(), i));
      edges.push_back(edge_of(tensors[i]));
    }
    call.roots = edges;
    call.root_grads = grads.data();
  }
};

Edge target_of(const at::Tensor& t) {
  TORCH_CHECK(t.defined() && t.requires_grad(),
              "One of the differentiated Tensors does not require grad");
  return edge_of(t);
}

}  // namespace

void backward(const variable_list& tensors, const variable_list& grad_tensors,
              std::optional<bool> retain_graph, bool create_graph, const variable_list& inputs) {
  pharos::tape::BackwardCall call;
  const Roots roots(call, tensors, grad_tensors);
  call.keep_graph = retain_graph.value_or(create_graph);
  call.create_graph = create_graph;
  for (const at::Tensor& t : inputs) {
    // A non-leaf among the inputs takes its gradient as retain_grad gives it.
    if (t.defined() && t.requires_grad()) t.retain_grad();
    call.targets.push_back(target_of(t));
  }
  pharos::tape::run_backward(call);
}

variable_list grad(const variable_list& outputs, const variable_list& inputs,
                   const variable_list& grad_outputs, std::optional<bool> retain_graph,
                   bool create_graph, bool allow_unused) {
  pharos::tape::BackwardCall call;
  const Roots roots(call, outputs, grad_outputs);
  call.keep_graph = retain_graph.value_or(create_graph);
  call.create_graph = create_graph;
  call.accumulate = false;
  TORCH_CHECK(!inputs.empty(), "grad requires non-empty inputs.");
  for (const at::Tensor& t : inputs) call.targets.push_back(target_of(t));
  variable_list results = pharos::tape::run_backward(call);
  if (!allow_unused)
    for (size_t i = 0; i < results.size(); ++i)
      TORCH_CHECK(results[i].defined(), "The differentiated Tensor at index ", i,
                  " appears to not have been used in the graph. Set allow_unused=True if this is "
                  "the desired behavior.");
  return results;
}

bool AnomalyMode::is_enabled() { return pharos::thread_state.special & pharos::kSpecialAnomaly; }
bool AnomalyMode::should_check_nan() { return pharos::thread_state.anomaly_check_nan; }
void AnomalyMode::set_enabled(bool enabled, bool check_nan) {
  if (enabled)
    pharos::thread_state.special |= pharos::kSpecialAnomaly;
  else
    pharos::thread_state.special &= ~uint64_t{pharos::kSpecialAnomaly};
  pharos::thread_state.anomaly_check_nan = check_nan;
}
DetectAnomalyGuard::DetectAnomalyGuard(bool check_nan)
    : previous_(AnomalyMode::is_enabled()), previous_check_(AnomalyMode::should_check_nan()) {
  AnomalyMode::set_enabled(true, check_nan);
}
DetectAnomalyGuard::~DetectAnomalyGuard() { AnomalyMode::set_enabled(previous_, previous_check_); }

unsigned add_tensor_hook(const at::Tensor& t, std::function<at::Tensor(const at::Tensor&)> hook) {
  TORCH_CHECK(t.requires_grad(),
              "cannot register a hook on a variable that doesn't require gradient");
  const Edge e = edge_of(t);
  NodeExtra& extra = ensure_extra(*e.function);
  const unsigned id = extra.next_id++;
  extra.tensor_hooks.push_back({e.input_nr, id, std::move(hook)});
  return id;
}

unsigned add_post_accumulate_hook(const at::Tensor& t,
                                  std::function<void(const at::Tensor&)> hook) {
  TORCH_CHECK(t.requires_grad(),
              "cannot register a hook on a tensor that doesn't require gradient");
  TORCH_CHECK(t.is_leaf(), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  const Edge e = edge_of(t);
  NodeExtra& extra = ensure_extra(*e.function);
  const unsigned id = extra.next_id++;
  extra.post_accumulate.emplace_back(id, std::move(hook));
  return id;
}

bool remove_hook(const at::Tensor& t, unsigned id) {
  const Edge e = edge_of(t);
  if (!e.function || !e.function->extra) return false;
  NodeExtra& extra = *e.function->extra;
  const size_t n =
      std::erase_if(extra.tensor_hooks,
                    [&](const auto& h) { return h.id == id && h.output_nr == e.input_nr; }) +
      std::erase_if(extra.post_accumulate, [&](const auto& h) { return h.first == id; });
  return n > 0;
}

unsigned add_node_pre_hook(Node& n, std::function<variable_list(const variable_list&)> hook) {
  NodeExtra& extra = ensure_extra(n);
  extra.pre_hooks.emplace_back(extra.next_id, std::move(hook));
  return extra.next_id++;
}
unsigned add_node_post_hook(
    Node& n, std::function<variable_list(const variable_list&, const variable_list&)> hook) {
  NodeExtra& extra = ensure_extra(n);
  extra.post_hooks.emplace_back(extra.next_id, std::move(hook));
  return extra.next_id++;
}
bool remove_node_hook(Node& n, unsigned id) {
  if (!n.extra) return false;
  return std::erase_if(n.extra->pre_hooks, [&](const auto& h) { return h.first == id; }) +
             std::erase_if(n.extra->post_hooks, [&](const auto& h) { return h.first == id; }) >
         0;
}

}  // namespace torch::autograd

namespace at {

using pharos::tape::ensure_meta;
using pharos::tape::meta_of;

const Tensor& Tensor::set_requires_grad(bool v) const {
  TensorImpl* t = get();
  if (!is_leaf()) {
    TORCH_CHECK(v,
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a "
                "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
    return *this;
  }
  TORCH_CHECK(!v || isDifferentiableType(t->dtype_),
              "only Tensors of floating point and complex dtype can require gradients");
  TORCH_CHECK(
      !(v && t->is_inference() && !InferenceMode::is_enabled()),
      "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  t->flags =
      v ? t->flags | TensorImpl::kRequiresGrad : t->flags & ~uint32_t(TensorImpl::kRequiresGrad);
  return *this;
}

bool Tensor::is_leaf() const {
  TensorImpl* t = get();
  return !t->requires_grad() || pharos::tape::grad_fn_of(t) == nullptr;
}

const Tensor& Tensor::grad() const {
  static const Tensor none;
  if (!get()->autograd) return none;
  const auto* meta = meta_of(impl_);
  if (meta && (meta->grad.defined() || !meta->grad_fn || meta->retains_grad)) return meta->grad;
  TORCH_WARN(
      "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
      "attribute won't be "
      "populated during autograd.backward(). If you indeed want the .grad field to be populated "
      "for a non-leaf "
      "Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by "
      "mistake, make sure "
      "you access the leaf Tensor instead.");
  return none;
}

Tensor& Tensor::mutable_grad() const { return ensure_meta(get())->grad; }

intrusive_ptr<torch::autograd::Node> Tensor::grad_fn() const {
  return intrusive_ptr<torch::autograd::Node>::reclaim_copy(pharos::tape::grad_fn_of(get()));
}

void Tensor::retain_grad() const {
  TORCH_CHECK(requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf()) return;
  auto* meta = ensure_meta(get());
  if (meta->retains_grad) return;
  meta->retains_grad = true;
  torch::autograd::ensure_extra(*meta->grad_fn)
      .retains.push_back({uint32_t(get()->output_nr()), impl_});
}

bool Tensor::retains_grad() const {
  const auto* meta = meta_of(get());
  return meta && meta->retains_grad;
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      OptionalArrayRef<Tensor> inputs) const {
  if (PHAROS_UNLIKELY(inputs.has_value())) {
    TORCH_CHECK(!inputs->empty(), "`inputs` argument to `backward()` cannot be empty.");
    return torch::autograd::backward({*this}, {gradient}, retain_graph, create_graph,
                                     inputs->vec());
  }
  get();
  Tensor start = torch::autograd::root_gradient(*this, gradient, 0);
  const torch::autograd::Edge root = torch::autograd::edge_of(*this);
  pharos::tape::BackwardCall call;
  call.roots = root;
  call.root_grads = &start;
  call.keep_graph = retain_graph.value_or(create_graph);
  call.create_graph = create_graph;
  pharos::tape::run_backward(call);
}

void Tensor::remove_hook(unsigned pos) const {
  TORCH_CHECK(torch::autograd::remove_hook(*this, pos), "Invalid index, no hook at position ", pos);
}

Tensor Tensor::tensor_data() const {
  Tensor t = Tensor::reclaim(get()->shallow_alias());
  return t;
}

Tensor Tensor::variable_data() const {
  Tensor t = tensor_data();
  TensorImpl* i = t.unsafeGetTensorImpl();
  if (i->is_inference()) return t;
  i->ensure_extra()->set_version(new pharos::VersionCounter);
  i->flags |= TensorImpl::kOwnVersion;
  return t;
}

}  // namespace at

at::Tensor torch::autograd::make_variable(const at::Tensor& data, bool requires_grad, bool) {
  if (!data.defined()) return {};
  at::Tensor variable = data.variable_data();
  variable.set_requires_grad(requires_grad);
  return variable;
}

namespace at {

void Tensor::set_data(const Tensor& other) const {
  TensorImpl* t = get();
  const TensorImpl* o = other.unsafeGetTensorImpl();
  TORCH_CHECK(o,
              "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have "
              "incompatible tensor type.");
  if (t->requires_grad())
    TORCH_CHECK(
        isDifferentiableType(o->dtype_),
        "data set to a tensor that requires gradients must be floating point or complex dtype");
  if (t == o) return;
  const Tensor keep = other;
  // The version goes on counting where it was: what was saved of this tensor stays valid, and
  // writes to `other` are none of this one's.
  if (!t->has(TensorImpl::kOwnVersion)) {
    auto* version = new pharos::VersionCounter;
    version->version = t->version();
    t->ensure_extra()->set_version(version);
    t->flags |= TensorImpl::kOwnVersion;
  }
  t->dtype_ = o->dtype_;
  t->device_type = o->device_type;
  t->device_index = o->device_index;
  const char* start = o->storage->data_ ? static_cast<char*>(o->storage->data_) : nullptr;
  t->set_storage(o->storage, start ? o->data - start : reinterpret_cast<intptr_t>(o->data));
  t->set_geometry(o->sizes(), o->strides());
  t->flags = (t->flags & ~uint32_t(TensorImpl::kConj | TensorImpl::kNeg)) |
             (o->flags & (TensorImpl::kConj | TensorImpl::kNeg));
}

int64_t Tensor::_version() const {
  TORCH_CHECK(!get()->is_inference(), "Inference tensors do not track version counter.");
  return impl_->version();
}

const Tensor Tensor::_base() const {
  TORCH_CHECK(is_view(), "Can't get base of non-view Variable");
  return Tensor::retain(get()->base);
}

const std::string& Tensor::name() const {
  static const std::string none;
  return get()->extra ? get()->extra->name : none;
}

}  // namespace at
