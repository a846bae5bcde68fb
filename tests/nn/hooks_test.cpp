// Module hooks: they fire exactly once, by every way a module can be called.
#include <gtest/gtest.h>
#include <torch/torch.h>

namespace {

using torch::Tensor;
namespace nn = torch::nn;
using Tensors = std::vector<Tensor>;

struct OwnImpl : nn::Module {
  OwnImpl() { fc = register_module("fc", nn::Linear(2, 2)); }
  Tensor forward(const Tensor& x) { return fc->forward(x); }
  nn::Linear fc{nullptr};
};
TORCH_MODULE(Own);

TEST(ForwardHook, FiresOnceByEveryWay) {
  int calls = 0;
  const auto count = [&calls](nn::Module&, const Tensor&, const Tensor&) { ++calls; };
  const Tensor x = torch::ones({1, 2});

  nn::Linear built_in(2, 2);
  built_in->register_forward_hook(count);
  built_in->forward(x);
  EXPECT_EQ(calls, 1);
  built_in(x);
  EXPECT_EQ(calls, 2);
  nn::Sequential(built_in)->forward(x);
  EXPECT_EQ(calls, 3);
  nn::AnyModule(built_in).forward(x);
  EXPECT_EQ(calls, 4);

  calls = 0;
  Own own;
  own->register_forward_hook(count);
  own(x);
  EXPECT_EQ(calls, 1);
  nn::Sequential s(own);
  s->forward(x);
  EXPECT_EQ(calls, 2);
  own->forward(x);
  EXPECT_EQ(calls, 2) << "a direct call of a program's own forward fires none";

  calls = 0;
  s->register_forward_hook(count);
  s->forward(x);
  EXPECT_EQ(calls, 2);
  s(x);
  EXPECT_EQ(calls, 4);
}

// A class derived from a built-in one, whose forward calls its base's.
struct DerivedImpl : nn::LinearImpl {
  using nn::LinearImpl::LinearImpl;
  Tensor forward(const Tensor& x) { return nn::LinearImpl::forward(x) * 2; }
};
TORCH_MODULE(Derived);

TEST(ForwardHook, FiresOnceForClassesDerivedFromBuiltInOnes) {
  Derived d(2, 2);
  Tensor seen;
  int calls = 0;
  d->register_forward_hook([&](nn::Module&, const Tensor&, const Tensor& out) {
    ++calls;
    seen = out;
  });
  const Tensor y = d(torch::ones({1, 2}));
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(torch::equal(seen, y));
}

TEST(ForwardHook, ReplacesAndIsRemoved) {
  nn::ReLU relu;
  auto handle = relu->register_forward_hook(
      [](nn::Module&, const Tensor&, const Tensor& out) { return out + 10; });
  EXPECT_EQ(relu(torch::ones({1})).item<float>(), 11.f);
  auto again = handle;
  again.remove();
  handle.remove();
  EXPECT_EQ(relu(torch::ones({1})).item<float>(), 1.f);
}

TEST(ForwardHook, SeesTuplesAsValues) {
  nn::LSTM lstm(2, 3);
  size_t inputs = 0;
  bool nested = false;
  lstm->register_forward_hook(
      [&](nn::Module&, const std::vector<c10::IValue>& in, const c10::IValue& out) {
        inputs = in.size();
        nested = out.toTupleRef().elements()[1].isTuple();
        EXPECT_EQ(out.toTupleRef().elements()[0].toTensor().size(2), 3);
      });
  lstm->forward(torch::ones({4, 1, 2}));
  EXPECT_EQ(inputs, 2u);
  EXPECT_TRUE(nested);
  lstm->register_forward_hook([](nn::Module&, const Tensor&, const Tensor&) {});
  EXPECT_THROW(lstm->forward(torch::ones({4, 1, 2})), c10::Error);
}

TEST(PreHook, ReplacesInputs) {
  nn::ReLU relu;
  relu->register_forward_pre_hook([](nn::Module&, const Tensor& in) { return in * 3; });
  EXPECT_EQ(relu(torch::ones({1})).item<float>(), 3.f);
  nn::Bilinear bilinear(nn::BilinearOptions(1, 1, 1).bias(false));
  {
    torch::NoGradGuard guard;
    bilinear->weight.fill_(1);
  }
  bilinear->register_forward_pre_hook([](nn::Module&, const std::vector<c10::IValue>& in) {
    return c10::ivalue::Tuple::create(in[0].toTensor() * 2, in[1].toTensor() * 5);
  });
  EXPECT_EQ(bilinear(torch::ones({1, 1}), torch::ones({1, 1})).item<float>(), 10.f);
}

TEST(BackwardHook, SeesGradientsOfInputsAndOutputs) {
  nn::Linear fc(2, 1);
  {
    torch::NoGradGuard guard;
    fc->weight.copy_(torch::tensor({{2.f, 3.f}}));
  }
  int calls = 0;
  fc->register_full_backward_hook([&](nn::Module& m, const Tensors& in, const Tensors& out) {
    ++calls;
    EXPECT_EQ(&m, fc.get());
    ASSERT_EQ(in.size(), 1u);
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].item<float>(), 7.f);
    EXPECT_TRUE(torch::equal(in[0], torch::tensor({{14.f, 21.f}})));
  });
  const Tensor x = torch::ones({1, 2}, torch::requires_grad());
  const Tensor y = (fc(x) * 7).sum();
  y.backward({}, true);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(torch::equal(x.grad(), torch::tensor({{14.f, 21.f}})));
  EXPECT_TRUE(torch::equal(fc->weight.grad(), torch::tensor({{7.f, 7.f}})));
  y.backward();
  EXPECT_EQ(calls, 2);
}

TEST(BackwardHook, ReplacesGradientOfInput) {
  nn::ReLU relu;
  auto handle = relu->register_full_backward_hook(
      [](nn::Module&, const Tensors& in, const Tensors&) { return Tensors{in[0] * 100}; });
  const Tensor x = torch::ones({2}, torch::requires_grad());
  relu(x).sum().backward();
  EXPECT_EQ(x.grad()[0].item<float>(), 100.f);
  handle.remove();
  x.mutable_grad().reset();
  relu(x).sum().backward();
  EXPECT_EQ(x.grad()[0].item<float>(), 1.f);
}

TEST(BackwardHook, FiresWithoutGradientsOfInputs) {
  nn::Linear fc(2, 1);
  int calls = 0;
  fc->register_full_backward_hook([&](nn::Module&, const Tensors& in, const Tensors& out) {
    ++calls;
    EXPECT_FALSE(in[0].defined());
    EXPECT_TRUE(out[0].defined());
  });
  fc(torch::ones({1, 2})).sum().backward();
  EXPECT_EQ(calls, 1);
  torch::NoGradGuard guard;
  EXPECT_FALSE(fc(torch::ones({1, 2})).requires_grad());
}

TEST(BackwardHook, OutlivesTheModulesHandle) {
  int calls = 0;
  Tensor y;
  {
    Own own;
    own->register_full_backward_hook(
        [&](nn::Module& m, const Tensors&, const Tensors&) { calls += m.parameters().size(); });
    y = own(torch::ones({1, 2}, torch::requires_grad())).sum();
  }
  y.backward();
  EXPECT_EQ(calls, 2);
}

TEST(OutputHook, HandsOverTheGradientAtTheOutput) {
  nn::Sequential net(nn::Linear(2, 3), nn::ReLU());
  Tensor seen;
  net[0]->register_hook([&](const Tensor& g) { seen = g; });
  net->forward(torch::ones({1, 2})).sum().backward();
  EXPECT_EQ(seen.sizes(), torch::IntArrayRef({1, 3}));
  nn::Identity same;
  auto handle = same->register_hook([](const Tensor& g) { return g * 4; });
  const Tensor x = torch::ones({1}, torch::requires_grad());
  same(x).backward();
  EXPECT_EQ(x.grad().item<float>(), 4.f);
}

TEST(Hooks, StayWithTheirModule) {
  nn::Linear a(2, 2);
  int calls = 0;
  a->register_forward_hook([&](nn::Module&, const Tensor&, const Tensor&) { ++calls; });
  auto copy = std::dynamic_pointer_cast<nn::LinearImpl>(a->clone());
  copy->forward(torch::ones({1, 2}));
  EXPECT_EQ(calls, 0);
}

}  // namespace
