// pharos train: trains an image classifier, keeps checkpoints from which a killed run goes on
// exactly, and leaves metrics and a report.
#include <fmt/core.h>
#include <pharos/nn/state.h>
#include <pharos/random.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "commands.h"
#include "evaluation.h"
#include "files.h"
#include "progress.h"

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Example = torch::data::Example<>;

// Beside the checkpoint at each epoch's end and those asked for, one is written when the last is
// this old.
constexpr double kCheckpointSeconds = 20;

double seconds_since(Clock::time_point t) {
  return std::chrono::duration<double>(Clock::now() - t).count();
}

// The training pictures, each shifted at random by up to an eighth of its size.
struct TrainSet : torch::data::datasets::Dataset<TrainSet> {
  TrainSet(const Pictures* p, const ModelConfig* c) : pictures(p), config(c) {}
  const Pictures* pictures;
  const ModelConfig* config;

  Example get(size_t index) override {
    const auto picture = picture_tensor(pictures->read(index), *config);
    const int64_t reach_y = picture.size(1) / 8, reach_x = picture.size(2) / 8;
    const auto dy = torch::randint(0, 2 * reach_y + 1, {1}).item<int64_t>();
    const auto dx = torch::randint(0, 2 * reach_x + 1, {1}).item<int64_t>();
    // What comes in at the border is what a blank picture holds.
    const double blank = -config->mean / config->std;
    const auto padded =
        torch::constant_pad_nd(picture, {reach_x, reach_x, reach_y, reach_y}, blank);
    return {padded.narrow(1, dy, picture.size(1)).narrow(2, dx, picture.size(2)).clone(),
            torch::tensor(static_cast<int64_t>(pictures->label(index)))};
  }
  c10::optional<size_t> size() const override { return pictures->size(); }
};

// Mean and deviation of the pictures' values, from about a thousand of them, evenly chosen.
void measure(const Pictures& pictures, ModelConfig& config) {
  const size_t step = std::max<size_t>(1, pictures.size() / 1000);
  double sum = 0, squares = 0, count = 0;
  for (size_t i = 0; i < pictures.size(); i += step) {
    data::Image picture;
    try {
      picture = pictures.read(i);
    } catch (const c10::Error&) {
      continue;  // training leaves it out too, and tells
    }
    for (uint8_t v : picture.pixels) {
      const double x = v / 255.0;
      sum += x;
      squares += x * x;
      count += 1;
    }
  }
  TORCH_CHECK(count > 0, "no training picture could be read");
  config.mean = sum / count;
  config.std =
      std::max(std::sqrt(std::max(squares / count - config.mean * config.mean, 0.0)), 1e-3);
}

class Training {
 public:
  explicit Training(const TrainOptions& options)
      : options_(options),
        data_(load_pictures(options.data)),
        checkpoint_(options.out + "/checkpoint.pt"),
        best_(options.out + "/best.pt"),
        metrics_(options.out + "/metrics.json"),
        report_(options.out + "/report.html"),
        progress_(stdout, options.epochs) {
    fs::create_directories(options.out);
    for (const auto& path : {checkpoint_, best_, metrics_, report_}) remove_leftovers(path);
    if (options.threads > 0) torch::set_num_threads(options.threads);
    torch::manual_seed(options.seed);
    config_.kind = options.model;
    config_.shape = data_.shape;
    config_.classes = data_.class_names;
    measure(data_.train, config_);
    net_ = make_model(config_.kind, config_.shape, static_cast<int64_t>(config_.classes.size()));
    optimizer_ = std::make_unique<torch::optim::Adam>(net_->parameters(),
                                                      torch::optim::AdamOptions(options.lr));
    per_epoch_ =
        static_cast<int64_t>((data_.train.size() + static_cast<size_t>(options.batch_size) - 1) /
                             static_cast<size_t>(options.batch_size));
  }

  void run() {
    auto loader = torch::data::make_data_loader(
        TrainSet(&data_.train, &config_).map(torch::data::transforms::Stack<>()),
        torch::data::DataLoaderOptions(static_cast<size_t>(options_.batch_size))
            .workers(static_cast<size_t>(options_.workers))
            .seed(options_.seed)
            .bad_samples(torch::data::BadSamplePolicy::skip));
    if (options_.resume && fs::exists(checkpoint_)) resume(*loader);
    for (; epoch_ < options_.epochs; ++epoch_) {
      if (!in_epoch_) {
        loader->set_epoch(static_cast<size_t>(epoch_));
        loss_sum_ = 0;
        correct_ = seen_ = 0;
      }
      train_epoch(*loader);
      in_epoch_ = false;
      finish_epoch();
      save(loader->state_dict(), epoch_ + 1);
    }
    if (last_.predicted.empty()) last_ = evaluate(net_, data_.test, config_);
    tell_left_out(data_.train, loader->bad_samples());
    tell_left_out(data_.test, last_.left_out);
    finish();
  }

 private:
  template <typename Loader>
  void train_epoch(Loader& loader) {
    progress_.start_epoch(epoch_ + 1, static_cast<int64_t>(data_.train.size()), seen_);
    net_->train();
    auto last_save = Clock::now(), began = last_save;
    for (auto& batch : loader) {
      set_lr();
      optimizer_->zero_grad();
      const auto logits = net_->forward(batch.data);
      const auto loss = torch::cross_entropy_loss(logits, batch.target);
      loss.backward();
      optimizer_->step();
      const int64_t n = batch.target.size(0);
      loss_sum_ += loss.template item<double>() * static_cast<double>(n);
      correct_ += logits.argmax(1).eq(batch.target).sum().template item<int64_t>();
      seen_ += n;
      trained_ += n;
      ++step_;
      train_seconds_ += seconds_since(began);
      progress_.update(seen_, loss_sum_ / static_cast<double>(seen_),
                       static_cast<double>(correct_) / static_cast<double>(seen_));
      const bool asked = options_.checkpoint_every > 0 && step_ % options_.checkpoint_every == 0;
      if (asked || seconds_since(last_save) > kCheckpointSeconds) {
        in_epoch_ = true;
        save(loader.state_dict(), epoch_);
        last_save = Clock::now();
      }
      began = Clock::now();
    }
    TORCH_CHECK(seen_ > 0, "no training picture could be read");
  }

  // Half a cosine from the given rate to zero.
  void set_lr() {
    const double part =
        static_cast<double>(step_) / static_cast<double>(per_epoch_ * options_.epochs);
    lr_ = options_.lr * 0.5 * (1 + std::cos(std::numbers::pi * std::min(part, 1.0)));
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(lr_);
  }

  void finish_epoch() {
    last_ = evaluate(net_, data_.test, config_);
    EpochPoint p;
    p.epoch = epoch_ + 1;
    p.train_loss = loss_sum_ / static_cast<double>(seen_);
    p.train_accuracy = static_cast<double>(correct_) / static_cast<double>(seen_);
    p.test_loss = last_.loss;
    p.test_accuracy = last_.accuracy;
    p.lr = lr_;
    history_.push_back(p);
    if (last_.accuracy > best_accuracy_) {
      best_accuracy_ = last_.accuracy;
      ValueDict d;
      d.insert("config", config_value(config_));
      d.insert("epoch", static_cast<int64_t>(epoch_ + 1));
      d.insert("test_accuracy", last_.accuracy);
      d.insert("model_state_dict", nn::state_dict_value(*net_));
      torch::save(c10::IValue(d), best_);
    }
    progress_.end_epoch(p, images_per_second(), train_seconds_);
  }

  double images_per_second() const {
    return train_seconds_ > 0 ? static_cast<double>(trained_) / train_seconds_ : 0;
  }

  // `epoch` epochs are over, and a part of the next if `in_epoch_`.
  void save(const c10::IValue& loader_state, int epoch) {
    ValueDict d;
    d.insert("config", config_value(config_));
    d.insert("epoch", static_cast<int64_t>(epoch));
    d.insert("step", step_);
    d.insert("model_state_dict", nn::state_dict_value(*net_));
    d.insert("optimizer_state_dict", optimizer_->state_dict());
    d.insert("loss", seen_ > 0 ? loss_sum_ / static_cast<double>(seen_) : 0.0);
    d.insert("rng_state", rng_state());
    d.insert("loader_state", loader_state);
    d.insert("in_epoch", in_epoch_);
    d.insert("seed", static_cast<int64_t>(options_.seed));
    d.insert("batch_size", options_.batch_size);
    d.insert("train_images", static_cast<int64_t>(data_.train.size()));
    d.insert("loss_sum", loss_sum_);
    d.insert("correct", correct_);
    d.insert("seen", seen_);
    d.insert("trained", trained_);
    d.insert("train_seconds", train_seconds_);
    d.insert("best_accuracy", best_accuracy_);
    d.insert("lr", lr_);
    d.insert("history", history_value(history_));
    torch::save(c10::IValue(d), checkpoint_);
  }

  template <typename Loader>
  void resume(Loader& loader) {
    const c10::IValue v = pharos::load(checkpoint_);
    const ModelConfig saved = config_from(entry(v, "config", checkpoint_), checkpoint_);
    TORCH_CHECK(saved.kind == config_.kind && saved.classes == config_.classes &&
                    saved.shape.height == config_.shape.height &&
                    saved.shape.width == config_.shape.width &&
                    saved.shape.channels == config_.shape.channels,
                checkpoint_, " is of another model or other data (", model_name(saved.kind), ", ",
                saved.classes.size(), " classes): it cannot be resumed with these options");
    same(v, "seed", static_cast<int64_t>(options_.seed));
    same(v, "batch_size", options_.batch_size);
    same(v, "train_images", static_cast<int64_t>(data_.train.size()));
    nn::load_state_dict_value(*net_, entry(v, "model_state_dict", checkpoint_));
    optimizer_->load_state_dict(entry(v, "optimizer_state_dict", checkpoint_));
    epoch_ = static_cast<int>(entry(v, "epoch", checkpoint_).toInt());
    step_ = entry(v, "step", checkpoint_).toInt();
    loss_sum_ = entry(v, "loss_sum", checkpoint_).toDouble();
    correct_ = entry(v, "correct", checkpoint_).toInt();
    seen_ = entry(v, "seen", checkpoint_).toInt();
    trained_ = entry(v, "trained", checkpoint_).toInt();
    train_seconds_ = entry(v, "train_seconds", checkpoint_).toDouble();
    best_accuracy_ = entry(v, "best_accuracy", checkpoint_).toDouble();
    lr_ = entry(v, "lr", checkpoint_).toDouble();
    history_ = history_from(entry(v, "history", checkpoint_), checkpoint_);
    in_epoch_ = entry(v, "in_epoch", checkpoint_).toBool();
    loader.load_state_dict(entry(v, "loader_state", checkpoint_));
    set_rng_state(entry(v, "rng_state", checkpoint_).toTensor());
    progress_.say(fmt::format("going on from {} after {} epochs and {} of {} pictures of the next",
                              checkpoint_, epoch_, in_epoch_ ? seen_ : 0, data_.train.size()));
  }

  // What decides the order of the pictures and the number of steps may not change in a run.
  void same(const c10::IValue& saved, const char* what, int64_t now) const {
    const auto was = entry(saved, what, checkpoint_).toInt();
    TORCH_CHECK(was == now, checkpoint_, " is of a run with ", what, "=", was,
                ": it cannot be resumed with ", what, "=", now);
  }

  void tell_left_out(const Pictures& pictures, const std::vector<data::BadSample>& bad_samples) {
    std::set<size_t> told;  // a bad picture is bad in every epoch
    for (const auto& bad : bad_samples)
      if (told.insert(bad.index).second)
        left_out_.push_back("left out: " + pictures.name(bad.index) + ": " + bad.reason);
  }

  void finish() {
    nlohmann::ordered_json metrics;
    metrics["test_accuracy"] = last_.accuracy;
    metrics["test_loss"] = last_.loss;
    metrics["best_test_accuracy"] = best_accuracy_;
    metrics["train_seconds"] = train_seconds_;
    metrics["images_per_second"] = images_per_second();
    metrics["epochs"] = history_.size();
    metrics["model"] = model_name(config_.kind);
    metrics["train_images"] = data_.train.size();
    metrics["test_images"] = data_.test.size();
    metrics["images_left_out"] = left_out_.size();
    metrics["seed"] = options_.seed;
    auto& curves = metrics["curves"];
    for (const EpochPoint& p : history_) {
      curves["train_loss"].push_back(p.train_loss);
      curves["test_loss"].push_back(p.test_loss);
      curves["train_accuracy"].push_back(p.train_accuracy);
      curves["test_accuracy"].push_back(p.test_accuracy);
      curves["lr"].push_back(p.lr);
    }
    replace_file(metrics_, metrics.dump(2) + "\n");
    write_report(report_, report());
    if (!left_out_.empty())
      progress_.say(fmt::format("left out {} pictures that could not be read; the report has each",
                                left_out_.size()));
    progress_.say(
        fmt::format("test accuracy {:.2f}% after {} epochs and {} of training; report: {}",
                    100 * last_.accuracy, history_.size(), clock_time(train_seconds_), report_));
  }

  Report report() {
    Report r;
    int64_t parameters = 0;
    for (const auto& p : net_->parameters()) parameters += p.numel();
    r.title = fmt::format("{} on {}", model_name(config_.kind), data_.title);
    r.subtitle =
        fmt::format("{} classes, {} training and {} test pictures of {}x{}", config_.classes.size(),
                    with_thousands(static_cast<int64_t>(data_.train.size())),
                    with_thousands(static_cast<int64_t>(data_.test.size())), config_.shape.width,
                    config_.shape.height);
    r.figures = {
        {"test accuracy", fmt::format("{:.2f}%", 100 * last_.accuracy),
         fmt::format("best {:.2f}%", 100 * best_accuracy_)},
        {"training time", clock_time(train_seconds_), fmt::format("{} epochs", history_.size())},
        {"images per second", with_thousands(static_cast<int64_t>(images_per_second())),
         "while training"},
        {"parameters", with_thousands(parameters), model_name(config_.kind)}};
    r.settings = {{"model", model_name(config_.kind)},
                  {"data", options_.data.empty() ? data_.title : options_.data},
                  {"epochs", std::to_string(options_.epochs)},
                  {"batch size", std::to_string(options_.batch_size)},
                  {"learning rate", fmt::format("{:g}, half a cosine to 0", options_.lr)},
                  {"optimiser", "Adam"},
                  {"augmentation", "random shifts of up to an eighth"},
                  {"seed", std::to_string(options_.seed)},
                  {"workers", std::to_string(options_.workers)},
                  {"threads", std::to_string(torch::get_num_threads())}};
    r.epochs = history_;
    r.notes = left_out_;
    describe(r, net_, data_, config_, last_);
    return r;
  }

  TrainOptions options_;
  PictureData data_;
  std::string checkpoint_, best_, metrics_, report_;
  ModelConfig config_;
  torch::nn::Sequential net_{nullptr};
  std::unique_ptr<torch::optim::Adam> optimizer_;
  Progress progress_;
  int64_t per_epoch_ = 0;
  int epoch_ = 0;
  bool in_epoch_ = false;
  int64_t step_ = 0, correct_ = 0, seen_ = 0, trained_ = 0;
  double loss_sum_ = 0, train_seconds_ = 0, best_accuracy_ = -1, lr_ = 0;
  std::vector<EpochPoint> history_;
  Evaluation last_;
  std::vector<std::string> left_out_;
};

}  // namespace

int run_train(const TrainOptions& options) {
  Training(options).run();
  return 0;
}

}  // namespace pharos::cli
