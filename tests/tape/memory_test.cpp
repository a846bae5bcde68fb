// What graphs keep, and that they end: no cycles, nothing left over, no deep recursion.
#include "tape/support.h"

#include <pharos/core/allocator.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tape_test;

namespace {

size_t live_bytes() { return pharos::memory_stats().allocated_bytes; }

// Runs f in a thread with a stack of 128 KiB.
template <typename F>
void with_small_stack(F f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 128 << 10), 0);
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, &attributes,
                [](void* p) -> void* {
                  (*static_cast<F*>(p))();
                  return nullptr;
                },
                &f),
            0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

Tensor chain(const Tensor& x, int n) {
  Tensor y = x;
  for (int i = 0; i < n; ++i) y = y + x;
  return y;
}

}  // namespace

TEST(Memory, NothingIsLeft) {
  const auto work = [] {
    const Tensor x = at::ones({100, 100}).set_requires_grad(true),
                 w = at::ones({100, 100}).set_requires_grad(true);
    Tensor y = (x * w).exp() * x;
    y.slice(0, 0, 10).mul_(w.slice(0, 5, 15));
    y.retain_grad();
    y.register_hook([y = y.detach()](const Tensor& g) { return g * y; });
    y.backward(at::ones_like(y.detach()), true, true);
    x.mutable_grad() = Tensor();
    w.mutable_grad() = Tensor();
    y.mutable_grad() = Tensor();
    y.backward(at::ones_like(y.detach()));
    const auto parts = (x * 2).unbind(0);
    try {
      run(y);
    } catch (const c10::Error&) {
    }
  };
  work();
  const size_t before = live_bytes();
  for (int i = 0; i < 5; ++i) work();
  EXPECT_EQ(live_bytes(), before);
}

TEST(Memory, SavedOutputsMakeNoCycle) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x.exp();
  EXPECT_EQ(y.use_count(), 1u);
  Tensor z = x * 1;
  z.exp_();
  EXPECT_EQ(z.use_count(), 1u);
}

TEST(Memory, WithoutRetainGraphSavedTensorsGoEarly) {
  const Tensor x = leaf({1, 2});
  const Tensor a = x * 1, y = a * a;
  EXPECT_EQ(a.use_count(), 3u);
  run(y);
  EXPECT_EQ(a.use_count(), 1u);
}

TEST(Memory, GraphKeepsLeavesAlive) {
  Tensor x = leaf({1, 2});
  const Tensor y = x * 2;
  x = Tensor();
  run(y);
}

TEST(DeepGraphs, RunBackwardAndEnd) {
  with_small_stack([] {
    const Tensor x = at::ones({}).set_requires_grad(true);
    Tensor y = chain(x, 1000000);
    y.backward();
    EXPECT_EQ(values(x.grad()), (Values{1000001}));
    y = Tensor();
  });
}

TEST(DeepGraphs, EndWithoutBackward) {
  with_small_stack([] {
    const Tensor x = at::ones({}).set_requires_grad(true);
    Tensor y = chain(x, 1000000);
    y = Tensor();
  });
}

TEST(DeepGraphs, OfInPlaceWritesToViews) {
  with_small_stack([] {
    const Tensor x = leaf({1, 2});
    Tensor y = x * 1;
    for (int i = 0; i < 20000; ++i) y.slice(0, 0, 1).add_(x.slice(0, 0, 1));
    run(y);
    EXPECT_EQ(values(x.grad()), (Values{20001, 1}));
  });
}

TEST(DeepGraphs, PartlyShared) {
  with_small_stack([] {
    const Tensor x = at::ones({}).set_requires_grad(true);
    Tensor y = chain(x, 100000);
    const Tensor middle = y;
    y = chain(y, 100000);
    y = Tensor();
    middle.backward();
    EXPECT_EQ(values(x.grad()), (Values{100001}));
  });
}

TEST(Fork, ChildrenRunBackward) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * x;
  run(y, true);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    run(y);
    run((x * x).exp());
    _exit(values(x.grad())[0] > 4 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(values(x.grad()), (Values{2, 4}));
}
