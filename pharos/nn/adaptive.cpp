// AdaptiveLogSoftmaxWithLoss: softmax over many classes, rare ones behind low-rank clusters
// (Grave et al., 2016).
#include <pharos/nn/modules/attention.h>

#include <cmath>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

ASMoutput::ASMoutput(Tensor output_, double loss_) : output(std::move(output_)), loss(loss_) {}
AdaptiveLogSoftmaxWithLossOptions::AdaptiveLogSoftmaxWithLossOptions(int64_t in_features,
                                                                     int64_t n_classes,
                                                                     std::vector<int64_t> cutoffs)
    : in_features_(in_features), n_classes_(n_classes), cutoffs_(std::move(cutoffs)) {}

// Its result is a struct, which AnyModule can hand on but hooks do not see.
PHAROS_DEFINE_MODULE(AdaptiveLogSoftmaxWithLossImpl)
AdaptiveLogSoftmaxWithLossImpl::AdaptiveLogSoftmaxWithLossImpl(int64_t in_features,
                                                               int64_t n_classes,
                                                               std::vector<int64_t> cutoffs)
    : AdaptiveLogSoftmaxWithLossImpl(
          AdaptiveLogSoftmaxWithLossOptions(in_features, n_classes, std::move(cutoffs))) {}
AdaptiveLogSoftmaxWithLossImpl::AdaptiveLogSoftmaxWithLossImpl(
    AdaptiveLogSoftmaxWithLossOptions options_)
    : options(std::move(options_)), shortlist_size(0), n_clusters(0), head_size(0) {
  AdaptiveLogSoftmaxWithLossImpl::reset();
}

void AdaptiveLogSoftmaxWithLossImpl::reset() {
  cutoffs = options.cutoffs();
  bool fits = !cutoffs.empty();
  for (size_t i = 0; i < cutoffs.size(); ++i)
    fits = fits && cutoffs[i] > (i ? cutoffs[i - 1] : 0) && cutoffs[i] < options.n_classes();
  TORCH_CHECK(fits,
              "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
              "order, where each value is between 1 and n_classes-1");
  cutoffs.push_back(options.n_classes());
  shortlist_size = cutoffs[0];
  n_clusters = static_cast<int64_t>(cutoffs.size()) - 1;
  head_size = shortlist_size + n_clusters;
  head = register_module(
      "head", Linear(LinearOptions(options.in_features(), head_size).bias(options.head_bias())));
  tail = register_module("tail", ModuleList());
  for (int64_t i = 0; i < n_clusters; ++i) {
    const auto hidden =
        static_cast<int64_t>(std::floor(static_cast<double>(options.in_features()) /
                                        std::pow(options.div_value(), static_cast<double>(i + 1))));
    const int64_t classes = cutoffs[static_cast<size_t>(i) + 1] - cutoffs[static_cast<size_t>(i)];
    // LibTorch draws the second layer's numbers first.
    Linear second(LinearOptions(hidden, classes).bias(false));
    Linear first(LinearOptions(options.in_features(), hidden).bias(false));
    tail->push_back(Sequential(first, second));
  }
}
void AdaptiveLogSoftmaxWithLossImpl::reset_parameters() {
  head->reset_parameters();
  for (size_t i = 0; i < tail->size(); ++i) {
    auto& cluster = tail->at<SequentialImpl>(i);
    cluster.at<LinearImpl>(0).reset_parameters();
    cluster.at<LinearImpl>(1).reset_parameters();
  }
}
void AdaptiveLogSoftmaxWithLossImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::AdaptiveLogSoftmaxWithLoss";
}

ASMoutput AdaptiveLogSoftmaxWithLossImpl::forward(const Tensor& input_, const Tensor& target_) {
  pharos::nn::ModuleScope scope(*this);
  const bool batched = target_.dim() > 0;
  TORCH_CHECK(target_.dim() <= 1, "0D or 1D target tensor expected, multi-target not supported");
  TORCH_CHECK(input_.dim() == (batched ? 2 : 1),
              "Input and target should have the same size in the batch dimension.");
  const Tensor input = batched ? input_ : input_.unsqueeze(0);
  const Tensor target = batched ? target_ : target_.unsqueeze(0);
  TORCH_CHECK(input.size(0) == target.size(0),
              "Input and target should have the same size in the batch dimension.");
  const int64_t batch = target.size(0);
  TORCH_CHECK(batch == 0 || (target.min().item().toLong() >= 0 &&
                             target.max().item().toLong() < options.n_classes()),
              "Target values should be in [0, n_classes - 1]");
  Tensor gather = at::empty({batch}, target.options());
  Tensor output = at::zeros({batch}, input.options());
  for (size_t i = 0; i < cutoffs.size(); ++i) {
    const int64_t low = i ? cutoffs[i - 1] : 0, high = cutoffs[i];
    const Tensor rows = target.ge(low).logical_and(target.lt(high)).nonzero().squeeze(-1);
    if (rows.numel() == 0) continue;
    const Tensor wanted = target.index_select(0, rows);
    if (i == 0) {
      gather.index_copy_(0, rows, wanted);
      continue;
    }
    const Tensor scores =
        tail->at<SequentialImpl>(i - 1).forward(input.index_select(0, rows)).log_softmax(1);
    gather.index_fill_(0, rows, shortlist_size + static_cast<int64_t>(i) - 1);
    output = output.index_copy(0, rows, scores.gather(1, wanted.sub(low).unsqueeze(1)).squeeze(1));
  }
  const Tensor head_log = head->forward(input).log_softmax(1);
  output = output.add(head_log.gather(1, gather.unsqueeze(1)).squeeze(1));
  const double loss = output.neg().mean().item().toDouble();
  return ASMoutput(batched ? output : output.squeeze(0), loss);
}

Tensor AdaptiveLogSoftmaxWithLossImpl::_get_full_log_prob(const Tensor& input,
                                                          const Tensor& head_output) {
  const Tensor head_log = head_output.log_softmax(1);
  std::vector<Tensor> parts = {head_log.slice(1, 0, shortlist_size)};
  for (int64_t i = 0; i < n_clusters; ++i) {
    const Tensor cluster =
        tail->at<SequentialImpl>(static_cast<size_t>(i)).forward(input).log_softmax(1);
    parts.push_back(cluster.add(head_log.select(1, shortlist_size + i).unsqueeze(1)));
  }
  return at::cat(parts, 1);
}
Tensor AdaptiveLogSoftmaxWithLossImpl::log_prob(const Tensor& input) {
  return _get_full_log_prob(input, head->forward(input));
}
Tensor AdaptiveLogSoftmaxWithLossImpl::predict(const Tensor& input) {
  return log_prob(input).argmax(1);
}

}  // namespace torch::nn
