// How well a model does on the test pictures, and what of that goes into the report.
#pragma once

#include "model_file.h"

namespace pharos::cli {

struct Evaluation {
  double loss = 0, accuracy = 0;
  std::vector<int> predicted;
  torch::Tensor probabilities;  // [pictures, classes]
};

// In eval mode and without recording; the model's mode is restored.
Evaluation evaluate(torch::nn::Sequential& net, const Pictures& pictures,
                    const ModelConfig& config);

// Confusion matrix, worst mistakes and the feature maps of every convolution for one picture.
void describe(Report& report, torch::nn::Sequential& net, const PictureData& data,
              const ModelConfig& config, const Evaluation& evaluation);

}  // namespace pharos::cli
