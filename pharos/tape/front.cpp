// The public face of the tape: Tensor's autograd members, backward and grad, modes.
#include <pharos/autograd/autograd.h>
#include <pharos/autograd/hooks.h>

#include "core/tensor_extra.h"
#include "core/thread_state.h"
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
    thread_state.special &= ~uint32_t(pharos::kSpecialInference);
  thread_state.grad_mode = !enabled;
}
InferenceMode::~InferenceMode() {
  thread_state.special = previous_special_;
  thread_state.grad_mode = previous_grad_mode_;
}
bool InferenceMode::is_enabled() { return thread_state.special & pharos::kSpecialInference; }

}  // namespace c10

namespace torch::autograd {

namespace {

Edge edge_of(const at::Tensor& t) {
  auto e = pharos::tape::gradient_edge(t.unsafeGetTensorImpl());
  return {std::move(e.fn), e.nr};
}

void add_roots(pharos::tape::BackwardCall& call, const variable_list& tensors, const variable_list& grads) {
  TORCH_CHECK(grads.empty() || grads.size() == tensors.size(), "got ", tensors.size(), " tensors and ", grads.size(),
              " gradients");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& t = tensors[i];
    TORCH_CHECK(t.defined(), "element ", i, " of tensors is undefined");
    TORCH_CHECK(t.requires_grad(), "element ", i, " of tensors does not require grad and does not have a grad_fn");
    at::Tensor g = i < grads.size() ? grads[i] : at::Tensor();
    if (!g.defined()) {
      TORCH_CHECK(t.numel() == 1, "grad can be implicitly created only for scalar outputs");
      TORCH_CHECK(!t.is_complex(), "grad can be implicitly created only for real scalar outputs but got ", t.scalar_type());
      pharos::tape::BelowAutograd below;
      g = pharos::tape::tape_ops.ones_like(t);
    } else {
      TORCH_CHECK(g.sizes() == t.sizes(), "Mismatch in shape: grad_output[", i, "] has a shape of ", g.sizes(),
                  " and output[", i, "] has a shape of ", t.sizes(), ".");
      TORCH_CHECK(g.is_complex() == t.is_complex(), "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: grad_output[", i, "] has a dtype of ", g.scalar_type(), " and output[", i, "] has a dtype of ", t.scalar_type(), ".");
      if (g.scalar_type() != t.scalar_type()) g = pharos::tape::tape_ops.cast_gradient(g, t.scalar_type());
    }
    call.roots.push_back(edge_of(t));
    call.root_grads.push_back(std::move(g));
  }
}

}  // namespace

void backward(const variable_list& tensors, const variable_list& grad_tensors, std::optional<bool> retain_graph,
              bool create_graph, const variable_list& inputs) {
  pharos::tape::BackwardCall call;
  add_roots(call, tensors, grad_tensors);
  call.keep_graph = retain_graph.value_or(create_graph);
  call.create_graph = create_graph;
  for (size_t i = 0; i < inputs.size(); ++i) {
    TORCH_CHECK(inputs[i].defined() && inputs[i].requires_grad(), "One of the differentiated Tensors does not require grad");
    call.targets.push_back(edge_of(inputs[i]));
  }
  const variable_list captured = pharos::tape::run_backward(call);
  // A non-leaf among the inputs takes its gradient as retain_grad would give it.
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].is_leaf() || !captured[i].defined()) continue;
    at::Tensor& g = pharos::tape::ensure_meta(inputs[i].unsafeGetTensorImpl())->grad;
    g = g.defined() ? pharos::tape::tape_ops.add(g, captured[i]) : captured[i];
  }
}

variable_list grad(const variable_list& outputs, const variable_list& inputs, const variable_list& grad_outputs,
                   std::optional<bool> retain_graph, bool create_graph, bool allow_unused) {
  pharos::tape::BackwardCall call;
  add_roots(call, outputs, grad_outputs);
  call.keep_graph = retain_graph.value_or(create_graph);
  call.create_graph = create_graph;
  call.accumulate = false;
  TORCH_CHECK(!inputs.empty(), "grad requires non-empty inputs.");
  for (const at::Tensor& t : inputs) {
    TORCH_CHECK(t.defined() && t.requires_grad(), "One of the differentiated Tensors does not require grad");
    call.targets.push_back(edge_of(t));
  }
  variable_list results = pharos::tape::run_backward(call);
  if (!allow_unused)
    for (const at::Tensor& r : results)
      TORCH_CHECK(r.defined(),
                  "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if "
                  "this is the desired behavior.");
  return results;
}

bool AnomalyMode::is_enabled() { return pharos::thread_state.special & pharos::kSpecialAnomaly; }
bool AnomalyMode::should_check_nan() { return pharos::thread_state.anomaly_check_nan; }
void AnomalyMode::set_enabled(bool enabled, bool check_nan) {
  if (enabled)
    pharos::thread_state.special |= pharos::kSpecialAnomaly;
  else
    pharos::thread_state.special &= ~uint32_t(pharos::kSpecialAnomaly);
  pharos::thread_state.anomaly_check_nan = check_nan;
}
DetectAnomalyGuard::DetectAnomalyGuard(bool check_nan)
    : previous_(AnomalyMode::is_enabled()), previous_check_(AnomalyMode::should_check_nan()) {
  AnomalyMode::set_enabled(true, check_nan);
}
DetectAnomalyGuard::~DetectAnomalyGuard() { AnomalyMode::set_enabled(previous_, previous_check_); }

unsigned add_tensor_hook(const at::Tensor& t, std::function<at::Tensor(const at::Tensor&)> hook) {
  TORCH_CHECK(t.requires_grad(), "cannot register a hook on a variable that doesn't require gradient");
  const Edge e = edge_of(t);
  NodeExtra& extra = ensure_extra(*e.function);
  const unsigned id = extra.next_id++;
  extra.tensor_hooks.push_back({e.input_nr, id, std::move(hook)});
  return id;
}

unsigned add_post_accumulate_hook(const at::Tensor& t, std::function<void(const at::Tensor&)> hook) {
  TORCH_CHECK(t.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
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
  const size_t n = std::erase_if(extra.tensor_hooks, [&](const auto& h) { return h.id == id; }) +
                   std::erase_if(extra.post_accumulate, [&](const auto& h) { return h.first == id; });
  return n > 0;
}

unsigned add_node_pre_hook(Node& n, std::function<variable_list(const variable_list&)> hook) {
  NodeExtra& extra = ensure_extra(n);
  extra.pre_hooks.emplace_back(extra.next_id, std::move(hook));
  return extra.next_id++;
}
unsigned add_node_post_hook(Node& n, std::function<variable_list(const variable_list&, const variable_list&)> hook) {
  NodeExtra& extra = ensure_extra(n);
  extra.post_hooks.emplace_back(extra.next_id, std::move(hook));
  return extra.next_id++;
}
bool remove_node_hook(Node& n, unsigned id) {
  if (!n.extra) return false;
  return std::erase_if(n.extra->pre_hooks, [&](const auto& h) { return h.first == id; }) +
             std::erase_if(n.extra->post_hooks, [&](const auto& h) { return h.first == id; }) > 0;
}

}  // namespace torch::autograd

namespace at {

using pharos::tape::ensure_meta;
using pharos::tape::meta_of;

const Tensor& Tensor::set_requires_grad(bool v) const {
  TensorImpl* t = get();
  if (!is_leaf()) {
    TORCH_CHECK(v, "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                   "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
    return *this;
  }
  TORCH_CHECK(!v || isDifferentiableType(t->dtype_),
              "only Tensors of floating point and complex dtype can require gradients");
  TORCH_CHECK(!(v && t->is_inference() && !InferenceMode::is_enabled()),
              "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  t->flags = v ? t->flags | TensorImpl::kRequiresGrad : t->flags & ~uint32_t(TensorImpl::kRequiresGrad);
  return *this;
}

bool Tensor::is_leaf() const {
  TensorImpl* t = get();
  return !t->requires_grad() || pharos::tape::grad_fn_of(t) == nullptr;
}

const Tensor& Tensor::grad() const {
  static const Tensor none;
  const auto* meta = meta_of(get());
  if (meta) {
    if (!meta->grad.defined() && meta->grad_fn && !meta->retains_grad)
      TORCH_WARN_ONCE("The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't "
                      "be populated during autograd.backward(). If you indeed want the .grad field to be populated for a "
                      "non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.");
    return meta->grad;
  }
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
  torch::autograd::ensure_extra(*meta->grad_fn).retains.push_back({get()->output_nr(), impl_});
}

bool Tensor::retains_grad() const {
  const auto* meta = meta_of(get());
  return meta && meta->retains_grad;
}

void Tensor::backward(const Tensor& gradient, std::optional<bool> retain_graph, bool create_graph,
                      std::optional<TensorList> inputs) const {
  torch::autograd::backward({*this}, gradient.defined() ? torch::autograd::variable_list{gradient} : torch::autograd::variable_list{},
                            retain_graph, create_graph, inputs ? inputs->vec() : torch::autograd::variable_list{});
}

void Tensor::remove_hook(unsigned pos) const { torch::autograd::remove_hook(*this, pos); }

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

void Tensor::set_data(const Tensor& other) const {
  TensorImpl* t = get();
  const TensorImpl* o = other.unsafeGetTensorImpl();
  TORCH_CHECK(o, "set_data: the new data is an undefined tensor");
  if (t->requires_grad())
    TORCH_CHECK(isDifferentiableType(o->dtype_), "data set to a tensor that requires gradients must be floating point or complex dtype");
  if (t == o) return;
  Tensor keep = other;
  t->dtype_ = o->dtype_;
  t->set_storage(o->storage, o->data - static_cast<char*>(o->storage->data_));
  t->set_geometry(o->sizes(), o->strides());
  t->flags = (t->flags & ~uint32_t(TensorImpl::kConj | TensorImpl::kNeg)) | (o->flags & (TensorImpl::kConj | TensorImpl::kNeg));
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
