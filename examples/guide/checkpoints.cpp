// Saving a state_dict and saving a checkpoint, and loading both. Python's torch.load opens the
// files.
#include <pharos/nn/state.h>
#include <torch/torch.h>

#include <cstdio>
#include <iostream>

namespace nn = torch::nn;

static nn::Sequential make_net() {
  return nn::Sequential(nn::Linear(3, 8), nn::ReLU(), nn::Linear(8, 1));
}

static float train(nn::Sequential& net, torch::optim::Adam& opt, const torch::Tensor& x,
                   const torch::Tensor& y, int steps) {
  torch::Tensor loss;
  for (int i = 0; i < steps; ++i) {
    opt.zero_grad();
    loss = torch::mse_loss(net->forward(x), y);
    loss.backward();
    opt.step();
  }
  return loss.item<float>();
}

int main() {
  torch::manual_seed(0);
  auto x = torch::randn({64, 3}), y = x.prod(1, true);
  auto net = make_net();
  torch::optim::Adam opt(net->parameters(), 1e-2);
  float loss = train(net, opt, x, y, 50);

  std::cout << "state_dict:\n";
  for (const auto& entry : net->state_dict())
    std::cout << "  " << entry.key() << " " << entry.value().sizes() << "\n";

  // 1. The weights alone: what inference needs.
  torch::save(net, "guide_weights.pt");
  auto copy = make_net();
  torch::load(copy, "guide_weights.pt");
  std::cout << "weights alone: outputs equal: " << std::boolalpha
            << torch::equal(net->forward(x), copy->forward(x)) << "\n";

  // 2. A checkpoint: everything that training needs to go on.
  c10::impl::GenericDict checkpoint(c10::StringType::get(), c10::AnyType::get());
  checkpoint.insert("epoch", 50);
  checkpoint.insert("model_state_dict", pharos::nn::state_dict_value(*net));
  checkpoint.insert("optimizer_state_dict", opt.state_dict());
  checkpoint.insert("loss", loss);
  torch::save(c10::IValue(checkpoint), "guide_checkpoint.pt");

  c10::IValue loaded;
  torch::load(loaded, "guide_checkpoint.pt");
  auto dict = loaded.toGenericDict();
  auto resumed = make_net();
  torch::optim::Adam resumed_opt(resumed->parameters(), 1e-2);
  pharos::nn::load_state_dict_value(*resumed, dict.at("model_state_dict"));
  resumed_opt.load_state_dict(dict.at("optimizer_state_dict"));
  std::cout << "checkpoint of epoch " << dict.at("epoch").toInt() << ", loss "
            << dict.at("loss").toDouble() << "\n";

  const float on = train(net, opt, x, y, 50), again = train(resumed, resumed_opt, x, y, 50);
  std::cout << "50 steps more: " << on << " uninterrupted, " << again
            << " resumed, equal: " << (on == again) << "\n";

  // 3. A file that does not fit says what is wrong.
  nn::Sequential other(nn::Linear(3, 9), nn::ReLU(), nn::Linear(9, 1));
  try {
    torch::load(other, "guide_weights.pt");
  } catch (const c10::Error& e) {
    std::cout << "wrong shape:\n" << e.msg() << "\n";
  }
  std::remove("guide_weights.pt");
  std::remove("guide_checkpoint.pt");
}
