// torch::nn::functional: losses.
#include <pharos/nn/functional/loss.h>
#include <pharos/ops/functions.h>

namespace torch::nn::functional {
namespace {

template <typename Options>
int64_t reduction_of(const Options& o) {
  return enumtype::reduction_get_enum(o.reduction());
}
Tensor reduce(const Tensor& loss, const reduction_t& reduction) {
  if (reduction.is(kNone)) return loss;
  return reduction.is(kMean) ? loss.mean() : loss.sum();
}
void warn_sizes(const Tensor& input, const Tensor& target) {
  if (!target.sizes().equals(input.sizes()))
    TORCH_WARN("Using a target size (", target.sizes(), ") that is different to the input size (",
               input.sizes(),
               "). This will likely lead to incorrect results due to broadcasting. "
               "Please ensure they have the same size.");
}

}  // namespace

Tensor l1_loss(const Tensor& input, const Tensor& target, const L1LossFuncOptions& o) {
  return at::l1_loss(input, target, reduction_of(o));
}
Tensor mse_loss(const Tensor& input, const Tensor& target, const MSELossFuncOptions& o) {
  if (PHAROS_LIKELY(target.sizes().equals(input.sizes())))
    return at::mse_loss(input, target, reduction_of(o));
  warn_sizes(input, target);
  const std::vector<Tensor> both = at::broadcast_tensors({input, target});
  return at::mse_loss(both[0], both[1], reduction_of(o));
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossFuncOptions& o) {
  warn_sizes(input, target);
  const std::vector<Tensor> both = at::broadcast_tensors({input, target});
  return at::smooth_l1_loss(both[0], both[1], reduction_of(o), o.beta().value_or(1.0));
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, const SmoothL1LossFuncOptions& o,
                      double beta) {
  TORCH_CHECK(!o.beta(), "expected beta not to be provided in 'options', but got ", *o.beta());
  return smooth_l1_loss(input, target, SmoothL1LossFuncOptions(o).beta(beta));
}
Tensor huber_loss(const Tensor& input, const Tensor& target, const HuberLossFuncOptions& o) {
  warn_sizes(input, target);
  const std::vector<Tensor> both = at::broadcast_tensors({input, target});
  return at::huber_loss(both[0], both[1], reduction_of(o), o.delta());
}

Tensor kl_div(const Tensor& input, const Tensor& target, const KLDivFuncOptions& o) {
  if (o.reduction().is(kMean))
    TORCH_WARN(
        "reduction: 'mean' divides the total loss by both the batch size and the support "
        "size. 'batchmean' divides only by the batch size, and aligns with the KL div math "
        "definition.");
  if (!o.reduction().is(kBatchMean))
    return at::kl_div(input, target, reduction_of(o), o.log_target());
  const Tensor sum = at::kl_div(input, target, at::Reduction::Sum, o.log_target());
  return input.dim() == 0 ? sum : sum.div(input.size(0));
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BinaryCrossEntropyFuncOptions& o) {
  TORCH_CHECK(target.sizes().equals(input.sizes()), "Using a target size (", target.sizes(),
              ") that is different to the input size (", input.sizes(),
              ") is deprecated. Please ensure they have the same size.");
  return at::binary_cross_entropy(input, target,
                                  o.weight().defined() ? o.weight().expand_as(target) : Tensor(),
                                  reduction_of(o));
}
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyWithLogitsFuncOptions& o) {
  TORCH_CHECK(target.sizes().equals(input.sizes()), "Target size (", target.sizes(),
              ") must be the same as input size (", input.sizes(), ")");
  return at::binary_cross_entropy_with_logits(input, target, o.weight(), o.pos_weight(),
                                              reduction_of(o));
}

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                            const HingeEmbeddingLossFuncOptions& o) {
  return at::hinge_embedding_loss(input, target, o.margin(), reduction_of(o));
}
Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                         const MultiMarginLossFuncOptions& o) {
  TORCH_CHECK(o.p() == 1 || o.p() == 2, "only p == 1 and p == 2 supported");
  TORCH_CHECK(!o.weight().defined() || o.weight().dim() == 1, "weight must be one-dimensional");
  return at::multi_margin_loss(input, target, o.p(), o.margin(), o.weight(), reduction_of(o));
}
Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             const CosineEmbeddingLossFuncOptions& o) {
  return at::cosine_embedding_loss(input1, input2, target, o.margin(), reduction_of(o));
}
Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                              const MultilabelMarginLossFuncOptions& o) {
  return at::multilabel_margin_loss(input, target, reduction_of(o));
}
Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                        const SoftMarginLossFuncOptions& o) {
  return at::soft_margin_loss(input, target, reduction_of(o));
}
Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                   const MultilabelSoftMarginLossFuncOptions& o) {
  const Tensor positive = target.mul(at::log_sigmoid(input));
  const Tensor negative = target.neg().add(1).mul(at::log_sigmoid(input.neg()));
  Tensor loss = positive.add(negative).neg();
  if (o.weight().defined()) loss = loss.mul(o.weight());
  const int64_t classes = input.dim() - 1;
  return reduce(loss.sum(classes).div(input.size(classes)), o.reduction());
}
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginLossFuncOptions& o) {
  return at::triplet_margin_loss(anchor, positive, negative, o.margin(), o.p(), o.eps(), o.swap(),
                                 reduction_of(o));
}
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive,
                                         const Tensor& negative,
                                         const TripletMarginWithDistanceLossFuncOptions& o) {
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return o.distance_function() ? (*o.distance_function())(a, b) : at::pairwise_distance(a, b);
  };
  const Tensor near = distance(anchor, positive);
  Tensor far = distance(anchor, negative);
  if (o.swap()) far = at::min(far, distance(positive, negative));
  return reduce(near.sub(far).add(o.margin()).clamp_min(0), o.reduction());
}
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CTCLossFuncOptions& o) {
  return at::ctc_loss(log_probs, targets, input_lengths, target_lengths, o.blank(), reduction_of(o),
                      o.zero_infinity());
}
Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                        const PoissonNLLLossFuncOptions& o) {
  return at::poisson_nll_loss(input, target, o.log_input(), o.full(), o.eps(), reduction_of(o));
}
Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           const MarginRankingLossFuncOptions& o) {
  TORCH_CHECK(input1.dim() == input2.dim() && input1.dim() == target.dim(),
              "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
              "input1: ",
              input1.sizes(), ", input2: ", input2.sizes(), ", target: ", target.sizes());
  return at::margin_ranking_loss(input1, input2, target, o.margin(), reduction_of(o));
}
Tensor nll_loss(const Tensor& input, const Tensor& target, const NLLLossFuncOptions& o) {
  TORCH_CHECK(input.dim() >= 2, "Expected 2 or more dimensions (got ", input.dim(), ")");
  TORCH_CHECK(input.size(0) == target.size(0), "Expected input batch_size (", input.size(0),
              ") to match target batch_size (", target.size(0), ").");
  return at::nll_loss_nd(input, target, o.weight(), reduction_of(o), o.ignore_index());
}
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyFuncOptions& o) {
  return at::cross_entropy_loss(input, target, o.weight(), reduction_of(o), o.ignore_index(),
                                o.label_smoothing());
}

}  // namespace torch::nn::functional
