// A residual block needs a Module of its own: Sequential is a straight line and cannot add its
// input to its output. The same layers both ways.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

struct ResidualBlockImpl : nn::Module {
  nn::Conv2d conv1{nullptr}, conv2{nullptr};
  nn::BatchNorm2d bn1{nullptr}, bn2{nullptr};
  explicit ResidualBlockImpl(int64_t channels) {
    const auto conv = [&] {
      return nn::Conv2d(nn::Conv2dOptions(channels, channels, 3).padding(1).bias(false));
    };
    conv1 = register_module("conv1", conv());
    bn1 = register_module("bn1", nn::BatchNorm2d(channels));
    conv2 = register_module("conv2", conv());
    bn2 = register_module("bn2", nn::BatchNorm2d(channels));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    auto y = torch::relu(bn1->forward(conv1->forward(x)));
    y = bn2->forward(conv2->forward(y));
    return torch::relu(y + x);
  }
};
TORCH_MODULE(ResidualBlock);

static nn::Sequential plain(int64_t channels) {
  const auto conv = [&] {
    return nn::Conv2d(nn::Conv2dOptions(channels, channels, 3).padding(1).bias(false));
  };
  return nn::Sequential(conv(), nn::BatchNorm2d(channels), nn::ReLU(), conv(),
                        nn::BatchNorm2d(channels), nn::ReLU());
}

// The norm of the gradient at the input after a stack of ten.
static float input_gradient(nn::Sequential stack) {
  auto x = torch::randn({2, 8, 8, 8}, torch::requires_grad());
  stack->forward(x).mean().backward();
  return x.grad().norm().item<float>();
}

int main() {
  torch::manual_seed(0);
  ResidualBlock block(8);
  std::cout << block << "\n\n";
  auto x = torch::randn({2, 8, 8, 8});
  std::cout << "shape in " << x.sizes() << ", out " << block->forward(x).sizes() << "\n";

  nn::Sequential residual, straight;
  for (int i = 0; i < 10; ++i) {
    residual->push_back(ResidualBlock(8));
    straight->push_back(plain(8));
  }
  const auto count = [](nn::Sequential& s) {
    int64_t n = 0;
    for (const auto& p : s->parameters()) n += p.numel();
    return n;
  };
  std::cout << "ten residual blocks: " << count(residual)
            << " parameters; ten plain stacks: " << count(straight) << "\n";
  std::cout << "gradient at the input, residual: " << input_gradient(residual)
            << "; plain: " << input_gradient(straight) << "\n";
}
