// Views and in-place writes: checks before a write, the history of bases whose views were written
// (CopySlices), and that of views whose base was.
#include <pthread.h>

#include <mutex>

#include "tape/meta.h"
#include "tape/record.h"
#include "tape/tape_ops.h"

namespace pharos::tape {

namespace {

// Held while the history of a view is found again, which threads that share it may all attempt.
// Recursive: the operators that do it may run handlers of the program's own.
std::recursive_mutex& refresh_mutex() {
  static auto* const m = [] {
    auto* made = new std::recursive_mutex;
    // A fork while another thread holds it would leave it locked in the child for ever.
    pthread_atfork([] { refresh_mutex().lock(); }, [] { refresh_mutex().unlock(); },
                   [] { refresh_mutex().unlock(); });
    return made;
  }();
  return *m;
}

}  // namespace

void refresh_view(TensorImpl* t) {
  std::lock_guard<std::recursive_mutex> lock(refresh_mutex());
  if (t->attr_version == t->version()) return;
  if (t->base->requires_grad()) {
    struct Record {
      bool previous = thread_state.grad_mode;
      Record() { thread_state.grad_mode = true; }
      ~Record() { thread_state.grad_mode = previous; }
    } record;
    const Tensor base = Tensor::retain(t->base);
    const Tensor anew = tape_ops.replay_view(base, ViewGeometry(t), base.storage_offset());
    TensorImpl* a = anew.unsafeGetTensorImpl();
    set_grad_fn(t, grad_fn_of(a), a->output_nr());
  }
  __atomic_store_n(&t->attr_version, t->version(), __ATOMIC_RELEASE);
}

uint64_t stale_key(const Tensor& tensor) {
  TensorImpl* t = tensor.unsafeGetTensorImpl();
  if (!t || !t->base || (t->flags & TensorImpl::kRequiresGrad) || !t->base->requires_grad() ||
      !thread_state.grad_mode)
    return 0;
  grad_fn_of(t);
  t->flags |= TensorImpl::kRequiresGrad;
  return kRequiresGradKey;
}

uint64_t stale_key(TensorList list) {
  uint64_t k = 0;
  for (const Tensor& t : list) k |= stale_key(t);
  return k;
}

void track_views(TensorList results, const Tensor& self) {
  for (const Tensor& t : results) track_view(t, self, TensorImpl::kMultiView);
}

namespace {

void check_view_write(TensorImpl* t) {
  const uint32_t creation = t->flags & kCreation;
  if (!creation) return;
  const bool inference = creation == TensorImpl::kInferenceView;
  Node* fn = grad_fn_of(t);
  std::string what;
  if (fn)
    what = message("Output ", t->output_nr(), " of ", short_name(*fn),
                   " is a view and is being modified inplace.");
  else if (inference)
    what = "A view was created in inference mode and is being modified inplace in normal mode.";
  else
    what =
        "A view was created in no_grad mode and is being modified inplace with grad mode enabled.";
  TORCH_CHECK(creation != TensorImpl::kMultiView, what,
              " This view is the output of a function that returns multiple views. Such functions "
              "do not allow the output "
              "views to be modified inplace. You should replace the inplace operation by an "
              "out-of-place one.");
  TORCH_CHECK(creation != TensorImpl::kCustomView, what,
              " This view was created inside a custom Function (or because an input was returned "
              "as-is) and the autograd "
              "logic to handle view+inplace would override the custom backward associated with the "
              "custom Function, "
              "leading to incorrect gradients. This behavior is forbidden. You can fix this by "
              "cloning the output of the "
              "custom Function.");
  const char* const mode = inference ? "inference_mode" : "no_grad";
  TORCH_CHECK(false, what,
              " Given that this use case is ambiguous and error-prone, it is forbidden. You can "
              "clarify your code by "
              "moving both the view and the inplace either both inside the ",
              mode,
              " block (if you don't want the inplace to be tracked) or both outside (if you want "
              "the inplace to be tracked).");
}

}  // namespace

void check_inplace_slow(const Tensor& self, bool recording) {
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (t->is_inference()) {
    TORCH_CHECK(thread_state.special & kSpecialInference,
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can "
                "make a clone to get a "
                "normal tensor before doing inplace update.See "
                "https://github.com/pytorch/rfcs/pull/17 for more details.");
    return;
  }
  if (!recording) return;
  if (TensorImpl* base = t->base) {
    check_view_write(t);
    TORCH_CHECK(
        !(base->requires_grad() && !grad_fn_of(base)),
        "a view of a leaf Variable that requires grad is being used in an in-place operation.");
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
    // With the base's own geometry, gaps included, the view's geometry holds in it too.
    const Tensor whole =
        empty_strided_on(grad.device(), base_sizes, base_strides, grad.scalar_type());
    tape_ops.copy_inplace(whole, grad);
    const Tensor slice = tape_ops.replay_view(whole, view, base_offset);
    Tensor slice_grad = tape_ops.clone(slice);
    std::vector<Tensor> inner(edge_count);
    fn->run(&slice_grad, inner.data());
    if (inner[0].defined())
      tape_ops.copy_inplace(slice, inner[0]);
    else
      tape_ops.zero_inplace(slice);
    if (edges[0].fn) results[0] = whole;
    for (uint32_t i = 1; i < edge_count; ++i) results[i] = std::move(inner[i]);
  }
  void release_variables() override {
    fn->release_variables();
    fn->released = true;
  }

  Node* fn = nullptr;
  SavedInts base_sizes, base_strides;
  int64_t base_offset = 0;
  ViewGeometry view;
};

}  // namespace

ViewGeometry::ViewGeometry(const TensorImpl* t)
    : sizes(t->sizes().vec()),
      strides(t->strides().vec()),
      offset(t->storage_offset()),
      dtype(t->dtype_),
      conj(t->has(TensorImpl::kConj)),
      neg(t->has(TensorImpl::kNeg)) {}

void rebase_history(const Tensor& self, Node* n, uint32_t nr) {
  TensorImpl* t = self.unsafeGetTensorImpl();
  if (!t->base) {
    set_grad_fn(t, n, nr);
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
  node->base_sizes.save(base->sizes());
  node->base_strides.save(base->strides());
  node->base_offset = base->storage_offset();
  node->view = ViewGeometry(t);
  set_grad_fn(base, node.get(), 0);
  grad_fn_of(t);  // brings the view up to date
}

}  // namespace pharos::tape
