// Scaled dot product attention as operators.
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>

#include "ops/rnn/rnn.h"
#include "ops/rnn_decls.h"

namespace pharos::ops {
namespace {

bool given(const OptTensor& t) { return t && t->defined(); }

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const OptTensor& mask,
                     bool is_causal) {
  TORCH_CHECK(q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type(),
              "Expected query, key, and value to have the same dtype, but got query.dtype: ",
              cpp_name(q.scalar_type()), " key.dtype: ", cpp_name(k.scalar_type()),
              " and value.dtype: ", cpp_name(v.scalar_type()), " instead.");
  TORCH_CHECK(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2,
              "Expected query, key, and value to all be  at least 2 dimensional, but got "
              "query.dim: ",
              q.dim(), ", key.dim: ", k.dim(), " and value.dim: ", v.dim(), " instead.");
  if (!given(mask)) return;
  TORCH_CHECK(mask->scalar_type() == ScalarType::Bool || mask->scalar_type() == ScalarType::Float ||
                  mask->scalar_type() == q.scalar_type(),
              "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
              "attn_mask.dtype: ",
              cpp_name(mask->scalar_type()), " and  query.dtype: ", cpp_name(q.scalar_type()),
              " instead.");
  TORCH_CHECK(!is_causal,
              "_scaled_dot_product_attention: Explicit attn_mask should not be set "
              "when is_causal=True");
}

constexpr double kInf = std::numeric_limits<double>::infinity();

// Softmax whose fully masked rows are zero instead of NaN, in the gradient too.
Tensor safe_softmax(const Tensor& scores) {
  const Tensor blind = (scores == -kInf).all(-1, true);
  return at::softmax(scores.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0);
}

// Where a boolean mask is false nothing is looked at.
OptTensor additive_mask(const OptTensor& mask, const Tensor& query) {
  if (!given(mask) || mask->scalar_type() != ScalarType::Bool) return mask;
  return at::zeros(mask->sizes(), query.options()).masked_fill_(mask->logical_not(), -kInf);
}

}  // namespace

std::tuple<Tensor, Tensor> _scaled_dot_product_attention_math(
    const Tensor& query, const Tensor& key, const Tensor& value, const OptTensor& attn_mask,
    double dropout_p, bool is_causal, const OptTensor& dropout_mask, std::optional<double> scale,
    bool enable_gqa) {
  Tensor k = key, v = value;
  if (enable_gqa) {
    const int64_t heads = query.size(-3);
    TORCH_CHECK(heads % key.size(-3) == 0 && heads % value.size(-3) == 0,
                "Number of heads in key and value must divide the number of heads in query");
    k = key.repeat_interleave(heads / key.size(-3), -3);
    v = value.repeat_interleave(heads / value.size(-3), -3);
  }
  // Half of the scale on each side keeps the product in range.
  const double factor =
      std::sqrt(scale.value_or(1.0 / std::sqrt(static_cast<double>(query.size(-1)))));
  Tensor scores = at::matmul(query * factor, k.transpose(-2, -1) * factor);
  bool may_mask = false;
  if (is_causal) {
    TORCH_CHECK(!given(attn_mask),
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True");
    const Tensor keep =
        at::ones({query.size(-2), key.size(-2)}, query.options().dtype(ScalarType::Bool)).tril();
    scores = scores.masked_fill(keep.logical_not(), -kInf);
    may_mask = true;
  } else if (given(attn_mask)) {
    scores = scores + attn_mask->to(query.scalar_type());
    may_mask = true;
  }
  Tensor weights = may_mask ? safe_softmax(scores) : at::softmax(scores, -1);
  if (dropout_p > 0) {
    if (given(dropout_mask)) {
      const Tensor kept = weights.masked_fill(dropout_mask->logical_not(), 0.0);
      return {at::matmul(kept, v * (1.0 / (1.0 - dropout_p))), kept};
    }
    weights = at::dropout(weights, dropout_p, true);
  }
  return {at::matmul(weights, v), weights};
}

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const OptTensor& attn_mask, double dropout_p, bool is_causal,
                                    std::optional<double> scale, bool enable_gqa) {
  check_attention(query, key, value, attn_mask, is_causal);
  return std::get<0>(
      at::_scaled_dot_product_attention_math(query, key, value, additive_mask(attn_mask, query),
                                             dropout_p, is_causal, {}, scale, enable_gqa));
}

}  // namespace pharos::ops
