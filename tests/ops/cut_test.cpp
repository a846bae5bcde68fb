// Operators on tensors large enough to be cut: over threads, into tiles, into groups of rows.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

namespace {
using torch::Tensor;

// Results for one thread and for three are the same bits.
template <typename F>
Tensor same_for_threads(F&& f) {
  const int saved = torch::get_num_threads();
  torch::set_num_threads(1);
  const Tensor one = f();
  torch::set_num_threads(3);
  const Tensor three = f();
  torch::set_num_threads(saved);
  EXPECT_TRUE(torch::equal(one, three));
  return one;
}

TEST(Cut, CumulativeSumsOfManyRows) {
  torch::manual_seed(1);
  for (const auto dtype : {torch::kFloat, torch::kDouble}) {
    for (const int64_t rows : {7, 8, 19, 1003}) {
      const Tensor x = torch::randn({rows, 101}, dtype);
      const Tensor y = same_for_threads([&] { return x.cumsum(1); });
      // The same rows in a layout that is summed line by line.
      const Tensor lines = x.t().contiguous().t();
      EXPECT_TRUE(torch::equal(y, lines.cumsum(1))) << rows;
      const Tensor wide = x.to(torch::kDouble);
      for (const int64_t r : {int64_t{0}, rows / 2, rows - 1}) {
        double sum = 0;
        for (int64_t j = 0; j < 101; ++j) {
          sum += wide[r][j].item<double>();
          ASSERT_EQ(y[r][j].item<double>(), torch::tensor(sum, dtype).item<double>());
        }
      }
    }
  }
}

TEST(Cut, TransposedCopies) {
  for (const auto dtype : {torch::kFloat, torch::kInt, torch::kDouble, torch::kShort}) {
    for (const auto& [m, n] : {std::pair<int64_t, int64_t>{16, 16}, {50, 67}, {316, 333}}) {
      const Tensor x = torch::arange(m * n).to(dtype).view({m, n});
      const Tensor y = same_for_threads([&] { return x.t().contiguous(); });
      const Tensor want = (torch::arange(m).view({1, m}) * n + torch::arange(n).view({n, 1}));
      EXPECT_TRUE(torch::equal(y, want.to(dtype))) << m << "x" << n;
    }
  }
}

TEST(Cut, BroadcastRowsAndColumns) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({777, 101}), row = torch::randn({101}),
               column = torch::randn({777, 1});
  const Tensor by_row = same_for_threads([&] { return x * row; });
  const Tensor by_column = same_for_threads([&] { return x * column; });
  const Tensor sliced = same_for_threads([&] { return x.narrow(1, 1, 99) * row.narrow(0, 2, 99); });
  EXPECT_TRUE(torch::equal(by_row, x * row.expand({777, 101}).contiguous()));
  EXPECT_TRUE(torch::equal(by_column, x * column.expand({777, 101}).contiguous()));
  EXPECT_TRUE(torch::equal(sliced, (x * row.roll({-1}, {0})).narrow(1, 1, 99)));
}

TEST(Cut, FunctionsOfManyItems) {
  const Tensor x = torch::linspace(-4, 4, 100003);
  for (const auto& f : {&at::exp, &at::tanh, &at::sigmoid, &at::neg}) {
    const Tensor y = same_for_threads([&] { return f(x); });
    EXPECT_TRUE(torch::equal(y.narrow(0, 50001, 99), f(x.narrow(0, 50001, 99))));
  }
}

TEST(Cut, SumsOfColumnsAndSelectedRows) {
  torch::manual_seed(3);
  const Tensor x = torch::randn({1000, 100});
  const Tensor sum = same_for_threads([&] { return x.sum(0); });
  EXPECT_LT((sum - x.to(torch::kDouble).sum(0)).abs().max().item<double>(), 1e-4);
  const Tensor order = torch::randperm(1000, torch::kLong);
  const Tensor rows = same_for_threads([&] { return x.index_select(0, order); });
  for (const int64_t i : {0, 1, 81, 82, 500, 999})
    EXPECT_TRUE(torch::equal(rows[i], x[order[i].item<int64_t>()]));
}

}  // namespace
