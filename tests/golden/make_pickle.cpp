// Writes the archives of real LibTorch that make_pickle.py keeps: a module, an optimizer, tensors
// and a pickled value. Compiled and run by make_pickle.py, in the folder given as the only
// argument.
#include <torch/torch.h>

#include <fstream>

struct Net : torch::nn::Module {
  Net() {
    fc1 = register_module("fc1", torch::nn::Linear(3, 2));
    bn = register_module("bn", torch::nn::BatchNorm1d(2));
    scale = register_parameter("scale", torch::ones({2}, torch::kDouble));
  }
  torch::nn::Linear fc1{nullptr};
  torch::nn::BatchNorm1d bn{nullptr};
  torch::Tensor scale;
};

int main(int, char** argv) {
  const std::string out = std::string(argv[1]) + "/";
  torch::manual_seed(1);
  auto net = std::make_shared<Net>();
  torch::save(net, out + "cpp_module.pt");
  torch::Tensor a = torch::arange(6, torch::kFloat).view({2, 3});
  torch::save(a, out + "cpp_tensor.pt");
  torch::save(std::vector<torch::Tensor>{a, a.t(), torch::ones({2}, torch::kBFloat16)},
              out + "cpp_tensors.pt");
  torch::optim::Adam adam(net->fc1->parameters(), 1e-3);
  net->fc1->forward(torch::ones({1, 3})).sum().backward();
  adam.step();
  torch::save(adam, out + "cpp_adam.pt");
  c10::Dict<std::string, torch::Tensor> d;
  d.insert("a", a);
  d.insert("b", a[0]);
  c10::impl::GenericDict g(c10::StringType::get(), c10::AnyType::get());
  g.insert("t", d);
  g.insert("ints", std::vector<int64_t>{1, 2, 3});
  g.insert("f", 1.5);
  g.insert("s", std::string("x"));
  g.insert("n", c10::IValue());
  g.insert("b", true);
  g.insert("tup", c10::ivalue::Tuple::create(1, 2.0));
  g.insert("dev", torch::Device("cuda:1"));
  g.insert("floats", std::vector<double>{.5});
  g.insert("bools", std::vector<bool>{true, false});
  g.insert("tensors", std::vector<torch::Tensor>{a});
  g.insert("c", c10::complex<double>(1, 2));
  g.insert("big", int64_t(1) << 40);
  g.insert("none", std::vector<int64_t>{});
  const std::vector<char> v = torch::pickle_save(g);
  std::ofstream(out + "cpp_pickle.pt", std::ios::binary).write(v.data(), v.size());
}
