// See args.h. CLI11 splits and converts; what a value means is checked here, so that every mistake
// is told in the same words.

#include "args.h"

#include <fmt/format.h>
#include <pharos/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <utility>

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, ModelKind> kModels = {{"mlp", ModelKind::Mlp},
                                                  {"lenet", ModelKind::LeNet},
                                                  {"resnet8", ModelKind::ResNet8},
                                                  {"resnet18", ModelKind::ResNet18}};

// A mistake in a value that CLI11 could convert.
struct BadValue : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename T>
void check_range(const char* option, T value, T low, T high) {
  if (value >= low && value <= high) return;
  throw BadValue(
      fmt::format("{}: expected a number from {} to {}, got {}", option, low, high, value));
}

void check_readable(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw BadValue(path + ": no such file");
  if (error) throw BadValue(path + ": " + error.message());
  if (fs::is_directory(status)) throw BadValue(path + ": is a folder, expected a file");
}

void check(const TrainOptions& o) {
  check_range("--epochs", o.epochs, 1, 1'000'000);
  check_range<int64_t>("--batch-size", o.batch_size, 1, 1'000'000);
  check_range("--workers", o.workers, 0, 256);
  check_range("--threads", o.threads, 0, 1024);
  check_range<int64_t>("--checkpoint-every", o.checkpoint_every, 0, 1'000'000'000);
  if (!std::isfinite(o.lr) || o.lr <= 0) {
    throw BadValue(fmt::format("--lr: expected a number above 0, got {}", o.lr));
  }
  std::error_code error;
  if (!o.data.empty() && !fs::is_directory(o.data, error)) {
    throw BadValue(fs::exists(o.data, error) ? "--data: " + o.data + " is not a folder"
                                             : "--data: " + o.data + ": no such folder");
  }
  if (o.out.empty()) throw BadValue("--out: expected the name of a folder");
  if (fs::exists(o.out, error) && !fs::is_directory(o.out, error)) {
    throw BadValue("--out: " + o.out + " exists and is not a folder");
  }
}

void check(const PredictOptions& o) {
  check_readable(o.model);
  for (const std::string& image : o.images) check_readable(image);
}

void check(const InspectOptions& o) { check_readable(o.file); }

// Texts that CLI11 fills and we convert.
struct TrainTexts {
  std::string model = model_name(TrainOptions{}.model);
  std::string data;
  std::string seed = "0";
};

CLI::App* add_train(CLI::App& app, TrainOptions& o, TrainTexts& texts) {
  CLI::App* train = app.add_subcommand("train", "Train an image classifier");
  train
      ->add_option("--data", texts.data,
                   "Folder of MNIST-style IDX files, or of a folder of PNG and\nJPEG pictures for "
                   "each class, perhaps under train/ and test/.\nLeft out: the bundled handwritten "
                   "digits")
      ->type_name("DIR");
  train->add_option("--model", texts.model, "mlp, lenet, resnet8 or resnet18")
      ->type_name("NAME")
      ->capture_default_str();
  train->add_option("--epochs", o.epochs, "Passes over the training pictures")
      ->type_name("N")
      ->capture_default_str();
  train->add_option("--batch-size", o.batch_size, "Pictures in a step")
      ->type_name("N")
      ->capture_default_str();
  train->add_option("--lr", o.lr, "Learning rate at the start")
      ->type_name("RATE")
      ->capture_default_str();
  train->add_option("--seed", texts.seed, "Seed of weights, order and augmentation")
      ->type_name("N")
      ->capture_default_str();
  train->add_option("--workers", o.workers, "Threads that prepare batches; 0: none")
      ->type_name("N")
      ->capture_default_str();
  train->add_option("--threads", o.threads, "Threads that compute; 0: all cores")
      ->type_name("N")
      ->capture_default_str();
  train
      ->add_option("--out", o.out,
                   "Folder for checkpoint.pt, best.pt, metrics.json and report.html")
      ->type_name("DIR")
      ->capture_default_str();
  train
      ->add_option("--checkpoint-every", o.checkpoint_every,
                   "Steps between checkpoints within an epoch; 0: one each\n20 seconds")
      ->type_name("N")
      ->capture_default_str();
  train->add_flag("--resume", o.resume, "Go on from DIR/checkpoint.pt if there is one");
  train->footer("Example:  pharos train --model lenet --epochs 60 --out out/digits");
  return train;
}

CLI::App* add_predict(CLI::App& app, PredictOptions& o) {
  CLI::App* predict = app.add_subcommand("predict", "Say what is on pictures");
  predict->add_option("MODEL", o.model, "best.pt or checkpoint.pt of `pharos train`")
      ->required()
      ->type_name("");
  predict->add_option("IMAGE", o.images, "PNG or JPEG files")->required()->type_name("");
  predict->footer("Example:  pharos predict out/digits/best.pt seven.png");
  return predict;
}

CLI::App* add_inspect(CLI::App& app, InspectOptions& o) {
  CLI::App* inspect =
      app.add_subcommand("inspect", "Show what a checkpoint holds, without running any of it");
  inspect->add_option("FILE", o.file, "Zip checkpoint, written here or by PyTorch")
      ->required()
      ->type_name("");
  inspect->add_flag("--json", o.json, "One JSON object instead of a table");
  inspect->add_flag("--stats", o.stats, "Also sum, minimum, maximum, NaN and infinity counts");
  inspect->footer("Example:  pharos inspect --stats out/digits/best.pt");
  return inspect;
}

ModelKind model_kind(const std::string& name) {
  const auto found = kModels.find(name);
  if (found != kModels.end()) return found->second;
  throw BadValue("--model: expected mlp, lenet, resnet8 or resnet18, got " + name);
}

ParsedArguments mistake(const CLI::App* command, const std::string& reason) {
  const std::string name = command == nullptr ? "pharos" : "pharos " + command->get_name();
  return {std::nullopt, one_line(name + ": " + reason), kBadUsage};
}

const CLI::App* chosen(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? nullptr : commands.front();
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string unexpected(const CLI::App& app, const std::string& argument) {
  std::vector<std::string> known;
  const CLI::App* command = chosen(app);
  for (const CLI::Option* option : (command != nullptr ? command : &app)->get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (command == nullptr) {
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::string best;
  size_t distance = 3;
  for (const std::string& candidate : known) {
    const size_t d = edit_distance(name, candidate);
    if (d < distance) {
      best = candidate;
      distance = d;
    }
  }
  return "unexpected argument " + argument +
         (best.empty() ? " (see --help)" : "; did you mean " + best + "?");
}

// CLI11's own texts in the tool's form: the culprit, a colon, what is wrong.
std::string reason_of(const CLI::ParseError& error) {
  const std::string text = error.what(), kind = error.get_name();
  const std::string conversion = "Could not convert: ";
  const size_t equals = text.find(" = ");
  if (kind == "ConversionError" && text.rfind(conversion, 0) == 0 && equals != std::string::npos) {
    return text.substr(conversion.size(), equals - conversion.size()) + ": cannot be " +
           text.substr(equals + 3);
  }
  const std::string name = text.substr(0, text.find(": "));
  if (kind == "ArgumentMismatch" && text.find("At Most") != std::string::npos) {
    return name + ": given more than once";
  }
  if (kind == "ArgumentMismatch" && text.find("missing") != std::string::npos) {
    return name + ": a value is missing";
  }
  return text;
}

uint64_t parse_seed(const std::string& text) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return seed;
  throw BadValue("--seed: expected a whole number from 0 to 2^64 - 1, got " + text);
}

TrainOptions finish(TrainOptions options, const TrainTexts& texts, const CLI::App& command) {
  options.model = model_kind(texts.model);
  options.seed = parse_seed(texts.seed);
  options.data = texts.data;
  if (options.data.empty() && command.count("--data") != 0) {
    throw BadValue("--data: expected the name of a folder");
  }
  check(options);
  return options;
}

}  // namespace

const char* model_name(ModelKind kind) {
  for (const auto& [name, candidate] : kModels) {
    if (candidate == kind) return name.c_str();
  }
  return "";
}

std::string one_line(const std::string& text) {
  std::string line = text;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

ParsedArguments parse_arguments(std::vector<std::string> arguments) {
  TrainOptions train;
  PredictOptions predict;
  InspectOptions inspect;
  TrainTexts texts;
  CLI::App app("Train, use and look into neural networks.", "pharos");
  app.require_subcommand(0, 1);
  app.allow_extras();  // told by `unexpected`; subcommands inherit it
  app.set_version_flag("--version", std::string("pharos ") + PHAROS_VERSION);
  const CLI::App* train_command = add_train(app, train, texts);
  const CLI::App* predict_command = add_predict(app, predict);
  add_inspect(app, inspect);

  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::Success& request) {  // --help, --version
    const bool version = dynamic_cast<const CLI::CallForVersion*>(&request) != nullptr;
    return {std::nullopt, version ? request.what() : app.help(), 0};
  } catch (const CLI::ParseError& error) {
    return mistake(chosen(app), reason_of(error));
  }
  const CLI::App* command = chosen(app);
  const std::vector<std::string> extras = app.remaining(true);
  if (!extras.empty()) return mistake(command, unexpected(app, extras.front()));
  if (command == nullptr)
    return mistake(nullptr, "expected train, predict or inspect (see --help)");
  try {
    if (command == train_command) return {finish(train, texts, *command), "", 0};
    if (command == predict_command) {
      check(predict);
      return {predict, "", 0};
    }
    check(inspect);
    return {inspect, "", 0};
  } catch (const BadValue& error) {
    return mistake(command, error.what());
  }
}

}  // namespace pharos::cli
