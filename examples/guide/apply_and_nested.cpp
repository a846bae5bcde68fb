// apply() walks all modules: for initialisation of one's own, and for surgery. nested::map walks
// nested lists, dicts and tuples of tensors.
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

static void initialise(nn::Module& m) {
  torch::NoGradGuard no_grad;
  if (auto* linear = m.as<nn::Linear>()) {
    nn::init::kaiming_normal_(linear->weight, 0.0, torch::kFanIn, torch::kReLU);
    nn::init::zeros_(linear->bias);
  }
}

int main() {
  torch::manual_seed(0);
  nn::Sequential net(nn::Linear(64, 256), nn::ReLU(), nn::Linear(256, 256), nn::ReLU(),
                     nn::Linear(256, 1));
  net->apply(initialise);
  for (const auto& p : net->named_parameters())
    std::cout << p.key() << ": std " << p.value().std(/*unbiased=*/false).item<float>() << "\n";

  // Every ReLU becomes a LeakyReLU.
  net->apply([](nn::Module& m) {
    if (auto* s = m.as<nn::Sequential>())
      for (const auto& child : s->named_children())
        if (child.value()->as<nn::ReLU>())
          s->replace_module(child.key(), nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.1)));
  });
  std::cout << net << "\n";
  std::cout << "smallest hidden output: "
            << net->at<nn::LeakyReLUImpl>(1).forward(torch::tensor({-1.0f})).item<float>() << "\n";

  // The same function on every tensor of a nested value.
  c10::impl::GenericDict batch(c10::StringType::get(), c10::AnyType::get());
  batch.insert("image", torch::ones({2, 3}));
  batch.insert("boxes", std::vector<torch::Tensor>{torch::ones({1, 4}), torch::ones({2, 4})});
  batch.insert("id", 17);
  const c10::IValue doubled =
      pharos::nested::map([](const torch::Tensor& t) { return t * 2; }, c10::IValue(batch));
  auto out = doubled.toGenericDict();
  std::cout << "image sum " << out.at("image").toTensor().sum().item<float>() << ", boxes "
            << out.at("boxes").toTensorVector()[1].sum().item<float>() << ", id "
            << out.at("id").toInt() << "\n";
}
