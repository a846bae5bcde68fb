// The interposer stack on built-in operators: a recorder of whole training steps, whose record
// gives the same numbers when it is played back through boxed calls, and a handler that changes
// dtypes as autocast will.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstring>
#include <map>
#include <set>

#include "dispatch/interposer.h"

namespace {

using at::Tensor;
using c10::IValue;
using pharos::Interposer;
using pharos::InterposerGuard;
using pharos::Next;
using pharos::OpRow;
using torch::jit::Stack;

std::string name_of(const OpRow& op) {
  return op.overload[0] ? std::string(op.name) + "." + op.overload : op.name;
}

template <typename F>
IValue map_tensors(const IValue& v, F&& f) {
  if (v.isTensor()) return v.toTensor().defined() ? IValue(f(v.toTensor())) : v;
  if (v.isTensorList()) {
    std::vector<Tensor> list;
    for (const Tensor& t : v.toTensorVector()) list.push_back(t.defined() ? f(t) : t);
    return list;
  }
  return v;
}

// A tensor over other memory with the geometry of `like`.
Tensor over(const c10::Storage& storage, const Tensor& like) {
  torch::NoGradGuard no_grad;
  return torch::empty({0}, like.options())
      .set_(storage, like.storage_offset(), like.sizes(), like.strides());
}
c10::Storage copied(const c10::Storage& storage) {
  const Tensor bytes = torch::empty({static_cast<int64_t>(storage.nbytes())}, torch::kByte);
  if (storage.nbytes() > 0) std::memcpy(bytes.data_ptr(), storage.data(), storage.nbytes());
  return bytes.storage();
}

// Keeps every call that computes, those inside composites included, with its arguments and results.
// Memory that no recorded call made is an input of the record; its content at the first use is
// kept.
class Recorder final : public Interposer {
 public:
  struct Call {
    const OpRow* op;
    std::vector<IValue> arguments, results;
  };

  bool enters_composites() const override { return true; }

  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    if (op.flags & pharos::kOpComposite) return next(op, stack);
    Call call{&op, std::vector<IValue>(stack.begin(), stack.end()), {}};
    for (const IValue& v : stack)
      map_tensors(v, [&](const Tensor& t) {
        const c10::Storage storage = t.storage();
        if (known_.insert(storage.unsafeGetStorageImpl()).second)
          inputs_.emplace(storage.unsafeGetStorageImpl(), copied(storage));
        return t;
      });
    next(op, stack);
    call.results.assign(stack.begin(), stack.end());
    for (const IValue& v : stack)
      map_tensors(v, [&](const Tensor& t) {
        known_.insert(t.storage().unsafeGetStorageImpl());
        return t;
      });
    calls_.push_back(std::move(call));
  }

  const std::vector<Call>& calls() const { return calls_; }
  size_t input_count() const { return inputs_.size(); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Call& c : calls_) out.push_back(name_of(*c.op));
    return out;
  }

  // Runs the record again on copies of its inputs; gives what stands for `wanted` at the end.
  std::vector<Tensor> play(const std::vector<Tensor>& wanted) const {
    torch::NoGradGuard no_grad;
    std::map<const c10::StorageImpl*, c10::Storage> memory;
    for (const auto& [impl, content] : inputs_) memory.emplace(impl, copied(content));
    const auto stand_in = [&](const Tensor& t) {
      return over(memory.at(t.storage().unsafeGetStorageImpl()), t);
    };
    for (const Call& call : calls_) {
      Stack stack;
      for (const IValue& v : call.arguments) stack.push_back(map_tensors(v, stand_in));
      pharos::call_boxed(*call.op, stack);
      for (size_t i = 0; i < call.results.size(); ++i) {
        std::vector<const c10::StorageImpl*> made;
        map_tensors(call.results[i], [&](const Tensor& t) {
          made.push_back(t.storage().unsafeGetStorageImpl());
          return t;
        });
        size_t k = 0;
        map_tensors(stack[i], [&](const Tensor& t) {
          memory.emplace(made.at(k++), t.storage());
          return t;
        });
      }
    }
    std::vector<Tensor> out;
    for (const Tensor& t : wanted) out.push_back(stand_in(t));
    return out;
  }

 private:
  std::vector<Call> calls_;
  std::set<const c10::StorageImpl*> known_;
  std::map<const c10::StorageImpl*, c10::Storage> inputs_;
};

torch::nn::Sequential small_net() {
  torch::manual_seed(5);
  return torch::nn::Sequential(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3).padding(1)), torch::nn::BatchNorm2d(4),
      torch::nn::ReLU(), torch::nn::MaxPool2d(2), torch::nn::Flatten(), torch::nn::Linear(36, 8),
      torch::nn::Tanh(), torch::nn::Linear(8, 3));
}

template <typename Optimizer, typename Options>
void expect_record_of_training(const Options& options, const char* step_operator) {
  auto net = small_net();
  Optimizer optimizer(net->parameters(), options);
  const Tensor x = torch::randn({5, 1, 6, 6}), y = torch::randint(0, 3, {5});
  Recorder record;
  {
    InterposerGuard guard(record);
    for (int step = 0; step < 2; ++step) {
      optimizer.zero_grad();
      torch::nll_loss(torch::log_softmax(net->forward(x), 1), y).backward();
      optimizer.step();
    }
  }
  const auto names = record.names();
  const auto place = [&](const std::string& name) {
    const auto at = std::find(names.begin(), names.end(), name);
    EXPECT_NE(at, names.end()) << name << " was not recorded";
    return at - names.begin();
  };
  EXPECT_LT(place("aten::convolution"), place("aten::native_batch_norm"));
  EXPECT_LT(place("aten::native_batch_norm"), place("aten::addmm"));
  EXPECT_LT(place("aten::addmm"), place("aten::nll_loss_forward"));
  EXPECT_LT(place("aten::nll_loss_forward"), place("aten::nll_loss_backward"));
  EXPECT_LT(place("aten::nll_loss_backward"), place("aten::convolution_backward"));
  EXPECT_LT(place("aten::convolution_backward"), place(step_operator));

  const std::vector<Tensor> parameters = net->parameters();
  const std::vector<Tensor> again = record.play(parameters);
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(again[i].equal(parameters[i])) << "parameter " << i;
    EXPECT_FALSE(again[i].is_same(parameters[i]));
  }
  const std::vector<Tensor> buffers = net->buffers();
  const std::vector<Tensor> played = record.play({buffers[0], buffers[1]});
  for (size_t i = 0; i < played.size(); ++i) EXPECT_TRUE(played[i].equal(buffers[i]));
}

TEST(Handlers, ARecordOfSgdStepsPlaysBack) {
  expect_record_of_training<torch::optim::SGD>(torch::optim::SGDOptions(0.1).momentum(0.9),
                                               "aten::_fused_sgd_");
}
TEST(Handlers, ARecordOfAdamStepsPlaysBack) {
  expect_record_of_training<torch::optim::Adam>(torch::optim::AdamOptions(0.01),
                                                "aten::_fused_adam_");
}

// Every tensor that a call of backward takes comes from the forward pass, from an earlier call or
// is the root's gradient of one.
TEST(Handlers, NothingHappensUnseen) {
  auto net =
      torch::nn::Sequential(torch::nn::Linear(4, 6), torch::nn::ReLU(), torch::nn::Linear(6, 2));
  const Tensor x = torch::randn({3, 4});
  Recorder record;
  {
    InterposerGuard guard(record);
    net->forward(x).pow(2).mean().backward();
  }
  // Four parameters and the input.
  EXPECT_EQ(record.input_count(), 5u);
  std::vector<Tensor> gradients;
  for (const Tensor& p : net->parameters()) gradients.push_back(p.grad());
  const auto again = record.play(gradients);
  for (size_t i = 0; i < again.size(); ++i) EXPECT_TRUE(again[i].equal(gradients[i])) << i;
}

// Products in half precision, losses in float, everything else in the widest dtype of its inputs.
class Autocast final : public Interposer {
 public:
  explicit Autocast(at::ScalarType low) : low_(low) {}
  bool enters_composites() const override { return true; }

  void handle(const OpRow& op, Stack& stack, const Next& next) override {
    static const std::set<std::string> kLow = {"aten::linear", "aten::conv2d",     "aten::matmul",
                                               "aten::mm",     "aten::addmm",      "aten::bmm",
                                               "aten::conv1d", "aten::convolution"};
    static const std::set<std::string> kFloat = {"aten::mse_loss", "aten::log_softmax.int",
                                                 "aten::nll_loss", "aten::softmax.int",
                                                 "aten::pow.Tensor_Scalar"};
    static const std::set<std::string> kWidest = {"aten::add.Tensor", "aten::cat",
                                                  "aten::mul.Tensor"};
    const std::string name = name_of(op);
    if (kLow.count(name)) {
      cast(stack, low_);
    } else if (kFloat.count(name)) {
      cast(stack, at::kFloat);
    } else if (kWidest.count(name)) {
      bool wide = false;
      for (const IValue& v : stack)
        map_tensors(v, [&](const Tensor& t) {
          wide |= t.scalar_type() == at::kFloat;
          return t;
        });
      cast(stack, wide ? at::kFloat : low_);
    }
    next(op, stack);
    ++calls;
  }
  int calls = 0;

 private:
  static void cast(Stack& stack, at::ScalarType to) {
    for (IValue& v : stack)
      v = map_tensors(v, [&](const Tensor& t) {
        return t.is_floating_point() && t.scalar_type() != at::kDouble ? t.to(to) : t;
      });
  }
  at::ScalarType low_;
};

TEST(Handlers, AutocastEqualsCastsByHand) {
  for (const at::ScalarType low : {at::kBFloat16, at::kHalf}) {
    torch::manual_seed(7);
    const Tensor x = torch::randn({4, 6}), y = torch::randn({4, 2});
    const Tensor w1 = torch::randn({5, 6}).requires_grad_(),
                 b1 = torch::randn({5}).requires_grad_(),
                 w2 = torch::randn({2, 5}).requires_grad_();
    const std::vector<Tensor> leaves = {w1, b1, w2};
    const auto gradients = [&](const Tensor& loss) {
      return torch::autograd::grad({loss}, leaves);
    };

    const Tensor hidden = torch::linear(x.to(low), w1.to(low), b1.to(low)).relu();
    const Tensor by_hand = torch::mse_loss(hidden.matmul(w2.to(low).t()).to(at::kFloat), y);
    Tensor cast;
    Autocast autocast(low);
    {
      InterposerGuard guard(autocast);
      const Tensor out = torch::linear(x, w1, b1).relu().matmul(w2.t());
      EXPECT_EQ(out.scalar_type(), low);
      cast = torch::mse_loss(out, y);
    }
    EXPECT_EQ(cast.scalar_type(), at::kFloat);
    EXPECT_TRUE(cast.equal(by_hand)) << cast.item<float>() << " " << by_hand.item<float>();
    const auto got = gradients(cast), expected = gradients(by_hand);
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].scalar_type(), at::kFloat);
      EXPECT_TRUE(got[i].equal(expected[i])) << "leaf " << i;
    }
  }
}

TEST(Handlers, ANetTrainsUnderAutocast) {
  auto net = small_net();
  torch::optim::SGD optimizer(net->parameters(), 0.1);
  const Tensor x = torch::randn({5, 1, 6, 6}), y = torch::randint(0, 3, {5});
  Autocast autocast(at::kBFloat16);
  std::vector<float> losses;
  for (int step = 0; step < 15; ++step) {
    optimizer.zero_grad();
    Tensor loss;
    {
      InterposerGuard guard(autocast);
      loss = torch::nll_loss(torch::log_softmax(net->forward(x), 1), y);
    }
    loss.backward();
    for (const Tensor& p : net->parameters()) ASSERT_EQ(p.grad().scalar_type(), at::kFloat);
    optimizer.step();
    losses.push_back(loss.item<float>());
  }
  EXPECT_LT(losses.back(), 0.5f * losses.front());
}

// What stands on top sees the call first, and what it casts reaches the recorder below.
TEST(Handlers, ARecorderBelowAutocastSeesTheCasts) {
  Recorder record;
  Autocast autocast(at::kBFloat16);
  const Tensor x = torch::randn({2, 3}), w = torch::randn({4, 3});
  {
    InterposerGuard below(record), above(autocast);
    torch::linear(x, w);
  }
  const auto names = record.names();
  ASSERT_GE(names.size(), 4u);
  EXPECT_EQ(names[0], "aten::_to_copy");
  EXPECT_EQ(names[1], "aten::_to_copy");
  for (const IValue& v : record.calls().back().arguments)
    if (v.isTensor()) EXPECT_EQ(v.toTensor().scalar_type(), at::kBFloat16) << names.back();
}

}  // namespace
