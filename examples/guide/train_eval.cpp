// train() and eval() change what BatchNorm and Dropout compute; nothing else changes.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

int main() {
  torch::manual_seed(0);
  nn::BatchNorm1d bn(3);
  nn::Dropout dropout(0.5);
  auto x = torch::randn({64, 3}) * 4 + 10;

  std::cout << "training: BatchNorm normalises with the batch's own statistics and follows them\n";
  for (int i = 0; i < 50; ++i) bn->forward(x);
  auto y = bn->forward(x);
  std::cout << "  output mean " << y.mean().item<float>() << ", std " << y.std().item<float>()
            << "\n"
            << "  running mean " << bn->running_mean.mean().item<float>() << " after 51 batches\n";

  bn->eval();
  auto one = bn->forward(x.slice(0, 0, 1));
  std::cout << "eval: it uses the running statistics, so a single sample works: " << one.sizes()
            << "\n";
  bn->train();
  try {
    bn->forward(x.slice(0, 0, 1));
  } catch (const c10::Error& e) {
    std::cout << "training again: " << e.msg() << "\n";
  }

  auto ones = torch::ones({10000});
  std::cout << "Dropout, training: "
            << (dropout->forward(ones).eq(0).to(torch::kFloat).mean()).item<float>()
            << " of the values are zero, the mean stays "
            << dropout->forward(ones).mean().item<float>() << "\n";
  dropout->eval();
  std::cout << "Dropout, eval: unchanged: " << std::boolalpha
            << torch::equal(dropout->forward(ones), ones) << "\n";

  nn::Sequential net(nn::Linear(3, 3), nn::BatchNorm1d(3), nn::Dropout(0.5));
  net->eval();
  std::cout << "eval() reaches every child:";
  for (const auto& m : net->children()) std::cout << " " << m->is_training();
  std::cout << "\n";
}
