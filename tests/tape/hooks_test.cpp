// Hooks on tensors, leaves and nodes; anomaly mode; saved-tensor hooks; backward inside backward.
#include "tape/support.h"

#include <functional>
#include <stdexcept>

using namespace tape_test;
using torch::autograd::add_node_post_hook;
using torch::autograd::add_node_pre_hook;
using torch::autograd::add_post_accumulate_hook;
using torch::autograd::variable_list;

TEST(TensorHooks, SeeAndReplaceGradients) {
  const Tensor x = leaf({1, 2}), y = x * 3;
  Values seen;
  y.register_hook([&](const Tensor& g) { seen = values(g); });
  const unsigned twice = y.register_hook([](const Tensor& g) { return g * 2; });
  x.register_hook([](Tensor g) { return g + 1; });
  run(y, true);
  EXPECT_EQ(seen, (Values{1, 1}));
  EXPECT_EQ(values(x.grad()), (Values{7, 7}));
  y.remove_hook(twice);
  x.mutable_grad() = Tensor();
  run(y, true);
  EXPECT_EQ(values(x.grad()), (Values{4, 4}));
  EXPECT_MESSAGE("Invalid index, no hook at position 17", y.remove_hook(17));
  EXPECT_MESSAGE("cannot register a hook on a variable that doesn't require gradient",
                 at::ones({1}).register_hook([](const Tensor&) {}));
  y.register_hook([](const Tensor&) { return at::ones({3}); });
  EXPECT_MESSAGE("has changed the size of value", run(y));
}

TEST(TensorHooks, MayChangeTheListWhileItRuns) {
  const Tensor x = leaf({1}), y = x * 1;
  std::string order;
  unsigned a = 0, c = 0;
  a = y.register_hook([&](const Tensor&) {
    order += 'a';
    y.remove_hook(a);
    y.remove_hook(c);
    y.register_hook([&](const Tensor&) { order += 'd'; });
  });
  y.register_hook([&](const Tensor&) { order += 'b'; });
  c = y.register_hook([&](const Tensor&) { order += 'c'; });
  run(y, true);
  EXPECT_EQ(order, "ab");
  run(y, true);
  EXPECT_EQ(order, "abbd");
}

TEST(TensorHooks, RunForGradAndBeforeCapture) {
  const Tensor x = leaf({1, 2}), y = x * 1;
  y.register_hook([](const Tensor& g) { return g * 5; });
  const auto g = torch::autograd::grad({y * y}, {y, x}, {at::ones({2})});
  EXPECT_EQ(values(g[0]), (Values{10, 20}));
  EXPECT_EQ(values(g[1]), (Values{10, 20}));
}

TEST(TensorHooks, StayWithTheHistoryBeforeAnInPlaceWrite) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 1;
  Values before, after;
  y.register_hook([&](const Tensor& g) { before = values(g); });
  y.mul_(3);
  y.register_hook([&](const Tensor& g) { after = values(g); });
  run(y);
  EXPECT_EQ(before, (Values{3, 3}));
  EXPECT_EQ(after, (Values{1, 1}));
}

TEST(RetainGrad, OfNonLeaves) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 3;
  y.retain_grad();
  EXPECT_TRUE(y.retains_grad());
  run(y * y, true);
  EXPECT_EQ(values(y.grad()), (Values{6, 12}));
  run(y);
  EXPECT_EQ(values(y.grad()), (Values{7, 13}));
  EXPECT_MESSAGE("can't retain_grad on Tensor that has requires_grad=False",
                 at::ones({1}).retain_grad());
  x.retain_grad();
  EXPECT_FALSE(x.retains_grad());
  // It moves on with in-place writes, and a tensor that is gone leaves nothing behind.
  Tensor z = x * 1;
  z.retain_grad();
  z.mul_(2);
  const Tensor end = z * 5;
  run(end, true);
  EXPECT_EQ(values(z.grad()), (Values{5, 5}));
  z = Tensor();
  run(end);
}

TEST(PostAccumulate, RunsOnceTheGradientIsThere) {
  const Tensor x = leaf({1, 2});
  int calls = 0;
  const unsigned id = add_post_accumulate_hook(x, [&](const Tensor& t) {
    ++calls;
    EXPECT_EQ(values(t.grad()), (Values{4, 8}));
    t.mutable_grad() = Tensor();
  });
  run(x * x + x * x);
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(torch::autograd::remove_hook(x, id));
  run(x * x);
  EXPECT_EQ(calls, 1);
  EXPECT_MESSAGE("post accumulate grad hooks cannot be registered on non-leaf tensors",
                 add_post_accumulate_hook(x * 2, [](const Tensor&) {}));
}

TEST(NodeHooks, BeforeAndAfter) {
  const Tensor x = leaf({1, 2}), y = x * 3;
  auto fn = y.grad_fn();
  std::string order;
  const unsigned pre = add_node_pre_hook(*fn, [&](const variable_list& g) {
    order += "pre ";
    return variable_list{g[0] * 10};
  });
  add_node_post_hook(*fn, [&](const variable_list& results, const variable_list& grads) {
    order += "post";
    EXPECT_EQ(values(grads[0]), (Values{10, 10}));
    variable_list r = results;
    r[0] = r[0] + 1;
    return r;
  });
  run(y, true);
  EXPECT_EQ(order, "pre post");
  EXPECT_EQ(values(x.grad()), (Values{31, 31}));
  EXPECT_TRUE(torch::autograd::remove_node_hook(*fn, pre));
  EXPECT_FALSE(torch::autograd::remove_node_hook(*fn, pre));
}

TEST(Anomaly, NamesTheForwardOperator) {
  const Tensor x = leaf({-1, 4});
  torch::autograd::DetectAnomalyGuard guard;
  const Tensor y = x.sqrt();
  EXPECT_MESSAGE("Function 'SqrtBackward0' returned nan values in its 0th output.", run(y));
}

TEST(Anomaly, OffAgainAndWithoutNanCheck) {
  {
    torch::autograd::DetectAnomalyGuard guard(false);
    const Tensor x = leaf({-1});
    run(x.sqrt());
  }
  EXPECT_FALSE(torch::autograd::AnomalyMode::is_enabled());
}

namespace {
struct Counting : torch::autograd::SavedTensorHooks {
  int packed = 0, unpacked = 0, dropped = 0;
  void* pack(const Tensor& t) override {
    ++packed;
    EXPECT_FALSE(t.requires_grad());
    return new Tensor(t * 2);  // packed form: doubled
  }
  Tensor unpack(void* p) override {
    ++unpacked;
    return *static_cast<Tensor*>(p) / 2;
  }
  void drop(void* p) noexcept override {
    ++dropped;
    delete static_cast<Tensor*>(p);
  }
};
}  // namespace

TEST(SavedHooks, PackAndUnpack) {
  Counting hooks;
  const Tensor x = leaf({0, 1});
  {
    Tensor y, e;
    {
      torch::autograd::SavedTensorHooksGuard guard(hooks);
      y = x * x;
      e = x.exp();
    }
    EXPECT_EQ(hooks.packed, 3);
    const Tensor g = torch::autograd::grad({y}, {x}, {at::ones({2})}, true, true)[0];
    EXPECT_EQ(values(g), (Values{0, 2}));
    run(g);
    EXPECT_EQ(values(x.grad()), (Values{2, 2}));
    run(e);
    EXPECT_NEAR(values(x.grad())[0], 3, 1e-6);
  }
  EXPECT_EQ(hooks.dropped, hooks.packed);
  EXPECT_GE(hooks.unpacked, 3);
}

TEST(Reentrant, BackwardInsideAHook) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor y = x * w;
  y.register_hook([&](const Tensor& g) {
    const Tensor inner = w.detach().set_requires_grad(true);
    at::AutoGradMode on(true);
    run(inner * inner);
    EXPECT_EQ(values(inner.grad()), (Values{6, 8}));
    run(x * 7);  // the same leaf as the pass around it
    return g;
  });
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{10, 11}));
  EXPECT_EQ(values(w.grad()), (Values{1, 2}));
}

TEST(Reentrant, ThroughTheSameNodes) {
  const Tensor x = leaf({2});
  const Tensor shared = x * x, y = shared * 3;
  bool inside = false;
  y.register_hook([&](const Tensor&) {
    if (inside) return;
    inside = true;
    run(y, true);
    inside = false;
  });
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{24}));
}

// Each pass runs inside the one before: more of them than fit on a thread's stack.
void descend(int levels, int& passed) {
  const Tensor x = leaf({1}), y = x * 2;
  y.register_hook([&](const Tensor&) {
    at::AutoGradMode on(true);
    if (levels > 1) descend(levels - 1, passed);
  });
  run(y);
  passed += values(x.grad()) == Values{2};
}
TEST(Reentrant, ThousandsDeep) {
  int passed = 0;
  descend(5000, passed);
  EXPECT_EQ(passed, 5000);
}
TEST(Reentrant, ErrorsComeUpFromTheDepth) {
  int levels = 0;
  std::function<void()> fall = [&] {
    at::AutoGradMode on(true);
    const Tensor x = leaf({1}), y = x * 2;
    y.register_hook([&](const Tensor&) {
      if (++levels == 300) throw std::runtime_error("the floor");
      fall();
    });
    run(y);
  };
  EXPECT_THROW(fall(), std::runtime_error);
  EXPECT_EQ(levels, 300);
  const Tensor x = leaf({3});
  run(x * x);
  EXPECT_EQ(values(x.grad()), (Values{6}));
}

TEST(Errors, InTheMiddleLeaveAUsableGraph) {
  const Tensor x = leaf({1, 2}), y = x * x, z = y + y * 2;
  bool fail = true;
  y.register_hook([&](const Tensor&) {
    if (fail) throw std::runtime_error("the hook failed");
  });
  EXPECT_THROW(run(z, true), std::runtime_error);
  EXPECT_FALSE(x.grad().defined());
  fail = false;
  run(z, true);
  EXPECT_EQ(values(x.grad()), (Values{6, 12}));
  // What already ran without retain_graph has dropped what it kept.
  const Tensor a = x * x, b = a * a;
  a.register_hook([](const Tensor&) { throw std::runtime_error("again"); });
  EXPECT_THROW(run(b), std::runtime_error);
  EXPECT_MESSAGE("Trying to backward through the graph a second time", run(b));
  run(x * 1);
}
