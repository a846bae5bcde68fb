// Forward hooks see every layer at work: activations and their sizes, without touching the model.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

int main() {
  torch::manual_seed(0);
  nn::Sequential net(nn::Conv2d(1, 8, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                     nn::Linear(8 * 13 * 13, 10));

  std::vector<nn::RemovableHandle> handles;
  std::vector<torch::Tensor> activations;
  for (const auto& child : net->named_children())
    handles.push_back(child.value()->register_forward_hook(
        [&activations, name = child.key()](nn::Module& m, const torch::Tensor& in,
                                           const torch::Tensor& out) {
          std::cout << "  " << name << " " << m.name() << ": " << in.sizes() << " -> "
                    << out.sizes() << ", " << out.numel() * out.element_size() / 1024 << " KiB, "
                    << (out.eq(0).to(torch::kFloat).mean() * 100).item<float>() << "% zeros\n";
          activations.push_back(out.detach());
        }));

  auto x = torch::randn({1, 1, 28, 28});
  std::cout << "with hooks:\n";
  net->forward(x);
  std::cout << activations.size() << " activations kept\n";

  for (auto& h : handles) h.remove();
  std::cout << "after remove():\n";
  net->forward(x);
  std::cout << activations.size() << " activations kept\n";

  // A pre-hook may change the input, a forward hook the output, a backward hook the gradients.
  auto halve =
      net->register_forward_pre_hook([](nn::Module&, const torch::Tensor& in) { return in / 2; });
  auto report = net->register_full_backward_hook(
      [](nn::Module&, const std::vector<torch::Tensor>& in, const std::vector<torch::Tensor>& out) {
        std::cout << "gradient norms: output " << out[0].norm().item<float>() << ", input "
                  << in[0].norm().item<float>() << "\n";
      });
  auto leaf = x.clone().requires_grad_();
  net->forward(leaf).sum().backward();
}
