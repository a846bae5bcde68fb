// Multi-head attention and the Transformer family.
#pragma once

#include <pharos/nn/containers.h>
#include <pharos/nn/modules/dropout.h>
#include <pharos/nn/modules/linear.h>
#include <pharos/nn/modules/norm.h>
#include <pharos/nn/options/activation.h>

namespace torch::nn {

class PHAROS_API MultiheadAttentionImpl : public BuiltinModule {
  PHAROS_MODULE(MultiheadAttentionImpl)
  MultiheadAttentionImpl(int64_t embed_dim, int64_t num_heads);
  explicit MultiheadAttentionImpl(const MultiheadAttentionOptions& options_);
  std::tuple<Tensor, Tensor> forward(const Tensor& query, const Tensor& key, const Tensor& value,
                                     const Tensor& key_padding_mask = {}, bool need_weights = true,
                                     const Tensor& attn_mask = {},
                                     bool average_attn_weights = true);
  void reset() override;
  void _reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  MultiheadAttentionOptions options;
  bool _qkv_same_embed_dim = true;
  Tensor in_proj_weight, in_proj_bias, bias_k, bias_v;
  Linear out_proj = nullptr;
  Tensor q_proj_weight, k_proj_weight, v_proj_weight;
  int64_t head_dim = 0;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(MultiheadAttention);

// kReLU, kGELU or a function.
class PHAROS_API activation_t {
 public:
  using Function = std::function<Tensor(const Tensor&)>;
  activation_t(enumtype::kReLU);
  activation_t(enumtype::kGELU);
  activation_t(Function function);
  activation_t(const activation_t&);
  activation_t(activation_t&&) noexcept;
  activation_t& operator=(const activation_t&);
  activation_t& operator=(activation_t&&) noexcept;
  ~activation_t();
  Tensor operator()(const Tensor& input) const;

 private:
  enumtype::Name name_;
  Function function_;
};

#define PHAROS_TRANSFORMER_LAYER_OPTIONS(Name)                                 \
  struct PHAROS_API Name {                                                     \
    Name(int64_t d_model, int64_t nhead) : d_model_(d_model), nhead_(nhead) {} \
    TORCH_ARG(int64_t, d_model);                                               \
    TORCH_ARG(int64_t, nhead);                                                 \
    TORCH_ARG(int64_t, dim_feedforward) = 2048;                                \
    TORCH_ARG(double, dropout) = 0.1;                                          \
    TORCH_ARG(activation_t, activation) = torch::kReLU;                        \
  }
PHAROS_TRANSFORMER_LAYER_OPTIONS(TransformerEncoderLayerOptions);
PHAROS_TRANSFORMER_LAYER_OPTIONS(TransformerDecoderLayerOptions);
#undef PHAROS_TRANSFORMER_LAYER_OPTIONS

class PHAROS_API TransformerEncoderLayerImpl : public BuiltinModule {
  PHAROS_MODULE(TransformerEncoderLayerImpl)
  TransformerEncoderLayerImpl(int64_t d_model, int64_t nhead);
  explicit TransformerEncoderLayerImpl(TransformerEncoderLayerOptions options_);
  Tensor forward(const Tensor& src, const Tensor& src_mask = {},
                 const Tensor& src_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerEncoderLayerOptions options;
  MultiheadAttention self_attn = nullptr;
  Linear linear1 = nullptr;
  Dropout dropout = nullptr;
  Linear linear2 = nullptr;
  LayerNorm norm1 = nullptr, norm2 = nullptr;
  Dropout dropout1 = nullptr, dropout2 = nullptr;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(TransformerEncoderLayer);

class PHAROS_API TransformerDecoderLayerImpl : public BuiltinModule {
  PHAROS_MODULE(TransformerDecoderLayerImpl)
  TransformerDecoderLayerImpl(int64_t d_model, int64_t nhead);
  explicit TransformerDecoderLayerImpl(TransformerDecoderLayerOptions options_);
  Tensor forward(Tensor tgt, const Tensor& memory, const Tensor& tgt_mask = {},
                 const Tensor& memory_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerDecoderLayerOptions options;
  MultiheadAttention self_attn = nullptr, multihead_attn = nullptr;
  Dropout dropout1 = nullptr, dropout2 = nullptr, dropout3 = nullptr, dropout = nullptr;
  LayerNorm norm1 = nullptr, norm2 = nullptr, norm3 = nullptr;
  Linear linear1 = nullptr, linear2 = nullptr;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(TransformerDecoderLayer);

struct PHAROS_API TransformerEncoderOptions {
  TransformerEncoderOptions(TransformerEncoderLayer encoder_layer, int64_t num_layers);
  TransformerEncoderOptions(const TransformerEncoderLayerOptions& encoder_layer_options,
                            int64_t num_layers);
  TORCH_ARG(TransformerEncoderLayer, encoder_layer);
  TORCH_ARG(int64_t, num_layers);
  TORCH_ARG(AnyModule, norm);
};
struct PHAROS_API TransformerDecoderOptions {
  TransformerDecoderOptions(TransformerDecoderLayer decoder_layer, int64_t num_layers);
  TransformerDecoderOptions(const TransformerDecoderLayerOptions& decoder_layer_options,
                            int64_t num_layers);
  TORCH_ARG(TransformerDecoderLayer, decoder_layer);
  TORCH_ARG(int64_t, num_layers);
  TORCH_ARG(AnyModule, norm);
};

class PHAROS_API TransformerEncoderImpl : public BuiltinModule {
  PHAROS_MODULE(TransformerEncoderImpl)
  TransformerEncoderImpl(TransformerEncoderLayer encoder_layer, int64_t num_layers);
  explicit TransformerEncoderImpl(TransformerEncoderOptions options_);
  Tensor forward(const Tensor& src, const Tensor& src_mask = {},
                 const Tensor& src_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerEncoderOptions options;
  ModuleList layers = nullptr;
  AnyModule norm;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(TransformerEncoder);

class PHAROS_API TransformerDecoderImpl : public BuiltinModule {
  PHAROS_MODULE(TransformerDecoderImpl)
  TransformerDecoderImpl(TransformerDecoderLayer decoder_layer, int64_t num_layers);
  explicit TransformerDecoderImpl(TransformerDecoderOptions options_);
  Tensor forward(const Tensor& tgt, const Tensor& memory, const Tensor& tgt_mask = {},
                 const Tensor& memory_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  TransformerDecoderOptions options;
  ModuleList layers = nullptr;
  AnyModule norm;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(TransformerDecoder);

struct PHAROS_API TransformerOptions {
  TransformerOptions();
  TransformerOptions(int64_t d_model, int64_t nhead);
  TransformerOptions(int64_t d_model, int64_t nhead, int64_t num_encoder_layers,
                     int64_t num_decoder_layers);
  TORCH_ARG(int64_t, d_model) = 512;
  TORCH_ARG(int64_t, nhead) = 8;
  TORCH_ARG(int64_t, num_encoder_layers) = 6;
  TORCH_ARG(int64_t, num_decoder_layers) = 6;
  TORCH_ARG(int64_t, dim_feedforward) = 2048;
  TORCH_ARG(double, dropout) = 0.1;
  TORCH_ARG(activation_t, activation) = torch::kReLU;
  TORCH_ARG(AnyModule, custom_encoder);
  TORCH_ARG(AnyModule, custom_decoder);
};

class PHAROS_API TransformerImpl : public BuiltinModule {
  PHAROS_MODULE(TransformerImpl)
  explicit TransformerImpl(TransformerOptions options_);
  Tensor forward(const Tensor& src, const Tensor& tgt, const Tensor& src_mask = {},
                 const Tensor& tgt_mask = {}, const Tensor& memory_mask = {},
                 const Tensor& src_key_padding_mask = {}, const Tensor& tgt_key_padding_mask = {},
                 const Tensor& memory_key_padding_mask = {});
  void reset() override;
  void reset_parameters();
  // 0 on and below the diagonal, -inf above it.
  static Tensor generate_square_subsequent_mask(int64_t sz);
  TransformerOptions options;
  AnyModule encoder, decoder;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(Transformer);

// --- adaptive softmax ---

struct PHAROS_API ASMoutput {
  ASMoutput(Tensor output_, double loss_);
  Tensor output;
  double loss;
};
struct PHAROS_API AdaptiveLogSoftmaxWithLossOptions {
  AdaptiveLogSoftmaxWithLossOptions(int64_t in_features, int64_t n_classes,
                                    std::vector<int64_t> cutoffs);
  TORCH_ARG(int64_t, in_features);
  TORCH_ARG(int64_t, n_classes);
  PHAROS_ARG(std::vector<int64_t>, cutoffs);
  TORCH_ARG(double, div_value) = 4.;
  TORCH_ARG(bool, head_bias) = false;
};
class PHAROS_API AdaptiveLogSoftmaxWithLossImpl : public BuiltinModule {
  PHAROS_MODULE(AdaptiveLogSoftmaxWithLossImpl)
  AdaptiveLogSoftmaxWithLossImpl(int64_t in_features, int64_t n_classes,
                                 std::vector<int64_t> cutoffs);
  explicit AdaptiveLogSoftmaxWithLossImpl(AdaptiveLogSoftmaxWithLossOptions options_);
  ASMoutput forward(const Tensor& input, const Tensor& target);
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  Tensor _get_full_log_prob(const Tensor& input, const Tensor& head_output);
  Tensor log_prob(const Tensor& input);
  Tensor predict(const Tensor& input);
  AdaptiveLogSoftmaxWithLossOptions options;
  std::vector<int64_t> cutoffs;
  int64_t shortlist_size, n_clusters, head_size;
  Linear head = nullptr;
  ModuleList tail = nullptr;
};
PHAROS_HOLDER(AdaptiveLogSoftmaxWithLoss);

}  // namespace torch::nn
