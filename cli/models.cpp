#include "models.h"

#include <algorithm>

namespace pharos::cli {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, bool bias = true) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(bias));
}

// The basic block of He et al., 2015.
struct BlockImpl : nn::Module {
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  nn::Sequential downsample{nullptr};

  BlockImpl(int64_t in, int64_t out, int64_t stride) {
    conv1 = register_module("conv1", conv(in, out, 3, stride, false));
    bn1 = register_module("bn1", nn::BatchNorm2d(out));
    conv2 = register_module("conv2", conv(out, out, 3, 1, false));
    bn2 = register_module("bn2", nn::BatchNorm2d(out));
    if (stride != 1 || in != out)
      downsample = register_module(
          "downsample", nn::Sequential(conv(in, out, 1, stride, false), nn::BatchNorm2d(out)));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    auto y = torch::relu(bn1->forward(conv1->forward(x)));
    y = bn2->forward(conv2->forward(y));
    return torch::relu(y + (downsample.is_empty() ? x : downsample->forward(x)));
  }
};
TORCH_MODULE(Block);

nn::Sequential mlp(const PictureShape& s, int64_t classes) {
  nn::Sequential net;
  net->push_back("flatten", nn::Flatten());
  net->push_back("fc1", nn::Linear(s.channels * s.height * s.width, 256));
  net->push_back("relu1", nn::ReLU());
  net->push_back("fc2", nn::Linear(256, 128));
  net->push_back("relu2", nn::ReLU());
  net->push_back("fc3", nn::Linear(128, classes));
  return net;
}

// Two convolutions and two linear layers after LeCun et al., 1998, with ReLU and max-pooling.
nn::Sequential lenet(const PictureShape& s, int64_t classes) {
  const bool small = std::min(s.height, s.width) < 16;
  const int64_t kernel = small ? 3 : 5;
  nn::Sequential net;
  net->push_back("conv1", conv(s.channels, 32, kernel));
  net->push_back("relu1", nn::ReLU());
  if (!small) net->push_back("pool1", nn::MaxPool2d(2));
  net->push_back("conv2", conv(32, 64, kernel));
  net->push_back("relu2", nn::ReLU());
  net->push_back("pool2", nn::MaxPool2d(2));
  const int64_t side = small ? 4 : 7;
  const bool exact = small && s.height == 8 && s.width == 8;
  if (!exact)
    net->push_back("pool3", nn::AdaptiveAvgPool2d(nn::AdaptiveAvgPool2dOptions({side, side})));
  net->push_back("flatten", nn::Flatten());
  net->push_back("fc1", nn::Linear(64 * side * side, 128));
  net->push_back("relu3", nn::ReLU());
  net->push_back("fc2", nn::Linear(128, classes));
  return net;
}

nn::Sequential resnet(const PictureShape& s, int64_t classes, const std::vector<int64_t>& widths,
                      int64_t blocks) {
  const bool small = std::min(s.height, s.width) < 64;
  nn::Sequential net;
  if (small) {
    net->push_back("conv1", conv(s.channels, widths[0], 3, 1, false));
  } else {
    net->push_back("conv1", conv(s.channels, widths[0], 7, 2, false));
  }
  net->push_back("bn1", nn::BatchNorm2d(widths[0]));
  net->push_back("relu1", nn::ReLU());
  if (!small) net->push_back("pool1", nn::MaxPool2d(nn::MaxPool2dOptions(3).stride(2).padding(1)));
  int64_t in = widths[0];
  for (size_t stage = 0; stage < widths.size(); ++stage)
    for (int64_t i = 0; i < blocks; ++i) {
      net->push_back("layer" + std::to_string(stage + 1) + "_" + std::to_string(i),
                     Block(in, widths[stage], i == 0 && stage > 0 ? 2 : 1));
      in = widths[stage];
    }
  net->push_back("pool", nn::AdaptiveAvgPool2d(1));
  net->push_back("flatten", nn::Flatten());
  net->push_back("fc", nn::Linear(in, classes));
  return net;
}

}  // namespace

torch::nn::Sequential make_model(ModelKind kind, const PictureShape& shape, int64_t classes) {
  switch (kind) {
    case ModelKind::Mlp:
      return mlp(shape, classes);
    case ModelKind::LeNet:
      return lenet(shape, classes);
    case ModelKind::ResNet8:
      return resnet(shape, classes, {16, 32, 64}, 1);
    case ModelKind::ResNet18:
      break;
  }
  return resnet(shape, classes, {64, 128, 256, 512}, 2);
}

std::optional<ModelKind> model_by_name(const std::string& name) {
  for (ModelKind kind : {ModelKind::Mlp, ModelKind::LeNet, ModelKind::ResNet8, ModelKind::ResNet18})
    if (name == model_name(kind)) return kind;
  return std::nullopt;
}

}  // namespace pharos::cli
