// A small network trained for 100 steps by every optimizer, against PyTorch's weights and losses
// (mlp() of tests/golden/make_optim.py).
#include <gtest/gtest.h>
#include <pharos/autograd/autograd.h>
#include <pharos/nn/nn.h>
#include <pharos/tensor_operators.h>

#include "optim/problem.h"

namespace {

using namespace optim_problem;
namespace nn = torch::nn;

// n numbers in [-1, 1) that follow from positions, exact in f32.
Tensor pattern(at::IntArrayRef sizes, int64_t k) {
  Tensor t = at::empty(sizes, c10::kDouble);
  for (int64_t i = 0; i < t.numel(); ++i)
    set_at(t, i, static_cast<double>((i * 37 + k * 11 + (i * i) % 23 * 5) % 64) / 32 - 1);
  return t;
}

struct Training {
  nn::Sequential layers;
  std::vector<Tensor> params;
  Tensor inputs, classes;

  Training(c10::ScalarType dtype, bool smooth) : layers(nn::Linear(5, 9)) {
    if (smooth)
      layers->push_back(nn::Tanh());
    else
      layers->push_back(nn::ReLU());
    layers->extend(*nn::Sequential(nn::Linear(9, 7), nn::Tanh(), nn::Linear(7, 3)));
    layers->to(dtype);
    params = layers->parameters();
    at::NoGradGuard no_grad;
    for (size_t k = 0; k < params.size(); ++k)
      params[k].copy_(pattern(params[k].sizes(), static_cast<int64_t>(k)) / 2);
    inputs = pattern({16, 5}, 7).to(dtype);
    classes = at::arange(16) * 5 % 3;
  }
  Tensor loss(double decay) {
    Tensor loss = nn::functional::cross_entropy(layers->forward(inputs), classes);
    Tensor squares;
    for (const Tensor& p : params)
      squares = squares.defined() ? squares + p.square().sum() : 0 + p.square().sum();
    return loss + decay * squares;
  }
};

double worst(const json& want, const std::vector<double>& got) {
  double out = want.size() == got.size() ? 0 : INFINITY;
  for (size_t i = 0; i < got.size() && i < want.size(); ++i)
    out = std::max(out, std::abs(want[i].get<double>() - got[i]));
  return out;
}

TEST(Mlp, TrainsAsPyTorch) {
  int in_f32 = 0;
  for (const json& c : read_json("mlp.json")) {
    SCOPED_TRACE(c["optimizer"].get<std::string>() + " " + c["groups"].dump() + " " +
                 c["dtype"].get<std::string>());
    const bool f32 = c["dtype"] == "float32";
    Training training(f32 ? c10::kFloat : c10::kDouble, c["optimizer"] == "LBFGS");
    auto optimizer = make(c["optimizer"], c["groups"], training.params);
    std::vector<double> losses;
    for (int step = 0; step < 100; ++step) {
      const Tensor loss = optimizer->step([&] {
        optimizer->zero_grad();
        Tensor loss = training.loss(c["decay"].get<double>());
        loss.backward();
        return loss;
      });
      if (step % 11 == 0) losses.push_back(loss.item<double>());
      if (step == 9) {
        EXPECT_LT(worst(c["after_10"], flat(training.params)), 1e-6);
      }
    }
    EXPECT_LT(worst(c["after_100"], flat(training.params)), 1e-6);
    EXPECT_LT(worst(c["losses"], losses), 1e-6);
    in_f32 += f32;
  }
  EXPECT_GE(in_f32, 11);
}

}  // namespace
