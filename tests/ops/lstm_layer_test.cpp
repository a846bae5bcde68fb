// The fused LSTM layer (f32) against the composed steps, which other dtypes take: outputs, last
// states, gradients and gradients of gradients.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

namespace {
using torch::Tensor;
using Tensors = std::vector<Tensor>;

struct Case {
  int64_t time, batch, input, hidden, layers;
  bool biases, bidirectional;
};

Tensors leaves(const Case& c) {
  const int64_t directions = c.bidirectional ? 2 : 1;
  auto make = [](std::vector<int64_t> sizes) { return torch::rand(sizes) - 0.5; };
  Tensors out{make({c.time, c.batch, c.input}), make({c.layers * directions, c.batch, c.hidden}),
              make({c.layers * directions, c.batch, c.hidden})};
  for (int64_t i = 0; i < c.layers * directions; ++i) {
    out.push_back(make({4 * c.hidden, i < directions ? c.input : c.hidden * directions}));
    out.push_back(make({4 * c.hidden, c.hidden}));
    if (c.biases) out.push_back(make({4 * c.hidden}));
    if (c.biases) out.push_back(make({4 * c.hidden}));
  }
  return out;
}

Tensors as(const Tensors& list, torch::Dtype dtype) {
  Tensors out;
  for (const Tensor& t : list) out.push_back(t.to(dtype).detach().clone().requires_grad_(true));
  return out;
}

// Everything that can be compared: results, gradients, and second gradients if asked for.
Tensors all_numbers(const Case& c, const Tensors& in, bool second, bool last_states) {
  const Tensors params(in.begin() + 3, in.end());
  auto [out, h, cell] = torch::lstm(in[0], {in[1], in[2]}, params, c.biases, c.layers, 0.0, true,
                                    c.bidirectional, false);
  Tensor loss = (out * out).sum();
  if (last_states) loss = loss + (h * cell.sin()).sum();
  const Tensors first = torch::autograd::grad({loss}, in, {}, true, second);
  Tensors numbers{out, h, cell};
  numbers.insert(numbers.end(), first.begin(), first.end());
  if (!second) return numbers;
  Tensor norm = torch::zeros({}, in[0].options());
  for (const Tensor& g : first) norm = norm + (g * g).sum();
  const Tensors again = torch::autograd::grad({norm}, in);
  numbers.insert(numbers.end(), again.begin(), again.end());
  return numbers;
}

TEST(LstmLayer, EqualsTheComposedSteps) {
  torch::manual_seed(3);
  for (const Case& c : {Case{5, 3, 4, 6, 1, true, false},
                        {1, 1, 1, 1, 1, true, false},
                        {4, 2, 3, 17, 2, false, true},
                        {3, 20, 8, 33, 2, true, false}}) {
    const Tensors in = leaves(c);
    for (bool second : {false, true}) {
      for (bool last_states : {false, true}) {
        const Tensors fused = all_numbers(c, as(in, torch::kFloat), second, last_states);
        const Tensors composed = all_numbers(c, as(in, torch::kDouble), second, last_states);
        ASSERT_EQ(fused.size(), composed.size());
        for (size_t i = 0; i < fused.size(); ++i) {
          const double scale = 1 + composed[i].abs().max().item<double>();
          EXPECT_LT((fused[i].to(torch::kDouble) - composed[i]).abs().max().item<double>(),
                    3e-6 * scale)
              << "number " << i << ", hidden " << c.hidden << ", second " << second;
        }
      }
    }
  }
}

TEST(LstmLayer, RecordsOnlyWhereAGradientIsWanted) {
  const Case c{5, 3, 4, 6, 1, true, false};
  const Tensors in = as(leaves(c), torch::kFloat);
  const Tensors params(in.begin() + 3, in.end());
  auto run = [&] {
    return torch::lstm(in[0], {in[1], in[2]}, params, true, 1, 0.0, true, false, false);
  };
  const Tensor recorded = std::get<0>(run());
  torch::NoGradGuard guard;
  const Tensor plain = std::get<0>(run());
  EXPECT_TRUE(recorded.requires_grad());
  EXPECT_FALSE(plain.requires_grad());
  EXPECT_TRUE(torch::equal(recorded.detach(), plain));
}

TEST(LstmLayer, GivesEqualBitsForAnyNumberOfThreads) {
  const Case c{6, 40, 30, 128, 1, true, false};
  torch::manual_seed(4);
  const Tensors in = leaves(c);
  const int saved = torch::get_num_threads();
  torch::set_num_threads(1);
  const Tensors one = all_numbers(c, as(in, torch::kFloat), false, true);
  torch::set_num_threads(3);
  const Tensors three = all_numbers(c, as(in, torch::kFloat), false, true);
  torch::set_num_threads(saved);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
}

}  // namespace
