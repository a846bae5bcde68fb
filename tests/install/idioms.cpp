// What programs written for LibTorch do most, each idiom checked: check_install.sh compiles this
// file against an installed tree and runs it. Only torch/torch.h, which brings the standard headers
// that many of them use without including them.
#include <torch/torch.h>

namespace {

int failures = 0;
void check(bool ok, const char* what) {
  if (ok) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}
template <typename F>
bool throws(F f) {
  try {
    f();
  } catch (const c10::Error& e) {
    return *e.what() != 0;
  }
  return false;
}

// ---- modules ----

struct BlockImpl : torch::nn::Module {
  BlockImpl(int64_t in, int64_t out, double slope = 0.1)
      : linear(register_module("linear", torch::nn::Linear(torch::nn::LinearOptions(in, out)))),
        norm(torch::nn::BatchNormOptions(out).eps(1e-4).momentum(0.2)),
        slope(slope) {
    register_module("norm", norm);
    scale = register_parameter("scale", torch::ones({out}));
    calls = register_buffer("calls", torch::zeros({1}, torch::kLong));
  }
  torch::Tensor forward(torch::Tensor x) {
    calls.add_(1);
    return torch::leaky_relu(norm->forward(linear(x)), slope) * scale;
  }
  torch::nn::Linear linear{nullptr};
  torch::nn::BatchNorm1d norm;
  torch::Tensor scale, calls;
  double slope;
};
TORCH_MODULE(Block);

struct NetImpl : torch::nn::Cloneable<NetImpl> {
  NetImpl() { reset(); }
  void reset() override {
    layers = register_module("layers", torch::nn::Sequential());
    layers->push_back(torch::nn::Linear(4, 8));
    layers->push_back("activation", torch::nn::Functional(torch::relu));
    layers->push_back(torch::nn::Dropout(torch::nn::DropoutOptions(0.5)));
    layers->push_back(torch::nn::Linear(8, 3));
    heads = register_module("heads", torch::nn::ModuleList());
    for (int i = 0; i < 2; ++i) heads->push_back(torch::nn::Linear(3, 2));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = layers->forward(x);
    torch::Tensor out;
    for (const auto& head : *heads) {
      torch::Tensor h = head->as<torch::nn::Linear>()->forward(y);
      out = out.defined() ? out + h : h;
    }
    return torch::log_softmax(out, 1);
  }
  torch::nn::Sequential layers{nullptr};
  torch::nn::ModuleList heads{nullptr};
};
TORCH_MODULE(Net);

void modules() {
  torch::manual_seed(0);
  Block block(4, 6);
  check(block(torch::randn({5, 4})).sizes() == torch::IntArrayRef({5, 6}), "a module's call");
  check(block->calls.item<int64_t>() == 1, "buffers");
  std::map<std::string, int64_t> sizes;
  for (const auto& p : block->named_parameters()) sizes[p.key()] = p.value().numel();
  check(sizes.size() == 5 && sizes["linear.weight"] == 24, "named_parameters");
  for (auto& item : block->named_buffers()) check(!item->requires_grad(), "buffers have no grad");

  Net net;
  net->to(torch::kCPU, torch::kDouble);
  net->apply([](torch::nn::Module& m) {
    if (auto* linear = m.as<torch::nn::Linear>()) {
      torch::NoGradGuard no_grad;
      torch::nn::init::xavier_uniform_(linear->weight);
      torch::nn::init::constant_(linear->bias, 0.25);
    }
  });
  net->eval();
  const torch::Tensor x = torch::ones({2, 4}, torch::kDouble);
  auto copy = std::dynamic_pointer_cast<NetImpl>(net->clone());
  check(torch::equal(copy->forward(x), net->forward(x)), "clone");
  check(!net->is_training(), "eval");

  std::ostringstream text;
  text << net;
  check(text.str().find("torch::nn::Linear(in_features=8, out_features=3, bias=true)") !=
            std::string::npos,
        "printing");

  torch::nn::AnyModule any(torch::nn::Linear(4, 2));
  check(any.forward(torch::ones({1, 4})).size(1) == 2, "AnyModule");
  check(any.get<torch::nn::LinearImpl>().options.out_features() == 2, "AnyModule::get");
  torch::nn::Sequential named({{"first", torch::nn::Linear(4, 4)}, {"second", torch::nn::Tanh()}});
  check(named->named_children()[1].key() == "second", "named Sequential");

  torch::nn::LSTM lstm(torch::nn::LSTMOptions(3, 5).num_layers(2).batch_first(true));
  auto [output, state] = lstm->forward(torch::randn({2, 7, 3}));
  check(output.size(2) == 5 && std::get<0>(state).size(0) == 2, "LSTM");
  namespace F = torch::nn::functional;
  const auto up = F::interpolate(
      torch::ones({1, 1, 2, 2}),
      F::InterpolateFuncOptions().scale_factor(std::vector<double>({2, 2})).mode(torch::kNearest));
  check(up.size(3) == 4, "functional options");
}

// ---- tensors ----

void tensors() {
  using namespace torch::indexing;
  torch::Tensor t = torch::arange(24, torch::dtype(torch::kFloat32)).view({2, 3, 4});
  check(t.index({0, Slice(1, None), Slice(None, None, 2)}).sum().item<float>() == 28, "Slice");
  check(t.index({"...", 1}).size(1) == 3, "Ellipsis");
  check(t.index({Ellipsis, None}).dim() == 4, "None");
  t.index_put_({1, 2, Slice()}, -1);
  check(t[1][2].sum().item<float>() == -4, "index_put_");
  check(t.index({t < 0}).numel() == 4, "masks");
  torch::Tensor counts = torch::zeros({3}, torch::kLong);
  counts.index_put_({torch::tensor({2, 0, 2})}, torch::ones({3}, torch::kLong), true);
  check(counts[2].item<int>() == 2, "index_put_ that accumulates");
  check(t.to(counts.dtype()).scalar_type() == torch::kLong, "a tensor's dtype as argument");
  check(counts.to(torch::kCPU, t.dtype()).is_floating_point(), "device and dtype");
  torch::globalContext().setBenchmarkCuDNN(true);

  auto a = t.accessor<float, 3>();
  float sum = 0;
  for (int64_t i = 0; i < a.size(1); ++i) sum += a[0][i][1];
  check(sum == 1 + 5 + 9, "accessor");
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  bool released = false;
  {
    torch::Tensor b = torch::from_blob(
        values.data(), {2, 3}, [&](void*) { released = true; },
        torch::TensorOptions().dtype(torch::kFloat32));
    b[0][0] = 7;
    check(values[0] == 7 && b.data_ptr<float>() == values.data(), "from_blob");
  }
  check(released, "from_blob's deleter");
  std::vector<int64_t> longs(t.sizes().begin(), t.sizes().end());
  check(torch::tensor(longs).sum().item().toLong() == 9, "tensor of a vector");
  check(torch::tensor({{1.5, 2.5}, {3.0, 4.0}}).dtype() == torch::kFloat32, "nested lists");

  torch::Tensor largest, where;
  std::tie(largest, where) = t.max(/*dim=*/2);
  check(std::get<1>(torch::topk(t.flatten(), 2))[0].item<int>() == 19, "topk");
  check(torch::cat({t, t}, 0).size(0) == 4 && torch::stack({t, t}).dim() == 4, "cat, stack");
  check(t.chunk(3, 1).size() == 3 && t.permute({2, 0, 1}).stride(0) == 1, "chunk, permute");
  check((2 * t - t == t).all().item<bool>(), "arithmetic");
  check(t.to(torch::kCPU, torch::kInt64).scalar_type() == torch::kLong, "to");
  check(torch::zeros({2}, t.options().dtype(torch::kBool)).is_contiguous(), "options");
  check(throws([&] { torch::matmul(t, torch::ones({5, 2})); }), "errors");
  check(t.type().toString() == "CPUFloatType", "type()");
  const double doubled = AT_DISPATCH_FLOATING_TYPES(t.scalar_type(), "idioms", [&] {
    return static_cast<double>(t.data_ptr<scalar_t>()[1]) * 2;
  });
  check(doubled == 2, "AT_DISPATCH");
  check(throws([&] { AT_DISPATCH_FLOATING_TYPES(torch::kLong, "idioms", [&] { (void)t; }); }),
        "AT_DISPATCH of another dtype");
}

// ---- autograd ----

struct Cube : torch::autograd::Function<Cube> {
  static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x, double by) {
    ctx->save_for_backward({x});
    ctx->saved_data["by"] = by;
    return x.pow(3) * by;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const torch::Tensor x = ctx->get_saved_variables()[0];
    return {grads[0] * 3 * x.square() * ctx->saved_data["by"].toDouble(), torch::Tensor()};
  }
};

void gradients() {
  torch::Tensor x = torch::tensor({1.0, 2.0}, torch::requires_grad());
  torch::Tensor y = Cube::apply(x, 2.0);
  std::ostringstream address;
  address << y.grad_fn();
  check(!address.str().empty() && y.grad_fn()->name().find("Cube") != std::string::npos, "grad_fn");
  y.sum().backward();
  check(torch::equal(x.grad(), torch::tensor({6.0, 24.0})), "custom Function");
  const auto first = torch::autograd::grad({x.pow(3).sum()}, {x}, {}, true, true);
  check(torch::autograd::grad({first[0].sum()}, {x})[0][1].item<double>() == 12, "grad of grad");
  x.mutable_grad().zero_();
  x.register_hook([](torch::Tensor g) { return g * 10; });
  (x * 1).sum().backward();
  check(x.grad()[0].item<float>() == 10, "register_hook");
  {
    torch::NoGradGuard no_grad;
    check(!(x * 2).requires_grad(), "NoGradGuard");
  }
  check(!x.detach().requires_grad() && x.is_leaf(), "detach");
}

// ---- data and training ----

struct Points : torch::data::datasets::Dataset<Points> {
  torch::data::Example<> get(size_t index) override {
    const auto i = static_cast<float>(index);
    return {torch::full({1, 2, 2}, i / 10), torch::tensor(static_cast<int64_t>(index % 2))};
  }
  torch::optional<size_t> size() const override { return 10; }
};

void training() {
  torch::manual_seed(1);
  auto dataset = Points()
                     .map(torch::data::transforms::Normalize<>(0.5, 0.5))
                     .map(torch::data::transforms::Stack<>());
  const size_t size = dataset.size().value();
  auto loader = torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      std::move(dataset), torch::data::DataLoaderOptions().batch_size(4).workers(1));
  Net net;
  torch::optim::Adam optimizer(net->parameters(),
                               torch::optim::AdamOptions(1e-2).betas(std::make_tuple(0.5, 0.9)));
  torch::optim::StepLR scheduler(optimizer, 1, 0.5);
  net->train();
  size_t seen = 0;
  double first = 0, last = 0;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (auto& batch : *loader) {
      auto data = batch.data.view({-1, 4}).to(torch::kCPU), targets = batch.target.to(torch::kCPU);
      optimizer.zero_grad();
      auto loss = torch::nll_loss(net->forward(data), targets);
      AT_ASSERT(!std::isnan(loss.template item<float>()));
      loss.backward();
      torch::nn::utils::clip_grad_norm_(net->parameters(), 1.0);
      optimizer.step();
      seen += batch.data.size(0);
      (first == 0 ? first : last) = loss.item<double>();
    }
    scheduler.step();
  }
  check(seen == 2 * size && first > 0 && last > 0, "a training loop");
  for (auto& group : optimizer.param_groups()) {
    auto& options = static_cast<torch::optim::AdamOptions&>(group.options());
    check(std::abs(options.lr() - 2.5e-3) < 1e-12, "a scheduler");
    options.lr(options.lr() * 2);
    check(std::get<0>(options.betas()) == 0.5, "options");
  }

  torch::optim::LBFGS lbfgs(net->parameters(), torch::optim::LBFGSOptions(0.1).max_iter(2));
  net->eval();
  const torch::Tensor input = torch::ones({1, 4});
  const auto closure = [&] {
    lbfgs.zero_grad();
    torch::Tensor loss = net->forward(input).square().sum();
    loss.backward();
    return loss;
  };
  const float before = lbfgs.step(closure).item<float>();
  check(net->forward(input).square().sum().item<float>() < before, "LBFGS");

  std::stringstream file, plain;
  torch::save(net, file);
  torch::save(optimizer, plain);
  Net other;
  torch::load(other, file);
  torch::optim::Adam again(other->parameters(), torch::optim::AdamOptions(1));
  torch::load(again, plain);
  other->eval();
  check(torch::equal(other->forward(input), net->forward(input)), "save and load");
  check(std::abs(again.param_groups()[0].options().get_lr() - 5e-3) < 1e-12, "saved options");

  torch::serialize::OutputArchive out;
  out.write("step", torch::tensor(3));
  net->save(out);
  std::stringstream archive;
  out.save_to(archive);
  torch::serialize::InputArchive in;
  in.load_from(archive);
  torch::Tensor step;
  in.read("step", step);
  check(step.item<int>() == 3, "archives");
}

}  // namespace

int main() {
  std::cout << (torch::cuda::is_available() ? "cuda\n" : "cpu\n");
  modules();
  tensors();
  gradients();
  training();
  return failures == 0 ? 0 : 1;
}
