// Stacked, bidirectional recurrent nets over padded and packed sequences: one product for the
// input's share of all steps, then the steps.
#include <pharos/ops/functions.h>

#include <algorithm>

#include "ops/rnn/lstm_layer.h"
#include "ops/rnn/rnn.h"
#include "ops/rnn/steps.h"
#include "ops/rnn_decls.h"

namespace pharos::ops {
namespace {

enum class Kind { kLstm, kGru, kTanh, kRelu };

// Hidden state of one layer and direction; c only for LSTM.
struct State {
  Tensor h, c;
};

struct Params {
  Tensor w_ih, w_hh;
  OptTensor b_ih, b_hh;
  Tensor w_hr;
};

struct Net {
  Kind kind;
  bool has_biases;
  int64_t layers;
  double dropout;
  bool train, bidirectional;
};

State step(const Net& net, const Params& p, const Tensor& gates, const State& s) {
  switch (net.kind) {
    case Kind::kLstm: {
      auto [h, c] = lstm_step(gates, s.h, s.c, p.w_hh, p.b_hh);
      if (p.w_hr.defined()) h = at::linear(h, p.w_hr);
      return {h, c};
    }
    case Kind::kGru:
      return {gru_step(gates, s.h, p.w_hh, p.b_hh), {}};
    default:
      return {plain_step(gates, s.h, p.w_hh, p.b_hh, net.kind == Kind::kRelu), {}};
  }
}

std::vector<Params> gather_params(at::TensorList list, const Net& net, bool projections) {
  const size_t each = (net.has_biases ? 4u : 2u) + (projections ? 1u : 0u);
  TORCH_CHECK(list.size() % each == 0, "got an incorrect number of RNN parameters");
  std::vector<Params> out;
  for (size_t i = 0; i < list.size(); i += each) {
    Params p;
    p.w_ih = list[i];
    p.w_hh = list[i + 1];
    if (net.has_biases) {
      p.b_ih = list[i + 2];
      p.b_hh = list[i + 3];
    }
    if (projections) p.w_hr = list[i + each - 1];
    out.push_back(p);
  }
  TORCH_CHECK(static_cast<int64_t>(out.size()) == net.layers * (net.bidirectional ? 2 : 1),
              "got an incorrect number of RNN parameters");
  return out;
}

struct Run {
  Tensor output;
  State last;
};

// input: [time, batch, features].
Run run_padded(const Net& net, const Params& p, const Tensor& input, State s, bool reverse) {
  const Tensor share = at::linear(input, p.w_ih, p.b_ih);
  if (net.kind == Kind::kLstm && !p.w_hr.defined()) {
    if (const auto fused = lstm_layer(share, s.h, s.c, p.w_hh, p.b_hh, reverse)) {
      const Tensor& output = fused->first;
      return {output, {output.select(0, reverse ? 0 : output.size(0) - 1), fused->second}};
    }
  }
  const std::vector<Tensor> gates = share.unbind(0);
  std::vector<Tensor> out(gates.size());
  for (size_t i = 0; i < gates.size(); ++i) {
    const size_t t = reverse ? gates.size() - 1 - i : i;
    s = step(net, p, gates[t], s);
    out[t] = s.h;
  }
  return {at::stack(out, 0), s};
}

State narrowed(const State& s, int64_t start, int64_t n) {
  return {s.h.narrow(0, start, n), s.c.defined() ? s.c.narrow(0, start, n) : Tensor()};
}
State joined(const std::vector<State>& parts) {
  if (parts.size() == 1) return parts[0];
  std::vector<Tensor> h, c;
  for (const State& s : parts) {
    h.push_back(s.h);
    if (s.c.defined()) c.push_back(s.c);
  }
  return {at::cat(h, 0), c.empty() ? Tensor() : at::cat(c, 0)};
}

// input: packed rows, batch_sizes[t] of them for step t, never growing.
Run run_packed(const Net& net, const Params& p, const Tensor& input, const int64_t* batch_sizes,
               int64_t steps, State s, bool reverse) {
  const Tensor gates = at::linear(input, p.w_ih, p.b_ih);
  std::vector<Tensor> out(static_cast<size_t>(steps));
  if (reverse) {
    // Sequences begin at their own last step: rows join as the batch grows backward in time.
    const State initial = s;
    int64_t offset = input.size(0), batch = batch_sizes[steps - 1];
    s = narrowed(initial, 0, batch);
    for (int64_t t = steps - 1; t >= 0; --t) {
      if (batch_sizes[t] > batch) {
        s = joined({s, narrowed(initial, batch, batch_sizes[t] - batch)});
        batch = batch_sizes[t];
      }
      offset -= batch;
      s = step(net, p, gates.narrow(0, offset, batch), s);
      out[static_cast<size_t>(t)] = s.h;
    }
    return {at::cat(out, 0), s};
  }
  std::vector<State> done;
  int64_t offset = 0, batch = batch_sizes[0];
  for (int64_t t = 0; t < steps; ++t) {
    const int64_t now = batch_sizes[t];
    if (now < batch) {
      done.push_back(narrowed(s, now, batch - now));
      s = narrowed(s, 0, now);
      batch = now;
    }
    s = step(net, p, gates.narrow(0, offset, now), s);
    offset += now;
    out[static_cast<size_t>(t)] = s.h;
  }
  done.push_back(s);
  std::reverse(done.begin(), done.end());
  return {at::cat(out, 0), joined(done)};
}

struct Result {
  Tensor output, h, c;
};

template <class RunLayer>
Result run_layers(const Net& net, Tensor input, const std::vector<Params>& params, const Tensor& hx,
                  const Tensor& cx, RunLayer&& run) {
  const int64_t directions = net.bidirectional ? 2 : 1;
  const std::vector<Tensor> h0 = hx.unbind(0);
  const std::vector<Tensor> c0 = cx.defined() ? cx.unbind(0) : std::vector<Tensor>();
  TORCH_CHECK(static_cast<int64_t>(h0.size()) == net.layers * directions,
              "Expected hidden size of ", net.layers * directions, " layers, got ", h0.size());
  std::vector<Tensor> h, c;
  for (int64_t layer = 0; layer < net.layers; ++layer) {
    std::vector<Tensor> outputs;
    for (int64_t d = 0; d < directions; ++d) {
      const auto i = static_cast<size_t>(layer * directions + d);
      const Run r = run(params[i], input, State{h0[i], c0.empty() ? Tensor() : c0[i]}, d == 1);
      outputs.push_back(r.output);
      h.push_back(r.last.h);
      if (r.last.c.defined()) c.push_back(r.last.c);
    }
    input = directions == 2 ? at::cat(outputs, -1) : outputs[0];
    if (net.dropout != 0 && net.train && layer < net.layers - 1)
      input = at::dropout(input, net.dropout, true);
  }
  return {input, at::stack(h, 0), c.empty() ? Tensor() : at::stack(c, 0)};
}

Result padded(const Net& net, const Tensor& input, const Tensor& hx, const Tensor& cx,
              at::TensorList list, bool batch_first, bool projections) {
  const std::vector<Params> params = gather_params(list, net, projections);
  const Tensor x = batch_first ? input.transpose(0, 1) : input;
  TORCH_CHECK(x.size(0) > 0, "Expected sequence length to be larger than 0 in RNN");
  Result r = run_layers(net, x, params, hx, cx,
                        [&](const Params& p, const Tensor& in, const State& s, bool reverse) {
                          return run_padded(net, p, in, s, reverse);
                        });
  if (batch_first) r.output = r.output.transpose(0, 1);
  return r;
}

Result packed(const Net& net, const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
              const Tensor& cx, at::TensorList list, bool projections) {
  const std::vector<Params> params = gather_params(list, net, projections);
  TORCH_CHECK(batch_sizes.dim() == 1 && batch_sizes.scalar_type() == ScalarType::Long &&
                  batch_sizes.is_cpu(),
              "batch_sizes tensor should be a 1-dimensional CPU int64 tensor");
  const Tensor sizes = batch_sizes.contiguous();
  const auto* b = data_as<const int64_t>(sizes);
  const int64_t steps = sizes.numel();
  int64_t rows = 0;
  for (int64_t t = 0; t < steps; ++t) {
    TORCH_CHECK(b[t] > 0 && (t == 0 || b[t] <= b[t - 1]),
                "batch_sizes must be positive and must not increase");
    rows += b[t];
  }
  TORCH_CHECK(steps > 0 && rows == data.size(0), "batch_sizes name ", rows,
              " rows, but the packed data has ", data.size(0));
  TORCH_CHECK(hx.dim() == 3 && hx.size(1) == b[0], "Expected hidden batch size ", b[0], ", got ",
              hx.sizes());
  return run_layers(net, data, params, hx, cx,
                    [&](const Params& p, const Tensor& in, const State& s, bool reverse) {
                      return run_packed(net, p, in, b, steps, s, reverse);
                    });
}

Net net_of(Kind kind, bool biases, int64_t layers, double dropout, bool train, bool bidirectional) {
  return {kind, biases, layers, dropout, train, bidirectional};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> lstm_input(const Tensor& input, at::TensorList hx,
                                              at::TensorList params, bool has_biases,
                                              int64_t num_layers, double dropout, bool train,
                                              bool bidirectional, bool batch_first) {
  TORCH_CHECK(hx.size() == 2, "lstm expects two hidden states");
  const bool projections = hx[0].size(2) != hx[1].size(2);
  const Result r =
      padded(net_of(Kind::kLstm, has_biases, num_layers, dropout, train, bidirectional), input,
             hx[0], hx[1], params, batch_first, projections);
  return {r.output, r.h, r.c};
}

std::tuple<Tensor, Tensor, Tensor> lstm_data(const Tensor& data, const Tensor& batch_sizes,
                                             at::TensorList hx, at::TensorList params,
                                             bool has_biases, int64_t num_layers, double dropout,
                                             bool train, bool bidirectional) {
  TORCH_CHECK(hx.size() == 2, "lstm expects two hidden states");
  const bool projections = hx[0].size(2) != hx[1].size(2);
  const Result r =
      packed(net_of(Kind::kLstm, has_biases, num_layers, dropout, train, bidirectional), data,
             batch_sizes, hx[0], hx[1], params, projections);
  return {r.output, r.h, r.c};
}

#define RNN_FORMS(name, kind)                                                                    \
  std::tuple<Tensor, Tensor> name##_input(                                                       \
      const Tensor& input, const Tensor& hx, at::TensorList params, bool has_biases,             \
      int64_t num_layers, double dropout, bool train, bool bidirectional, bool batch_first) {    \
    const Result r = padded(net_of(kind, has_biases, num_layers, dropout, train, bidirectional), \
                            input, hx, {}, params, batch_first, false);                          \
    return {r.output, r.h};                                                                      \
  }                                                                                              \
  std::tuple<Tensor, Tensor> name##_data(                                                        \
      const Tensor& data, const Tensor& batch_sizes, const Tensor& hx, at::TensorList params,    \
      bool has_biases, int64_t num_layers, double dropout, bool train, bool bidirectional) {     \
    const Result r = packed(net_of(kind, has_biases, num_layers, dropout, train, bidirectional), \
                            data, batch_sizes, hx, {}, params, false);                           \
    return {r.output, r.h};                                                                      \
  }
RNN_FORMS(gru, Kind::kGru)
RNN_FORMS(rnn_tanh, Kind::kTanh)
RNN_FORMS(rnn_relu, Kind::kRelu)
#undef RNN_FORMS

}  // namespace pharos::ops
