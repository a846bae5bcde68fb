// How well a model does on the test pictures, and what of that goes into the report.
#pragma once

#include <pharos/data/loader.h>

#include "model_file.h"

namespace pharos::cli {

struct Evaluation {
  double loss = 0, accuracy = 0;  // of the pictures that could be read
  std::vector<size_t> indices;    // which those are; what follows has an entry for each
  std::vector<int> predicted;
  torch::Tensor probabilities;  // [pictures, classes]
  std::vector<data::BadSample> left_out;
};

// In eval mode and without recording; the model's mode is restored. Pictures that cannot be read
// are left out, as they are in training; throws c10::Error if none can.
Evaluation evaluate(torch::nn::Sequential& net, const Pictures& pictures,
                    const ModelConfig& config);

// Confusion matrix, worst mistakes and the feature maps of every convolution for one picture.
void describe(Report& report, torch::nn::Sequential& net, const PictureData& data,
              const ModelConfig& config, const Evaluation& evaluation);

}  // namespace pharos::cli
