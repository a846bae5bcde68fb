// torch::autograd::Function.
#include "tape/support.h"

using namespace tape_test;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

struct Scale : Function<Scale> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double by) {
    ctx->saved_data["by"] = by;
    return x * by;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    return {g[0] * ctx->saved_data["by"].toDouble(), Tensor()};
  }
};

struct Product : Function<Product> {
  static Tensor forward(AutogradContext* ctx, const Tensor& a, const Tensor& b) {
    EXPECT_FALSE(at::GradMode::is_enabled());
    ctx->save_for_backward({a, b});
    return a * b;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    const auto saved = ctx->get_saved_variables();
    Tensor ga, gb;
    if (ctx->needs_input_grad(0)) ga = g[0] * saved[1];
    if (ctx->needs_input_grad(1)) gb = g[0] * saved[0];
    return {ga, gb};
  }
};

struct Exp : Function<Exp> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    const Tensor y = x.exp();
    ctx->save_for_backward({y});
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    return {g[0] * ctx->get_saved_variables()[0]};
  }
};

struct Twice : Function<Twice> {
  static Tensor forward(AutogradContext* ctx, Tensor x) {
    x.mul_(2);
    ctx->mark_dirty({x});
    return x;
  }
  static variable_list backward(AutogradContext*, variable_list g) { return {g[0] * 2}; }
};

struct MinMax : Function<MinMax> {
  static variable_list forward(AutogradContext* ctx, const Tensor& x) {
    Tensor sign = x > 0, absolute = x.abs(), other = x * 2;
    ctx->mark_non_differentiable({absolute});
    return {other, absolute, sign};
  }
  static variable_list backward(AutogradContext*, variable_list g) {
    EXPECT_EQ(g.size(), 3u);
    return {g[0] * 2};
  }
};

struct Pair : Function<Pair> {
  static variable_list forward(AutogradContext* ctx, const Tensor& x, bool materialize) {
    ctx->set_materialize_grads(materialize);
    ctx->saved_data["materialize"] = materialize;
    return {x * 2, x * 3};
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    EXPECT_EQ(g[1].defined(), ctx->saved_data["materialize"].toBool());
    if (g[1].defined()) EXPECT_EQ(values(g[1]), (Values{0, 0}));
    return {g[0] * 2, Tensor()};
  }
};

struct AsIs : Function<AsIs> {
  static Tensor forward(AutogradContext*, Tensor x) { return x; }
  static variable_list backward(AutogradContext*, variable_list g) { return {g[0] * 10}; }
};
struct Flat : Function<Flat> {
  static Tensor forward(AutogradContext*, Tensor x) { return x.view({-1}); }
  static variable_list backward(AutogradContext*, variable_list g) { return {g[0]}; }
};
struct WrongShape : Function<WrongShape> {
  static Tensor forward(AutogradContext*, Tensor x) { return x * 1; }
  static variable_list backward(AutogradContext*, variable_list) { return {at::ones({7})}; }
};
struct WrongCount : Function<WrongCount> {
  static Tensor forward(AutogradContext*, Tensor x, Tensor) { return x * 1; }
  static variable_list backward(AutogradContext*, variable_list g) { return g; }
};
struct Nested : Function<Nested> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    // Recomputes its forward, as checkpointing does.
    const Tensor x = ctx->get_saved_variables()[0].detach().set_requires_grad(true);
    at::AutoGradMode on(true);
    (x * x).backward(g[0]);
    return {x.grad()};
  }
};
struct Throws : Function<Throws> {
  static Tensor forward(AutogradContext*, Tensor x) {
    TORCH_CHECK(x.numel() != 2, "two elements");
    return x;
  }
  static variable_list backward(AutogradContext*, variable_list g) { return g; }
};

}  // namespace

TEST(Function, NumbersAndNames) {
  const Tensor x = leaf({1, 2});
  const Tensor y = Scale::apply(x, 3.0);
  EXPECT_EQ(values(y), (Values{3, 6}));
  EXPECT_NE(name_of(y).find("Scale"), std::string::npos);
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{3, 3}));
  EXPECT_FALSE(Scale::apply(plain({1}), 2.0).requires_grad());
  at::NoGradGuard no_grad;
  EXPECT_FALSE(Scale::apply(x, 2.0).requires_grad());
}

TEST(Function, SavesInputs) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4});
  Tensor y = Product::apply(a, b);
  run(y, true);
  EXPECT_EQ(values(a.grad()), (Values{3, 4}));
  EXPECT_EQ(values(b.grad()), (Values{1, 2}));
  run(y);
  EXPECT_MESSAGE("Trying to backward through the graph a second time", run(y));
  Tensor m = a * 1;
  y = Product::apply(m, b);
  m.add_(1);
  EXPECT_MESSAGE("has been modified by an inplace operation", run(y));
  run(Product::apply(a, plain({1, 1})));
}

TEST(Function, SavesOutputsWithoutACycle) {
  const Tensor x = leaf({0, 1});
  const Tensor y = Exp::apply(x);
  EXPECT_EQ(y.use_count(), 1u);
  run(y);
  EXPECT_NEAR(values(x.grad())[1], 2.7182818, 1e-6);
}

TEST(Function, DoubleBackward) {
  const Tensor x = at::ones({3}, at::kDouble).mul(0.3).set_requires_grad(true);
  const Tensor w = at::ones({3}, at::kDouble).mul(1.7).set_requires_grad(true);
  const auto f = [](const variable_list& in) {
    return variable_list{Exp::apply(Product::apply(in[0], in[1]))};
  };
  EXPECT_TRUE(torch::autograd::gradcheck(f, {x, w}));
  EXPECT_TRUE(torch::autograd::gradgradcheck(f, {x, w}));
}

TEST(Function, MarksDirty) {
  const Tensor x = leaf({1, 2});
  Tensor m = x * 1;
  const Tensor y = Twice::apply(m);
  EXPECT_TRUE(y.is_same(m));
  EXPECT_EQ(m._version(), 2);  // the write inside and the mark
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{2, 2}));
  EXPECT_MESSAGE("a leaf Variable that requires grad has been used in an in-place operation.",
                 Twice::apply(leaf({1})));
  // On a view, the base's history changes as well.
  Tensor b = x * 1;
  Twice::apply(b.slice(0, 0, 1));
  x.mutable_grad() = Tensor();
  run(b);
  EXPECT_EQ(values(x.grad()), (Values{2, 1}));
}

TEST(Function, NonDifferentiableOutputs) {
  const Tensor x = leaf({1, -2});
  const auto out = MinMax::apply(x);
  EXPECT_TRUE(out[0].requires_grad());
  EXPECT_FALSE(out[1].requires_grad());
  EXPECT_FALSE(out[2].requires_grad());
  run(out[0]);
  EXPECT_EQ(values(x.grad()), (Values{2, 2}));
}

TEST(Function, MaterializesGrads) {
  const Tensor x = leaf({1, 2});
  for (bool materialize : {true, false}) run(Pair::apply(x, materialize)[0]);
  EXPECT_EQ(values(x.grad()), (Values{4, 4}));
}

TEST(Function, InputsReturnedAsTheyAre) {
  const Tensor x = leaf({1, 2});
  Tensor y = AsIs::apply(x);
  EXPECT_FALSE(y.is_same(x));
  EXPECT_TRUE(x.is_leaf());
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{10, 10}));
  EXPECT_MESSAGE(
      " is a view and is being modified inplace. This view was created inside a custom Function",
      AsIs::apply(x * 1).add_(1));
  EXPECT_MESSAGE(
      " is a view and is being modified inplace. This view was created inside a custom Function",
      Flat::apply(x * 1).add_(1));
  at::NoGradGuard no_grad;
  EXPECT_FALSE(AsIs::apply(x).requires_grad());
}

TEST(Function, WrongGradients) {
  const Tensor x = leaf({1, 2, 3});
  EXPECT_MESSAGE(
      "returned an invalid gradient at index 0 - got [7] but expected shape compatible with [3]",
      run(WrongShape::apply(x)));
  EXPECT_MESSAGE("returned an incorrect number of gradients (expected 2, got 1)",
                 run(WrongCount::apply(x, x)));
  EXPECT_MESSAGE("two elements", Throws::apply(leaf({1, 2})));
  EXPECT_TRUE(at::GradMode::is_enabled());
}

TEST(Function, BackwardInsideBackward) {
  const Tensor x = leaf({1, 2});
  run(Nested::apply(Nested::apply(x)));
  EXPECT_EQ(values(x.grad()), (Values{4, 32}));
}

namespace {
struct Wrong : Function<Wrong> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    return {g[0] * ctx->get_saved_variables()[0] * 2.01};
  }
};
struct WrongTwice : Function<WrongTwice> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x) {
    ctx->save_for_backward({x});
    return x * x;
  }
  static variable_list backward(AutogradContext* ctx, variable_list g) {
    return {g[0] * ctx->get_saved_variables()[0].detach() * 2};
  }
};
}  // namespace

TEST(Gradcheck, FindsWrongGradients) {
  const Tensor x = at::ones({2}, at::kDouble).mul(0.8).set_requires_grad(true);
  const auto check = [](auto f) {
    return [f](const variable_list& in) { return variable_list{f(in[0])}; };
  };
  EXPECT_MESSAGE(
      "Jacobian mismatch",
      torch::autograd::gradcheck(check([](const Tensor& t) { return Wrong::apply(t); }), {x}));
  torch::autograd::GradcheckOptions quiet;
  quiet.raise_exception = false;
  EXPECT_FALSE(torch::autograd::gradcheck(check([](const Tensor& t) { return Wrong::apply(t); }),
                                          {x}, quiet));
  EXPECT_TRUE(
      torch::autograd::gradcheck(check([](const Tensor& t) { return WrongTwice::apply(t); }), {x}));
  EXPECT_FALSE(torch::autograd::gradgradcheck(
      check([](const Tensor& t) { return WrongTwice::apply(t); }), {x}, quiet));
  EXPECT_TRUE(
      torch::autograd::gradgradcheck(check([](const Tensor& t) { return t * t.exp(); }), {x}));
  EXPECT_MESSAGE(
      "at least one input tensor to require gradient",
      torch::autograd::gradcheck(check([](const Tensor& t) { return t; }), {plain({1})}));
}
