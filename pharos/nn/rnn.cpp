// RNN, LSTM, GRU and their cells.
#include <pharos/nn/init.h>
#include <pharos/nn/modules/rnn.h>

#include <cmath>
#include <ostream>

#include "nn/layer.h"

namespace torch::nn {

using pharos::nn::run_layer_n;
using utils::rnn::PackedSequence;

namespace detail {

RNNImplBase::RNNImplBase(const RNNOptionsBase& options_) : options_base(options_) {
  RNNImplBase::reset();
}
RNNImplBase::RNNImplBase(const RNNImplBase&) = default;
RNNImplBase& RNNImplBase::operator=(const RNNImplBase&) = default;
RNNImplBase::~RNNImplBase() = default;

int64_t RNNImplBase::output_size() const {
  return options_base.proj_size() > 0 ? options_base.proj_size() : options_base.hidden_size();
}

static int64_t gates(const RNNOptionsBase& o) {
  return o.mode().is(kLSTM) ? 4 : o.mode().is(kGRU) ? 3 : 1;
}

void RNNImplBase::reset() {
  const auto& o = options_base;
  TORCH_CHECK(o.dropout() >= 0 && o.dropout() <= 1,
              "dropout should be a number in range [0, 1] representing the probability of an "
              "element being zeroed");
  TORCH_CHECK(o.hidden_size() > 0, "hidden_size must be positive");
  TORCH_CHECK(o.num_layers() > 0, "num_layers must be positive");
  TORCH_CHECK(o.proj_size() >= 0 && o.proj_size() < o.hidden_size(),
              "proj_size has to be a positive integer, smaller than hidden_size");
  if (o.dropout() > 0 && o.num_layers() == 1)
    TORCH_WARN(
        "dropout option adds dropout after all but last recurrent layer, so non-zero "
        "dropout expects num_layers greater than 1, but got dropout=",
        o.dropout(), " and num_layers=", o.num_layers());
  flat_weights_.clear();
  const int64_t directions = o.bidirectional() ? 2 : 1, rows = gates(o) * o.hidden_size();
  for (int64_t layer = 0; layer < o.num_layers(); ++layer) {
    const int64_t inputs = layer == 0 ? o.input_size() : output_size() * directions;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const std::string suffix = "_l" + std::to_string(layer) + (direction ? "_reverse" : "");
      const auto add = [&](const char* name, std::vector<int64_t> sizes) {
        flat_weights_.push_back(register_parameter(name + suffix, at::empty(sizes)));
      };
      add("weight_ih", {rows, inputs});
      add("weight_hh", {rows, output_size()});
      if (o.bias()) {
        add("bias_ih", {rows});
        add("bias_hh", {rows});
      }
      if (o.proj_size() > 0) add("weight_hr", {o.proj_size(), o.hidden_size()});
    }
  }
  reset_parameters();
}

void RNNImplBase::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(options_base.hidden_size()));
  for (const Tensor& w : flat_weights_) init::uniform_(w, -bound, bound);
}
void RNNImplBase::flatten_parameters() {}
std::vector<Tensor> RNNImplBase::all_weights() const { return flat_weights_; }

void RNNImplBase::pretty_print(std::ostream& stream) const {
  const auto& o = options_base;
  const std::string full = name();
  const size_t end = full.rfind("Impl");
  stream << std::boolalpha << full.substr(0, end) << "(input_size=" << o.input_size()
         << ", hidden_size=" << o.hidden_size() << ", num_layers=" << o.num_layers()
         << ", bias=" << o.bias() << ", batch_first=" << o.batch_first()
         << ", dropout=" << o.dropout() << ", bidirectional=" << o.bidirectional();
  if (o.proj_size() > 0) stream << ", proj_size=" << o.proj_size();
  stream << ')';
}

int64_t RNNImplBase::batch_of(const Tensor& input) const {
  TORCH_CHECK(input.dim() == 3, "input must have 3 dimensions, got ", input.dim());
  return options_base.batch_first() ? input.size(0) : input.size(1);
}

static void check_state(const Tensor& state, int64_t layers, int64_t batch, int64_t size,
                        const char* what) {
  TORCH_CHECK(state.sizes().equals({layers, batch, size}), "Expected ", what, " size [", layers,
              ", ", batch, ", ", size, "], got ", state.sizes());
}

// Output, hidden state and (for LSTM) cell state; states in the order of sorted_indices.
std::tuple<Tensor, Tensor, Tensor> RNNImplBase::run(const Tensor& input, const Tensor& batch_sizes,
                                                    const Tensor& sorted_indices, int64_t batch,
                                                    Tensor hx, Tensor cx) const {
  const auto& o = options_base;
  const bool lstm = o.mode().is(kLSTM), packed = batch_sizes.defined();
  const int64_t dims = packed ? 2 : 3;
  TORCH_CHECK(input.dim() == dims, "input must have ", dims, " dimensions, got ", input.dim());
  TORCH_CHECK(o.input_size() == input.size(-1),
              "input.size(-1) must be equal to input_size. Expected ", o.input_size(), ", got ",
              input.size(-1));
  const int64_t layers = o.num_layers() * (o.bidirectional() ? 2 : 1);
  const at::TensorOptions like = at::TensorOptions(input.scalar_type()).device(input.device());
  const auto prepare = [&](Tensor& state, int64_t size, const char* what) {
    if (!state.defined()) {
      state = at::zeros({layers, batch, size}, like);
      return;
    }
    check_state(state, layers, batch, size, what);
    if (sorted_indices.defined()) state = state.index_select(1, sorted_indices);
  };
  prepare(hx, output_size(), lstm ? "hidden[0]" : "hidden");
  if (lstm) prepare(cx, o.hidden_size(), "hidden[1]");
  const bool train = is_training();
  if (lstm) {
    const Tensor states[] = {hx, cx};
    return packed ? at::lstm(input, batch_sizes, states, flat_weights_, o.bias(), o.num_layers(),
                             o.dropout(), train, o.bidirectional())
                  : at::lstm(input, states, flat_weights_, o.bias(), o.num_layers(), o.dropout(),
                             train, o.bidirectional(), o.batch_first());
  }
  std::tuple<Tensor, Tensor> out;
#define PHAROS_RUN(op)                                                                          \
  out = packed ? at::op(input, batch_sizes, hx, flat_weights_, o.bias(), o.num_layers(),        \
                        o.dropout(), train, o.bidirectional())                                  \
               : at::op(input, hx, flat_weights_, o.bias(), o.num_layers(), o.dropout(), train, \
                        o.bidirectional(), o.batch_first())
  if (o.mode().is(kGRU))
    PHAROS_RUN(gru);
  else if (o.mode().is(kRNN_RELU))
    PHAROS_RUN(rnn_relu);
  else
    PHAROS_RUN(rnn_tanh);
#undef PHAROS_RUN
  return {std::get<0>(out), std::get<1>(out), Tensor()};
}

}  // namespace detail

static Tensor permuted(const Tensor& state, const Tensor& order) {
  return order.defined() ? state.index_select(1, order) : state;
}
static int64_t batch_of(const PackedSequence& p) {
  return p.batch_sizes().select(0, 0).item().toLong();
}

template <typename Options>
static detail::RNNOptionsBase base_options(detail::RNNOptionsBase::rnn_options_base_mode_t mode,
                                           const Options& o) {
  return detail::RNNOptionsBase(mode, o.input_size(), o.hidden_size())
      .num_layers(o.num_layers())
      .bias(o.bias())
      .batch_first(o.batch_first())
      .dropout(o.dropout())
      .bidirectional(o.bidirectional());
}
static detail::RNNOptionsBase::rnn_options_base_mode_t mode_of(const RNNOptions& o) {
  if (o.nonlinearity().is(kReLU)) return kRNN_RELU;
  return kRNN_TANH;
}
static detail::RNNOptionsBase::rnn_options_base_mode_t mode_of(const GRUOptions&) { return kGRU; }

#define PHAROS_RNN(X)                                                                            \
  PHAROS_DEFINE_MODULE(X##Impl)                                                                  \
  PHAROS_DEFAULT_ARGS(X##Impl, 1, AnyValue(Tensor()))                                            \
  X##Impl::X##Impl(int64_t input_size, int64_t hidden_size)                                      \
      : X##Impl(X##Options(input_size, hidden_size)) {}                                          \
  X##Impl::X##Impl(const X##Options& options_)                                                   \
      : RNNImplBase(base_options(mode_of(options_), options_)), options(options_) {}             \
  std::tuple<Tensor, Tensor> X##Impl::forward(const Tensor& input, Tensor hx) {                  \
    return run_layer_n(                                                                          \
        *this,                                                                                   \
        [this](const Tensor& x, const Tensor& h) {                                               \
          auto [y, hy, cy] = run(x, {}, {}, batch_of(x), h, {});                                 \
          return std::tuple<Tensor, Tensor>(y, hy);                                              \
        },                                                                                       \
        input, hx);                                                                              \
  }                                                                                              \
  std::tuple<PackedSequence, Tensor> X##Impl::forward_with_packed_input(const PackedSequence& p, \
                                                                        Tensor hx) {             \
    pharos::nn::ModuleScope scope(*this);                                                        \
    auto [y, hy, cy] =                                                                           \
        run(p.data(), p.batch_sizes(), p.sorted_indices(), torch::nn::batch_of(p), hx, {});      \
    return {PackedSequence(y, p.batch_sizes(), p.sorted_indices(), p.unsorted_indices()),        \
            permuted(hy, p.unsorted_indices())};                                                 \
  }
PHAROS_RNN(RNN)
PHAROS_RNN(GRU)

// --- LSTM ---

PHAROS_DEFINE_MODULE_BODY(LSTMImpl)
const pharos::nn::AnyOps& LSTMImpl::pharos_any_ops() {
  using Forward = pharos::nn::AnyForward<LSTMImpl, std::tuple<Tensor, State> (LSTMImpl::*)(
                                                       const Tensor&, std::optional<State>)>;
  static const pharos::nn::AnyOps ops{
      &typeid(LSTMImpl), nullptr,
      static_cast<AnyValue (*)(Module&, std::vector<AnyValue>&)>(&Forward::call)};
  return ops;
}
PHAROS_DEFAULT_ARGS(LSTMImpl, 1, AnyValue(std::optional<State>()))
LSTMImpl::LSTMImpl(int64_t input_size, int64_t hidden_size)
    : LSTMImpl(LSTMOptions(input_size, hidden_size)) {}
LSTMImpl::LSTMImpl(const LSTMOptions& options_)
    : RNNImplBase(base_options(kLSTM, options_).proj_size(options_.proj_size())),
      options(options_) {}
std::tuple<Tensor, LSTMImpl::State> LSTMImpl::forward(const Tensor& input) {
  return forward(input, std::nullopt);
}
std::tuple<Tensor, LSTMImpl::State> LSTMImpl::forward(const Tensor& input,
                                                      std::optional<State> hx_opt) {
  return run_layer_n(
      *this,
      [this](const Tensor& x, const std::optional<State>& state) {
        const auto [h, c] = state.value_or(State());
        auto [y, hy, cy] = run(x, {}, {}, batch_of(x), h, c);
        return std::tuple<Tensor, State>(y, State(hy, cy));
      },
      input, hx_opt);
}
std::tuple<PackedSequence, LSTMImpl::State> LSTMImpl::forward_with_packed_input(
    const PackedSequence& p) {
  return forward_with_packed_input(p, std::nullopt);
}
std::tuple<PackedSequence, LSTMImpl::State> LSTMImpl::forward_with_packed_input(
    const PackedSequence& p, std::optional<State> hx_opt) {
  pharos::nn::ModuleScope scope(*this);
  const auto [h, c] = hx_opt.value_or(State());
  auto [y, hy, cy] =
      run(p.data(), p.batch_sizes(), p.sorted_indices(), torch::nn::batch_of(p), h, c);
  return {PackedSequence(y, p.batch_sizes(), p.sorted_indices(), p.unsorted_indices()),
          State(permuted(hy, p.unsorted_indices()), permuted(cy, p.unsorted_indices()))};
}

// --- cells ---

namespace detail {

RNNCellImplBase::RNNCellImplBase(const RNNCellOptionsBase& options_) : options_base(options_) {
  RNNCellImplBase::reset();
}
RNNCellImplBase::RNNCellImplBase(const RNNCellImplBase&) = default;
RNNCellImplBase& RNNCellImplBase::operator=(const RNNCellImplBase&) = default;
RNNCellImplBase::~RNNCellImplBase() = default;

void RNNCellImplBase::reset() {
  const auto& o = options_base;
  const int64_t rows = o.num_chunks() * o.hidden_size();
  weight_ih = register_parameter("weight_ih", at::empty({rows, o.input_size()}));
  weight_hh = register_parameter("weight_hh", at::empty({rows, o.hidden_size()}));
  bias_ih = register_parameter("bias_ih", o.bias() ? at::empty({rows}) : Tensor(), o.bias());
  bias_hh = register_parameter("bias_hh", o.bias() ? at::empty({rows}) : Tensor(), o.bias());
  reset_parameters();
}
void RNNCellImplBase::reset_parameters() {
  const double bound = 1.0 / std::sqrt(static_cast<double>(options_base.hidden_size()));
  for (const Tensor& w : parameters()) init::uniform_(w, -bound, bound);
}
void RNNCellImplBase::pretty_print(std::ostream& stream) const {
  const std::string full = name();
  stream << full.substr(0, full.rfind("Impl")) << '(' << options_base.input_size() << ", "
         << options_base.hidden_size();
  if (!options_base.bias()) stream << ", bias=" << std::boolalpha << false;
  const std::string nonlinearity = get_nonlinearity_str();
  if (!nonlinearity.empty() && nonlinearity != "kTanh") stream << ", nonlinearity=" << nonlinearity;
  stream << ')';
}
void RNNCellImplBase::check_forward_input(const Tensor& input, const char* name) const {
  TORCH_CHECK(input.dim() == 1 || input.dim() == 2, "Expected ", name, " to be 1D or 2D, got ",
              input.dim(), "D instead");
}
std::string RNNCellImplBase::get_nonlinearity_str() const { return ""; }

}  // namespace detail

// Without a batch dimension: adds one, and takes it off the result.
template <typename Cell>
static Tensor run_cell(const Tensor& input, const Tensor& hx, int64_t hidden_size, Cell cell) {
  const bool batched = input.dim() == 2;
  const Tensor x = batched ? input : input.unsqueeze(0);
  Tensor h = hx;
  if (!h.defined())
    h = at::zeros({x.size(0), hidden_size}, at::TensorOptions(x.scalar_type()).device(x.device()));
  else if (!batched)
    h = h.unsqueeze(0);
  const Tensor out = cell(x, h);
  return batched ? out : out.squeeze(0);
}

#define PHAROS_CELL(X, chunks, call)                                                              \
  PHAROS_DEFINE_MODULE(X##Impl)                                                                   \
  PHAROS_DEFAULT_ARGS(X##Impl, 1, AnyValue(Tensor()))                                             \
  X##Impl::X##Impl(int64_t input_size, int64_t hidden_size)                                       \
      : X##Impl(X##Options(input_size, hidden_size)) {}                                           \
  X##Impl::X##Impl(const X##Options& options_)                                                    \
      : RNNCellImplBase(detail::RNNCellOptionsBase(options_.input_size(), options_.hidden_size(), \
                                                   options_.bias(), chunks)),                     \
        options(options_) {}                                                                      \
  Tensor X##Impl::forward(const Tensor& input, const Tensor& hx) {                                \
    return run_layer_n(                                                                           \
        *this,                                                                                    \
        [this](const Tensor& in, const Tensor& state) {                                           \
          check_forward_input(in, "input");                                                       \
          if (state.defined()) check_forward_input(state, "hidden");                              \
          return run_cell(in, state, options.hidden_size(),                                       \
                          [this](const Tensor& x, const Tensor& h) { return call; });             \
        },                                                                                        \
        input, hx);                                                                               \
  }
PHAROS_CELL(RNNCell, 1,
            options.nonlinearity().is(kReLU)
                ? at::rnn_relu_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
                : at::rnn_tanh_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh))
PHAROS_CELL(GRUCell, 3, at::gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh))
std::string RNNCellImpl::get_nonlinearity_str() const {
  return enumtype::get_enum_name(options.nonlinearity());
}

PHAROS_DEFINE_MODULE_BODY(LSTMCellImpl)
const pharos::nn::AnyOps& LSTMCellImpl::pharos_any_ops() {
  using Forward = pharos::nn::AnyForward<LSTMCellImpl, State (LSTMCellImpl::*)(
                                                           const Tensor&, std::optional<State>)>;
  static const pharos::nn::AnyOps ops{
      &typeid(LSTMCellImpl), nullptr,
      static_cast<AnyValue (*)(Module&, std::vector<AnyValue>&)>(&Forward::call)};
  return ops;
}
PHAROS_DEFAULT_ARGS(LSTMCellImpl, 1, AnyValue(std::optional<State>()))
LSTMCellImpl::LSTMCellImpl(int64_t input_size, int64_t hidden_size)
    : LSTMCellImpl(LSTMCellOptions(input_size, hidden_size)) {}
LSTMCellImpl::LSTMCellImpl(const LSTMCellOptions& options_)
    : RNNCellImplBase(detail::RNNCellOptionsBase(options_.input_size(), options_.hidden_size(),
                                                 options_.bias(), 4)),
      options(options_) {}
LSTMCellImpl::State LSTMCellImpl::forward(const Tensor& input) {
  return forward(input, std::nullopt);
}
LSTMCellImpl::State LSTMCellImpl::forward(const Tensor& input, std::optional<State> hx_opt) {
  return run_layer_n(
      *this,
      [this](const Tensor& in, const std::optional<State>& state) {
        check_forward_input(in, "input");
        const bool batched = in.dim() == 2;
        const Tensor x = batched ? in : in.unsqueeze(0);
        const auto part = [&](Tensor t, const char* name) {
          if (!t.defined())
            return at::zeros({x.size(0), options.hidden_size()},
                             at::TensorOptions(x.scalar_type()).device(x.device()));
          check_forward_input(t, name);
          return batched ? t : t.unsqueeze(0);
        };
        const auto [h0, c0] = state.value_or(State());
        const Tensor states[] = {part(h0, "hx[0]"), part(c0, "hx[1]")};
        const auto [h, c] = at::lstm_cell(x, states, weight_ih, weight_hh, bias_ih, bias_hh);
        return batched ? State(h, c) : State(h.squeeze(0), c.squeeze(0));
      },
      input, hx_opt);
}

}  // namespace torch::nn
