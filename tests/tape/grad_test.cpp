// The graph and its gradients: names and edges, accumulation, grad, modes, errors. Expected values
// and messages are PyTorch's.
#include "tape/support.h"

using namespace tape_test;
using torch::autograd::grad;

TEST(Graph, NamesAndEdges) {
  const Tensor x = leaf({1, 2, 3}), w = leaf({4, 5, 6});
  EXPECT_TRUE(x.is_leaf());
  EXPECT_EQ(x.grad_fn().get(), nullptr);
  const Tensor y = (x * w).exp() + x;
  EXPECT_FALSE(y.is_leaf());
  EXPECT_TRUE(y.requires_grad());
  EXPECT_EQ(name_of(y), "AddBackward0");
  const auto edges = y.grad_fn()->next_edges();
  ASSERT_EQ(edges.size(), 2u);
  EXPECT_EQ(edges[0].function->name(), "ExpBackward0");
  EXPECT_EQ(edges[1].function->name(), "torch::autograd::AccumulateGrad");
  EXPECT_EQ(edges[1].function->sequence_nr(), ~uint64_t{0});
  const auto mul = edges[0].function->next_edge(0).function;
  EXPECT_EQ(mul->name(), "MulBackward0");
  // One AccumulateGrad a leaf.
  EXPECT_EQ(mul->next_edge(0).function.get(), edges[1].function.get());
  EXPECT_LT(mul->sequence_nr(), y.grad_fn()->sequence_nr());
  EXPECT_FALSE((x * plain({1, 1, 1})).grad_fn()->next_edge(1).is_valid());
}

TEST(Graph, WhatRequiresGrad) {
  const Tensor x = leaf({1, 2});
  EXPECT_FALSE((plain({1, 2}) * 2).requires_grad());
  EXPECT_FALSE(x.detach().requires_grad());
  EXPECT_FALSE((x > 1).requires_grad());
  {
    at::NoGradGuard no_grad;
    EXPECT_FALSE((x * 2).requires_grad());
    at::AutoGradMode on(true);
    EXPECT_TRUE((x * 2).requires_grad());
  }
  EXPECT_TRUE((x * 2).requires_grad());
  EXPECT_MESSAGE("only Tensors of floating point", at::ones({2}, at::kInt).set_requires_grad(true));
  EXPECT_MESSAGE("you can only change requires_grad flags of leaf variables.",
                 (x * 2).set_requires_grad(false));
  (x * 2).set_requires_grad(true);
  x.set_requires_grad(false);
  EXPECT_FALSE((x * 2).requires_grad());
}

TEST(Backward, AccumulatesIntoGrad) {
  const Tensor x = leaf({1, 2, 3});
  EXPECT_FALSE(x.grad().defined());
  run(x * x);
  EXPECT_EQ(values(x.grad()), (Values{2, 4, 6}));
  run(x * x * x);
  EXPECT_EQ(values(x.grad()), (Values{5, 16, 33}));
  x.mutable_grad() = Tensor();
  run(x + x + x);
  EXPECT_EQ(values(x.grad()), (Values{3, 3, 3}));
  EXPECT_FALSE(x.grad().requires_grad());
}

TEST(Backward, GradKeepsLeafLayoutAndDtype) {
  const Tensor x = at::ones({2, 3}).t().set_requires_grad(true);
  EXPECT_EQ(x.stride(0), 1);
  run(x * at::ones({3, 2}));
  EXPECT_EQ(x.grad().strides(), x.strides());
  const Tensor h = at::ones({3}, at::kHalf).set_requires_grad(true);
  run(h * at::ones({3}, at::kFloat));
  EXPECT_EQ(h.grad().scalar_type(), at::kHalf);
}

TEST(Backward, BroadcastInputsGetSums) {
  const Tensor a = at::ones({3, 1}).set_requires_grad(true), b = leaf({1, 2, 3, 4}),
               s = at::full({}, 2.0).set_requires_grad(true);
  run((a * b) * s);
  EXPECT_EQ(a.grad().sizes(), (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(values(a.grad()), (Values{20, 20, 20}));
  EXPECT_EQ(values(b.grad()), (Values{6, 6, 6, 6}));
  EXPECT_EQ(s.grad().dim(), 0);
  EXPECT_EQ(values(s.grad()), (Values{30}));
}

TEST(Backward, ComplexGradientOfRealInput) {
  const Tensor x = leaf({1, 2}), c = at::complex(plain({3, 4}), plain({5, 6}));
  const Tensor y = x * c;
  EXPECT_TRUE(y.is_complex());
  y.backward(at::complex(plain({1, 1}), plain({1, 0})));
  EXPECT_EQ(x.grad().scalar_type(), at::kFloat);
  // Re((1 + i) * conj(3 + 5i)), Re(conj(4 + 6i))
  EXPECT_EQ(values(x.grad()), (Values{8, 4}));
}

TEST(Backward, RetainGraphOrSecondTime) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * x;
  run(y, true);
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{4, 8}));
  EXPECT_MESSAGE("Trying to backward through the graph a second time", run(y));
  EXPECT_EQ(values(x.grad()), (Values{4, 8}));
  // Nodes that keep nothing run again.
  Tensor z = x + x;
  run(z);
  run(z);
  EXPECT_EQ(values(x.grad()), (Values{8, 12}));
}

TEST(Backward, InputsLimitIt) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor m = x * w, y = m * m;
  y.backward(at::ones({2}), true, false, std::vector<Tensor>{x});
  EXPECT_EQ(values(x.grad()), (Values{18, 64}));
  EXPECT_FALSE(w.grad().defined());
  y.backward(at::ones({2}), true, false, std::vector<Tensor>{m});
  EXPECT_EQ(values(m.grad()), (Values{6, 16}));
  EXPECT_EQ(values(x.grad()), (Values{18, 64}));
  EXPECT_MESSAGE("`inputs` argument to `backward()` cannot be empty.",
                 y.backward(at::ones({2}), true, false, std::vector<Tensor>{}));
}

TEST(Backward, Errors) {
  const Tensor x = leaf({1, 2, 3});
  EXPECT_MESSAGE("grad can be implicitly created only for scalar outputs", (x * 2).backward());
  EXPECT_MESSAGE("element 0 of tensors does not require grad and does not have a grad_fn",
                 at::ones({1}).backward());
  EXPECT_MESSAGE(
      "Mismatch in shape: grad_output[0] has a shape of [2] and output[0] has a shape of [3].",
      (x * 2).backward(at::ones({2})));
  EXPECT_MESSAGE("grad can be implicitly created only for real scalar outputs",
                 at::complex(leaf({1}), plain({1})).backward());
}

TEST(Grad, ReturnsWithoutAccumulating) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4}), unused = leaf({1});
  const Tensor m = x * w;
  const auto g = grad({m * 2}, {x, m}, {at::ones({2})}, true);
  EXPECT_EQ(values(g[0]), (Values{6, 8}));
  EXPECT_EQ(values(g[1]), (Values{2, 2}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_MESSAGE(
      "The differentiated Tensor at index 1 appears to not have been used in the graph. Set "
      "allow_unused=True",
      grad({m * 2}, {x, unused}, {at::ones({2})}, true));
  EXPECT_FALSE(grad({m * 2}, {x, unused}, {at::ones({2})}, true, false, true)[1].defined());
  EXPECT_MESSAGE("One of the differentiated Tensors does not require grad",
                 grad({m}, {plain({1})}, {at::ones({2})}));
  EXPECT_MESSAGE("grad requires non-empty inputs.", grad({m}, {}, {at::ones({2})}));
  // Of the output itself.
  EXPECT_EQ(values(grad({m}, {m}, {at::full({2}, 7)}, true)[0]), (Values{7, 7}));
  // Several outputs add up; the same one twice too.
  EXPECT_EQ(values(grad({m, m * w, m}, {x}, {at::ones({2}), at::ones({2}), at::ones({2})})[0]),
            (Values{15, 24}));
}

TEST(Grad, HigherOrders) {
  const Tensor x = leaf({2, 3});
  Tensor y = x * x * x;
  const Tensor first = grad({y}, {x}, {at::ones({2})}, std::nullopt, true)[0];
  EXPECT_TRUE(first.requires_grad());
  const Tensor second = grad({first}, {x}, {at::ones({2})}, std::nullopt, true)[0];
  const Tensor third = grad({second}, {x}, {at::ones({2})})[0];
  EXPECT_EQ(values(first), (Values{12, 27}));
  EXPECT_EQ(values(second), (Values{12, 18}));
  EXPECT_EQ(values(third), (Values{6, 6}));
  // backward(create_graph) makes .grad part of the graph.
  y = x * x;
  run(y, true, true);
  EXPECT_TRUE(x.grad().requires_grad());
  const Tensor g = x.grad();
  x.mutable_grad() = Tensor();
  run(g);
  EXPECT_EQ(values(x.grad()), (Values{2, 2}));
  x.mutable_grad() = Tensor();
}

TEST(Grad, OutputsSavedByTheirOwnNode) {
  const Tensor x = leaf({0, 1});
  const Tensor y = x.exp();
  const Tensor g = grad({y}, {x}, {at::ones({2})}, true, true)[0];
  const Tensor gg = grad({g}, {x}, {at::ones({2})})[0];
  EXPECT_NEAR(values(gg)[1], 2.718281828, 1e-6);
}

TEST(Grad, MultipleOutputsWithUndefinedGradients) {
  const Tensor x = at::ones({4, 2}).set_requires_grad(true);
  const auto parts = x.unbind(0);
  run(parts[2] * 3);
  EXPECT_EQ(values(x.grad()), (Values{0, 0, 0, 0, 3, 3, 0, 0}));
  EXPECT_EQ(parts[2].output_nr(), 2);
}

TEST(Grad, MoreOutputsThanTheFlagsHold) {
  const Tensor x = at::ones({70000}).set_requires_grad(true);
  const auto parts = (x * 1).unbind(0);
  EXPECT_EQ(parts[69999].output_nr(), 69999);
  EXPECT_EQ(parts[4095].output_nr(), 4095);
  run(parts[69999] * 3 + parts[5000]);
  const Values g = values(x.grad());
  EXPECT_EQ(g[69999], 3);
  EXPECT_EQ(g[5000], 1);
  EXPECT_EQ(g[4095], 0);
}

TEST(Detach, SharesValuesAndVersion) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 1;
  Tensor d = y.detach();
  EXPECT_FALSE(d.requires_grad());
  EXPECT_FALSE(d.is_view());
  EXPECT_TRUE(d.is_alias_of(y));
  const auto before = y._version();
  d.add_(1);
  EXPECT_EQ(y._version(), before + 1);
  EXPECT_EQ(values(y), (Values{2, 3}));
  // .data has a counter of its own: writes through it go unseen.
  y.data().add_(1);
  EXPECT_EQ(y._version(), before + 1);
  y.detach_();
  EXPECT_TRUE(y.is_leaf());
  EXPECT_FALSE(y.requires_grad());
  EXPECT_MESSAGE("Can't detach views in-place. Use detach() instead.",
                 (x * 1).view({-1}).detach_());
}

TEST(SetData, KeepsIdentityAndVersion) {
  const Tensor x = leaf({1, 2, 3});
  const Tensor y = x * x;
  x.set_data(plain({5, 6}));
  EXPECT_EQ(values(x), (Values{5, 6}));
  EXPECT_TRUE(x.requires_grad());
  EXPECT_TRUE(x.is_leaf());
  run(x * x);
  EXPECT_EQ(values(x.grad()), (Values{10, 12}));
  EXPECT_MESSAGE(
      "data set to a tensor that requires gradients must be floating point or complex dtype",
      x.set_data(at::ones({2}, at::kInt)));
}

TEST(Inference, TensorsAreOutOfTheGraph) {
  const Tensor x = leaf({1, 2, 3});
  Tensor i, view, normal = at::ones({3});
  {
    at::InferenceMode mode;
    EXPECT_TRUE(at::InferenceMode::is_enabled());
    EXPECT_FALSE(at::GradMode::is_enabled());
    i = at::ones({3});
    view = x.view({-1});
    EXPECT_FALSE((x * 2).requires_grad());
    EXPECT_TRUE((x * 2).is_inference());
    i.add_(1);
    normal.add_(1);
    EXPECT_EQ(normal._version(), 1);
    EXPECT_FALSE(normal.view({-1}).is_inference());
    at::InferenceMode off(false);
    EXPECT_TRUE((x * 2).requires_grad());
  }
  EXPECT_TRUE(i.is_inference());
  EXPECT_FALSE(view.is_inference());
  EXPECT_TRUE(i.view({-1}).is_inference());
  EXPECT_MESSAGE("Inplace update to inference tensor outside InferenceMode is not allowed.",
                 i.add_(1));
  EXPECT_MESSAGE("Inference tensors cannot be saved for backward.", x * i);
  EXPECT_EQ(name_of(x + i), "AddBackward0");
  EXPECT_MESSAGE("Inference tensors do not track version counter.", i._version());
  EXPECT_MESSAGE(
      "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.",
      i.set_requires_grad(true));
  EXPECT_MESSAGE(
      "A view was created in inference mode and is being modified inplace in normal mode.",
      view.add_(1));
}

TEST(Saved, InPlaceWritesAreNoticed) {
  const Tensor x = leaf({1, 2, 3});
  Tensor a = x * 1, b = a.exp();
  b.add_(1);
  EXPECT_MESSAGE(
      "one of the variables needed for gradient computation has been modified by an inplace "
      "operation: "
      "[CPUFloatType [3]], which is output 0 of Exp, is at version 1; expected version 0 instead.",
      run(b));
  a = x * 1;
  b = a * a;
  a.add_(1);
  EXPECT_MESSAGE("has been modified by an inplace operation", run(b));
  // Only what is needed is kept: `a` is not, for its factor takes no gradient.
  a = x * 1;
  b = a * at::ones({3});
  a.add_(1);
  run(b);
  EXPECT_EQ(values(x.grad()), (Values{1, 1, 1}));
}

TEST(Saved, InPlaceKeepsWhatItOverwrites) {
  const Tensor x = leaf({1, 2, 3}), w = leaf({4, 5, 6});
  Tensor y = x * 1;
  y.mul_(w);
  EXPECT_EQ(name_of(y), "MulBackward0");
  run(y);
  EXPECT_EQ(values(x.grad()), (Values{4, 5, 6}));
  EXPECT_EQ(values(w.grad()), (Values{1, 2, 3}));
  y = x * 0;
  y.exp_();
  run(y * 2);
  EXPECT_EQ(values(x.grad()), (Values{4, 5, 6}));
}
