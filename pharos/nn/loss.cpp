// The losses as layers.
#include <pharos/nn/functional/loss.h>
#include <pharos/nn/modules/loss.h>

#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

namespace F = torch::nn::functional;
using pharos::nn::run_layer_n;

#define PHAROS_LOSS_BODY(X)     \
  PHAROS_DEFINE_MODULE(X##Impl) \
  X##Impl::X##Impl(X##Options options_) : options(std::move(options_)) { X##Impl::reset(); }
#define PHAROS_LOSS2(X, call)                                                                      \
  PHAROS_LOSS_BODY(X)                                                                              \
  Tensor X##Impl::forward(const Tensor& a, const Tensor& b) {                                      \
    return run_layer_n(                                                                            \
        *this, [this](const Tensor& x, const Tensor& y) { return F::call(x, y, options); }, a, b); \
  }
#define PHAROS_LOSS3(X, call)                                                  \
  PHAROS_LOSS_BODY(X)                                                          \
  Tensor X##Impl::forward(const Tensor& a, const Tensor& b, const Tensor& c) { \
    return run_layer_n(                                                        \
        *this,                                                                 \
        [this](const Tensor& x, const Tensor& y, const Tensor& z) {            \
          return F::call(x, y, z, options);                                    \
        },                                                                     \
        a, b, c);                                                              \
  }
#define PHAROS_NO_RESET(X) \
  void X##Impl::reset() {}
#define PHAROS_PLAIN_PRINT(X) \
  void X##Impl::pretty_print(std::ostream& stream) const { stream << "torch::nn::" #X "()"; }

PHAROS_LOSS2(L1Loss, l1_loss)
PHAROS_LOSS2(KLDivLoss, kl_div)
PHAROS_LOSS2(MSELoss, mse_loss)
PHAROS_LOSS2(BCELoss, binary_cross_entropy)
PHAROS_LOSS2(HingeEmbeddingLoss, hinge_embedding_loss)
PHAROS_LOSS2(MultiMarginLoss, multi_margin_loss)
PHAROS_LOSS3(CosineEmbeddingLoss, cosine_embedding_loss)
PHAROS_LOSS2(SmoothL1Loss, smooth_l1_loss)
PHAROS_LOSS2(HuberLoss, huber_loss)
PHAROS_LOSS2(MultiLabelMarginLoss, multilabel_margin_loss)
PHAROS_LOSS2(SoftMarginLoss, soft_margin_loss)
PHAROS_LOSS2(MultiLabelSoftMarginLoss, multilabel_soft_margin_loss)
PHAROS_LOSS3(TripletMarginLoss, triplet_margin_loss)
PHAROS_LOSS3(TripletMarginWithDistanceLoss, triplet_margin_with_distance_loss)
PHAROS_LOSS2(PoissonNLLLoss, poisson_nll_loss)
PHAROS_LOSS3(MarginRankingLoss, margin_ranking_loss)
PHAROS_LOSS2(NLLLoss, nll_loss)
PHAROS_LOSS2(CrossEntropyLoss, cross_entropy)
PHAROS_LOSS2(BCEWithLogitsLoss, binary_cross_entropy_with_logits)
PHAROS_LOSS_BODY(CTCLoss)
Tensor CTCLossImpl::forward(const Tensor& log_probs, const Tensor& targets,
                            const Tensor& input_lengths, const Tensor& target_lengths) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const Tensor& y, const Tensor& in, const Tensor& out) {
        return F::ctc_loss(x, y, in, out, options);
      },
      log_probs, targets, input_lengths, target_lengths);
}

PHAROS_NO_RESET(L1Loss)
PHAROS_NO_RESET(KLDivLoss)
PHAROS_NO_RESET(MSELoss)
PHAROS_NO_RESET(HingeEmbeddingLoss)
PHAROS_NO_RESET(CosineEmbeddingLoss)
PHAROS_NO_RESET(SmoothL1Loss)
PHAROS_NO_RESET(HuberLoss)
PHAROS_NO_RESET(MultiLabelMarginLoss)
PHAROS_NO_RESET(SoftMarginLoss)
PHAROS_NO_RESET(TripletMarginLoss)
PHAROS_NO_RESET(TripletMarginWithDistanceLoss)
PHAROS_NO_RESET(CTCLoss)
PHAROS_NO_RESET(PoissonNLLLoss)
PHAROS_NO_RESET(MarginRankingLoss)

void BCELossImpl::reset() { register_buffer("weight", options.weight()); }
void MultiLabelSoftMarginLossImpl::reset() { register_buffer("weight", options.weight()); }
void NLLLossImpl::reset() { weight = register_buffer("weight", options.weight()); }
void CrossEntropyLossImpl::reset() { weight = register_buffer("weight", options.weight()); }
void BCEWithLogitsLossImpl::reset() {
  weight = register_buffer("weight", options.weight());
  pos_weight = register_buffer("pos_weight", options.pos_weight());
}
void MultiMarginLossImpl::reset() {
  TORCH_CHECK(options.p() == 1 || options.p() == 2, "only p == 1 and p == 2 supported");
  TORCH_CHECK(!options.weight().defined() || options.weight().dim() == 1,
              "weight must be one-dimensional");
  register_buffer("weight", options.weight());
}

PHAROS_PLAIN_PRINT(L1Loss)
PHAROS_PLAIN_PRINT(KLDivLoss)
PHAROS_PLAIN_PRINT(MSELoss)
PHAROS_PLAIN_PRINT(BCELoss)
PHAROS_PLAIN_PRINT(MultiLabelMarginLoss)
PHAROS_PLAIN_PRINT(SoftMarginLoss)
PHAROS_PLAIN_PRINT(MultiLabelSoftMarginLoss)
PHAROS_PLAIN_PRINT(CTCLoss)
PHAROS_PLAIN_PRINT(PoissonNLLLoss)
PHAROS_PLAIN_PRINT(MarginRankingLoss)
PHAROS_PLAIN_PRINT(NLLLoss)
PHAROS_PLAIN_PRINT(CrossEntropyLoss)
PHAROS_PLAIN_PRINT(BCEWithLogitsLoss)

void SmoothL1LossImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::SmoothL1Loss";
}
void HuberLossImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::HuberLoss"; }
void HingeEmbeddingLossImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::HingeEmbeddingLoss(margin=" << options.margin() << ")";
}
void MultiMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::MultiMarginLoss(p=" << options.p() << ", margin=" << options.margin()
         << ", weight=" << options.weight()
         << ", reduction=" << enumtype::get_enum_name(options.reduction()) << ")";
}
void CosineEmbeddingLossImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::CosineEmbeddingLoss(margin=" << options.margin() << ")";
}
void TripletMarginLossImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::TripletMarginLoss(margin=" << options.margin()
         << ", p=" << options.p() << ", eps=" << options.eps() << ", swap=" << options.swap()
         << ")";
}
void TripletMarginWithDistanceLossImpl::pretty_print(std::ostream& stream) const {
  stream << std::boolalpha << "torch::nn::TripletMarginWithDistanceLoss(margin=" << options.margin()
         << ", swap=" << options.swap() << ")";
}

}  // namespace torch::nn
