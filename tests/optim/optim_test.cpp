// Optimizers and schedulers against PyTorch's (tests/golden/make_optim.py): trajectories, files,
// state dicts; groups and errors as LibTorch has them.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/io/serialize.h>

#include <algorithm>
#include <cstdio>

#include "optim/problem.h"

namespace {

using namespace optim_problem;
using namespace torch::optim;
using c10::IValue;

void expect_near(const json& want, const std::vector<double>& got, double tolerance) {
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(want[i].get<double>(), got[i], tolerance) << "element " << i;
}

void advance(Optimizer& optimizer, const std::vector<Tensor>& params, int steps) {
  for (int i = 0; i < steps; ++i) optimizer.step([&] { return closure(params); });
}

c10::ScalarType dtype_of(const json& c) {
  return c["dtype"] == "float32" ? c10::kFloat : c10::kDouble;
}
double tolerance_of(const json& c) { return c["dtype"] == "float32" ? 1e-6 : 1e-9; }

TEST(Optim, HundredStepsAsPyTorch) {
  int count = 0;
  for (const json& c : read_json("steps.json")) {
    SCOPED_TRACE(c["optimizer"].get<std::string>() + " " + c["groups"].dump() + " " +
                 c["dtype"].get<std::string>());
    const auto params = start(dtype_of(c));
    auto optimizer = make(c["optimizer"], c["groups"], params);
    advance(*optimizer, params, 10);
    expect_near(c["after_10"], flat(params), tolerance_of(c));
    advance(*optimizer, params, 90);
    expect_near(c["after_100"], flat(params), tolerance_of(c));
    ++count;
  }
  EXPECT_GT(count, 90);
}

const char* const kFiles[] = {"sgd",       "adam",    "adamfull",    "adamgroups", "adamw",
                              "adamwfull", "rmsprop", "rmspropfull", "adagrad",    "lbfgs"};

// A checkpoint of Python's after 10 steps, and the case that it belongs to.
struct Checkpoint {
  json golden;
  std::vector<Tensor> params;
  IValue optimizer;
};
Checkpoint read_checkpoint(const std::string& name) {
  Checkpoint out;
  IValue file;
  torch::load(file, golden(name + ".pt"));
  const auto d = file.toGenericDict();
  out.golden = read_json("steps.json")[static_cast<size_t>(d.at("case").toInt())];
  out.params = start(dtype_of(out.golden));
  const auto saved = d.at("params").toTensorVector();
  for (size_t k = 0; k < saved.size(); ++k)
    for (int64_t i = 0; i < saved[k].numel(); ++i)
      set_at(out.params[k].detach(), i, value_at(saved[k], i));
  out.optimizer = d.at("optimizer");
  return out;
}

TEST(Optim, GoesOnFromPythonsCheckpoint) {
  for (const char* name : kFiles) {
    SCOPED_TRACE(name);
    Checkpoint c = read_checkpoint(name);
    // Options come from the file: what the constructor is given here is not Python's.
    json groups = json::array();
    for (size_t i = 0; i < c.golden["groups"].size(); ++i) groups.push_back({{"lr", 0.5}});
    auto optimizer = make(c.golden["optimizer"], groups, c.params);
    optimizer->load_state_dict(c.optimizer);
    advance(*optimizer, c.params, 90);
    expect_near(c.golden["after_100"], flat(c.params), tolerance_of(c.golden));
  }
}

std::string text_of(const IValue& key) {
  return key.isInt() ? std::to_string(key.toInt()) : key.toStringRef();
}
std::vector<std::string> keys_of(const IValue& dict) {
  std::vector<std::string> out;
  const auto d = dict.toGenericDict();
  for (const auto& e : d) out.push_back(text_of(e.key()));
  std::sort(out.begin(), out.end());
  return out;
}
std::vector<IValue> elements_of(const IValue& v) {
  if (v.isList()) return v.toListRef().vec();
  return {v.toTupleRef().elements().begin(), v.toTupleRef().elements().end()};
}

// Keys and types as in Python; numbers may be floats where Python has ints.
void expect_same_layout(const IValue& want, const IValue& got, const std::string& where) {
  SCOPED_TRACE(where);
  if (want.isGenericDict()) {
    ASSERT_TRUE(got.isGenericDict());
    EXPECT_EQ(keys_of(want), keys_of(got));
    const auto w = want.toGenericDict(), g = got.toGenericDict();
    for (const auto& e : w)
      if (g.contains(e.key()))
        expect_same_layout(e.value(), g.at(e.key()), where + "/" + text_of(e.key()));
  } else if (want.isTensor() && got.isTensor()) {
    EXPECT_EQ(want.toTensor().sizes(), got.toTensor().sizes());
    EXPECT_EQ(want.toTensor().scalar_type(), got.toTensor().scalar_type());
    EXPECT_TRUE(at::equal(want.toTensor(), got.toTensor()));
  } else if (want.isList() || want.isTuple()) {
    EXPECT_EQ(want.isList(), got.isList());
    const auto w = elements_of(want), g = elements_of(got);
    ASSERT_EQ(w.size(), g.size());
    for (size_t i = 0; i < w.size(); ++i)
      expect_same_layout(w[i], g[i], where + "/" + std::to_string(i));
  } else if (want.isInt() || want.isDouble() || want.isTensor()) {
    const auto number = [](const IValue& v) {
      return (v.isTensor() ? v.toTensor().item() : v.toScalar()).to<double>();
    };
    EXPECT_EQ(number(want), number(got));
  } else {
    EXPECT_EQ(want, got);
  }
}

TEST(Optim, StateDictHasPythonsLayout) {
  for (const char* name : kFiles) {
    SCOPED_TRACE(name);
    Checkpoint c = read_checkpoint(name);
    auto optimizer = make(c.golden["optimizer"], c.golden["groups"], c.params);
    optimizer->load_state_dict(c.optimizer);
    expect_same_layout(c.optimizer, optimizer->state_dict(), name);
  }
}

TEST(Optim, SavedAndLoadedGoesOnBitForBit) {
  const std::string file = testing::TempDir() + "optimizer.pt";
  for (const char* name : kFiles) {
    SCOPED_TRACE(name);
    Checkpoint c = read_checkpoint(name);
    auto first = make(c.golden["optimizer"], c.golden["groups"], c.params);
    first->load_state_dict(c.optimizer);
    torch::save(*first, file);
    std::vector<Tensor> params;
    for (const Tensor& p : c.params) params.push_back(p.detach().clone().set_requires_grad(true));
    json groups = json::array();
    for (size_t i = 0; i < c.golden["groups"].size(); ++i) groups.push_back({{"lr", 0.5}});
    auto second = make(c.golden["optimizer"], groups, params);
    torch::load(*second, file);
    advance(*first, c.params, 20);
    advance(*second, params, 20);
    EXPECT_EQ(flat(c.params), flat(params));
  }
  std::remove(file.c_str());
}

TEST(Optim, LoadsLibTorchsArchive) {
  // Made by tests/golden/make_pickle.cpp: Adam with two parameters.
  torch::serialize::InputArchive archive;
  archive.load_from(std::string(PHAROS_TEST_SOURCE_DIR) + "/golden/io/cpp_adam.pt");
  const auto tree = archive.value();
  Tensor size;
  torch::serialize::InputArchive groups, group;
  archive.read("param_groups", groups);
  groups.read("param_groups/0", group);
  std::vector<Tensor> params;
  IValue state;
  archive.read("state", state);
  torch::serialize::InputArchive states(state);
  for (const std::string& key : states.keys()) {
    torch::serialize::InputArchive one;
    states.read(key, one);
    Tensor average;
    one.read("exp_avg", average);
    params.push_back(at::zeros(average.sizes(), average.options()).set_requires_grad(true));
  }
  // The tree lists states in the order of a hash map: the parameters' order is that of the group.
  IValue first;
  group.read("params/0", first);
  if (first.toStringRef() != states.keys()[0]) std::swap(params[0], params[1]);
  Adam optimizer(params, AdamOptions(0.7));
  torch::load(optimizer, std::string(PHAROS_TEST_SOURCE_DIR) + "/golden/io/cpp_adam.pt");
  ASSERT_EQ(optimizer.state().size(), params.size());
  for (const Tensor& p : params) {
    const auto& s = static_cast<AdamParamState&>(*optimizer.state().at(p.unsafeGetTensorImpl()));
    EXPECT_GT(s.step(), 0);
    EXPECT_EQ(s.exp_avg().sizes(), p.sizes());
    EXPECT_EQ(s.exp_avg_sq().sizes(), p.sizes());
  }
  EXPECT_NE(static_cast<AdamOptions&>(optimizer.param_groups()[0].options()).lr(), 0.7);
}

template <typename F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "";
}

TEST(Optim, RefusesAsPyTorch) {
  const auto params = start(c10::kFloat);
  EXPECT_EQ(message_of([&] { SGD(params, SGDOptions(-1)); }), "Invalid learning rate: -1");
  EXPECT_EQ(message_of([&] {
              Adam(params, AdamOptions().betas({0.9, 1.0}));
            }),
            "Invalid beta parameter at index 1: 1");
  EXPECT_EQ(message_of([&] { AdamW(params, AdamWOptions().eps(-1)); }),
            "Invalid epsilon value: -1");
  EXPECT_EQ(message_of([&] { SGD(params, SGDOptions(0.1).nesterov(true)); }),
            "Nesterov momentum requires a momentum and zero dampening");
  EXPECT_EQ(message_of([&] {
              LBFGS({OptimizerParamGroup(params), OptimizerParamGroup(start(c10::kFloat))});
            }),
            "LBFGS doesn't support per-parameter options (parameter groups)");
  Adam adam(params);
  EXPECT_EQ(message_of([&] { adam.add_param_group(OptimizerParamGroup(params)); }),
            "some parameters appear in more than one parameter group");
  const IValue good = adam.state_dict();
  adam.add_param_group(OptimizerParamGroup(start(c10::kFloat)));
  EXPECT_EQ(message_of([&] { adam.load_state_dict(good); }),
            "loaded state dict has a different number of parameter groups");
}

TEST(Optim, GroupsInheritDefaults) {
  const auto params = start(c10::kFloat);
  std::vector<OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<Tensor>{params[0]},
                      std::make_unique<AdamOptions>(AdamOptions().weight_decay(0.1)));
  groups.emplace_back(std::vector<Tensor>{params[1]});
  Adam adam(groups, AdamOptions(0.01).weight_decay(0.05).eps(1e-6));
  const auto& first = static_cast<AdamOptions&>(adam.param_groups()[0].options());
  const auto& second = static_cast<AdamOptions&>(adam.param_groups()[1].options());
  EXPECT_EQ(first.weight_decay(), 0.1);
  EXPECT_EQ(first.lr(), 0.01);
  EXPECT_EQ(first.eps(), 1e-6);
  EXPECT_EQ(second.weight_decay(), 0.05);
  EXPECT_EQ(adam.size(), 2u);
}

TEST(Optim, ParametersWithoutGradientAreLeftAlone) {
  const auto params = start(c10::kFloat);
  SGD sgd(params, SGDOptions(0.1).momentum(0.9));
  set_gradients(params);
  params[1].mutable_grad().reset();
  const auto before = flat({params[1]});
  sgd.step();
  EXPECT_EQ(before, flat({params[1]}));
  EXPECT_EQ(sgd.state().count(params[1].unsafeGetTensorImpl()), 0u);
  // The second parameter's buffer begins a step later.
  set_gradients(params);
  const double grad = value_at(params[1].grad(), 0), was = value_at(params[1].detach(), 0);
  sgd.step();
  EXPECT_FLOAT_EQ(static_cast<float>(value_at(params[1].detach(), 0)),
                  static_cast<float>(was - 0.1 * grad));
  sgd.zero_grad();
  EXPECT_FALSE(params[0].grad().defined());
}

// Parameters with gaps in memory are stepped by tensor operators, which the kernel must equal.
TEST(Optim, KernelsEqualTensorOperators) {
  const json cases = read_json("steps.json");
  for (const json& c : cases) {
    if (c["groups"].size() != 1 || c["optimizer"] == "LBFGS") continue;
    SCOPED_TRACE(c["optimizer"].get<std::string>() + " " + c["groups"].dump() + " " +
                 c["dtype"].get<std::string>());
    const auto dense = start(dtype_of(c));
    std::vector<Tensor> gapped;
    for (const Tensor& p : dense) {
      Tensor wide = at::empty({p.numel(), 2}, p.scalar_type());
      Tensor column = wide.select(1, 0);
      column.copy_(p.detach().reshape({-1}));
      gapped.push_back(column.requires_grad_(true));
    }
    auto fused = make(c["optimizer"], c["groups"], dense);
    auto composed = make(c["optimizer"], c["groups"], gapped);
    for (int i = 0; i < 5; ++i) {
      set_gradients(dense);
      for (size_t k = 0; k < dense.size(); ++k)
        gapped[k].mutable_grad() = dense[k].grad().reshape({-1});
      fused->step();
      composed->step();
    }
    for (size_t k = 0; k < dense.size(); ++k) {
      const Tensor a = dense[k].detach(), b = gapped[k].detach().contiguous();
      for (int64_t i = 0; i < a.numel(); ++i)
        EXPECT_NEAR(value_at(a, i), value_at(b, i), tolerance_of(c));
    }
  }
}

TEST(Optim, LargeAndSmallTensorsStepAlike) {
  // Above the size at which a step is shared among threads, every element must still be stepped
  // exactly once: equal elements stay equal.
  for (const c10::ScalarType dtype : {c10::kFloat, c10::kDouble, c10::kBFloat16, c10::kHalf}) {
    std::vector<Tensor> params;
    for (const int64_t n : {7, 70001, 1, 40000, 0, 129})
      params.push_back(at::full({n}, 0.5, dtype).requires_grad_(true));
    AdamW adam(params, AdamWOptions(0.01).amsgrad(true));
    for (int step = 1; step <= 3; ++step) {
      for (const Tensor& p : params) p.mutable_grad() = at::full_like(p.detach(), 0.25 * step);
      adam.step();
    }
    const double want = params[2].detach().item().to<double>();
    EXPECT_LT(want, 0.5);
    for (const Tensor& p : params) {
      if (p.numel() == 0) continue;
      EXPECT_EQ(p.detach().min().item().to<double>(), want);
      EXPECT_EQ(p.detach().max().item().to<double>(), want);
    }
  }
}

std::unique_ptr<LRScheduler> make_scheduler(const std::string& name, const json& o,
                                            Optimizer& opt) {
  if (name == "StepLR")
    return std::make_unique<StepLR>(opt, o["step_size"].get<unsigned>(), o.value("gamma", 0.1));
  if (name == "MultiStepLR")
    return std::make_unique<MultiStepLR>(opt, o["milestones"].get<std::vector<int64_t>>(),
                                         o.value("gamma", 0.1));
  if (name == "ExponentialLR")
    return std::make_unique<ExponentialLR>(opt, o["gamma"].get<double>());
  if (name == "CosineAnnealingLR")
    return std::make_unique<CosineAnnealingLR>(opt, o["T_max"].get<int64_t>(),
                                               o.value("eta_min", 0.0));
  if (name == "LinearLR")
    return std::make_unique<LinearLR>(opt, o.value("start_factor", 1.0 / 3),
                                      o.value("end_factor", 1.0),
                                      o.value("total_iters", int64_t{5}));
  return std::make_unique<LambdaLR>(
      opt, [](int64_t e) { return std::pow(0.95, static_cast<double>(e)); });
}

SGD two_groups() {
  const auto params = start(c10::kDouble);
  std::vector<OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<Tensor>{params[0]});
  groups.emplace_back(std::vector<Tensor>{params[1]}, std::make_unique<SGDOptions>(0.4));
  return SGD(groups, SGDOptions(0.1));
}

void expect_rates(const json& want, const Optimizer& optimizer, size_t epoch) {
  for (size_t g = 0; g < 2; ++g)
    EXPECT_NEAR(want[g].get<double>(), optimizer.param_groups()[g].options().get_lr(),
                1e-14 * std::max(1.0, want[g].get<double>()))
        << "epoch " << epoch;
}

TEST(Schedulers, CurvesAsPythons) {
  for (const json& c : read_json("curves.json")) {
    const std::string name = c["scheduler"];
    if (name == "ReduceLROnPlateau") continue;
    SCOPED_TRACE(name + c["options"].dump());
    SGD optimizer = two_groups(), other = two_groups();
    auto scheduler = make_scheduler(name, c["options"], optimizer);
    auto resumed = make_scheduler(name, c["options"], other);
    for (size_t epoch = 0; epoch < c["rates"].size(); ++epoch) {
      expect_rates(c["rates"][epoch], optimizer, epoch);
      if (epoch > 13) expect_rates(c["rates"][epoch], other, epoch);
      if (epoch == 13) {
        other.load_state_dict(optimizer.state_dict());
        resumed->load_state_dict(scheduler->state_dict());
      }
      scheduler->step();
      if (epoch >= 13) resumed->step();
    }
  }
}

TEST(Schedulers, PlateauAsPythons) {
  using P = ReduceLROnPlateauScheduler;
  int count = 0;
  for (const json& c : read_json("curves.json")) {
    if (c["scheduler"] != "ReduceLROnPlateau") continue;
    const json& o = c["options"];
    SCOPED_TRACE(o.dump());
    const auto build = [&](Optimizer& opt) {
      return std::make_unique<P>(
          opt, o.value("mode", "min") == "min" ? P::min : P::max, o.value("factor", 0.1),
          o.value("patience", 10), o.value("threshold", 1e-4),
          o.value("threshold_mode", "rel") == "rel" ? P::rel : P::abs, o.value("cooldown", 0),
          P::MinLr(o.value("min_lr", std::vector<double>{0})), o.value("eps", 1e-8));
    };
    SGD optimizer = two_groups(), other = two_groups();
    auto scheduler = build(optimizer), resumed = build(other);
    for (size_t epoch = 0; epoch < c["rates"].size(); ++epoch) {
      expect_rates(c["rates"][epoch], optimizer, epoch);
      if (epoch > 20) expect_rates(c["rates"][epoch], other, epoch);
      if (epoch == 20) {
        other.load_state_dict(optimizer.state_dict());
        resumed->load_state_dict(scheduler->state_dict());
      }
      const double e = static_cast<double>(epoch);
      const double metric = static_cast<double>((epoch * 7) % 13) / 13 + 1 / (e + 1);
      scheduler->step(metric);
      if (epoch >= 20) resumed->step(metric);
    }
    ++count;
  }
  EXPECT_EQ(count, 4);
}

}  // namespace
