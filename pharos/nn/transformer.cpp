// The Transformer family.
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/attention.h>

#include <limits>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer_n;

activation_t::activation_t(enumtype::kReLU) : name_(enumtype::Name::ReLU) {}
activation_t::activation_t(enumtype::kGELU) : name_(enumtype::Name::GELU) {}
activation_t::activation_t(Function function)
    : name_(enumtype::Name::None), function_(std::move(function)) {}
activation_t::activation_t(const activation_t&) = default;
activation_t::activation_t(activation_t&&) noexcept = default;
activation_t& activation_t::operator=(const activation_t&) = default;
activation_t& activation_t::operator=(activation_t&&) noexcept = default;
activation_t::~activation_t() = default;
Tensor activation_t::operator()(const Tensor& input) const {
  if (function_) return function_(input);
  return name_ == enumtype::Name::GELU ? F::gelu(input) : F::relu(input);
}

template <typename Options>
static MultiheadAttention make_attention(const Options& o) {
  return MultiheadAttention(MultiheadAttentionOptions(o.d_model(), o.nhead()).dropout(o.dropout()));
}

// --- encoder layer ---

PHAROS_DEFINE_MODULE(TransformerEncoderLayerImpl)
PHAROS_DEFAULT_ARGS(TransformerEncoderLayerImpl, 1, AnyValue(Tensor()), AnyValue(Tensor()))
TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(int64_t d_model, int64_t nhead)
    : TransformerEncoderLayerImpl(TransformerEncoderLayerOptions(d_model, nhead)) {}
TransformerEncoderLayerImpl::TransformerEncoderLayerImpl(TransformerEncoderLayerOptions options_)
    : options(std::move(options_)) {
  TransformerEncoderLayerImpl::reset();
}
void TransformerEncoderLayerImpl::reset() {
  const auto& o = options;
  self_attn = register_module("self_attn", make_attention(o));
  linear1 = register_module("linear1", Linear(o.d_model(), o.dim_feedforward()));
  dropout = register_module("dropout", Dropout(o.dropout()));
  linear2 = register_module("linear2", Linear(o.dim_feedforward(), o.d_model()));
  norm1 = register_module("norm1", LayerNorm(LayerNormOptions({o.d_model()})));
  norm2 = register_module("norm2", LayerNorm(LayerNormOptions({o.d_model()})));
  dropout1 = register_module("dropout1", Dropout(o.dropout()));
  dropout2 = register_module("dropout2", Dropout(o.dropout()));
}
void TransformerEncoderLayerImpl::reset_parameters() {}
Tensor TransformerEncoderLayerImpl::forward(const Tensor& src, const Tensor& src_mask,
                                            const Tensor& src_key_padding_mask) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& mask, const Tensor& padding) {
        const Tensor attended = std::get<0>(self_attn->forward(x, x, x, padding, true, mask));
        const Tensor y = norm1->forward(x.add(dropout1->forward(attended)));
        const Tensor wide = options.activation()(linear1->forward(y));
        const Tensor fed = linear2->forward(dropout->forward(wide));
        return norm2->forward(y.add(dropout2->forward(fed)));
      },
      src, src_mask, src_key_padding_mask);
}

// --- decoder layer ---

PHAROS_DEFINE_MODULE(TransformerDecoderLayerImpl)
PHAROS_DEFAULT_ARGS(TransformerDecoderLayerImpl, 2, AnyValue(Tensor()), AnyValue(Tensor()),
                    AnyValue(Tensor()), AnyValue(Tensor()))
TransformerDecoderLayerImpl::TransformerDecoderLayerImpl(int64_t d_model, int64_t nhead)
    : TransformerDecoderLayerImpl(TransformerDecoderLayerOptions(d_model, nhead)) {}
TransformerDecoderLayerImpl::TransformerDecoderLayerImpl(TransformerDecoderLayerOptions options_)
    : options(std::move(options_)) {
  TransformerDecoderLayerImpl::reset();
}
void TransformerDecoderLayerImpl::reset() {
  const auto& o = options;
  self_attn = register_module("self_attn", make_attention(o));
  multihead_attn = register_module("multihead_attn", make_attention(o));
  linear1 = register_module("linear1", Linear(o.d_model(), o.dim_feedforward()));
  dropout = register_module("dropout", Dropout(o.dropout()));
  linear2 = register_module("linear2", Linear(o.dim_feedforward(), o.d_model()));
  norm1 = register_module("norm1", LayerNorm(LayerNormOptions({o.d_model()})));
  norm2 = register_module("norm2", LayerNorm(LayerNormOptions({o.d_model()})));
  norm3 = register_module("norm3", LayerNorm(LayerNormOptions({o.d_model()})));
  dropout1 = register_module("dropout1", Dropout(o.dropout()));
  dropout2 = register_module("dropout2", Dropout(o.dropout()));
  dropout3 = register_module("dropout3", Dropout(o.dropout()));
}
void TransformerDecoderLayerImpl::reset_parameters() {}
Tensor TransformerDecoderLayerImpl::forward(Tensor tgt, const Tensor& memory,
                                            const Tensor& tgt_mask, const Tensor& memory_mask,
                                            const Tensor& tgt_key_padding_mask,
                                            const Tensor& memory_key_padding_mask) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& m, const Tensor& x_mask, const Tensor& m_mask,
             const Tensor& x_padding, const Tensor& m_padding) {
        const Tensor own = std::get<0>(self_attn->forward(x, x, x, x_padding, false, x_mask));
        Tensor y = norm1->forward(x.add(dropout1->forward(own)));
        const Tensor across =
            std::get<0>(multihead_attn->forward(y, m, m, m_padding, false, m_mask));
        y = norm2->forward(y.add(dropout2->forward(across)));
        const Tensor wide = options.activation()(linear1->forward(y));
        const Tensor fed = linear2->forward(dropout->forward(wide));
        return norm3->forward(y.add(dropout3->forward(fed)));
      },
      tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}

// --- encoder and decoder: clones of one layer ---

TransformerEncoderOptions::TransformerEncoderOptions(TransformerEncoderLayer encoder_layer,
                                                     int64_t num_layers)
    : encoder_layer_(std::move(encoder_layer)), num_layers_(num_layers) {}
TransformerEncoderOptions::TransformerEncoderOptions(const TransformerEncoderLayerOptions& o,
                                                     int64_t num_layers)
    : encoder_layer_(TransformerEncoderLayer(o)), num_layers_(num_layers) {}
TransformerDecoderOptions::TransformerDecoderOptions(TransformerDecoderLayer decoder_layer,
                                                     int64_t num_layers)
    : decoder_layer_(std::move(decoder_layer)), num_layers_(num_layers) {}
TransformerDecoderOptions::TransformerDecoderOptions(const TransformerDecoderLayerOptions& o,
                                                     int64_t num_layers)
    : decoder_layer_(TransformerDecoderLayer(o)), num_layers_(num_layers) {}

PHAROS_DEFINE_MODULE(TransformerEncoderImpl)
PHAROS_DEFAULT_ARGS(TransformerEncoderImpl, 1, AnyValue(Tensor()), AnyValue(Tensor()))
TransformerEncoderImpl::TransformerEncoderImpl(TransformerEncoderLayer encoder_layer,
                                               int64_t num_layers)
    : TransformerEncoderImpl(TransformerEncoderOptions(std::move(encoder_layer), num_layers)) {}
TransformerEncoderImpl::TransformerEncoderImpl(TransformerEncoderOptions options_)
    : options(std::move(options_)) {
  TransformerEncoderImpl::reset();
}
void TransformerEncoderImpl::reset() {
  layers = register_module("layers", ModuleList());
  for (int64_t i = 0; i < options.num_layers(); ++i)
    layers->push_back(options.encoder_layer()->clone());
  if (!options.norm().is_empty()) {
    norm = options.norm().clone();
    register_module("norm", norm.ptr());
  }
}
void TransformerEncoderImpl::reset_parameters() {
  TORCH_CHECK(false, "TransformerEncoder has no parameters of its own to reset");
}
Tensor TransformerEncoderImpl::forward(const Tensor& src, const Tensor& src_mask,
                                       const Tensor& src_key_padding_mask) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& mask, const Tensor& padding) {
        TORCH_CHECK(layers->size() > 0, "TransformerEncoder has no layers");
        Tensor y = x;
        for (size_t i = 0; i < layers->size(); ++i)
          y = layers->at<TransformerEncoderLayerImpl>(i).forward(y, mask, padding);
        return norm.is_empty() ? y : norm.forward<Tensor>(y);
      },
      src, src_mask, src_key_padding_mask);
}

PHAROS_DEFINE_MODULE(TransformerDecoderImpl)
PHAROS_DEFAULT_ARGS(TransformerDecoderImpl, 2, AnyValue(Tensor()), AnyValue(Tensor()),
                    AnyValue(Tensor()), AnyValue(Tensor()))
TransformerDecoderImpl::TransformerDecoderImpl(TransformerDecoderLayer decoder_layer,
                                               int64_t num_layers)
    : TransformerDecoderImpl(TransformerDecoderOptions(std::move(decoder_layer), num_layers)) {}
TransformerDecoderImpl::TransformerDecoderImpl(TransformerDecoderOptions options_)
    : options(std::move(options_)) {
  TransformerDecoderImpl::reset();
}
void TransformerDecoderImpl::reset() {
  layers = register_module("layers", ModuleList());
  for (int64_t i = 0; i < options.num_layers(); ++i)
    layers->push_back(options.decoder_layer()->clone());
  if (!options.norm().is_empty()) {
    norm = options.norm().clone();
    register_module("norm", norm.ptr());
  }
}
void TransformerDecoderImpl::reset_parameters() {
  TORCH_CHECK(false, "TransformerDecoder has no parameters of its own to reset");
}
Tensor TransformerDecoderImpl::forward(const Tensor& tgt, const Tensor& memory,
                                       const Tensor& tgt_mask, const Tensor& memory_mask,
                                       const Tensor& tgt_key_padding_mask,
                                       const Tensor& memory_key_padding_mask) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& m, const Tensor& x_mask, const Tensor& m_mask,
             const Tensor& x_padding, const Tensor& m_padding) {
        TORCH_CHECK(layers->size() > 0, "TransformerDecoder has no layers");
        Tensor y = x;
        for (size_t i = 0; i < layers->size(); ++i)
          y = layers->at<TransformerDecoderLayerImpl>(i).forward(y, m, x_mask, m_mask, x_padding,
                                                                 m_padding);
        return norm.is_empty() ? y : norm.forward<Tensor>(y);
      },
      tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask);
}

// --- Transformer ---

TransformerOptions::TransformerOptions() = default;
TransformerOptions::TransformerOptions(int64_t d_model, int64_t nhead)
    : d_model_(d_model), nhead_(nhead) {}
TransformerOptions::TransformerOptions(int64_t d_model, int64_t nhead, int64_t num_encoder_layers,
                                       int64_t num_decoder_layers)
    : d_model_(d_model),
      nhead_(nhead),
      num_encoder_layers_(num_encoder_layers),
      num_decoder_layers_(num_decoder_layers) {}

PHAROS_DEFINE_MODULE(TransformerImpl)
PHAROS_DEFAULT_ARGS(TransformerImpl, 2, AnyValue(Tensor()), AnyValue(Tensor()), AnyValue(Tensor()),
                    AnyValue(Tensor()), AnyValue(Tensor()), AnyValue(Tensor()))
TransformerImpl::TransformerImpl(TransformerOptions options_) : options(std::move(options_)) {
  TransformerImpl::reset();
}

template <typename LayerOptions>
static LayerOptions layer_options(const TransformerOptions& o) {
  return LayerOptions(o.d_model(), o.nhead())
      .dim_feedforward(o.dim_feedforward())
      .dropout(o.dropout())
      .activation(o.activation());
}
void TransformerImpl::reset() {
  const auto make_norm = [this] {
    return AnyModule(LayerNorm(LayerNormOptions({options.d_model()})));
  };
  if (options.custom_encoder().is_empty()) {
    const auto layer = layer_options<TransformerEncoderLayerOptions>(options);
    encoder = AnyModule(TransformerEncoder(
        TransformerEncoderOptions(layer, options.num_encoder_layers()).norm(make_norm())));
  } else {
    encoder = options.custom_encoder().clone();
  }
  register_module("encoder", encoder.ptr());
  if (options.custom_decoder().is_empty()) {
    const auto layer = layer_options<TransformerDecoderLayerOptions>(options);
    decoder = AnyModule(TransformerDecoder(
        TransformerDecoderOptions(layer, options.num_decoder_layers()).norm(make_norm())));
  } else {
    decoder = options.custom_decoder().clone();
  }
  register_module("decoder", decoder.ptr());
  reset_parameters();
}
void TransformerImpl::reset_parameters() {
  for (Tensor& p : parameters())
    if (p.dim() > 1) init::xavier_uniform_(p);
}
Tensor TransformerImpl::forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask,
                                const Tensor& tgt_mask, const Tensor& memory_mask,
                                const Tensor& src_key_padding_mask,
                                const Tensor& tgt_key_padding_mask,
                                const Tensor& memory_key_padding_mask) {
  TORCH_CHECK(src.dim() == 3 && tgt.dim() == 3, "src and tgt should have 3 dimensions, but got ",
              src.dim(), " and ", tgt.dim());
  TORCH_CHECK(src.size(1) == tgt.size(1),
              "src and tgt should have equal batch size (at dim 1), but got ", src.size(1), " and ",
              tgt.size(1));
  TORCH_CHECK(src.size(2) == options.d_model() && tgt.size(2) == options.d_model(),
              "src and tgt should have same feature size as d_model (at dim 2), but got ",
              src.size(2), " and ", tgt.size(2), " while d_model is ", options.d_model());
  return run_layer_n(
      *this,
      [&](const Tensor& s, const Tensor& t) {
        Tensor memory = encoder.forward<Tensor>(s, Tensor(src_mask), Tensor(src_key_padding_mask));
        return decoder.forward<Tensor>(t, std::move(memory), Tensor(tgt_mask), Tensor(memory_mask),
                                       Tensor(tgt_key_padding_mask),
                                       Tensor(memory_key_padding_mask));
      },
      src, tgt);
}
Tensor TransformerImpl::generate_square_subsequent_mask(int64_t sz) {
  return at::triu(at::full({sz, sz}, -std::numeric_limits<float>::infinity()), 1);
}

}  // namespace torch::nn
