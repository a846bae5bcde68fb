#include "evaluation.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace pharos::cli {
namespace {

constexpr int64_t kBatch = 256;
constexpr size_t kMistakesShown = 24;
constexpr int64_t kMapsShown = 64;
// Pictures over which a filter must stay silent to count as dead.
constexpr size_t kPicturesForDead = 256;

torch::Tensor batch_of(const Pictures& pictures, size_t begin, size_t end,
                       const ModelConfig& config) {
  std::vector<torch::Tensor> list;
  for (size_t i = begin; i < end; ++i) list.push_back(picture_tensor(pictures.read(i), config));
  return torch::stack(list);
}

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
                      const ModelConfig& config) {
  std::vector<Seen> seen;
  std::vector<torch::nn::RemovableHandle> handles;
  watch(net, seen, handles);
  if (seen.empty()) return;
  const size_t count = std::min(data.test.size(), kPicturesForDead);
  for (size_t i = 0; i < count; i += 64)
    net->forward(batch_of(data.test, i, std::min(count, i + 64), config));
  for (auto& h : handles) h.remove();

  report.sample = fit_image(data.test.read(0), config.shape);
  report.sample_label = config.classes[static_cast<size_t>(data.test.label(0))];
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
  for (size_t begin = 0; begin < pictures.size(); begin += kBatch) {
    const size_t end = std::min(pictures.size(), begin + kBatch);
    const auto logits = net->forward(batch_of(pictures, begin, end, config));
    std::vector<int64_t> labels;
    for (size_t i = begin; i < end; ++i) labels.push_back(pictures.label(i));
    const auto target = torch::tensor(labels);
    e.loss +=
        torch::nn::functional::cross_entropy(
            logits, target, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum))
            .item<double>();
    const auto best = logits.argmax(1);
    correct += best.eq(target).sum().item<int64_t>();
    for (int64_t i = 0; i < best.size(0); ++i)
      e.predicted.push_back(static_cast<int>(best[i].item<int64_t>()));
    probabilities.push_back(torch::softmax(logits, 1));
  }
  if (pictures.size() > 0) {
    e.loss /= static_cast<double>(pictures.size());
    e.accuracy = static_cast<double>(correct) / static_cast<double>(pictures.size());
    e.probabilities = torch::cat(probabilities);
  }
  return e;
}

void describe(Report& report, torch::nn::Sequential& net, const PictureData& data,
              const ModelConfig& config, const Evaluation& e) {
  EvalMode mode(net);
  const size_t classes = config.classes.size();
  report.class_names = config.classes;
  report.confusion.assign(classes, std::vector<int64_t>(classes, 0));
  std::vector<std::pair<double, size_t>> wrong;
  for (size_t i = 0; i < data.test.size(); ++i) {
    const auto truth = static_cast<size_t>(data.test.label(i)),
               guess = static_cast<size_t>(e.predicted[i]);
    report.confusion[truth][guess]++;
    if (truth != guess)
      wrong.emplace_back(
          e.probabilities[static_cast<int64_t>(i)][static_cast<int64_t>(guess)].item<double>(), i);
  }
  std::sort(wrong.rbegin(), wrong.rend());
  report.mistake_count = static_cast<int64_t>(wrong.size());
  for (size_t k = 0; k < std::min(wrong.size(), kMistakesShown); ++k) {
    const size_t i = wrong[k].second;
    Mistake m;
    m.picture = data.test.read(i);
    m.source = data.test.name(i);
    m.truth = data.test.label(i);
    m.predicted = e.predicted[i];
    m.truth_probability = e.probabilities[static_cast<int64_t>(i)][m.truth].item<double>();
    m.predicted_probability = wrong[k].first;
    report.mistakes.push_back(std::move(m));
  }
  add_feature_maps(report, net, data, config);
}

}  // namespace pharos::cli
