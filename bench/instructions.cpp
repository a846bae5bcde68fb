// One small workload, run N times, for counting instructions under callgrind: the checks take the
// difference between two N. `instructions NAME N`; the names are those of bench/gates.tsv.
#include <torch/torch.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: instructions NAME N\n");
    return 2;
  }
  const char* name = argv[1];
  const long n = std::atol(argv[2]);
  torch::manual_seed(1);
  torch::set_num_threads(1);
  const auto is = [&](const char* s) { return std::strcmp(name, s) == 0; };
  const auto repeat = [&](auto&& f) {
    for (long i = 0; i < n; ++i) f();
    return 0;
  };
  auto a = torch::rand({4, 4}), b = torch::rand({4, 4});
  auto g = torch::rand({4, 4}, torch::requires_grad());
  torch::Tensor r;
  if (is("mul_sum_backward"))
    return repeat([&] {
      g.mutable_grad() = torch::Tensor();
      (g * b).sum().backward();
    });
  if (is("chain100_backward"))
    return repeat([&] {
      g.mutable_grad() = torch::Tensor();
      auto y = g;
      for (int i = 0; i < 100; ++i) y = y * b;
      y.sum().backward();
    });
  if (is("add_grad")) return repeat([&] { r = g + b; });
  if (is("mlp_adam_step")) {
    namespace nn = torch::nn;
    nn::Sequential net(nn::Linear(8, 32), nn::ReLU(), nn::Linear(32, 32), nn::ReLU(),
                       nn::Linear(32, 1));
    torch::optim::Adam opt(net->parameters(), 1e-3);
    auto x = torch::randn({32, 8}), y = torch::randn({32, 1});
    return repeat([&] {
      opt.zero_grad();
      torch::mse_loss(net->forward(x), y).backward();
      opt.step();
    });
  }
  torch::NoGradGuard no_grad;
  if (is("add")) return repeat([&] { r = a + b; });
  if (is("view")) return repeat([&] { r = a.view({16}); });
  if (is("empty")) return repeat([&] { r = torch::empty({4, 4}); });
  std::fprintf(stderr, "instructions: no workload '%s'\n", name);
  return 2;
}
