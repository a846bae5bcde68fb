// Embedding and EmbeddingBag, as layers and as functions.
#include <pharos/autograd/grad_mode.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/embedding.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;

namespace {

// Padding index counted from the front.
template <typename Options>
void normalize_padding(Options& o) {
  if (!o.padding_idx()) return;
  const int64_t n = o.num_embeddings(), i = *o.padding_idx();
  TORCH_CHECK(i < n && i >= -n, "Padding_idx must be within num_embeddings");
  if (i < 0) o.padding_idx(i + n);
}
template <typename Options>
Tensor make_weight(const Options& o) {
  if (!o._weight().defined()) return at::empty({o.num_embeddings(), o.embedding_dim()});
  TORCH_CHECK(o._weight().sizes().equals({o.num_embeddings(), o.embedding_dim()}),
              "Shape of _weight does not match num_embeddings and embedding_dim");
  return o._weight();
}
template <typename Options>
void init_weight(const Tensor& weight, const Options& o) {
  init::normal_(weight);
  if (!o.padding_idx()) return;
  NoGradGuard guard;
  weight.select(0, *o.padding_idx()).fill_(0);
}
void renormalize(const Tensor& weight, const Tensor& indices, const std::optional<double>& max_norm,
                 double norm_type) {
  if (!max_norm) return;
  NoGradGuard guard;
  Tensor w = weight;
  at::embedding_renorm_(w, indices, *max_norm, norm_type);
}

}  // namespace

namespace functional {

Tensor one_hot(const Tensor& tensor, int64_t num_classes) {
  return at::one_hot(tensor, num_classes);
}

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingFuncOptions& o) {
  int64_t padding = -1;
  if (o.padding_idx()) {
    padding = *o.padding_idx();
    TORCH_CHECK(padding < weight.size(0) && padding >= -weight.size(0),
                "Padding_idx must be within num_embeddings");
    if (padding < 0) padding += weight.size(0);
  }
  Tensor indices = input;
  if (o.max_norm()) {
    indices = indices.contiguous();
    renormalize(weight, indices, o.max_norm(), o.norm_type());
  }
  return at::embedding(weight, indices, padding, o.scale_grad_by_freq(), o.sparse());
}

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagFuncOptions& o) {
  Tensor indices = input, offsets = o.offsets(), weights = o.per_sample_weights();
  TORCH_CHECK(
      !weights.defined() || indices.sizes().equals(weights.sizes()),
      "embedding_bag: If per_sample_weights (", weights.defined() ? weights.sizes() : IntArrayRef(),
      ") is not null, then it must have the same shape as the input (", indices.sizes(), ")");
  TORCH_CHECK(indices.dim() == 1 || indices.dim() == 2,
              "input has to be 1D or 2D Tensor, but got Tensor of dimension ", indices.dim());
  if (indices.dim() == 2) {
    TORCH_CHECK(!offsets.defined(),
                "If input is 2D, then offsets has to be null, as input is treated is a mini-batch "
                "of fixed length sequences. However, found offsets of type Tensor");
    offsets = at::arange(0, indices.numel(), indices.size(1),
                         at::TensorOptions(at::kLong).device(indices.device()));
    indices = indices.reshape(-1);
    if (weights.defined()) weights = weights.reshape(-1);
  } else {
    TORCH_CHECK(offsets.defined(), "offsets has to be a 1D Tensor but got null");
    TORCH_CHECK(offsets.dim() == 1, "offsets has to be a 1D Tensor");
  }
  const int64_t mode = o.mode().is(kSum) ? 0 : o.mode().is(kMean) ? 1 : 2;
  TORCH_CHECK(mode != 2 || !o.scale_grad_by_freq(),
              "max mode does not support scaling the gradient by the frequency");
  TORCH_CHECK(mode != 2 || !o.sparse(), "max mode does not support sparse weights");
  TORCH_CHECK(!weights.defined() || mode == 0,
              "embedding_bag: per_sample_weights was not null. per_sample_weights is only "
              "supported for mode='kSum' (got mode='",
              enumtype::get_enum_name(o.mode()), "').Please open a feature request on GitHub.");
  renormalize(weight, indices, o.max_norm(), o.norm_type());
  return std::get<0>(at::embedding_bag(weight, indices, offsets, o.scale_grad_by_freq(), mode,
                                       o.sparse(), weights, o.include_last_offset(),
                                       o.padding_idx()));
}

}  // namespace functional

PHAROS_DEFINE_MODULE(EmbeddingImpl)
EmbeddingImpl::EmbeddingImpl(int64_t num_embeddings, int64_t embedding_dim)
    : EmbeddingImpl(EmbeddingOptions(num_embeddings, embedding_dim)) {}
EmbeddingImpl::EmbeddingImpl(EmbeddingOptions options_) : options(std::move(options_)) {
  EmbeddingImpl::reset();
}
void EmbeddingImpl::reset() {
  normalize_padding(options);
  weight = register_parameter("weight", make_weight(options));
  if (!options._weight().defined()) reset_parameters();
}
void EmbeddingImpl::reset_parameters() { init_weight(weight, options); }
void EmbeddingImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Embedding(num_embeddings=" << options.num_embeddings()
         << ", embedding_dim=" << options.embedding_dim();
  if (options.padding_idx()) stream << ", padding_idx=" << *options.padding_idx();
  if (options.max_norm()) stream << ", max_norm=" << *options.max_norm();
  if (options.norm_type() != 2) stream << ", norm_type=" << options.norm_type();
  if (options.scale_grad_by_freq())
    stream << ", scale_grad_by_freq=" << std::boolalpha << options.scale_grad_by_freq();
  if (options.sparse()) stream << ", sparse=" << std::boolalpha << options.sparse();
  stream << ')';
}
Tensor EmbeddingImpl::forward(const Tensor& indices) {
  return pharos::nn::run_layer(*this, indices, [this](const Tensor& x) {
    return F::embedding(x, weight,
                        F::EmbeddingFuncOptions()
                            .padding_idx(options.padding_idx())
                            .max_norm(options.max_norm())
                            .norm_type(options.norm_type())
                            .scale_grad_by_freq(options.scale_grad_by_freq())
                            .sparse(options.sparse()));
  });
}
Embedding Embedding::from_pretrained(const Tensor& embeddings,
                                     const EmbeddingFromPretrainedOptions& o) {
  TORCH_CHECK(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
  Embedding out(EmbeddingOptions(embeddings.size(0), embeddings.size(1))
                    ._weight(embeddings)
                    .padding_idx(o.padding_idx())
                    .max_norm(o.max_norm())
                    .norm_type(o.norm_type())
                    .scale_grad_by_freq(o.scale_grad_by_freq())
                    .sparse(o.sparse()));
  out->weight.set_requires_grad(!o.freeze());
  return out;
}

PHAROS_DEFINE_MODULE(EmbeddingBagImpl)
PHAROS_DEFAULT_ARGS(EmbeddingBagImpl, 1, AnyValue(Tensor()), AnyValue(Tensor()))
EmbeddingBagImpl::EmbeddingBagImpl(int64_t num_embeddings, int64_t embedding_dim)
    : EmbeddingBagImpl(EmbeddingBagOptions(num_embeddings, embedding_dim)) {}
EmbeddingBagImpl::EmbeddingBagImpl(EmbeddingBagOptions options_) : options(std::move(options_)) {
  EmbeddingBagImpl::reset();
}
void EmbeddingBagImpl::reset() {
  normalize_padding(options);
  weight = register_parameter("weight", make_weight(options));
  if (!options._weight().defined()) reset_parameters();
}
void EmbeddingBagImpl::reset_parameters() { init_weight(weight, options); }
void EmbeddingBagImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::EmbeddingBag(num_embeddings=" << options.num_embeddings()
         << ", embedding_dim=" << options.embedding_dim();
  if (options.max_norm()) stream << ", max_norm=" << *options.max_norm();
  if (options.norm_type() != 2) stream << ", norm_type=" << options.norm_type();
  if (options.scale_grad_by_freq())
    stream << ", scale_grad_by_freq=" << std::boolalpha << options.scale_grad_by_freq();
  if (options.sparse()) stream << ", sparse=" << std::boolalpha << options.sparse();
  if (!options.mode().is(kMean)) stream << ", mode=" << enumtype::get_enum_name(options.mode());
  if (options.include_last_offset())
    stream << ", include_last_offset=" << std::boolalpha << options.include_last_offset();
  if (options.padding_idx()) stream << ", padding_idx=" << *options.padding_idx();
  stream << ')';
}
Tensor EmbeddingBagImpl::forward(const Tensor& input, const Tensor& offsets,
                                 const Tensor& per_sample_weights) {
  return pharos::nn::run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& o, const Tensor& w) {
        return F::embedding_bag(x, weight,
                                F::EmbeddingBagFuncOptions()
                                    .offsets(o)
                                    .max_norm(options.max_norm())
                                    .norm_type(options.norm_type())
                                    .scale_grad_by_freq(options.scale_grad_by_freq())
                                    .mode(options.mode())
                                    .sparse(options.sparse())
                                    .per_sample_weights(w)
                                    .include_last_offset(options.include_last_offset())
                                    .padding_idx(options.padding_idx()));
      },
      input, offsets, per_sample_weights);
}
EmbeddingBag EmbeddingBag::from_pretrained(const Tensor& embeddings,
                                           const EmbeddingBagFromPretrainedOptions& o) {
  TORCH_CHECK(embeddings.dim() == 2, "Embeddings parameter is expected to be 2-dimensional");
  EmbeddingBag out(EmbeddingBagOptions(embeddings.size(0), embeddings.size(1))
                       ._weight(embeddings)
                       .max_norm(o.max_norm())
                       .norm_type(o.norm_type())
                       .scale_grad_by_freq(o.scale_grad_by_freq())
                       .mode(o.mode())
                       .sparse(o.sparse())
                       .include_last_offset(o.include_last_offset())
                       .padding_idx(o.padding_idx()));
  out->weight.set_requires_grad(!o.freeze());
  return out;
}

}  // namespace torch::nn
