// The losses.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/loss.h>

namespace torch::nn {

#define PHAROS_LOSS(X, members, ...)                        \
  class PHAROS_API X##Impl : public BuiltinModule {         \
    PHAROS_MODULE(X##Impl)                                  \
    explicit X##Impl(X##Options options_ = {});             \
    void reset() override;                                  \
    void pretty_print(std::ostream& stream) const override; \
    Tensor forward(__VA_ARGS__);                            \
    X##Options options;                                     \
    members                                                 \
  };                                                        \
  PHAROS_HOLDER(X)
PHAROS_LOSS(L1Loss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(KLDivLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(MSELoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(BCELoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(HingeEmbeddingLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(MultiMarginLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(CosineEmbeddingLoss, , const Tensor& input1, const Tensor& input2,
            const Tensor& target);
PHAROS_LOSS(SmoothL1Loss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(HuberLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(MultiLabelMarginLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(SoftMarginLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(MultiLabelSoftMarginLoss, , const Tensor& input, const Tensor& target);
PHAROS_LOSS(TripletMarginLoss, , const Tensor& anchor, const Tensor& positive,
            const Tensor& negative);
PHAROS_LOSS(TripletMarginWithDistanceLoss, , const Tensor& anchor, const Tensor& positive,
            const Tensor& negative);
PHAROS_LOSS(CTCLoss, , const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
            const Tensor& target_lengths);
PHAROS_LOSS(PoissonNLLLoss, , const Tensor& log_input, const Tensor& targets);
PHAROS_LOSS(MarginRankingLoss, , const Tensor& input1, const Tensor& input2, const Tensor& targets);
PHAROS_LOSS(NLLLoss, Tensor weight;, const Tensor& input, const Tensor& target);
PHAROS_LOSS(CrossEntropyLoss, Tensor weight;, const Tensor& input, const Tensor& target);
PHAROS_LOSS(BCEWithLogitsLoss, Tensor weight; Tensor pos_weight;
            , const Tensor& input, const Tensor& target);
#undef PHAROS_LOSS

}  // namespace torch::nn
