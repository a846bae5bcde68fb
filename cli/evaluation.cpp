#include "evaluation.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace pharos::cli {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kMistakesShown = 24;
constexpr int64_t kMapsShown = 64;
// Pictures over which a filter must stay silent to count as dead.
constexpr size_t kPicturesForDead = 256;

// The pictures, each with its index in the place of a label.
struct Numbered : torch::data::datasets::Dataset<Numbered> {
  Numbered(const Pictures* p, const ModelConfig* c) : pictures(p), config(c) {}
  const Pictures* pictures;
  const ModelConfig* config;

  torch::data::Example<> get(size_t index) override {
    return {picture_tensor(pictures->read(index), *config),
            torch::tensor(static_cast<int64_t>(index))};
  }
  c10::optional<size_t> size() const override { return pictures->size(); }
};

class EvalMode {
 public:
  explicit EvalMode(torch::nn::Sequential& net) : net_(net), was_training_(net->is_training()) {
    net_->eval();
  }
  ~EvalMode() { net_->train(was_training_); }

 private:
  torch::NoGradGuard no_grad_;
  torch::nn::Sequential& net_;
  bool was_training_;
};

data::Image grey_image(const torch::Tensor& map, double low, double high) {
  data::Image image;
  image.height = map.size(0);
  image.width = map.size(1);
  image.channels = 1;
  const auto bytes = ((map - low) / std::max(high - low, 1e-12) * 255)
                         .clamp(0, 255)
                         .round()
                         .to(torch::kByte)
                         .contiguous();
  image.pixels.assign(bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + bytes.numel());
  return image;
}

// What a convolution gave: its maps for the first picture, and each filter's range over all.
struct Seen {
  std::string name, description;
  torch::Tensor maps, low, high;
};

void watch(torch::nn::Sequential& net, std::vector<Seen>& seen,
           std::vector<torch::nn::RemovableHandle>& handles) {
  // Sized before any hook runs: the hooks keep references into it.
  const auto modules = net->named_modules("", false);
  for (const auto& m : modules)
    if (auto* conv = m.value()->as<torch::nn::Conv2d>())
      seen.push_back({m.key(),
                      fmt::format("{} filters of {}x{}", conv->options.out_channels(),
                                  conv->weight.size(2), conv->weight.size(3)),
                      {},
                      {},
                      {}});
  size_t next = 0;
  for (const auto& m : modules) {
    if (!m.value()->as<torch::nn::Conv2d>()) continue;
    handles.push_back(m.value()->register_forward_hook(
        [s = &seen[next]](torch::nn::Module&, const torch::Tensor&, const torch::Tensor& out) {
          const auto low = out.amin({0, 2, 3}), high = out.amax({0, 2, 3});
          if (!s->maps.defined()) {
            s->maps = out[0].clone();
            s->low = low;
            s->high = high;
          } else {
            s->low = torch::minimum(s->low, low);
            s->high = torch::maximum(s->high, high);
          }
        }));
    ++next;
  }
}

// Whether a ReLU follows the convolution directly: then a filter that is never above 0 does
// nothing.
bool feeds_relu(torch::nn::Sequential& net, const std::string& name) {
  bool previous = false;
  for (const auto& child : net->named_children()) {
    if (previous) return child.value()->as<torch::nn::ReLU>() != nullptr;
    previous = child.key() == name;
  }
  return false;
}

void add_feature_maps(Report& report, torch::nn::Sequential& net, const PictureData& data,
                      const ModelConfig& config, const std::vector<size_t>& indices) {
  std::vector<Seen> seen;
  std::vector<torch::nn::RemovableHandle> handles;
  watch(net, seen, handles);
  if (seen.empty()) return;
  const size_t count = std::min(indices.size(), kPicturesForDead);
  for (size_t begin = 0; begin < count; begin += 64) {
    std::vector<torch::Tensor> batch;
    for (size_t k = begin; k < std::min(count, begin + 64); ++k)
      batch.push_back(picture_tensor(data.test.read(indices[k]), config));
    net->forward(torch::stack(batch));
  }
  for (auto& h : handles) h.remove();

  report.sample = fit_image(data.test.read(indices[0]), config.shape);
  report.sample_label = config.classes[static_cast<size_t>(data.test.label(indices[0]))];
  for (Seen& s : seen) {
    LayerMaps layer;
    layer.name = s.name;
    layer.description = s.description;
    if (s.maps.size(0) > kMapsShown)
      layer.description += fmt::format(", the first {} shown", kMapsShown);
    const bool relu = feeds_relu(net, s.name);
    for (int64_t k = 0; k < std::min(s.maps.size(0), kMapsShown); ++k) {
      FeatureMap map;
      const double low = s.low[k].item<double>(), high = s.high[k].item<double>();
      map.picture =
          grey_image(s.maps[k], s.maps[k].min().item<double>(), s.maps[k].max().item<double>());
      if (relu && high <= 0) {
        map.dead = true;
        map.reason = fmt::format(
            "never above 0 on {} test pictures, so the ReLU behind it passes nothing", count);
      } else if (high - low < 1e-6) {
        map.dead = true;
        map.reason = fmt::format("the same value everywhere on {} test pictures", count);
      }
      layer.maps.push_back(std::move(map));
    }
    report.layers.push_back(std::move(layer));
  }
}

}  // namespace

Evaluation evaluate(torch::nn::Sequential& net, const Pictures& pictures,
                    const ModelConfig& config) {
  EvalMode mode(net);
  Evaluation e;
  std::vector<torch::Tensor> probabilities;
  int64_t correct = 0;
  auto loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      Numbered(&pictures, &config).map(torch::data::transforms::Stack<>()),
      torch::data::DataLoaderOptions(kBatch).seed(0).bad_samples(
          torch::data::BadSamplePolicy::skip));
  for (auto& batch : *loader) {
    const auto logits = net->forward(batch.data);
    const auto best = logits.argmax(1);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < best.size(0); ++i) {
      e.indices.push_back(static_cast<size_t>(batch.target[i].item<int64_t>()));
      e.predicted.push_back(static_cast<int>(best[i].item<int64_t>()));
      labels.push_back(pictures.label(e.indices.back()));
    }
    const auto target = torch::tensor(labels);
    e.loss +=
        torch::nn::functional::cross_entropy(
            logits, target, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum))
            .item<double>();
    correct += best.eq(target).sum().item<int64_t>();
    probabilities.push_back(torch::softmax(logits, 1));
  }
  TORCH_CHECK(!e.indices.empty(), "no test picture could be read");
  e.loss /= static_cast<double>(e.indices.size());
  e.accuracy = static_cast<double>(correct) / static_cast<double>(e.indices.size());
  e.probabilities = torch::cat(probabilities);
  e.left_out = loader->bad_samples();
  return e;
}

void describe(Report& report, torch::nn::Sequential& net, const PictureData& data,
              const ModelConfig& config, const Evaluation& e) {
  EvalMode mode(net);
  const size_t classes = config.classes.size();
  report.class_names = config.classes;
  report.confusion.assign(classes, std::vector<int64_t>(classes, 0));
  std::vector<std::pair<double, size_t>> wrong;
  for (size_t k = 0; k < e.indices.size(); ++k) {
    const auto truth = static_cast<size_t>(data.test.label(e.indices[k])),
               guess = static_cast<size_t>(e.predicted[k]);
    report.confusion[truth][guess]++;
    if (truth != guess)
      wrong.emplace_back(
          e.probabilities[static_cast<int64_t>(k)][static_cast<int64_t>(guess)].item<double>(), k);
  }
  std::sort(wrong.rbegin(), wrong.rend());
  report.mistake_count = static_cast<int64_t>(wrong.size());
  for (size_t n = 0; n < std::min(wrong.size(), kMistakesShown); ++n) {
    const size_t k = wrong[n].second, i = e.indices[k];
    Mistake m;
    m.picture = data.test.read(i);
    m.source = data.test.name(i);
    m.truth = data.test.label(i);
    m.predicted = e.predicted[k];
    m.truth_probability = e.probabilities[static_cast<int64_t>(k)][m.truth].item<double>();
    m.predicted_probability = wrong[n].first;
    report.mistakes.push_back(std::move(m));
  }
  add_feature_maps(report, net, data, config, e.indices);
}

}  // namespace pharos::cli
