// The slow sides of recording: edges to leaves and stale views, history of tensors with metadata,
// in-place checks, CopySlices, saved tensors.
#include "tape/record.h"

#include <execinfo.h>

#include "core/tape_hooks.h"
#include "tape/meta.h"
#include "tape/saved_hooks.h"
#include "tape/tape_ops.h"

namespace pharos {

namespace {
void release_autograd(c10::TensorImpl* t) noexcept {
  using torch::autograd::Node;
  tape::AutogradMeta* meta = tape::meta_of(t);
  if (!meta) {
    reinterpret_cast<Node*>(t->autograd)->release();
    return;
  }
  if (Node* fn = meta->grad_fn) {
    if (fn->extra)
      std::erase_if(fn->extra->retains, [&](const auto& r) { return r.tensor == t; });
    fn->release();
  }
  delete meta->accumulate.extra;
  delete meta;
}
}  // namespace

TapeHooks tape_hooks{&release_autograd};

}  // namespace pharos

namespace pharos::tape {

using torch::autograd::AccumulateGrad;

AutogradMeta* ensure_meta(TensorImpl* t) {
  while (true) {
    uintptr_t word = __atomic_load_n(&t->autograd, __ATOMIC_ACQUIRE);
    if (word & 1) return reinterpret_cast<AutogradMeta*>(word & ~uintptr_t{1});
    auto* meta = new AutogradMeta(t);
    meta->grad_fn = reinterpret_cast<Node*>(word);
    if (__atomic_compare_exchange_n(&t->autograd, &word, reinterpret_cast<uintptr_t>(meta) | 1, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
      return meta;
    delete meta;
  }
}

void set_grad_fn(TensorImpl* t, Node* n, uint32_t nr) {
  if (n) n->retain();
  AutogradMeta* meta = meta_of(t);
  Node* old = nullptr;
  if (meta) {
    old = meta->grad_fn;
    meta->grad_fn = n;
    if (meta->retains_grad) {
      if (old && old->extra) std::erase_if(old->extra->retains, [&](const auto& r) { return r.tensor == t; });
      if (n) torch::autograd::ensure_extra(*n).retains.push_back({nr, t});
    }
  } else {
    old = reinterpret_cast<Node*>(t->autograd);
    t->autograd = reinterpret_cast<uintptr_t>(n);
  }
  t->flags &= ~(0xfffu << TensorImpl::kOutputShift | TensorImpl::kRequiresGrad);
  if (n) t->flags |= TensorImpl::kRequiresGrad | nr << TensorImpl::kOutputShift;
  if (old) old->release();
}

Node* grad_fn_of(TensorImpl* t) {
  if (PHAROS_UNLIKELY(t->base && t->attr_version != t->version())) {
    // Something aliasing the view was written since: its history is its base's, seen through the
    // view's geometry.
    if (t->base->requires_grad()) {
      struct Record {
        bool previous = thread_state.grad_mode;
        Record() { thread_state.grad_mode = true; }
        ~Record() { thread_state.grad_mode = previous; }
      } record;
      const Tensor anew = tape_ops.regenerate_view(Tensor::retain(t->base), Tensor::retain(t));
      TensorImpl* a = anew.unsafeGetTensorImpl();
      AutogradMeta* am = meta_of(a);
      set_grad_fn(t, am ? am->grad_fn : reinterpret_cast<Node*>(a->autograd), a->output_nr());
    }
    t->attr_version = t->version();
  }
  AutogradMeta* meta = meta_of(t);
  return meta ? meta->grad_fn : reinterpret_cast<Node*>(t->autograd);
}

GradientEdge gradient_edge(TensorImpl* t) {
  if (Node* fn = grad_fn_of(t)) return {c10::intrusive_ptr<Node>::reclaim_copy(fn), t->output_nr()};
  if (!t->requires_grad()) return {nullptr, 0};
  AccumulateGrad& a = ensure_meta(t)->accumulate;
  a.retain_edge();
  return {c10::intrusive_ptr<Node>::reclaim(&a), 0};
}

void connect_slow(RawEdge& e, TensorImpl* t) {
  GradientEdge g = gradient_edge(t);
  e.input_nr = g.nr;
  e.fn = g.fn.release();
}

void note_broadcast(RawEdge& e, const Tensor& t) {
  const auto sizes = t.sizes();
  e.reduce_to = new int64_t[sizes.size() + 1];
  e.reduce_to[0] = static_cast<int64_t>(sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) e.reduce_to[i + 1] = sizes[i];
}

void init_node_slow(Node* n) {
  void* frames[64];
  const int count = backtrace(frames, 64);
  char** lines = backtrace_symbols(frames, count);
  std::string trace;
  for (int i = 2; lines && i < count; ++i) trace += std::string("  ") + lines[i] + "\n";
  std::free(lines);
  torch::autograd::ensure_extra(*n).anomaly_trace = trace;
}

void set_history_slow(TensorImpl* t, Node* n, uint32_t nr) {
  set_grad_fn(t, n, nr);
  n->release();  // set_grad_fn has retained it, as the caller had
}

void set_history(TensorList list, Node* n) {
  for (size_t i = 0; i < list.size(); ++i) set_history(list[i], n, static_cast<uint32_t>(i));
}

namespace {

[[noreturn]] void refuse_view(TensorImpl* t) {
  Node* fn = grad_fn_of(t);
  const std::string who = fn ? message("Output ", t->output_nr(), " of ", fn->name()) : std::string("A view");
  if (t->has(TensorImpl::kMultiView))
    TORCH_CHECK(false, who,
                " is a view and is being modified inplace. This view is the output of a function that returns multiple "
                "views. Such functions do not allow the output views to be modified inplace. You should replace the "
                "inplace operation by an out-of-place one.");
  if (t->has(TensorImpl::kCustomView))
    TORCH_CHECK(false, who,
                " is a view and is being modified inplace. This view was created inside a custom Function (or because "
                "an input was returned as-is) and the autograd logic to handle view+inplace would override the custom "
                "backward associated with the custom Function, leading to incorrect gradients. This behavior is "
                "forbidden. You can fix this by cloning the output of the custom Function.");
  if (t->has(TensorImpl::kInferenceView))
    TORCH_CHECK(false, who,
                " is a view and is being modified inplace. This view was created in inference mode and is being "
                "modified inplace in normal mode, which is forbidden. You can clone the view to fix this.");
  TORCH_CHECK(false,
              "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that this "
              "use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view "
              "and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or "
              "both outside (if you want the inplace to be tracked).");
}

}  // namespace

void check_inplace_slow(const Tensor& self, bool recording) {
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (t->is_inference()) {
    TORCH_CHECK(thread_state.special & kSpecialInference,
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
                "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.");
    return;
  }
  if (!recording) return;
  if (t->base) {
    if (t->flags & (TensorImpl::kMultiView | TensorImpl::kCustomView | TensorImpl::kNoGradView | TensorImpl::kInferenceView))
      refuse_view(t);
    TensorImpl* base = t->base;
    TORCH_CHECK(!(base->requires_grad() && !grad_fn_of(base)),
                "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    return;
  }
  TORCH_CHECK(!(t->requires_grad() && !grad_fn_of(t)),
              "a leaf Variable that requires grad is being used in an in-place operation.");
}

namespace {

// The history of a base one of whose views was written by `fn`: the gradient of the written part
// goes through `fn`, the rest passes by.
struct CopySlices final : Node {
  std::string name() const override { return "CopySlices"; }
  ~CopySlices() override {
    delete[] edges;
    if (fn) fn->release();
  }
  void run(Tensor* grads, Tensor* results) override {
    if (!grads[0].defined()) return;
    const Tensor grad = std::move(grads[0]);
    Tensor whole = tape_ops.clone_as(grad, base_like);
    const Tensor slice = tape_ops.as_strided(whole, view_sizes, view_strides, whole.storage_offset() + view_offset);
    Tensor slice_grad = tape_ops.clone(slice);
    std::vector<Tensor> inner(edge_count);
    fn->run(&slice_grad, inner.data());
    if (inner[0].defined())
      tape_ops.copy_inplace(slice, inner[0]);
    else
      tape_ops.zero_inplace(slice);
    results[0] = std::move(whole);
    for (uint32_t i = 1; i < edge_count; ++i) results[i] = std::move(inner[i]);
  }
  void release_variables() override { fn->release_variables(); fn->released = true; }

  Node* fn = nullptr;
  Tensor base_like;  // geometry only (meta)
  SavedInts view_sizes, view_strides;
  int64_t view_offset = 0;
};

}  // namespace

void rebase_history(const Tensor& self, Node* n) {
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (!t->base) {
    set_grad_fn(t, n, 0);
    return;
  }
  TensorImpl* base = t->base;
  auto node = make_node<CopySlices>();
  node->edges = new RawEdge[n->edge_count];
  node->edge_count = n->edge_count;
  GradientEdge old = gradient_edge(base);
  node->edges[0].fn = old.fn.release();
  node->edges[0].input_nr = old.nr;
  node->edges[0].dtype = base->dtype_;
  for (uint32_t i = 1; i < n->edge_count; ++i) {
    RawEdge& e = node->edges[i];
    e = n->edges[i];
    if (e.fn) e.fn->retain();
    if (e.reduce_to) {
      const auto count = static_cast<size_t>(e.reduce_to[0]) + 1;
      auto* copy = new int64_t[count];
      std::copy(e.reduce_to, e.reduce_to + count, copy);
      e.reduce_to = copy;
    }
  }
  n->retain();
  node->fn = n;
  TORCH_CHECK(t->dtype_ == base->dtype_,
              "in-place writes to a view of another dtype than its base are not recorded; clone the view first");
  node->base_like = empty_strided_on(c10::Device(c10::DeviceType::Meta), base->sizes(), base->strides(), base->dtype_);
  node->view_sizes.save(t->sizes());
  node->view_strides.save(t->strides());
  node->view_offset = t->storage_offset() - base->storage_offset();
  // The fresh gradient has the base's geometry, so the view's strides hold in it too if the base is
  // dense; otherwise the clone is contiguous and the geometry must be found again.
  TORCH_CHECK(base->is_non_overlapping_and_dense(),
              "in-place writes to a view of a base with gaps or overlaps are not recorded; clone the base first");
  set_grad_fn(base, node.get(), 0);
  grad_fn_of(t);  // brings the view up to date
}

void track_view_slow(TensorImpl* view, TensorImpl* from) {
  if (view == from) return;
  const bool inference = thread_state.special & kSpecialInference;
  if (from->flags & TensorImpl::kInference) return;
  if (view->base) return;
  TensorImpl* root = from->base ? from->base : from;
  root->retain();
  view->base = root;
  view->attr_version = view->version();
  if (inference)
    view->flags = (view->flags | TensorImpl::kInferenceView) & ~uint32_t(TensorImpl::kInference);
  else if (!thread_state.grad_mode)
    view->flags |= TensorImpl::kNoGradView;
}

void track_views(TensorList results, const Tensor& self) {
  for (const Tensor& t : results) {
    track_view(t, self);
    t.unsafeGetTensorImpl()->flags |= TensorImpl::kMultiView;
  }
}

void graph_released() {
  TORCH_CHECK(false,
              "Trying to backward through the graph a second time (or directly access saved tensors after they have "
              "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
              "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
              "you need to access saved tensors after calling backward.");
}

void SavedTensor::refuse_inference() {
  TORCH_CHECK(false,
              "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
              "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
              "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`.");
}

void SavedTensor::save_output(const Tensor& t, uint32_t nr) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (!impl) return;
  impl_ = impl->shallow_alias();
  version_ = impl->version();
  output_nr_ = static_cast<uint16_t>(nr);
  is_output_ = true;
}

void SavedTensor::save_packed(const Tensor& t) {
  impl_ = reinterpret_cast<TensorImpl*>(pack_saved(t));
  packed_ = true;
}

void SavedTensor::reset() {
  if (!impl_) return;
  if (packed_)
    drop_packed(reinterpret_cast<PackedTensor*>(impl_));
  else
    impl_->release();
  impl_ = nullptr;
}

Tensor SavedTensor::unpack(Node* owner) const {
  if (!impl_) {
    if (owner->released) graph_released();
    return {};
  }
  if (packed_) return unpack_saved(*reinterpret_cast<PackedTensor*>(impl_));
  if (PHAROS_UNLIKELY(impl_->version() != version_)) {
    const Tensor t = Tensor::retain(impl_);
    const std::string what = message("[", t.toString(), " ", t.sizes(), "]");
    const std::string path = owner->module_path();
    TORCH_CHECK(false,
                "one of the variables needed for gradient computation has been modified by an inplace operation: ", what,
                is_output_ ? message(", which is output ", output_nr_, " of ", owner->name(), ",") : std::string(),
                " is at version ", impl_->version(), "; expected version ", version_, " instead. It was saved by ",
                owner->name(), path.empty() ? "" : " in module ", path,
                ". Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
                "torch.autograd.set_detect_anomaly(True).");
  }
  if (!is_output_) return Tensor::retain(impl_);
  Tensor out = Tensor::reclaim(impl_->shallow_alias());
  TensorImpl* o = out.unsafeGetTensorImpl();
  owner->retain();
  o->autograd = reinterpret_cast<uintptr_t>(owner);
  o->flags |= TensorImpl::kRequiresGrad | static_cast<uint32_t>(output_nr_) << TensorImpl::kOutputShift;
  return out;
}

std::vector<Tensor> SavedTensors::unpack(Node* owner) const {
  if (items_.empty() && owner->released) graph_released();
  std::vector<Tensor> out;
  out.reserve(items_.size());
  for (const SavedTensor& s : items_) out.push_back(s.unpack(owner));
  return out;
}

}  // namespace pharos::tape
