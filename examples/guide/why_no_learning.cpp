// Why does a model not learn? Four places to look: requires_grad, grad_fn, .grad, and hooks on
// gradients. The network here has three faults that such a look finds.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

struct NetImpl : nn::Module {
  nn::Linear first{4, 16}, second{16, 16}, third{16, 1};
  NetImpl() {
    register_module("first", first);
    register_module("second", second);
    register_module("third", third);
    second->weight.set_requires_grad(false);  // fault 1: frozen and forgotten
  }
  torch::Tensor forward(torch::Tensor x) {
    x = torch::relu(first->forward(x)).detach();   // fault 2: the graph is cut
    x = torch::sigmoid(second->forward(x) * 200);  // fault 3: saturated, gradients vanish
    return third->forward(x);
  }
};
TORCH_MODULE(Net);

int main() {
  torch::manual_seed(0);
  Net net;
  auto x = torch::randn({32, 4}), y = x.sum(1, true);

  auto out = net->forward(x);
  auto loss = torch::mse_loss(out, y);

  std::cout << "1. Does the loss know how it was made?\n   loss.grad_fn: " << loss.grad_fn()->name()
            << "\n";
  std::cout << "   the way back:";
  for (auto fn = loss.grad_fn(); fn; fn = fn->num_outputs() ? fn->next_edge(0).function : nullptr)
    std::cout << " " << fn->name();
  std::cout << "\n";

  std::cout << "2. Which parameters ask for gradients?\n";
  for (const auto& p : net->named_parameters())
    std::cout << "   " << p.key() << ": requires_grad=" << std::boolalpha
              << p.value().requires_grad() << "\n";

  out.register_hook([](const torch::Tensor& g) {
    std::cout << "3. Gradient at the output (hook): mean size " << g.abs().mean().item<float>()
              << "\n";
  });
  loss.backward();

  std::cout << "4. Which gradients arrived, and how large are they?\n";
  for (const auto& p : net->named_parameters()) {
    std::cout << "   " << p.key() << ": ";
    if (!p.value().grad().defined())
      std::cout << "no gradient\n";
    else
      std::cout << "norm " << p.value().grad().norm().item<float>() << "\n";
  }
  std::cout
      << "So: second.weight was frozen, first.* is cut off by detach(), and the saturated sigmoid\n"
         "leaves second.bias next to nothing.\n";
}
