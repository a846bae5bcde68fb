// A device that a plug-in brings at run time, seen as a program sees it: tensors go there and back,
// compute, print and train; what the plug-in lacks is said by name.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdlib>
#include <sstream>

namespace {

using at::Tensor;

struct Plugin {
  Plugin() {
    const std::string path =
        std::string(std::getenv("PHAROS_BUILD_DIR")) + "/plugins/fake_device.so";
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw std::runtime_error(dlerror());
    register_device = symbol<void(int, const char*)>("fake_device_register");
    blocks = symbol<int64_t()>("fake_device_blocks");
    kernel_calls = symbol<int64_t()>("fake_device_kernel_calls");
    copies = symbol<int64_t()>("fake_device_copies");
    seed = symbol<uint64_t()>("fake_device_seed");
  }
  template <typename F>
  F* symbol(const char* name) const {
    void* p = dlsym(handle, name);
    if (!p) throw std::runtime_error(dlerror());
    return reinterpret_cast<F*>(p);
  }
  void* handle;
  void (*register_device)(int, const char*);
  int64_t (*blocks)();
  int64_t (*kernel_calls)();
  int64_t (*copies)();
  uint64_t (*seed)();
};

// The refusals come first: a device registers once in a process.
const Plugin& plugin() {
  static const Plugin* const registered = [] {
    auto* p = new Plugin;
    p->register_device(0, nullptr);
    return p;
  }();
  return *registered;
}
const at::Device kFake("privateuseone:0");

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const c10::NotImplementedError& e) {
    return std::string("NotImplementedError: ") + e.what();
  } catch (const c10::Error& e) {
    return e.what();
  }
  return "nothing thrown";
}
#define EXPECT_SAYS(text, ...)                                 \
  do {                                                         \
    const std::string said = message_of([&] { __VA_ARGS__; }); \
    EXPECT_NE(said.find(text), std::string::npos) << said;     \
  } while (0)

TEST(Device, RefusalsLeaveNothingBehind) {
  const Plugin p;
  EXPECT_SAYS("was built for version 999 of the device table", p.register_device(999, nullptr));
  EXPECT_SAYS("has a kernel for aten::no_such_operator, which is no operator of this library",
              p.register_device(2, "aten::no_such_operator"));
  EXPECT_SAYS("privateuseone", torch::empty({2}, at::TensorOptions().device(kFake)));
}

TEST(Device, TensorsGoThereAndBack) {
  plugin();
  const int64_t before = plugin().blocks();
  {
    const Tensor a = torch::arange(12, torch::kFloat).view({3, 4});
    const Tensor d = a.to(kFake);
    EXPECT_EQ(d.device(), kFake);
    EXPECT_EQ(d.sizes(), a.sizes());
    EXPECT_TRUE(d.cpu().equal(a));
    EXPECT_TRUE(d.t().cpu().equal(a.t()));
    EXPECT_TRUE(d.select(1, 2).cpu().equal(a.select(1, 2)));
    EXPECT_TRUE(d.to(torch::kDouble).cpu().equal(a.to(torch::kDouble)));
    EXPECT_TRUE(a.t().to(kFake).cpu().equal(a.t()));
    EXPECT_TRUE(
        torch::zeros({2, 2}, at::TensorOptions().device(kFake)).cpu().equal(torch::zeros({2, 2})));
    EXPECT_TRUE(torch::full({3}, 7, at::TensorOptions().device(kFake).dtype(torch::kLong))
                    .cpu()
                    .equal(torch::full({3}, 7)));
    EXPECT_EQ(d[2][3].item<float>(), 11.f);
    Tensor w = d.clone();
    w.fill_(2.5);
    EXPECT_EQ(w.cpu().sum().item<float>(), 30.f);
    EXPECT_GT(plugin().blocks(), before);
  }
  EXPECT_EQ(plugin().blocks(), before);
}

TEST(Device, ComputesInEveryForm) {
  const int64_t calls = plugin().kernel_calls();
  torch::manual_seed(3);
  const Tensor a = torch::randn({3, 4}), b = torch::randn({4}), m = torch::randn({4, 2});
  const Tensor x = a.to(kFake), y = b.to(kFake);
  EXPECT_TRUE((x + y).cpu().equal(a + b));
  EXPECT_TRUE((x * 2.5).cpu().equal(a * 2.5));
  EXPECT_TRUE((x - torch::tensor(1.5)).cpu().equal(a - 1.5));
  EXPECT_TRUE(x.mm(m.to(kFake)).cpu().equal(a.mm(m)));
  EXPECT_TRUE(x.sum(0).cpu().equal(a.sum(0)));
  Tensor z = x.clone();
  z.add_(y, 2);
  EXPECT_TRUE(z.cpu().equal(a + 2 * b));
  Tensor out = torch::empty({0}, x.options());
  at::mul_out(out, x, y);
  EXPECT_TRUE(out.cpu().equal(a * b));
  EXPECT_EQ(x.t().relu().strides(), a.t().relu().strides());
  const Tensor found = torch::tensor({0.f, 2.f, 0.f, 3.f}).to(kFake).nonzero();
  EXPECT_EQ(found.device(), kFake);
  EXPECT_TRUE(found.cpu().equal(torch::tensor({1, 3}).view({2, 1})));
  EXPECT_GE(plugin().kernel_calls() - calls, 9);
}

TEST(Device, SaysWhatItLacks) {
  plugin();
  const Tensor x = torch::randn({3}).to(kFake);
  EXPECT_SAYS(
      "NotImplementedError: Could not run 'aten::exp' with arguments from the "
      "'PrivateUse1' backend",
      x.exp());
  EXPECT_TRUE(at::cat({x, x}).cpu().equal(at::cat({x.cpu(), x.cpu()})));  // is made of copies
  EXPECT_SAYS("Could not run 'aten::sort' with arguments from the 'PrivateUse1' backend", x.sort());
  EXPECT_SAYS("Expected all tensors to be on the same device, but found at least two devices",
              x + torch::randn({3}));
}

TEST(Device, PrintsItsValues) {
  plugin();
  std::ostringstream text;
  text << torch::tensor({1.5f, 2.f}).to(kFake);
  EXPECT_NE(text.str().find("1.5000"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("PrivateUse1FloatType{2}"), std::string::npos) << text.str();
}

TEST(Device, SeedsReachIt) {
  plugin();
  torch::manual_seed(1234);
  EXPECT_EQ(plugin().seed(), 1234u);
}

TEST(Device, TrainsALinearModel) {
  const int64_t before = plugin().blocks();
  {
    torch::manual_seed(0);
    torch::nn::Sequential net(torch::nn::Linear(3, 8), torch::nn::ReLU(), torch::nn::Linear(8, 1));
    const Tensor x = torch::randn({16, 3}), y = x.sum(1, true);
    const auto train = [&](torch::nn::Sequential model, const Tensor& in, const Tensor& target) {
      std::vector<double> losses;
      for (int step = 0; step < 20; ++step) {
        for (Tensor& p : model->parameters()) p.mutable_grad() = Tensor();
        const Tensor loss = torch::mse_loss(model->forward(in), target);
        loss.backward();
        torch::NoGradGuard no_grad;
        for (Tensor& p : model->parameters()) {
          EXPECT_EQ(p.grad().device(), p.device());
          p.sub_(p.grad(), 0.1);
        }
        losses.push_back(loss.item<double>());
      }
      return losses;
    };
    torch::nn::Sequential twin(std::dynamic_pointer_cast<torch::nn::SequentialImpl>(net->clone()));
    const auto expected = train(net, x, y);
    twin->to(kFake);
    const auto got = train(twin, x.to(kFake), y.to(kFake));
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-6);
    EXPECT_LT(got.back(), got.front() / 4);
  }
  EXPECT_EQ(plugin().blocks(), before);
}

}  // namespace
