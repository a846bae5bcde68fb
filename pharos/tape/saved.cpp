// Saved tensors: outputs as detached aliases, version checks, the hooks that pack and unpack.
#include "tape/saved.h"

#include "tape/meta.h"
#include "tape/record.h"
#include "tape/saved_hooks.h"
#include "tape/tape_ops.h"

namespace pharos::tape {

void graph_released() {
  TORCH_CHECK(false,
              "Trying to backward through the graph a second time (or directly access saved "
              "tensors after they have "
              "already been freed). Saved intermediate values of the graph are freed when you call "
              ".backward() or "
              "autograd.grad(). Specify retain_graph=True if you need to backward through the "
              "graph a second time or if "
              "you need to access saved tensors after calling backward.");
}

std::string short_name(const Node& n) {
  std::string s = n.name();
  const size_t at = s.rfind("Backward");
  if (at != std::string::npos && at > 0 &&
      s.find_first_not_of("0123456789", at + 8) == std::string::npos)
    s.resize(at);
  return s;
}

void SavedTensor::refuse_inference() {
  TORCH_CHECK(false,
              "Inference tensors cannot be saved for backward. Please do not use Tensors created "
              "in inference mode in "
              "computation tracked by autograd. To work around this, you can make a clone to get a "
              "normal tensor and use "
              "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`.");
}

void SavedTensor::save_output(const Tensor& t, uint32_t nr) {
  TensorImpl* impl = t.unsafeGetTensorImpl();
  if (!impl) return;
  if (PHAROS_UNLIKELY(thread_state.special & kSpecialSavedHooks)) return save_packed(t, true, nr);
  impl_ = impl->shallow_alias();
  version_ = impl->version();
  output_nr_ = nr;
  kind_ = kOutput;
}

void SavedTensor::save_packed(const Tensor& t, bool is_output, uint32_t nr) {
  impl_ = reinterpret_cast<TensorImpl*>(pack_saved(t, is_output));
  output_nr_ = nr;
  kind_ = kPacked;
}

void SavedTensor::drop() {
  if (kind_ == kPacked)
    drop_packed(reinterpret_cast<PackedTensor*>(impl_));
  else
    impl_->release();
  impl_ = nullptr;
  kind_ = kGone;
}

void SavedTensor::refuse_written(Node* owner) const {
  const Tensor t = Tensor::retain(impl_);
  std::string what = message("[", t.toString(), " ", t.sizes(), "]");
  if (kind_ == kOutput)
    what += message(", which is output ", output_nr_, " of ", short_name(*owner), ",");
  else if (Node* fn = t.requires_grad() ? grad_fn_of(impl_) : nullptr)
    what += message(", which is output ", impl_->output_nr(), " of ", short_name(*fn), ",");
  const std::string path = owner->module_path();
  TORCH_CHECK(false,
              "one of the variables needed for gradient computation has been modified by an "
              "inplace operation: ",
              what, " is at version ", impl_->version(), "; expected version ", version_,
              " instead. Hint: enable anomaly detection to find the operation that failed to "
              "compute its gradient, with "
              "torch.autograd.set_detect_anomaly(True, check_nan=False). It was saved by ",
              owner->name(), path.empty() ? "" : " in module ", path, ".");
}

Tensor SavedTensor::unpack_slow(Node* owner) const {
  if (!impl_) {
    if (kind_ == kGone) graph_released();
    return {};
  }
  if (kind_ == kPacked)
    return unpack_saved(*reinterpret_cast<PackedTensor*>(impl_), owner,
                        static_cast<uint32_t>(output_nr_));
  if (impl_->version() != version_) refuse_written(owner);
  if (kind_ == kPlain) return Tensor::retain(impl_);
  Tensor out = Tensor::reclaim(impl_->shallow_alias());
  set_grad_fn(out.unsafeGetTensorImpl(), owner, output_nr_);
  return out;
}

std::vector<Tensor> SavedTensors::unpack(Node* owner) const {
  if (gone_) graph_released();
  std::vector<Tensor> out;
  out.reserve(items_.size());
  for (const SavedTensor& s : items_) out.push_back(s.unpack(owner));
  return out;
}

}  // namespace pharos::tape
