// Multi-head attention as a layer and as a function.
#include <pharos/nn/functional/activation.h>
#include <pharos/nn/functional/dropout.h>
#include <pharos/nn/init.h>
#include <pharos/nn/modules/attention.h>

#include <cmath>
#include <limits>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;

namespace functional {

MultiheadAttentionForwardFuncOptions::MultiheadAttentionForwardFuncOptions(
    int64_t embed_dim_to_check, int64_t num_heads, Tensor in_proj_weight, Tensor in_proj_bias,
    Tensor bias_k, Tensor bias_v, bool add_zero_attn, double dropout_p, Tensor out_proj_weight,
    Tensor out_proj_bias)
    : embed_dim_to_check_(embed_dim_to_check),
      num_heads_(num_heads),
      in_proj_weight_(std::move(in_proj_weight)),
      in_proj_bias_(std::move(in_proj_bias)),
      bias_k_(std::move(bias_k)),
      bias_v_(std::move(bias_v)),
      add_zero_attn_(add_zero_attn),
      dropout_p_(dropout_p),
      out_proj_weight_(std::move(out_proj_weight)),
      out_proj_bias_(std::move(out_proj_bias)) {}

namespace {

using Options = MultiheadAttentionForwardFuncOptions;

Tensor rows(const Tensor& t, int64_t from, int64_t to) {
  return t.defined() ? t.slice(0, from, to) : t;
}

// Queries, keys and values, each projected.
std::array<Tensor, 3> project(const Tensor& query, const Tensor& key, const Tensor& value,
                              const Options& o) {
  const int64_t e = query.size(2);
  const Tensor& b = o.in_proj_bias();
  if (o.use_separate_proj_weight()) {
    TORCH_CHECK(o.q_proj_weight().sizes().equals({e, query.size(-1)}), "q_proj_weight has size ",
                o.q_proj_weight().sizes(), ", expected ", e, " x ", query.size(-1));
    return {F::linear(query, o.q_proj_weight(), rows(b, 0, e)),
            F::linear(key, o.k_proj_weight(), rows(b, e, 2 * e)),
            F::linear(value, o.v_proj_weight(), rows(b, 2 * e, 3 * e))};
  }
  const Tensor& w = o.in_proj_weight();
  // The same tensor needs one product only; what is equal by chance gives the same numbers anyway.
  if (query.is_same(key) && key.is_same(value)) {
    const std::vector<Tensor> parts = F::linear(query, w, b).chunk(3, -1);
    return {parts[0], parts[1], parts[2]};
  }
  const Tensor q = F::linear(query, rows(w, 0, e), rows(b, 0, e));
  if (key.is_same(value)) {
    const std::vector<Tensor> parts =
        F::linear(key, rows(w, e, 3 * e), rows(b, e, 3 * e)).chunk(2, -1);
    return {q, parts[0], parts[1]};
  }
  return {q, F::linear(key, rows(w, e, 2 * e), rows(b, e, 2 * e)),
          F::linear(value, rows(w, 2 * e, 3 * e), rows(b, 2 * e, 3 * e))};
}

// A mask for one more key, which is never hidden.
Tensor widened(const Tensor& mask) {
  if (!mask.defined()) return mask;
  return at::cat({mask, at::zeros({mask.size(0), 1}, mask.options())}, 1);
}

}  // namespace

std::tuple<Tensor, Tensor> multi_head_attention_forward(const Tensor& query, const Tensor& key,
                                                        const Tensor& value, const Options& o) {
  TORCH_CHECK(query.dim() == 3, "query must have 3 dimensions, got ", query.dim());
  const int64_t targets = query.size(0), batch = query.size(1), embed = query.size(2);
  const int64_t heads = o.num_heads();
  TORCH_CHECK(embed == o.embed_dim_to_check(), "query's last dimension is ", embed, ", expected ",
              o.embed_dim_to_check());
  TORCH_CHECK(key.sizes().equals(value.sizes()), "key and value must have the same sizes, got ",
              key.sizes(), " and ", value.sizes());
  TORCH_CHECK(heads > 0, "num_heads must be greater than 0");
  const int64_t head_dim = embed / heads;
  TORCH_CHECK(head_dim * heads == embed, "embed_dim must be divisible by num_heads");

  auto [q, k, v] = project(query, key, value, o);
  q = q.mul(1 / std::sqrt(static_cast<double>(head_dim)));
  Tensor mask = o.attn_mask(), padding = o.key_padding_mask();
  TORCH_CHECK(o.bias_k().defined() == o.bias_v().defined(),
              "bias_k and bias_v must be given together");
  if (o.bias_k().defined()) {
    TORCH_CHECK(!o.static_k().defined(), "bias cannot be added to static key.");
    TORCH_CHECK(!o.static_v().defined(), "bias cannot be added to static value.");
    k = at::cat({k, o.bias_k().repeat({1, batch, 1})});
    v = at::cat({v, o.bias_v().repeat({1, batch, 1})});
    mask = widened(mask);
    padding = widened(padding);
  }
  const auto split = [&](const Tensor& t, int64_t n) {
    return t.contiguous().view({n, batch * heads, head_dim}).transpose(0, 1);
  };
  q = split(q, targets);
  k = o.static_k().defined() ? o.static_k() : split(k, -1);
  v = o.static_v().defined() ? o.static_v() : split(v, -1);
  TORCH_CHECK(k.size(0) == batch * heads && k.size(2) == head_dim, "static_k has wrong sizes ",
              k.sizes());
  TORCH_CHECK(v.size(0) == batch * heads && v.size(2) == head_dim, "static_v has wrong sizes ",
              v.sizes());
  TORCH_CHECK(!padding.defined() || padding.sizes().equals({batch, k.size(1)}),
              "key_padding_mask must have sizes [", batch, ", ", k.size(1), "], got ",
              padding.defined() ? padding.sizes() : IntArrayRef());
  if (o.add_zero_attn()) {
    k = at::cat({k, at::zeros({k.size(0), 1, k.size(2)}, k.options())}, 1);
    v = at::cat({v, at::zeros({v.size(0), 1, v.size(2)}, v.options())}, 1);
    mask = widened(mask);
    padding = widened(padding);
  }
  const int64_t sources = k.size(1);
  Tensor weights = at::bmm(q, k.transpose(1, 2));
  if (mask.defined()) {
    const double hidden = -std::numeric_limits<double>::infinity();
    if (mask.dim() == 2) mask = mask.unsqueeze(0);
    weights =
        mask.scalar_type() == at::kBool ? weights.masked_fill(mask, hidden) : weights.add(mask);
  }
  if (padding.defined()) {
    weights = weights.view({batch, heads, targets, sources})
                  .masked_fill(padding.to(at::kBool).unsqueeze(1).unsqueeze(2),
                               -std::numeric_limits<double>::infinity())
                  .view({batch * heads, targets, sources});
  }
  weights = weights.softmax(-1);
  weights = F::dropout(weights, F::DropoutFuncOptions().p(o.dropout_p()).training(o.training()));
  Tensor out = at::bmm(weights, v).transpose(0, 1).contiguous().view({targets, batch, embed});
  out = F::linear(out, o.out_proj_weight(), o.out_proj_bias());
  if (!o.need_weights()) return {out, Tensor()};
  weights = weights.view({batch, heads, targets, sources});
  if (o.average_attn_weights()) weights = weights.sum(1).div(heads);
  return {out, weights};
}

}  // namespace functional

PHAROS_DEFINE_MODULE(MultiheadAttentionImpl)
PHAROS_DEFAULT_ARGS(MultiheadAttentionImpl, 3, AnyValue(Tensor()), AnyValue(true),
                    AnyValue(Tensor()), AnyValue(true))
MultiheadAttentionImpl::MultiheadAttentionImpl(int64_t embed_dim, int64_t num_heads)
    : MultiheadAttentionImpl(MultiheadAttentionOptions(embed_dim, num_heads)) {}
MultiheadAttentionImpl::MultiheadAttentionImpl(const MultiheadAttentionOptions& options_)
    : options(options_) {
  MultiheadAttentionImpl::reset();
}

void MultiheadAttentionImpl::reset() {
  const int64_t e = options.embed_dim();
  _qkv_same_embed_dim = options.kdim() == e && options.vdim() == e;
  TORCH_CHECK(options.num_heads() > 0, "num_heads must be greater than 0");
  head_dim = e / options.num_heads();
  TORCH_CHECK(head_dim * options.num_heads() == e, "embed_dim must be divisible by num_heads");
  const auto add = [&](const char* name, bool present, std::vector<int64_t> sizes) {
    return register_parameter(name, present ? at::empty(sizes) : Tensor(), present);
  };
  in_proj_weight = add("in_proj_weight", _qkv_same_embed_dim, {3 * e, e});
  q_proj_weight = add("q_proj_weight", !_qkv_same_embed_dim, {e, e});
  k_proj_weight = add("k_proj_weight", !_qkv_same_embed_dim, {e, options.kdim()});
  v_proj_weight = add("v_proj_weight", !_qkv_same_embed_dim, {e, options.vdim()});
  in_proj_bias = add("in_proj_bias", options.bias(), {3 * e});
  out_proj = register_module("out_proj", Linear(LinearOptions(e, e).bias(options.bias())));
  bias_k = bias_v = Tensor();
  if (options.add_bias_kv()) {
    bias_k = add("bias_k", true, {1, 1, e});
    bias_v = add("bias_v", true, {1, 1, e});
  }
  _reset_parameters();
}

void MultiheadAttentionImpl::_reset_parameters() {
  if (_qkv_same_embed_dim) {
    init::xavier_uniform_(in_proj_weight);
  } else {
    init::xavier_uniform_(q_proj_weight);
    init::xavier_uniform_(k_proj_weight);
    init::xavier_uniform_(v_proj_weight);
  }
  if (in_proj_bias.defined()) {
    init::constant_(in_proj_bias, 0.);
    init::constant_(out_proj->bias, 0.);
  }
  if (bias_k.defined()) init::xavier_normal_(bias_k);
  if (bias_v.defined()) init::xavier_normal_(bias_v);
}

void MultiheadAttentionImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::MultiheadAttention";
}

std::tuple<Tensor, Tensor> MultiheadAttentionImpl::forward(
    const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& key_padding_mask,
    bool need_weights, const Tensor& attn_mask, bool average_attn_weights) {
  return pharos::nn::run_layer_n(
      *this,
      [&](const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& padding, bool,
          const Tensor& mask) {
        return F::multi_head_attention_forward(
            q, k, v,
            F::MultiheadAttentionForwardFuncOptions(options.embed_dim(), options.num_heads(),
                                                    in_proj_weight, in_proj_bias, bias_k, bias_v,
                                                    options.add_zero_attn(), options.dropout(),
                                                    out_proj->weight, out_proj->bias)
                .training(is_training())
                .key_padding_mask(padding)
                .need_weights(need_weights)
                .attn_mask(mask)
                .use_separate_proj_weight(!_qkv_same_embed_dim)
                .q_proj_weight(q_proj_weight)
                .k_proj_weight(k_proj_weight)
                .v_proj_weight(v_proj_weight)
                .average_attn_weights(average_attn_weights));
      },
      query, key, value, key_padding_mask, need_weights, attn_mask);
}

}  // namespace torch::nn
