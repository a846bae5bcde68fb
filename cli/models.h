// The image classifiers that the tool trains, for pictures of any size from 8x8 up.
#pragma once

#include <torch/torch.h>

#include "args.h"
#include "pictures.h"

namespace pharos::cli {

// Small pictures (below 64 pixels) get 3x3 first kernels and fewer pools.
torch::nn::Sequential make_model(ModelKind kind, const PictureShape& shape, int64_t classes);
std::optional<ModelKind> model_by_name(const std::string& name);

}  // namespace pharos::cli
