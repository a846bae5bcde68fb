// detach() cuts one tensor out of the graph; NoGradGuard stops recording for a while; InferenceMode
// stops it for good.
#include <torch/torch.h>

#include <iostream>

int main() {
  std::cout << std::boolalpha;
  auto w = torch::ones({3}, torch::requires_grad());
  auto y = (w * 2).sum();
  std::cout << "y records: " << y.requires_grad()
            << ", its detached alias: " << y.detach().requires_grad() << "\n";

  auto d = w.detach();
  std::cout << "detach() shares memory: " << (d.data_ptr() == w.data_ptr()) << "\n";

  {
    torch::NoGradGuard no_grad;
    std::cout << "under NoGradGuard: " << (w * 2).requires_grad() << "\n";
    w.sub_(0.5);  // a parameter update: not part of any graph
  }
  std::cout << "after it: " << (w * 2).requires_grad() << ", w is " << w[0].item<float>() << "\n";

  try {
    w.sub_(0.5);
  } catch (const c10::Error& e) {
    std::cout << "outside: " << e.msg() << "\n";
  }

  // A target network's output is a constant for the loss.
  auto target = (w * 3).detach();
  auto loss = torch::mse_loss(w * 2, target);
  loss.backward();
  std::cout << "gradient through one side only: " << w.grad()[0].item<float>() << "\n";

  torch::Tensor t;
  {
    c10::InferenceMode guard;
    t = torch::ones({2}) * 3;
  }
  std::cout << "made in InferenceMode: is_inference " << t.is_inference() << "\n";
  try {
    (w[0] * t).sum().backward();
  } catch (const c10::Error& e) {
    std::cout << "and never part of a graph: " << e.msg().substr(0, 52) << "...\n";
  }
}
