// Views, in-place writes and version counters, as PyTorch has them.
#include "tape/support.h"

using namespace tape_test;
using torch::autograd::grad;

TEST(Views, OtherSizesInPlaceLeaveLazyBitsAndTheBase) {
  const Tensor x = at::randn({2, 2}, at::kComplexFloat), kept = x.clone();
  const auto unharmed = [&](const Tensor& y) { return at::equal(x, kept) && y.is_conj(); };
  Tensor t = x.conj(), u = x.conj(), s = x.conj().unsqueeze(0), a = x.conj(),
         d = kept.clone().conj();
  t.t_();
  EXPECT_TRUE(unharmed(t));
  EXPECT_TRUE(at::equal(t, kept.conj().t()));
  t.transpose_(0, 1);
  EXPECT_TRUE(unharmed(t));
  EXPECT_TRUE(at::equal(t, kept.conj()));
  u.unsqueeze_(1);
  EXPECT_TRUE(unharmed(u));
  EXPECT_EQ(u.sizes(), (at::IntArrayRef{2, 1, 2}));
  s.squeeze_(0);
  EXPECT_TRUE(unharmed(s));
  EXPECT_EQ(s.sizes(), (at::IntArrayRef{2, 2}));
  a.as_strided_({2}, {2}, 1);
  EXPECT_TRUE(unharmed(a));
  EXPECT_TRUE(at::equal(a, kept.conj().select(1, 1)));
  d.resize_({3});
  EXPECT_TRUE(d.is_conj());
  EXPECT_TRUE(at::equal(d, kept.conj().flatten().narrow(0, 0, 3)));
}

TEST(Views, AnOutTensorWithLazyBitsIsResized) {
  const Tensor a = at::randn({2, 3}, at::kComplexFloat), b = at::randn({2, 3}, at::kComplexFloat);
  Tensor out = at::empty({0}, at::kComplexFloat).conj();
  at::add_out(out, a, b);
  EXPECT_TRUE(out.is_conj());
  EXPECT_TRUE(at::equal(out, a + b));
}

TEST(Views, WriteThroughAView) {
  const Tensor x = leaf({1, 2, 3, 4});
  Tensor b = x * 1, v = b.slice(0, 0, 2);
  v.mul_(3);
  EXPECT_EQ(name_of(b), "CopySlices");
  EXPECT_EQ(name_of(v), "AsStridedBackward0");
  EXPECT_EQ(v.grad_fn()->next_edge(0).function.get(), b.grad_fn().get());
  EXPECT_EQ(b.grad_fn()->next_edge(0).function->name(), "MulBackward1");
  EXPECT_EQ(b._version(), 1);
  EXPECT_EQ(v._version(), 1);
  run(b * b);
  EXPECT_EQ(values(x.grad()), (Values{18, 36, 6, 8}));
}

TEST(Views, WriteToTheBaseThenReadAView) {
  const Tensor x = leaf({1, 2, 3, 4});
  Tensor b = x * 1, v = b.slice(0, 1, 3);
  b.mul_(2);
  EXPECT_EQ(name_of(v), "AsStridedBackward0");
  run(v * v);
  EXPECT_EQ(values(x.grad()), (Values{0, 16, 24, 0}));
}

TEST(Views, WriteToTheBaseThenToTheView) {
  const Tensor x = leaf({1, 2, 3, 4});
  Tensor b = x * 1, v = b.slice(0, 1, 3);
  b.mul_(2);
  v.mul_(5);
  b.add_(x);
  run(b);
  EXPECT_EQ(values(x.grad()), (Values{3, 11, 11, 3}));
}

TEST(Views, OfViews) {
  const Tensor x = at::arange(12, at::kFloat).view({3, 4}).set_requires_grad(true);
  Tensor b = x * 1;
  Tensor v = b.t().slice(0, 1, 3).select(1, 2);
  EXPECT_TRUE(v._base().is_same(b));
  v.mul_(10);
  run(b);
  EXPECT_EQ(values(x.grad()), (Values{1, 1, 1, 1, 1, 1, 1, 1, 1, 10, 10, 1}));
  EXPECT_EQ(values(v), (Values{90, 100}));
}

TEST(Views, IndexAssignment) {
  const Tensor x = leaf({1, 2, 3}), y = leaf({7});
  Tensor b = x * 1;
  b[0] = y[0];
  EXPECT_EQ(name_of(b), "CopySlices");
  b[2] = 5.0;
  run(b * b);
  EXPECT_EQ(values(x.grad()), (Values{0, 4, 0}));
  EXPECT_EQ(values(y.grad()), (Values{14}));
}

TEST(Views, BaseComesToRequireGradLater) {
  const Tensor w = leaf({1, 2, 3});
  Tensor a = at::ones({3}), v = a.slice(0, 0, 2), other = a.view({3, 1});
  EXPECT_FALSE(v.requires_grad());
  a.mul_(w);
  EXPECT_TRUE(v.requires_grad());
  EXPECT_FALSE(v.is_leaf());
  EXPECT_EQ(name_of(v), "AsStridedBackward0");
  const Tensor y = other * 2;
  EXPECT_TRUE(y.requires_grad());
  run(y);
  EXPECT_EQ(values(w.grad()), (Values{2, 2, 2}));
  // Also as an argument of a view, of a list and of an in-place write.
  Tensor c = at::ones({2}), cv = c.view({2, 1}), cw = c.slice(0, 0, 1), cl = c.slice(0, 1, 2);
  const Tensor u = leaf({3, 4});
  c.mul_(u);
  EXPECT_TRUE(cv.t().requires_grad());
  EXPECT_TRUE(at::cat({cl, cl}).requires_grad());
  Tensor d = at::zeros({2}), dv = d.view({2, 1});
  d.mul_(u);
  Tensor e = at::zeros({2, 1});
  e.copy_(dv);
  EXPECT_EQ(name_of(e), "CopyBackwards");
  cw.mul_(2);
  run(c);
  EXPECT_EQ(values(u.grad()), (Values{2, 1}));
}

TEST(Views, WrittenValueTakesGradientToo) {
  const Tensor w = leaf({5, 6});
  Tensor a = at::zeros({4});
  a.slice(0, 1, 3).copy_(w);
  EXPECT_TRUE(a.requires_grad());
  run(a * a);
  EXPECT_EQ(values(w.grad()), (Values{10, 12}));
}

TEST(Views, BroadcastIntoAView) {
  const Tensor w = leaf({5});
  Tensor a = at::zeros({4}), v = a.slice(0, 1, 4);
  v.add_(w);
  run(a);
  EXPECT_EQ(values(w.grad()), (Values{3}));
}

TEST(Views, BaseWithGaps) {
  const Tensor x = at::ones({2, 2}).set_requires_grad(true);
  Tensor base = at::empty_strided({2, 2}, {4, 2});
  base.copy_(x);
  EXPECT_FALSE(base.is_view());
  base.select(0, 1).mul_(3);
  run(base);
  EXPECT_EQ(values(x.grad()), (Values{1, 1, 3, 3}));
}

TEST(Views, OfOtherDtypes) {
  const Tensor z = at::complex(plain({1, 2}), plain({3, 4})).set_requires_grad(true);
  Tensor b = z * 1;
  Tensor r = at::view_as_real(b);
  r.select(1, 0).mul_(5);
  EXPECT_EQ(name_of(b), "CopySlices");
  EXPECT_EQ(name_of(r.view({-1})), "ViewBackward0");
  const Tensor s = at::view_as_real(b);
  run(s);
  EXPECT_EQ(values(at::real(z.grad())), (Values{5, 5}));
  EXPECT_EQ(values(at::imag(z.grad())), (Values{1, 1}));

  const Tensor x = at::ones({3, 2}).set_requires_grad(true);
  Tensor f = x * 1;
  Tensor c = at::view_as_complex(f);
  c.select(0, 1).mul_(2);
  run(f);
  EXPECT_EQ(values(x.grad()), (Values{1, 1, 2, 2, 1, 1}));
}

TEST(Views, OfConjugates) {
  const Tensor z = at::complex(plain({1, 2}), plain({3, 4})).set_requires_grad(true);
  Tensor b = z * 1, v = b.conj();
  EXPECT_TRUE(v.is_conj());
  v.select(0, 0).mul_(c10::complex<double>(0, 2));
  const Tensor loss = at::imag(b);
  run(loss);
  // b[0] = conj(2i * conj(z)) = -2i z: imag(b[0]) = -2 re(z).
  EXPECT_EQ(values(at::real(z.grad())), (Values{-2, 0}));
  EXPECT_EQ(values(at::imag(z.grad())), (Values{0, 1}));
}

TEST(Views, SecondDerivativesThroughWrites) {
  const Tensor x = at::ones({4}, at::kDouble).mul(1.5).set_requires_grad(true);
  const Tensor w = at::full({2}, 0.7, at::kDouble).set_requires_grad(true);
  const auto f = [](const torch::autograd::variable_list& in) {
    Tensor b = in[0] * in[0];
    b.slice(0, 1, 3).mul_(in[1]);
    b.slice(0, 0, 2).exp_();
    return torch::autograd::variable_list{b * b};
  };
  EXPECT_TRUE(torch::autograd::gradcheck(f, {x, w}));
  EXPECT_TRUE(torch::autograd::gradgradcheck(f, {x, w}));
}

TEST(Views, LeafErrors) {
  Tensor x = leaf({1, 2, 3});
  EXPECT_MESSAGE("a leaf Variable that requires grad is being used in an in-place operation.",
                 x.add_(1));
  EXPECT_MESSAGE("a leaf Variable that requires grad is being used in an in-place operation.",
                 x.fill_(1));
  EXPECT_MESSAGE(
      "a view of a leaf Variable that requires grad is being used in an in-place operation.",
      x.slice(0, 0, 1).add_(1));
  EXPECT_EQ(values(x), (Values{1, 2, 3}));
  at::NoGradGuard no_grad;
  x.add_(1);
  x.slice(0, 0, 1).zero_();
  EXPECT_EQ(values(x), (Values{0, 3, 4}));
  EXPECT_TRUE(x.requires_grad());
}

TEST(Views, MadeUnderNoGrad) {
  const Tensor x = leaf({1, 2, 3});
  Tensor y = x * 1, v, other = x * 1, own;
  {
    at::NoGradGuard no_grad;
    v = y.view({-1});
    own = other.view({-1});
    own.mul_(1);
  }
  EXPECT_TRUE(v.is_view());
  EXPECT_MESSAGE(
      "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
      "Given that this "
      "use case is ambiguous and error-prone, it is forbidden.",
      v.mul_(x));
  // Views of such views inherit it.
  EXPECT_MESSAGE("is a view and is being modified inplace. Given that",
                 Tensor(v.slice(0, 0, 1)).mul_(x));
}

TEST(Views, OfSeveralOutputs) {
  const Tensor x = at::ones({2, 3}).set_requires_grad(true);
  Tensor a = x * 1;
  const char* text =
      " is a view and is being modified inplace. This view is the output of a function that "
      "returns multiple views. Such "
      "functions do not allow the output views to be modified inplace. You should replace the "
      "inplace operation by an "
      "out-of-place one.";
  EXPECT_MESSAGE(std::string("Output 0 of Unbind") + text, a.unbind(0)[0].add_(1));
  EXPECT_MESSAGE(std::string("Output 1 of Split") + text, a.chunk(2)[1].add_(1));
  EXPECT_MESSAGE(std::string("Output 0 of View") + text, a.split(1)[0].view({-1}).add_(1));
  // Nothing records: nothing is wrong.
  Tensor plain_one = at::zeros({2, 3});
  auto parts = plain_one.unbind(0);
  parts[1].add_(1);
  EXPECT_EQ(values(plain_one), (Values{0, 0, 0, 1, 1, 1}));
  EXPECT_MESSAGE(
      "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
      "This view is "
      "the output of a function that returns multiple views.",
      parts[0].add_(leaf({1, 2, 3})));
}

TEST(Views, AliasesShareVersions) {
  Tensor a = at::zeros({4});
  Tensor v = a.slice(0, 0, 2), d = a.detach();
  EXPECT_EQ(a._version(), 0);
  v.add_(1);
  d.add_(1);
  EXPECT_EQ(a._version(), 2);
  EXPECT_EQ(v._version(), 2);
  Tensor data = a.data(), dv = data.slice(0, 0, 1);
  dv.add_(1);
  EXPECT_EQ(data._version(), dv._version());
  EXPECT_EQ(a._version(), 2);
}
