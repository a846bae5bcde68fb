// Several threads at once: forward and backward on shared parameters, graphs that change hands.
#include "tape/support.h"

#include <atomic>
#include <thread>

using namespace tape_test;

namespace {
template <typename F>
void in_threads(int n, F f) {
  std::vector<std::thread> all;
  for (int i = 0; i < n; ++i) all.emplace_back([&f, i] { f(i); });
  for (auto& t : all) t.join();
}
}  // namespace

TEST(Threads, ShareParameters) {
  const Tensor w = leaf({1, 2, 3}), b = leaf({4, 5, 6});
  constexpr int kThreads = 4, kSteps = 50;
  in_threads(kThreads, [&](int) {
    for (int i = 0; i < kSteps; ++i) run((at::ones({3}) * w + b) * 2);
  });
  EXPECT_EQ(values(w.grad()), (Values{400, 400, 400}));
  EXPECT_EQ(values(b.grad()), (Values{400, 400, 400}));
}

TEST(Threads, MeetTheirFirstGraphTogether) {
  for (int round = 0; round < 50; ++round) {
    const Tensor w = leaf({1, 2});
    std::atomic<int> ready{0};
    in_threads(3, [&](int) {
      ++ready;
      while (ready < 3) std::this_thread::yield();
      const Tensor y = w * w;
      run(y);
    });
    EXPECT_EQ(values(w.grad()), (Values{6, 12}));
  }
}

TEST(Threads, RetainedGraphRunsInSeveral) {
  const Tensor x = leaf({1, 2});
  const Tensor y = (x * x).exp() * x;
  const Values one = values(torch::autograd::grad({y}, {x}, {at::ones({2})}, true)[0]);
  in_threads(3, [&](int) {
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(values(torch::autograd::grad({y}, {x}, {at::ones({2})}, true)[0]), one);
  });
}

TEST(Threads, HandOverGraphs) {
  const Tensor x = leaf({1, 2});
  Tensor y = (x * x) * x;
  std::thread([&] { y = y * 2; }).join();
  std::thread([&] {
    run(y);
    y = Tensor();
  }).join();
  EXPECT_EQ(values(x.grad()), (Values{6, 24}));
}

TEST(Threads, FindAViewsHistoryTogether) {
  for (int round = 0; round < 20; ++round) {
    const Tensor x = leaf({1, 2, 3, 4});
    Tensor b = x * 1;
    const Tensor v = b.slice(0, 0, 2);
    b.mul_(2);
    in_threads(3, [&](int) {
      EXPECT_EQ(values(torch::autograd::grad({v * v}, {x}, {at::ones({2})}, true)[0]),
                (Values{8, 16, 0, 0}));
    });
  }
}

TEST(Threads, ModesAreTheThreadsOwn) {
  at::NoGradGuard no_grad;
  std::thread([] { EXPECT_TRUE(at::GradMode::is_enabled()); }).join();
  EXPECT_FALSE(at::GradMode::is_enabled());
}
