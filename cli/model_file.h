// What the tool's model files hold beside weights, and how they are written and read. Both
// checkpoint.pt and best.pt are PyTorch checkpoints: Python's torch.load opens them.
#pragma once

#include <torch/torch.h>

#include "models.h"
#include "report.h"

namespace pharos::cli {

struct ModelConfig {
  ModelKind kind = ModelKind::LeNet;
  PictureShape shape;
  std::vector<std::string> classes;
  double mean = 0, std = 1;  // of the training pictures' values, 0 to 1
};

using ValueDict = c10::Dict<c10::IValue, c10::IValue>;

c10::IValue config_value(const ModelConfig& config);
ModelConfig config_from(const c10::IValue& value, const std::string& file);
// An entry of a dict read from `file`; throws an error that names both where it is missing.
c10::IValue entry(const c10::IValue& dict, const char* key, const std::string& file);

c10::IValue history_value(const std::vector<EpochPoint>& history);
std::vector<EpochPoint> history_from(const c10::IValue& value, const std::string& file);

struct LoadedModel {
  ModelConfig config;
  torch::nn::Sequential net{nullptr};
};
// The model of a checkpoint that the tool wrote, in eval mode.
LoadedModel load_model(const std::string& file);

// A picture as the model wants it: [channels, height, width], normalised.
torch::Tensor picture_tensor(const data::Image& image, const ModelConfig& config);

}  // namespace pharos::cli
