// Module: registration, walking, replacing children, cloning, state_dict, containers, AnyModule.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <sstream>

namespace {

using torch::Tensor;
namespace nn = torch::nn;

struct NetImpl : nn::Cloneable<NetImpl> {
  NetImpl() { reset(); }
  void reset() override {
    fc1 = register_module("fc1", nn::Linear(4, 8));
    act = register_module("act", nn::ReLU());
    fc2 = register_module("fc2", nn::Linear(nn::LinearOptions(8, 2).bias(false)));
    scale = register_parameter("scale", torch::ones({1}));
    count = register_buffer("count", torch::zeros({1}));
  }
  Tensor forward(const Tensor& x) { return fc2(act(fc1->forward(x))) * scale; }
  nn::Linear fc1{nullptr}, fc2{nullptr};
  nn::ReLU act{nullptr};
  Tensor scale, count;
};
TORCH_MODULE(Net);

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "";
}

TEST(Module, NamesParametersInOrderOfRegistration) {
  Net net;
  EXPECT_EQ(net->named_parameters().keys(),
            (std::vector<std::string>{"scale", "fc1.weight", "fc1.bias", "fc2.weight"}));
  EXPECT_EQ(net->named_parameters(false).keys(), (std::vector<std::string>{"scale"}));
  EXPECT_EQ(net->named_buffers().keys(), (std::vector<std::string>{"count"}));
  EXPECT_EQ(net->children().size(), 3u);
  EXPECT_EQ(net->modules().size(), 4u);
  EXPECT_EQ(net->modules(false).size(), 3u);
  EXPECT_EQ(net->named_modules("root").keys(),
            (std::vector<std::string>{"root", "root.fc1", "root.act", "root.fc2"}));
  EXPECT_EQ(net->fc1->name(), "torch::nn::LinearImpl");
}

TEST(Module, WorksOnTheStack) {
  NetImpl net;
  EXPECT_EQ(net.parameters().size(), 4u);
  EXPECT_NE(error_of([&] { net.modules(); }).find("not stored in a shared_ptr"), std::string::npos);
  net.to(torch::kDouble);
  EXPECT_EQ(net.fc1->weight.scalar_type(), torch::kDouble);
  EXPECT_EQ(net.forward(torch::ones({3, 4}, torch::kDouble)).scalar_type(), torch::kDouble);
}

TEST(Module, RefusesBadNames) {
  nn::Module m("mine");
  EXPECT_EQ(m.name(), "mine");
  EXPECT_EQ(error_of([&] { m.register_parameter("a.b", torch::ones(1)); }),
            "Parameter name must not contain a dot (got 'a.b')");
  EXPECT_EQ(error_of([&] { m.register_buffer("", torch::ones(1)); }),
            "Buffer name must not be empty");
  m.register_module("x", nn::ReLU());
  EXPECT_EQ(error_of([&] { m.register_module("x", nn::ReLU()); }), "Submodule 'x' already defined");
  auto own = std::make_shared<nn::Module>();
  EXPECT_NE(error_of([&] { own->register_module("me", own); }), "");
}

TEST(Module, PathsFollowRegistration) {
  nn::Sequential layers(nn::Linear(2, 2), nn::ReLU());
  EXPECT_EQ(layers[0]->path(), "0");
  auto encoder = std::make_shared<nn::Module>();
  encoder->register_module("layers", layers);
  auto root = std::make_shared<nn::Module>();
  root->register_module("encoder", encoder);
  EXPECT_EQ(layers[0]->path(), "encoder.layers.0");
  EXPECT_EQ(root->path(), "");
}

TEST(Module, NodesKnowTheirModule) {
  Net net;
  const Tensor y = net(torch::ones({1, 4}));
  EXPECT_EQ(y.grad_fn()->module_path(), "");
  const Tensor z = net->fc1->forward(torch::ones({1, 4}));
  EXPECT_EQ(z.grad_fn()->module_path(), "fc1");
}

TEST(Module, TrainEvalZeroGrad) {
  Net net;
  net->eval();
  EXPECT_FALSE(net->fc1->is_training());
  net->train();
  EXPECT_TRUE(net->act->is_training());
  net(torch::ones({1, 4})).sum().backward();
  EXPECT_TRUE(net->scale.grad().defined());
  net->zero_grad(false);
  EXPECT_EQ(net->scale.grad().item<float>(), 0.f);
  net->zero_grad();
  EXPECT_FALSE(net->scale.grad().defined());
}

TEST(Module, ToKeepsIntegerBuffers) {
  nn::BatchNorm1d norm(3);
  norm->to(torch::kDouble);
  EXPECT_EQ(norm->weight.scalar_type(), torch::kDouble);
  EXPECT_EQ(norm->num_batches_tracked.scalar_type(), torch::kLong);
  EXPECT_TRUE(norm->weight.requires_grad());
}

TEST(Module, CloneIsIndependent) {
  torch::manual_seed(1);
  Net net;
  auto copy = std::dynamic_pointer_cast<NetImpl>(net->clone());
  ASSERT_TRUE(copy);
  EXPECT_TRUE(torch::equal(copy->fc1->weight, net->fc1->weight));
  {
    torch::NoGradGuard guard;
    copy->fc1->weight.add_(1);
  }
  EXPECT_FALSE(torch::equal(copy->fc1->weight, net->fc1->weight));
  // The member, the child and the parameter are one and the same in the copy.
  EXPECT_TRUE(copy->named_parameters()["fc1.weight"].is_same(copy->fc1->weight));
  EXPECT_EQ(copy->fc1->path(), "fc1");
  struct Plain : nn::Module {};
  EXPECT_NE(error_of([] { Plain().clone(); }).find("clone() has not been implemented"),
            std::string::npos);
}

TEST(Module, ApplyReplacesLayersOfSequential) {
  nn::Sequential inner(nn::Linear(2, 2), nn::ReLU());
  nn::Sequential net(nn::Linear(2, 2), nn::ReLU(), inner);
  net->apply([](const std::string&, nn::Module& m) {
    if (auto* s = m.as<nn::Sequential>())
      for (const auto& child : s->named_children())
        if (child.value()->as<nn::ReLU>())
          s->replace_module(child.key(), nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(0.5)));
  });
  std::stringstream text;
  text << *net;
  EXPECT_EQ(text.str().find("torch::nn::ReLU"), std::string::npos);
  EXPECT_TRUE(net[1]->as<nn::LeakyReLU>());
  EXPECT_TRUE(inner[1]->as<nn::LeakyReLU>());
  EXPECT_EQ(inner[1]->path(), "2.1");
  torch::NoGradGuard guard;
  net->at<nn::LinearImpl>(0).weight.copy_(torch::eye(2));
  net->at<nn::LinearImpl>(0).bias.zero_();
  inner->at<nn::LinearImpl>(0).weight.copy_(torch::eye(2));
  inner->at<nn::LinearImpl>(0).bias.zero_();
  const Tensor y = net->forward(torch::full({1, 2}, -8.0));
  EXPECT_EQ(y[0][0].item<float>(), -2.f);
}

TEST(Module, ReplaceInTypedMember) {
  Net net;
  nn::Linear other(4, 8);
  net->replace_module("fc1", other);
  EXPECT_TRUE(net->fc1->weight.is_same(other->weight));
  EXPECT_TRUE(net->named_parameters()["fc1.weight"].is_same(other->weight));
  const std::string error = error_of([&] { net->replace_module("act", nn::Tanh()); });
  EXPECT_NE(error.find("torch::nn::ReLUImpl"), std::string::npos) << error;
  EXPECT_NE(error.find("torch::nn::TanhImpl"), std::string::npos) << error;
  EXPECT_NE(error.find("'act'"), std::string::npos) << error;
}

TEST(Module, ReplaceInAnyModule) {
  struct Holder : nn::Module {
    Holder() : any(nn::ReLU()) { register_module("any", any.ptr()); }
    nn::AnyModule any;
  };
  auto m = std::make_shared<Holder>();
  m->replace_module("any", nn::Tanh());
  EXPECT_TRUE(m->any.ptr()->as<nn::Tanh>());
  EXPECT_FLOAT_EQ(m->any.forward(torch::ones({1})).item<float>(), std::tanh(1.f));
}

TEST(Module, UnregisterModule) {
  Net net;
  net->unregister_module("act");
  EXPECT_EQ(net->children().size(), 2u);
  EXPECT_EQ(error_of([&] { net->unregister_module("nope"); }),
            "No Module with name `nope` is registered");
}

TEST(StateDict, PythonsOrderDetachedAndSharing) {
  Net net;
  auto state = net->state_dict();
  EXPECT_EQ(state.keys(),
            (std::vector<std::string>{"scale", "count", "fc1.weight", "fc1.bias", "fc2.weight"}));
  EXPECT_FALSE(state["scale"].requires_grad());
  state["scale"].fill_(3);
  EXPECT_EQ(net->scale.item<float>(), 3.f);
}

TEST(StateDict, LoadsAndConverts) {
  Net a, b;
  auto state = a->state_dict();
  for (auto& item : state) item.value() = item.value().to(torch::kDouble);
  b->load_state_dict(state);
  EXPECT_TRUE(torch::equal(a->fc1->weight, b->fc1->weight));
  EXPECT_EQ(b->fc1->weight.scalar_type(), torch::kFloat);
  EXPECT_TRUE(b->fc1->weight.requires_grad());
}

TEST(StateDict, TableOfWhatDoesNotFit) {
  Net net;
  auto state = net->state_dict();
  const Tensor before = net->scale.clone();
  torch::OrderedDict<std::string, Tensor> wrong;
  for (const auto& item : state)
    if (item.key() != "fc1.weight") wrong.insert(item.key(), item.value() + 1);
  wrong.insert("fc1.wieght", state["fc1.weight"]);
  wrong["fc2.weight"] = torch::ones({3, 3});
  const std::string error = error_of([&] { net->load_state_dict(wrong); });
  EXPECT_NE(error.find("fc1.weight"), std::string::npos) << error;
  EXPECT_NE(error.find("missing"), std::string::npos) << error;
  EXPECT_NE(error.find("fc1.wieght"), std::string::npos) << error;
  EXPECT_NE(error.find("unexpected"), std::string::npos) << error;
  EXPECT_NE(error.find("[3, 3]"), std::string::npos) << error;
  EXPECT_NE(error.find("size mismatch"), std::string::npos) << error;
  EXPECT_TRUE(torch::equal(before, net->scale)) << "a failed load must change nothing";
  // Sizes that do not fit are an error in any case.
  EXPECT_NE(error_of([&] { net->load_state_dict(wrong, false); }), "");
  wrong.erase("fc2.weight");
  const auto left = net->load_state_dict(wrong, false);
  EXPECT_EQ(left.missing_keys, (std::vector<std::string>{"fc1.weight", "fc2.weight"}));
  EXPECT_EQ(left.unexpected_keys, (std::vector<std::string>{"fc1.wieght"}));
}

TEST(StateDict, ArchivesOfModules) {
  Net a, b;
  std::stringstream file;
  torch::save(a, file);
  torch::load(b, file);
  EXPECT_TRUE(torch::equal(a->fc2->weight, b->fc2->weight));
}

TEST(Containers, SequentialTakesSeveralInputsFirst) {
  struct AddImpl : nn::Module {
    Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
  };
  nn::Sequential s;
  s->push_back(std::make_shared<AddImpl>());
  s->push_back(nn::ReLU());
  EXPECT_EQ(s->forward(torch::full({1}, 2.0), torch::full({1}, -5.0)).item<float>(), 0.f);
  EXPECT_NE(error_of([&] { s->forward(torch::ones({1})); }).find("expects 2 argument(s)"),
            std::string::npos);
  EXPECT_EQ(error_of([] { nn::Sequential()->forward(torch::ones({1})); }),
            "Cannot call forward() on an empty Sequential");
  EXPECT_NE(error_of([&] {
              s->at<nn::LinearImpl>(1);
            }).find("Attempted to cast module of type torch::nn::ReLUImpl"),
            std::string::npos);
}

TEST(Containers, SequentialOfOtherResults) {
  nn::Sequential s(nn::Linear(3, 3), nn::LSTM(3, 4));
  const auto out =
      s->forward<std::tuple<Tensor, std::tuple<Tensor, Tensor>>>(torch::ones({2, 1, 3}));
  EXPECT_EQ(std::get<0>(out).sizes(), torch::IntArrayRef({2, 1, 4}));
  EXPECT_NE(error_of([&] {
              s->forward(torch::ones({2, 1, 3}));
            }).find("but you asked for type at::Tensor"),
            std::string::npos);
}

TEST(Containers, ListAndDict) {
  nn::ModuleList list(nn::Linear(2, 3), nn::ReLU());
  list->insert(1, nn::Linear(3, 3));
  EXPECT_EQ(list->size(), 3u);
  EXPECT_TRUE(list[1]->as<nn::Linear>());
  EXPECT_EQ(list->named_children().keys(), (std::vector<std::string>{"0", "1", "2"}));
  list->replace_module("2", nn::Tanh());
  EXPECT_TRUE(list[2]->as<nn::Tanh>());
  nn::ModuleDict dict;
  dict->update({{"a", nn::Linear(1, 2).ptr()}, {"b", nn::ReLU().ptr()}});
  dict->replace_module("b", nn::Tanh());
  EXPECT_TRUE(dict["b"]->as<nn::Tanh>());
  EXPECT_EQ(dict->pop("a")->parameters().size(), 2u);
  EXPECT_FALSE(dict->contains("a"));
}

TEST(Containers, FunctionalBindsArguments) {
  nn::Functional f(torch::elu, 2.0, 1.0, 1.0);
  EXPECT_NEAR(f(torch::full({1}, -1.0)).item<float>(), 2 * std::expm1(-1.0), 1e-6);
  nn::Sequential s(nn::Functional(torch::relu));
  EXPECT_EQ(s->forward(torch::full({1}, -1.0)).item<float>(), 0.f);
}

// LibTorch's own sums leave the first channel in every later window; ours follow the definition.
TEST(Layers, CrossMapLRN2dFollowsItsDefinition) {
  nn::CrossMapLRN2d norm(nn::CrossMapLRN2dOptions(3).alpha(0.3).beta(0.5).k(2));
  std::stringstream text;
  text << norm;
  EXPECT_EQ(text.str(), "torch::nn::CrossMapLRN2d(3, alpha=0.3, beta=0.5, k=2)");
  const Tensor x = torch::arange(1, 9, torch::kFloat).reshape({1, 4, 1, 2});
  const auto same = nn::functional::LocalResponseNormFuncOptions(3).alpha(0.3).beta(0.5).k(2);
  EXPECT_TRUE(torch::allclose(norm(x), nn::functional::local_response_norm(x, same)));
}

TEST(AnyModule, ConvertsAndReports) {
  nn::AnyModule any(nn::Linear(2, 2));
  EXPECT_EQ(any.get<nn::Linear>()->weight.numel(), 4);
  EXPECT_EQ(any.forward(torch::ones({1, 2})).numel(), 2);
  EXPECT_NE(error_of([&] { any.forward(1); }).find("Expected argument #0 to be of type"),
            std::string::npos);
  nn::AnyModule copy = any, empty;
  EXPECT_EQ(copy.ptr(), any.ptr());
  EXPECT_TRUE(empty.is_empty());
  EXPECT_EQ(error_of([&] { empty.forward(torch::ones({1})); }),
            "Cannot call forward() on an empty AnyModule");
  nn::AnyModule other = any.clone();
  EXPECT_NE(other.ptr(), any.ptr());
}

TEST(OrderedDict, KeepsOrderWhateverItsSize) {
  torch::OrderedDict<std::string, int> d("Thing");
  for (int i = 0; i < 100; ++i) d.insert("k" + std::to_string(i), i);
  EXPECT_EQ(d["k57"], 57);
  EXPECT_EQ(d[3].key(), "k3");
  auto copy = d;
  EXPECT_EQ(copy["k99"], 99);
  copy.insert("new", 7);
  EXPECT_EQ(copy.back().value(), 7);
  copy.erase("k0");
  EXPECT_FALSE(copy.contains("k0"));
  EXPECT_EQ(copy["k1"], 1);
  EXPECT_EQ(copy.size(), 100u);
  EXPECT_EQ(error_of([&] { d.insert("k5", 1); }), "Thing 'k5' already defined");
  EXPECT_EQ(error_of([&] { d["nope"]; }), "Thing 'nope' is not defined");
}

}  // namespace
