// Parameter, buffer, plain tensor: what the optimiser trains, what is saved but not trained, and
// what neither sees.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

struct ScaleImpl : nn::Module {
  torch::Tensor scale;    // learned
  torch::Tensor seen;     // state: saved, moved with to(), not trained
  torch::Tensor scratch;  // neither
  ScaleImpl() {
    scale = register_parameter("scale", torch::ones({3}));
    seen = register_buffer("seen", torch::zeros({}, torch::kLong));
    scratch = torch::zeros({3});
  }
  torch::Tensor forward(const torch::Tensor& x) {
    seen += x.size(0);
    return x * scale + scratch;
  }
};
TORCH_MODULE(Scale);

int main() {
  Scale m;
  m->forward(torch::ones({5, 3})).sum().backward();
  std::cout << "parameters:";
  for (const auto& p : m->named_parameters()) std::cout << " " << p.key();
  std::cout << "\nbuffers:";
  for (const auto& b : m->named_buffers()) std::cout << " " << b.key();
  std::cout << "\nstate_dict:";
  for (const auto& s : m->state_dict()) std::cout << " " << s.key();
  std::cout << "\nscale.grad: " << m->scale.grad()[0].item<float>()
            << ", seen: " << m->seen.item<int64_t>()
            << ", scratch.requires_grad: " << std::boolalpha << m->scratch.requires_grad() << "\n";

  m->to(torch::kDouble);
  std::cout << "after to(kDouble): scale " << m->scale.dtype() << ", seen " << m->seen.dtype()
            << ", scratch " << m->scratch.dtype() << " (left behind)\n";

  torch::optim::SGD opt(m->parameters(), 0.1);
  opt.step();
  std::cout << "after a step: scale " << m->scale[0].item<double>() << ", seen "
            << m->seen.item<int64_t>() << "\n";
}
