// Convolutions keep weights in oneDNN's layout between calls. Whatever changes a weight, the next
// convolution must see it.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/cpu/conv.h"

namespace {
using pharos::cpu::packed_weight_use;
using torch::Tensor;

constexpr int64_t kWeightBytes = 32 * 32 * 9 * 4;

Tensor input() { return torch::randn({2, 32, 12, 12}); }
Tensor make_weight() { return torch::randn({32, 32, 3, 3}); }
Tensor convolve(const Tensor& x, const Tensor& w) {
  const torch::NoGradGuard no_grad;
  return torch::conv2d(x, w, {}, 1, 1);
}

// A copy is a weight that no convolution has met.
void expect_current(const Tensor& x, const Tensor& w, const std::string& after) {
  for (int use = 0; use < 3; ++use)
    ASSERT_TRUE(torch::equal(convolve(x, w), convolve(x, w.clone()))) << after << ", use " << use;
}

class PackedWeights : public ::testing::Test {
 protected:
  void SetUp() override { pharos::cpu::clear_packed_weights(); }
};

struct Change {
  const char* name;
  std::function<void(Tensor&)> apply;
};

struct OneWeightImpl : torch::nn::Module {
  Tensor weight;
  explicit OneWeightImpl(const Tensor& w) { weight = register_parameter("weight", w); }
};
TORCH_MODULE(OneWeight);

Tensor grad_of_ones(Tensor& w) {
  w.requires_grad_(true);
  w.mutable_grad() = torch::ones_like(w);
  return w;
}

std::vector<Change> changes() {
  std::vector<Change> list{
      {"an in-place operator", [](Tensor& w) { w.add_(1); }},
      {"copy_", [](Tensor& w) { w.copy_(make_weight()); }},
      {"zero_ and fill_", [](Tensor& w) { w.zero_().fill_(0.5); }},
      {"a random sampler", [](Tensor& w) { w.normal_(); }},
      {"an initialiser", [](Tensor& w) { torch::nn::init::kaiming_uniform_(w); }},
      {"a write to a view", [](Tensor& w) { w[3].select(1, 2).mul_(3); }},
      {"a write to a flat view", [](Tensor& w) { w.view({-1})[77].fill_(9); }},
      {"a write to detach()", [](Tensor& w) { w.detach().mul_(2); }},
      {"a write to data()", [](Tensor& w) { w.data().mul_(2); }},
      {"a write to a view of data()", [](Tensor& w) { w.data()[1].mul_(2); }},
      {"set_data", [](Tensor& w) { w.set_data(make_weight()); }},
      {"a masked write", [](Tensor& w) { w.masked_fill_(w > 0, -1); }},
      {"a write by index",
       [](Tensor& w) {
         w.index_put_({torch::tensor({1, 5})}, 4);
       }},
      {"out=", [](Tensor& w) { torch::mul_out(w, make_weight(), make_weight()); }},
      {"cat_out",
       [](Tensor& w) {
         torch::cat_out(w, {torch::ones({16, 32, 3, 3}), make_weight()[0].expand({16, 32, 3, 3})});
       }},
      {"set_", [](Tensor& w) { w.set_(make_weight()); }},
      {"resize_ to more and back",
       [](Tensor& w) {
         w.resize_({64, 32, 3, 3}).fill_(2);
         w.resize_({32, 32, 3, 3});
       }},
      {"a raw pointer", [](Tensor& w) { w.data_ptr<float>()[5] = 7; }},
      {"an untyped raw pointer", [](Tensor& w) { static_cast<float*>(w.data_ptr())[5] = 7; }},
      {"an accessor", [](Tensor& w) { w.accessor<float, 4>()[1][2][1][1] = 7; }},
      {"the storage's pointer",
       [](Tensor& w) { static_cast<float*>(w.storage().mutable_data())[5] = 7; }},
      {"batch normalisation's running mean",
       [](Tensor& w) {
         torch::batch_norm(torch::randn({2, w.numel()}), {}, {}, w.view({-1}),
                           torch::ones({w.numel()}), true, 0.5, 1e-5, false);
       }},
      {"inference mode",
       [](Tensor& w) {
         const torch::InferenceMode inference;
         w.add_(1);
       }},
      {"SGD",
       [](Tensor& w) {
         torch::optim::SGD({grad_of_ones(w)}, torch::optim::SGDOptions(0.1).momentum(0.9)).step();
       }},
      {"Adam", [](Tensor& w) { torch::optim::Adam({grad_of_ones(w)}, 0.1).step(); }},
      {"AdamW", [](Tensor& w) { torch::optim::AdamW({grad_of_ones(w)}, 0.1).step(); }},
      {"RMSprop", [](Tensor& w) { torch::optim::RMSprop({grad_of_ones(w)}, 0.1).step(); }},
      {"Adagrad", [](Tensor& w) { torch::optim::Adagrad({grad_of_ones(w)}, 0.1).step(); }},
      {"loading a module",
       [](Tensor& w) {
         std::stringstream file;
         torch::save(OneWeight(make_weight()), file);
         OneWeight module(w);
         torch::load(module, file);
         w = module->weight;
       }},
      {"moving a module to another dtype and back",
       [](Tensor& w) {
         OneWeight module(w);
         module->to(torch::kHalf);
         module->to(torch::kFloat);
         w = module->weight;
       }},
  };
  return list;
}

TEST_F(PackedWeights, FollowEveryChange) {
  const Tensor x = input();
  for (const Change& change : changes()) {
    Tensor w = make_weight();
    for (int use = 0; use < 3; ++use) convolve(x, w);
    ASSERT_GE(packed_weight_use().bytes, kWeightBytes) << "nothing is kept, so nothing is tested";
    const Tensor before = w.clone();
    {
      const torch::NoGradGuard no_grad;
      change.apply(w);
    }
    ASSERT_FALSE(torch::equal(before, w)) << change.name << " changed nothing";
    expect_current(x, w, change.name);
    {  // once more, with a weight that may be kept again
      const torch::NoGradGuard no_grad;
      w.mul_(0.5);
    }
    expect_current(x, w, std::string("an in-place operator after ") + change.name);
  }
}

TEST_F(PackedWeights, ChangedThroughAnOldPointerAtAnyTime) {
  const Tensor x = input(), w = make_weight();
  float* early = w.data_ptr<float>();
  std::vector<float> memory(32 * 32 * 9, 1.0f);
  const Tensor foreign = torch::from_blob(memory.data(), {32, 32, 3, 3});
  for (int round = 0; round < 3; ++round) {
    expect_current(x, w, "a write to an old pointer");
    expect_current(x, foreign, "a write to memory of the program's own");
    early[round] += 100;
    memory[static_cast<size_t>(round)] += 100;
  }
  EXPECT_EQ(packed_weight_use().bytes, 0);
}

TEST_F(PackedWeights, ReadingLeavesThemKept) {
  const Tensor x = input(), w = make_weight();
  convolve(x, w);
  (void)w.const_data_ptr<float>();
  (void)w.const_data_ptr();
  (void)w.sum().item<float>();
  (void)w.index_select(0, torch::tensor({1}));
  (void)w.sort();
  convolve(x, w);
  EXPECT_EQ(packed_weight_use().bytes, kWeightBytes);
}

TEST_F(PackedWeights, SharedByTensorsOnOneStorage) {
  const Tensor x = input(), all = torch::randn({2, 32, 32, 3, 3});
  const Tensor a = all[0], b = all[1], other = a.data();
  for (int round = 0; round < 3; ++round) {
    expect_current(x, a, "a write to its neighbour's storage");
    expect_current(x, b, "a write to its neighbour's storage");
    expect_current(x, other, "a write to its storage");
    const torch::NoGradGuard no_grad;
    (round % 2 ? a : other).add_(1);
  }
}

TEST_F(PackedWeights, WeightsWithACounterOfTheirOwn) {
  const Tensor x = input(), source = make_weight();
  Tensor w = make_weight();
  w.set_data(source);
  for (int round = 0; round < 4; ++round) {
    expect_current(x, w, "a write to either");
    (round % 2 ? w : source).add_(1);
  }
  const torch::InferenceMode inference;
  const Tensor made_here = make_weight();
  for (int round = 0; round < 3; ++round) {
    expect_current(x, made_here, "a write in inference mode");
    made_here.add_(1);
  }
}

TEST_F(PackedWeights, TransposedAndBackward) {
  const Tensor x = input(), w = make_weight().requires_grad_(true);
  auto run = [&](const Tensor& weight) {
    const Tensor leaf = x.clone().requires_grad_(true);
    const Tensor y =
        torch::conv_transpose2d(leaf, weight, {}, 1, 1) + torch::conv2d(leaf, weight, {}, 1, 1);
    return torch::autograd::grad({(y * y).sum()}, {leaf})[0];
  };
  for (int round = 0; round < 4; ++round) {
    for (int use = 0; use < 3; ++use)
      ASSERT_TRUE(torch::equal(run(w), run(w.detach().clone().requires_grad_(true))));
    const torch::NoGradGuard no_grad;
    w.mul_(0.5);
  }
}

TEST_F(PackedWeights, TrainingKeepsNone) {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(32, 32, 3).padding(1).bias(false));
  torch::optim::SGD optimizer(conv->parameters(), 0.01);
  const Tensor x = input();
  auto train = [&] {
    optimizer.zero_grad();
    conv->forward(x).pow(2).mean().backward();
    optimizer.step();
  };
  for (int step = 0; step < 4; ++step) {
    train();
    EXPECT_EQ(packed_weight_use().bytes, 0);
  }
  for (int use = 0; use < 2; ++use) convolve(x, conv->weight);
  EXPECT_EQ(packed_weight_use().bytes, kWeightBytes);
  train();
  EXPECT_EQ(packed_weight_use().bytes, kWeightBytes) << "the step wrote after the last use";
  train();
  EXPECT_EQ(packed_weight_use().bytes, 0);
}

TEST_F(PackedWeights, EndWithTheirStorage) {
  const Tensor x = input();
  for (int round = 0; round < 20; ++round) {
    const Tensor w = make_weight();  // likely at an address that the one before had
    expect_current(x, w, "the death of another weight");
    EXPECT_EQ(packed_weight_use().bytes, kWeightBytes);
  }
  EXPECT_EQ(packed_weight_use().bytes, 0);
  EXPECT_EQ(packed_weight_use().slots, 0u);
  {
    const Tensor view = make_weight()[0].unsqueeze(0);
    for (int use = 0; use < 3; ++use) convolve(x, view);
  }
  EXPECT_EQ(packed_weight_use().slots, 0u);
}

TEST_F(PackedWeights, LoadedModulesAreKept) {
  std::stringstream file;
  const auto options = torch::nn::Conv2dOptions(32, 32, 3).bias(false);
  torch::nn::Conv2d conv(options), loaded(options);
  torch::save(conv, file);
  torch::load(loaded, file);
  const Tensor x = input();
  const torch::NoGradGuard no_grad;
  for (int use = 0; use < 2; ++use) EXPECT_TRUE(torch::equal(loaded(x), conv(x)));
  EXPECT_EQ(packed_weight_use().bytes, 2 * kWeightBytes);
}

}  // namespace
