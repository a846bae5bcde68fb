// One program for two libraries: built against LibTorch it writes golden/layers.txt, built against
// Pharos its output is compared with that file. Per layer: how it prints, the names, sizes and
// numbers of its parameters for a seed, its output in training mode and the gradient of its input.
#pragma once

#include <torch/torch.h>

#include <iomanip>
#include <ostream>
#include <string>

namespace layers_program {

using torch::Tensor;
namespace nn = torch::nn;

inline void show(std::ostream& out, const std::string& what, const Tensor& t) {
  out << what << " " << t.sizes() << " " << t.scalar_type();
  if (t.numel() > 0) {
    // Three linear measures that tell apart values and their places.
    const Tensor f = t.detach().to(torch::kDouble).reshape(-1);
    const Tensor w = torch::arange(f.numel(), torch::kDouble);
    const Tensor near = torch::where(torch::isfinite(f), f, torch::zeros_like(f));
    out << " " << near.sum().item<double>() << " " << (near * (w * 0.37).sin()).sum().item<double>()
        << " " << f[0].item<double>();
  }
  out << "\n";
}

inline void show(std::ostream& out, const std::string& what, const std::tuple<Tensor, Tensor>& t) {
  show(out, what + ".0", std::get<0>(t));
  show(out, what + ".1", std::get<1>(t));
}
inline void show(std::ostream& out, const std::string& what,
                 const std::tuple<Tensor, std::tuple<Tensor, Tensor>>& t) {
  show(out, what + ".0", std::get<0>(t));
  show(out, what + ".1", std::get<1>(t));
}

inline Tensor loss_of(const Tensor& t) {
  const Tensor f = t.is_floating_point() ? t : t.to(torch::kFloat);
  return (f * (torch::arange(f.numel(), torch::kFloat) * 0.61).cos().reshape(f.sizes())).sum();
}
template <typename A, typename B>
Tensor loss_of(const std::tuple<A, B>& t) {
  return loss_of(std::get<0>(t));
}

class Run {
 public:
  explicit Run(std::ostream& out) : out_(out) { out_ << std::setprecision(9); }

  template <typename Make, typename... Inputs>
  void operator()(const char* name, Make make, Inputs... inputs) {
    out_ << "== " << name << "\n";
    try {
      torch::manual_seed(7);
      auto layer = make();
      if (!std::is_base_of<nn::SequentialImpl, typename decltype(layer)::ContainedType>::value)
        out_ << "print " << layer << "\n";
      else
        out_ << "print " << *layer << "\n";
      for (const auto& p : layer->named_parameters()) show(out_, "parameter " + p.key(), p.value());
      for (const auto& b : layer->named_buffers()) show(out_, "buffer " + b.key(), b.value());
      forward(layer, inputs...);
      for (const auto& b : layer->named_buffers()) show(out_, "buffer after " + b.key(), b.value());
    } catch (const c10::Error& e) {
      const std::string what = e.what_without_backtrace();
      out_ << "error " << what.substr(0, what.find('\n')) << "\n";
    }
  }

 private:
  template <typename Layer>
  void forward(Layer&) {}
  template <typename Layer, typename... Inputs>
  void forward(Layer& layer, Tensor first, Inputs... rest) {
    if (first.is_floating_point()) first = first.detach().clone().set_requires_grad(true);
    auto y = layer->forward(first, rest...);
    show(out_, "output", y);
    const Tensor loss = loss_of(y);
    if (loss.requires_grad()) loss.backward();
    if (first.grad().defined()) show(out_, "input gradient", first.grad());
    for (const auto& p : layer->named_parameters())
      if (p.value().grad().defined()) show(out_, "gradient " + p.key(), p.value().grad());
  }
  std::ostream& out_;
};

inline Tensor input(at::IntArrayRef sizes, double from = -2, double to = 2) {
  int64_t n = 1;
  for (int64_t s : sizes) n *= s;
  // Not sorted along any dimension.
  const Tensor t = (torch::arange(n, torch::kDouble) * 0.7391).sin();
  return (t * ((to - from) / 2) + (to + from) / 2).to(torch::kFloat).reshape(sizes);
}
inline Tensor indices(std::vector<int64_t> v) { return torch::tensor(v, torch::kLong); }

#define LAYER(expr, ...) \
  run(                   \
      #expr, [] { return nn::expr; }, ##__VA_ARGS__)

inline void linear_layers(Run& run) {
  LAYER(Linear(4, 3), input({5, 4}));
  LAYER(Linear(4, 3), input({2, 5, 4}));
  LAYER(Linear(nn::LinearOptions(4, 3).bias(false)), input({5, 4}));
  LAYER(Bilinear(4, 3, 2), input({5, 4}), input({5, 3}));
  LAYER(Identity(), input({3}));
  LAYER(Flatten(), input({2, 3, 4}));
  LAYER(Flatten(nn::FlattenOptions().start_dim(0).end_dim(1)), input({2, 3, 4}));
  LAYER(Unflatten(nn::UnflattenOptions(1, {2, 3})), input({2, 6}));
  LAYER(Embedding(7, 3), indices({1, 5, 1}));
  LAYER(Embedding(nn::EmbeddingOptions(7, 3).padding_idx(2).max_norm(1.0).norm_type(1)),
        indices({1, 2, 6}));
  LAYER(EmbeddingBag(7, 3), indices({1, 5, 1, 2}), indices({0, 2}));
  LAYER(EmbeddingBag(nn::EmbeddingBagOptions(7, 3).mode(torch::kSum)),
        indices({1, 5, 1, 2}).reshape({2, 2}));
  LAYER(EmbeddingBag(nn::EmbeddingBagOptions(7, 3).mode(torch::kMax)),
        indices({1, 5, 1, 2}).reshape({2, 2}));
}

inline void activations(Run& run) {
  const Tensor x = input({3, 4}, -4, 4);
  LAYER(ELU(), x);
  LAYER(ELU(nn::ELUOptions().alpha(0.5)), x);
  LAYER(SELU(), x);
  LAYER(Hardshrink(), x);
  LAYER(Hardshrink(0.3), x);
  LAYER(Hardtanh(), x);
  LAYER(Hardtanh(nn::HardtanhOptions().min_val(-0.5).max_val(2)), x);
  LAYER(LeakyReLU(), x);
  LAYER(LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.2)), x);
  LAYER(LogSigmoid(), x);
  LAYER(Softmax(1), x);
  LAYER(Softmin(0), x);
  LAYER(LogSoftmax(1), x);
  LAYER(Softmax2d(), input({2, 3, 2, 2}));
  LAYER(PReLU(), x);
  LAYER(PReLU(nn::PReLUOptions().num_parameters(4).init(0.1)), x);
  LAYER(ReLU(), x);
  LAYER(ReLU6(), x);
  LAYER(RReLU(), x);
  LAYER(CELU(), x);
  LAYER(GLU(), x);
  LAYER(GELU(), x);
  LAYER(GELU(nn::GELUOptions().approximate("tanh")), x);
  LAYER(SiLU(), x);
  LAYER(Mish(), x);
  LAYER(Sigmoid(), x);
  LAYER(Softplus(), x);
  LAYER(Softplus(nn::SoftplusOptions().beta(2).threshold(3)), x);
  LAYER(Softshrink(), x);
  LAYER(Softsign(), x);
  LAYER(Tanh(), x);
  LAYER(Tanhshrink(), x);
  LAYER(Threshold(0.5, 7), x);
  LAYER(Dropout(), input({20}));
  LAYER(Dropout(0.2), input({20}));
  LAYER(Dropout2d(), input({2, 4, 2, 2}));
  LAYER(Dropout3d(), input({2, 4, 2, 2, 2}));
  LAYER(AlphaDropout(), input({20}));
  LAYER(FeatureAlphaDropout(), input({2, 4, 3}));
}

inline void convolutions(Run& run) {
  LAYER(Conv1d(4, 6, 3), input({2, 4, 7}));
  LAYER(Conv1d(nn::Conv1dOptions(4, 6, 3).stride(2).padding(1).dilation(2).groups(2).bias(false)),
        input({2, 4, 9}));
  LAYER(Conv1d(nn::Conv1dOptions(4, 6, 3).padding(torch::kSame)), input({2, 4, 7}));
  LAYER(Conv1d(nn::Conv1dOptions(4, 6, 3).padding(1).padding_mode(torch::kCircular)),
        input({2, 4, 7}));
  LAYER(Conv2d(3, 5, 3), input({2, 3, 6, 7}));
  LAYER(Conv2d(nn::Conv2dOptions(3, 5, {3, 2}).stride({2, 1}).padding({1, 0})),
        input({2, 3, 6, 7}));
  LAYER(Conv2d(nn::Conv2dOptions(3, 5, 3).padding(1).padding_mode(torch::kReflect)),
        input({2, 3, 6, 7}));
  LAYER(Conv2d(nn::Conv2dOptions(3, 5, 4).padding(torch::kSame)), input({2, 3, 6, 7}));
  LAYER(Conv2d(nn::Conv2dOptions(3, 5, 3).padding(torch::kValid)), input({3, 6, 7}));
  LAYER(Conv3d(2, 3, 2), input({1, 2, 3, 4, 3}));
  LAYER(Conv3d(nn::Conv3dOptions(2, 3, 3).padding(1).padding_mode(torch::kReplicate)),
        input({1, 2, 3, 4, 3}));
  LAYER(ConvTranspose1d(4, 6, 3), input({2, 4, 7}));
  LAYER(ConvTranspose2d(4, 6, 3), input({2, 4, 5, 4}));
  LAYER(
      ConvTranspose2d(
          nn::ConvTranspose2dOptions(4, 6, 3).stride(2).padding(1).output_padding(1).groups(2).bias(
              false)),
      input({2, 4, 5, 4}));
  LAYER(ConvTranspose3d(2, 3, 2), input({1, 2, 3, 2, 3}));
}

inline void norms(Run& run) {
  LAYER(BatchNorm1d(4), input({5, 4}));
  LAYER(BatchNorm1d(4), input({5, 4, 3}));
  LAYER(BatchNorm1d(nn::BatchNorm1dOptions(4).momentum(std::nullopt).eps(1e-3)), input({5, 4}));
  LAYER(BatchNorm2d(4), input({3, 4, 2, 3}));
  LAYER(BatchNorm2d(nn::BatchNorm2dOptions(4).affine(false).track_running_stats(false)),
        input({3, 4, 2, 3}));
  LAYER(BatchNorm3d(2), input({3, 2, 2, 3, 2}));
  LAYER(BatchNorm2d(4), input({3, 4}));
  LAYER(InstanceNorm1d(4), input({2, 4, 5}));
  LAYER(InstanceNorm1d(4), input({4, 5}));
  LAYER(InstanceNorm2d(nn::InstanceNorm2dOptions(4).affine(true).track_running_stats(true)),
        input({2, 4, 3, 3}));
  LAYER(InstanceNorm3d(2), input({2, 2, 3, 2, 2}));
  LAYER(LayerNorm(nn::LayerNormOptions({4})), input({3, 4}));
  LAYER(LayerNorm(nn::LayerNormOptions({2, 4}).elementwise_affine(false).eps(1e-2)),
        input({3, 2, 4}));
  LAYER(GroupNorm(2, 4), input({3, 4, 5}));
  LAYER(GroupNorm(nn::GroupNormOptions(4, 4).affine(false)), input({3, 4, 5}));
  LAYER(LocalResponseNorm(2), input({2, 4, 3, 3}));
  LAYER(LocalResponseNorm(nn::LocalResponseNormOptions(3).alpha(0.1).beta(0.5).k(2)),
        input({2, 4, 3}));
}

inline void pools(Run& run) {
  LAYER(MaxPool1d(2), input({2, 3, 7}));
  LAYER(MaxPool2d(2), input({2, 3, 6, 7}));
  LAYER(MaxPool2d(
            nn::MaxPool2dOptions({3, 2}).stride({2, 1}).padding({1, 1}).dilation({1, 2}).ceil_mode(
                true)),
        input({2, 3, 6, 7}));
  LAYER(MaxPool3d(2), input({1, 2, 4, 4, 5}));
  LAYER(AvgPool1d(2), input({2, 3, 7}));
  LAYER(AvgPool2d(2), input({2, 3, 6, 7}));
  LAYER(
      AvgPool2d(nn::AvgPool2dOptions({3, 2}).stride(2).padding(1).ceil_mode(true).count_include_pad(
          false)),
      input({2, 3, 6, 7}));
  LAYER(AvgPool2d(nn::AvgPool2dOptions(2).divisor_override(3)), input({2, 3, 6, 7}));
  LAYER(AvgPool3d(2), input({1, 2, 4, 4, 5}));
  LAYER(AdaptiveMaxPool1d(3), input({2, 3, 7}));
  LAYER(AdaptiveMaxPool2d(3), input({2, 3, 6, 7}));
  LAYER(AdaptiveMaxPool3d(2), input({1, 2, 4, 4, 5}));
  LAYER(AdaptiveAvgPool1d(3), input({2, 3, 7}));
  LAYER(AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({3, 2})), input({2, 3, 6, 7}));
  LAYER(AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({std::nullopt, 2})), input({2, 3, 6, 7}));
  LAYER(AdaptiveAvgPool3d(2), input({1, 2, 4, 4, 5}));
  LAYER(LPPool1d(2, 3), input({2, 3, 7}, 0.5, 2));
  LAYER(LPPool2d(nn::LPPool2dOptions(1.5, 2).stride(1)), input({2, 3, 6, 7}, 0.5, 2));
  LAYER(LPPool3d(2, 2), input({1, 2, 4, 4, 5}, 0.5, 2));
  LAYER(MaxUnpool1d(2), input({1, 1, 2}), indices({1, 3}).reshape({1, 1, 2}));
  LAYER(MaxUnpool2d(nn::MaxUnpool2dOptions(2).stride(2).padding(0)), input({1, 1, 1, 2}),
        indices({1, 6}).reshape({1, 1, 1, 2}));
  LAYER(MaxUnpool3d(2), input({1, 1, 1, 1, 2}), indices({1, 6}).reshape({1, 1, 1, 1, 2}));
}

inline void shapes(Run& run) {
  LAYER(ReflectionPad1d(2), input({1, 2, 4}));
  LAYER(ReflectionPad2d(nn::ReflectionPad2dOptions({1, 2, 0, 1})), input({1, 2, 4, 3}));
  LAYER(ReflectionPad3d(1), input({1, 2, 2, 3, 3}));
  LAYER(ReplicationPad1d(2), input({1, 2, 4}));
  LAYER(ReplicationPad2d(1), input({1, 2, 4, 3}));
  LAYER(ReplicationPad3d(1), input({1, 2, 2, 3, 3}));
  LAYER(ZeroPad1d(1), input({1, 2, 4}));
  LAYER(ZeroPad2d(nn::ZeroPad2dOptions({1, 2, 0, 1})), input({1, 2, 4, 3}));
  LAYER(ZeroPad3d(1), input({1, 2, 2, 3, 3}));
  LAYER(ConstantPad1d(2, 3.5), input({1, 2, 4}));
  LAYER(ConstantPad2d(nn::ConstantPad2dOptions({1, 2, 0, 1}, -1)), input({1, 2, 4, 3}));
  LAYER(ConstantPad3d(1, 0.5), input({1, 2, 2, 3, 3}));
  LAYER(Upsample(nn::UpsampleOptions().scale_factor(std::vector<double>{2.0})), input({1, 2, 4}));
  LAYER(Upsample(nn::UpsampleOptions()
                     .size(std::vector<int64_t>{5, 7})
                     .mode(torch::kBilinear)
                     .align_corners(false)),
        input({1, 2, 3, 4}));
  LAYER(Upsample(nn::UpsampleOptions()
                     .scale_factor(std::vector<double>{2.0, 1.5})
                     .mode(torch::kBicubic)
                     .align_corners(true)),
        input({1, 2, 3, 4}));
  LAYER(Upsample(nn::UpsampleOptions()
                     .scale_factor(std::vector<double>{2.0})
                     .mode(torch::kLinear)
                     .align_corners(false)),
        input({1, 2, 4}));
  LAYER(Upsample(nn::UpsampleOptions()
                     .scale_factor(std::vector<double>{2, 2, 2})
                     .mode(torch::kTrilinear)
                     .align_corners(false)),
        input({1, 1, 2, 3, 2}));
  LAYER(PixelShuffle(2), input({1, 8, 2, 3}));
  LAYER(PixelUnshuffle(2), input({1, 2, 4, 6}));
  LAYER(Fold(nn::FoldOptions({4, 5}, {2, 2})), input({1, 12, 12}));
  LAYER(Unfold(nn::UnfoldOptions({2, 3}).dilation(1).padding(1).stride(2)), input({1, 2, 4, 5}));
  LAYER(CosineSimilarity(), input({3, 4}), input({3, 4}, -1, 3));
  LAYER(CosineSimilarity(nn::CosineSimilarityOptions().dim(0).eps(1e-3)), input({3, 4}),
        input({3, 4}, -1, 3));
  LAYER(PairwiseDistance(), input({3, 4}), input({3, 4}, -1, 3));
  LAYER(PairwiseDistance(nn::PairwiseDistanceOptions().p(1).keepdim(true)), input({3, 4}),
        input({3, 4}, -1, 3));
}

inline void recurrent(Run& run) {
  LAYER(RNN(3, 4), input({5, 2, 3}));
  LAYER(RNN(nn::RNNOptions(3, 4).num_layers(2).nonlinearity(torch::kReLU).bidirectional(true)),
        input({5, 2, 3}));
  LAYER(LSTM(3, 4), input({5, 2, 3}));
  LAYER(LSTM(nn::LSTMOptions(3, 4).num_layers(2).bidirectional(true).batch_first(true).bias(false)),
        input({2, 5, 3}));
  LAYER(LSTM(nn::LSTMOptions(3, 4).proj_size(2)), input({5, 2, 3}));
  LAYER(LSTM(nn::LSTMOptions(3, 4).num_layers(2).dropout(0.5)), input({5, 2, 3}));
  LAYER(GRU(3, 4), input({5, 2, 3}));
  LAYER(GRU(nn::GRUOptions(3, 4).num_layers(2).batch_first(true).bidirectional(true)),
        input({2, 5, 3}));
  LAYER(RNNCell(3, 4), input({2, 3}));
  LAYER(RNNCell(nn::RNNCellOptions(3, 4).nonlinearity(torch::kReLU).bias(false)), input({2, 3}));
  LAYER(LSTMCell(3, 4), input({2, 3}));
  LAYER(GRUCell(3, 4), input({2, 3}), input({2, 4}));
}

inline void attention(Run& run) {
  const Tensor x = input({5, 2, 8}), k = input({6, 2, 8}, -1, 3);
  LAYER(MultiheadAttention(8, 2), x, k, k);
  LAYER(
      MultiheadAttention(nn::MultiheadAttentionOptions(8, 4).add_bias_kv(true).add_zero_attn(true)),
      x, k, k);
  LAYER(MultiheadAttention(nn::MultiheadAttentionOptions(8, 2).kdim(3).vdim(3).bias(false)), x,
        input({6, 2, 3}), input({6, 2, 3}, -1, 3));
  LAYER(TransformerEncoderLayer(
            nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0)),
        x);
  LAYER(TransformerEncoderLayer(
            nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).activation(torch::kGELU)),
        x);
  LAYER(TransformerDecoderLayer(
            nn::TransformerDecoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0)),
        x, input({4, 2, 8}));
  LAYER(TransformerEncoder(nn::TransformerEncoderOptions(
            nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0), 2)),
        x);
  LAYER(TransformerDecoder(nn::TransformerDecoderOptions(
            nn::TransformerDecoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0), 2)),
        x, input({4, 2, 8}));
  LAYER(Transformer(nn::TransformerOptions(8, 2, 1, 1).dim_feedforward(16).dropout(0.0)), x,
        input({4, 2, 8}));
}

inline void losses(Run& run) {
  const Tensor x = input({4, 3}), y = input({4, 3}, -1, 3);
  const Tensor p = torch::sigmoid(x), q = torch::sigmoid(y);
  const Tensor sign = torch::where(y > 0, torch::ones_like(y), -torch::ones_like(y));
  const Tensor labels = indices({0, 2, 1, 2});
  LAYER(L1Loss(), x, y);
  LAYER(L1Loss(torch::kNone), x, y);
  LAYER(MSELoss(), x, y);
  LAYER(MSELoss(torch::kSum), x, y);
  LAYER(KLDivLoss(nn::KLDivLossOptions().reduction(torch::kBatchMean)), p.log(), q);
  LAYER(KLDivLoss(nn::KLDivLossOptions().reduction(torch::kSum).log_target(true)), p.log(),
        q.log());
  LAYER(BCELoss(), p, q);
  LAYER(BCEWithLogitsLoss(), x, q);
  LAYER(BCEWithLogitsLoss(nn::BCEWithLogitsLossOptions()
                              .pos_weight(torch::tensor({1.f, 2.f, 3.f}))
                              .reduction(torch::kSum)),
        x, q);
  LAYER(HingeEmbeddingLoss(nn::HingeEmbeddingLossOptions().margin(2)), x, sign);
  LAYER(MultiMarginLoss(), x, labels);
  LAYER(MultiMarginLoss(
            nn::MultiMarginLossOptions().p(2).margin(0.5).weight(torch::tensor({1.f, 2.f, 3.f}))),
        x, labels);
  LAYER(CosineEmbeddingLoss(nn::CosineEmbeddingLossOptions().margin(0.1)), x, y,
        torch::tensor({1.f, -1.f, 1.f, -1.f}));
  LAYER(SmoothL1Loss(), x, y);
  LAYER(SmoothL1Loss(nn::SmoothL1LossOptions().beta(0.5).reduction(torch::kSum)), x, y);
  LAYER(HuberLoss(nn::HuberLossOptions().delta(0.5)), x, y);
  LAYER(MultiLabelMarginLoss(), x,
        indices({0, -1, 0, 2, 1, -1, 1, 0, -1, 0, 1, 2}).reshape({4, 3}));
  LAYER(SoftMarginLoss(), x, sign);
  LAYER(MultiLabelSoftMarginLoss(), x, q);
  LAYER(TripletMarginLoss(), x, y, p);
  LAYER(TripletMarginLoss(
            nn::TripletMarginLossOptions().margin(2).p(1).swap(true).reduction(torch::kSum)),
        x, y, p);
  LAYER(TripletMarginWithDistanceLoss(), x, y, p);
  LAYER(CTCLoss(), torch::log_softmax(input({6, 2, 4}), 2), indices({1, 2, 3, 1}).reshape({2, 2}),
        indices({6, 5}), indices({2, 1}));
  LAYER(PoissonNLLLoss(), x, q);
  LAYER(PoissonNLLLoss(nn::PoissonNLLLossOptions().log_input(false).full(true).eps(1e-6)), p,
        q * 4);
  LAYER(MarginRankingLoss(nn::MarginRankingLossOptions().margin(0.5)), x, y, sign);
  LAYER(NLLLoss(), torch::log_softmax(x, 1), labels);
  LAYER(NLLLoss(nn::NLLLossOptions().weight(torch::tensor({1.f, 2.f, 3.f})).ignore_index(1)),
        torch::log_softmax(x, 1), labels);
  LAYER(CrossEntropyLoss(), x, labels);
  LAYER(CrossEntropyLoss(nn::CrossEntropyLossOptions().label_smoothing(0.1).reduction(torch::kSum)),
        x, labels);
  LAYER(AdaptiveLogSoftmaxWithLoss(nn::AdaptiveLogSoftmaxWithLossOptions(32, 10, {4, 7})));
}

inline void containers(Run& run) {
  LAYER(Sequential(nn::Linear(4, 4), nn::ReLU(), nn::BatchNorm1d(4)), input({5, 4}));
  run(
      "named Sequential",
      [] {
        return nn::Sequential(
            {{"conv", nn::Conv2d(1, 2, 3)}, {"act", nn::ReLU()}, {"flat", nn::Flatten()}});
      },
      input({2, 1, 4, 4}));
  run("ModuleList", [] {
    nn::ModuleList list(nn::Linear(2, 3), nn::ReLU());
    list->push_back(nn::Sequential(nn::Linear(3, 3), nn::Tanh()));
    return list;
  });
  run("ModuleDict", [] {
    torch::OrderedDict<std::string, std::shared_ptr<nn::Module>> d = {
        {"a", nn::Linear(2, 3).ptr()}, {"b", nn::Conv2d(1, 2, 3).ptr()}};
    return nn::ModuleDict(d);
  });
  run("ParameterList", [] { return nn::ParameterList(torch::ones({2}), torch::zeros({2, 3})); });
  run("ParameterDict", [] {
    nn::ParameterDict d;
    d->insert("w", torch::ones({2}));
    return d;
  });
  run(
      "clone of a Sequential",
      [] {
        torch::manual_seed(3);
        nn::Sequential a(nn::Linear(3, 4), nn::Dropout(0.1));
        auto copy = std::dynamic_pointer_cast<nn::SequentialImpl>(a->clone());
        copy->push_back(nn::Linear(4, 2));  // shows what clone() drew
        return nn::Sequential(copy);
      },
      input({2, 3}));
  run(
      "clone of a TransformerEncoderLayer",
      [] {
        torch::manual_seed(3);
        nn::TransformerEncoderLayer a(
            nn::TransformerEncoderLayerOptions(8, 2).dim_feedforward(16).dropout(0.0));
        auto copy = std::dynamic_pointer_cast<nn::TransformerEncoderLayerImpl>(a->clone());
        return nn::TransformerEncoderLayer(copy);
      },
      input({5, 2, 8}));
}

#undef LAYER

inline void all(std::ostream& out) {
  Run run(out);
  linear_layers(run);
  activations(run);
  convolutions(run);
  norms(run);
  pools(run);
  shapes(run);
  recurrent(run);
  attention(run);
  losses(run);
  containers(run);
}

}  // namespace layers_program
