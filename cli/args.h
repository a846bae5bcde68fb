// The command line of the pharos tool: text in, checked options out. Nothing is read or written
// here but the existence of the files that are named.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pharos::cli {

constexpr int kBadUsage = 2;  // exit code for bad arguments, missing and corrupt files

enum class ModelKind { Mlp, LeNet, ResNet8, ResNet18 };
const char* model_name(ModelKind kind);

struct TrainOptions {
  std::string data;  // empty: the bundled digits
  ModelKind model = ModelKind::LeNet;
  int epochs = 60;
  int64_t batch_size = 64;
  double lr = 2e-3;
  uint64_t seed = 0;
  int workers = 2;
  int threads = 0;  // 0: as many as the machine grants
  std::string out = "out/train";
  int64_t checkpoint_every = 0;  // steps; 0: by time alone
  bool resume = false;
};

struct PredictOptions {
  std::string model;
  std::vector<std::string> images;
};

struct InspectOptions {
  std::string file;
  bool json = false;
  bool stats = false;
};

using Command = std::variant<TrainOptions, PredictOptions, InspectOptions>;

// A command to run, or else text to print and the code to exit with: 0 for help and version, on
// standard output; kBadUsage for a mistake, one line on standard error.
struct ParsedArguments {
  std::optional<Command> command;
  std::string text;
  int exit_code = 0;
};

// `arguments` without the program's own name.
ParsedArguments parse_arguments(std::vector<std::string> arguments);

// `text` as one line: line breaks and other control characters become spaces.
std::string one_line(const std::string& text);

}  // namespace pharos::cli
