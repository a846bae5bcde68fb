// LSTM layers in f32: weights are packed once for all steps, each step is one product and one pass
// over the gates, and the weights' gradient is one product over the whole sequence.
#include <pharos/ops/functions.h>
#include <pharos/tensor_operators.h>

#include <algorithm>
#include <vector>

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/lstm.h"
#include "kernels/cpu/scratch.h"
#include "ops/rnn/lstm_layer.h"
#include "tape/record.h"

namespace pharos::ops {
namespace {

struct Shape {
  int64_t time, batch, hidden;
  bool reverse;
  int64_t state() const { return batch * hidden; }
  // The position of step i, and the number of steps.
  int64_t at(int64_t i) const { return reverse ? time - 1 - i : i; }
};

float* floats(const Tensor& t) { return data_as<float>(t); }

// What backward needs of the forward pass, time by time.
struct Trace {
  Tensor gates, cells;
};

struct Outputs {
  Tensor out, last_cell;
};

Outputs forward(const Shape& s, const Tensor& gates_in, const Tensor& h0, const Tensor& c0,
                const Tensor& w_hh, const Tensor& b_hh, Trace* trace) {
  const int64_t n = s.state(), width = 4 * s.hidden;
  const Tensor x = plain(gates_in), first_h = plain(h0), first_c = plain(c0), w = plain(w_hh);
  const Tensor bias = b_hh.defined() ? plain(b_hh) : Tensor();
  const int64_t kept = trace ? s.time : 1;
  const Tensor gates = empty_cpu({kept, s.batch, width}, ScalarType::Float);
  const Tensor cells = empty_cpu({kept, s.batch, s.hidden}, ScalarType::Float);
  const Tensor out = empty_cpu({s.time, s.batch, s.hidden}, ScalarType::Float);
  const Tensor last = empty_cpu({s.batch, s.hidden}, ScalarType::Float);
  const cpu::PackedMatrix weights(true, width, s.hidden, floats(w), s.hidden);
  const float *h = floats(first_h), *c = floats(first_c);
  for (int64_t i = 0; i < s.time; ++i) {
    const int64_t t = s.at(i), place = trace ? t : 0;
    float* g = floats(gates) + place * s.batch * width;
    const float* from = floats(x) + t * s.batch * width;
    for (int64_t r = 0; r < s.batch; ++r, from += width) {
      float* row = g + r * width;
      if (!bias.defined()) {
        std::copy(from, from + width, row);
      } else {
        for (int64_t j = 0; j < width; ++j) row[j] = from[j] + floats(bias)[j];
      }
    }
    weights.multiply(s.batch, h, s.hidden, 1, g, width);
    float* c_now = floats(cells) + place * n;
    float* h_now = floats(out) + t * n;
    cpu::lstm_cell_forward(s.batch, s.hidden, g, c, c_now, h_now);
    h = h_now, c = c_now;
  }
  std::copy(c, c + n, floats(last));
  if (trace) *trace = {gates, cells};
  return {out, last};
}

struct Gradients {
  Tensor gates, h0, c0, w_hh, b_hh;
};

// Sums over time of products of gate gradients with the hidden states before them.
Tensor weight_gradient(const Shape& s, const float* grad_gates, const float* h0, const float* out) {
  const int64_t n = s.state(), width = 4 * s.hidden, later = (s.time - 1) * s.batch;
  const Tensor result = empty_cpu({width, s.hidden}, ScalarType::Float);
  const float* first = grad_gates + s.at(0) * s.batch * width;
  cpu::sgemm(true, false, width, s.hidden, s.batch, 1, first, width, h0, s.hidden, 0,
             floats(result), s.hidden);
  // Steps after the first see the outputs of their neighbours.
  const float* others = grad_gates + (s.reverse ? 0 : s.batch * width);
  cpu::sgemm(true, false, width, s.hidden, later, 1, others, width, out + (s.reverse ? n : 0),
             s.hidden, 1, floats(result), s.hidden);
  return result;
}

Gradients backward(const Shape& s, const Tensor& grad_out, const Tensor& grad_last,
                   const Trace& trace, const Tensor& out, const Tensor& h0, const Tensor& c0,
                   const Tensor& w_hh, bool wants_weights, bool wants_bias) {
  const int64_t n = s.state(), width = 4 * s.hidden;
  const Tensor first_h = plain(h0), first_c = plain(c0), w = plain(w_hh);
  const Tensor dout = grad_out.defined() ? plain(grad_out) : Tensor();
  Gradients g;
  g.gates = empty_cpu({s.time, s.batch, width}, ScalarType::Float);
  g.h0 = at::zeros({s.batch, s.hidden}, h0.options());
  g.c0 = grad_last.defined() ? grad_last.clone(c10::MemoryFormat::Contiguous)
                             : at::zeros({s.batch, s.hidden}, h0.options());
  const cpu::PackedMatrix weights(false, s.hidden, width, floats(w), s.hidden);
  float *dh = floats(g.h0), *dc = floats(g.c0);
  for (int64_t i = s.time - 1; i >= 0; --i) {
    const int64_t t = s.at(i);
    if (dout.defined()) {
      const float* more = floats(dout) + t * n;
      for (int64_t j = 0; j < n; ++j) dh[j] += more[j];
    }
    const float* c_prev = i > 0 ? floats(trace.cells) + s.at(i - 1) * n : floats(first_c);
    float* dg = floats(g.gates) + t * s.batch * width;
    cpu::lstm_cell_backward(s.batch, s.hidden, floats(trace.gates) + t * s.batch * width, c_prev,
                            floats(trace.cells) + t * n, dh, dc, dg);
    weights.multiply(s.batch, dg, width, 0, dh, s.hidden);
  }
  if (wants_weights) g.w_hh = weight_gradient(s, floats(g.gates), floats(first_h), floats(out));
  if (wants_bias) g.b_hh = g.gates.sum({0, 1});
  return g;
}

// The same as operators, for gradients that are differentiated again.
Gradients composed_backward(const Shape& s, const Tensor& grad_out, const Tensor& grad_last,
                            const Tensor& gates_in, const Tensor& h0, const Tensor& c0,
                            const Tensor& w_hh, const Tensor& b_hh) {
  struct Step {
    Tensor in, forget, cell, out, c_prev, squashed, h_prev;
  };
  std::vector<Step> steps;
  Tensor h = h0, c = c0;
  for (int64_t i = 0; i < s.time; ++i) {
    const OptTensor bias = b_hh.defined() ? OptTensor(b_hh) : OptTensor();
    const std::vector<Tensor> parts =
        (at::linear(h, w_hh, bias) + gates_in.select(0, s.at(i))).chunk(4, -1);
    Step p{parts[0].sigmoid(), parts[1].sigmoid(), parts[2].tanh(), parts[3].sigmoid(), c, {}, h};
    c = p.forget * c + p.in * p.cell;
    p.squashed = c.tanh();
    h = p.out * p.squashed;
    steps.push_back(p);
  }
  Gradients g;
  Tensor dh = at::zeros_like(h0), dc = grad_last.defined() ? grad_last : at::zeros_like(c0);
  std::vector<Tensor> grad_gates(static_cast<size_t>(s.time));
  for (int64_t i = s.time - 1; i >= 0; --i) {
    const Step& p = steps[static_cast<size_t>(i)];
    if (grad_out.defined()) dh = dh + grad_out.select(0, s.at(i));
    dc = dc + dh * p.out * (1 - p.squashed * p.squashed);
    const Tensor dg =
        at::cat({dc * p.cell * p.in * (1 - p.in), dc * p.c_prev * p.forget * (1 - p.forget),
                 dc * p.in * (1 - p.cell * p.cell), dh * p.squashed * p.out * (1 - p.out)},
                -1);
    const Tensor dw = at::mm(dg.t(), p.h_prev);
    g.w_hh = g.w_hh.defined() ? g.w_hh + dw : dw;
    grad_gates[static_cast<size_t>(s.at(i))] = dg;
    dh = at::mm(dg, w_hh);
    dc = dc * p.forget;
  }
  g.gates = at::stack(grad_gates, 0);
  g.b_hh = g.gates.sum({0, 1});
  g.h0 = dh;
  g.c0 = dc;
  return g;
}

struct LstmLayerNode final : tape::NodeOf<5> {
  Shape shape;
  Trace trace;
  tape::SavedTensor gates_in, h0, c0, w_hh, b_hh, out;

  std::string name() const override { return "LstmLayerBackward0"; }
  void release_variables() override {
    for (tape::SavedTensor* t : {&gates_in, &h0, &c0, &w_hh, &b_hh, &out}) t->reset();
    trace = {};
  }
  void run(Tensor* grads, Tensor* results) override {
    const Tensor h = h0.unpack(this), c = c0.unpack(this), w = w_hh.unpack(this);
    Gradients g;
    if (thread_state.grad_mode) {
      const Tensor bias = has_bias ? b_hh.unpack(this) : Tensor();
      g = composed_backward(shape, grads[0], grads[1], gates_in.unpack(this), h, c, w, bias);
    } else {
      g = backward(shape, grads[0], grads[1], trace, out.unpack(this), h, c, w,
                   edges[3].fn != nullptr, edges[4].fn != nullptr);
    }
    Tensor* all[] = {&g.gates, &g.h0, &g.c0, &g.w_hh, &g.b_hh};
    for (int i = 0; i < 5; ++i)
      if (edges[i].fn) results[i] = *all[i];
  }
  bool has_bias = false;
};

bool is_fit(const Tensor& t, IntArrayRef sizes) {
  return t.is_cpu() && t.scalar_type() == ScalarType::Float && t.sizes() == sizes;
}

}  // namespace

std::optional<std::pair<Tensor, Tensor>> lstm_layer(const Tensor& gates_in, const Tensor& h0,
                                                    const Tensor& c0, const Tensor& w_hh,
                                                    const OptTensor& b_hh, bool reverse) {
  if (thread_state.special & kSpecialInterposer) return std::nullopt;
  if (gates_in.dim() != 3 || w_hh.dim() != 2 || gates_in.numel() == 0) return std::nullopt;
  const Shape s{gates_in.size(0), gates_in.size(1), w_hh.size(1), reverse};
  const Tensor bias = or_undefined(b_hh);
  if (s.hidden == 0 || !is_fit(gates_in, {s.time, s.batch, 4 * s.hidden}) ||
      !is_fit(h0, {s.batch, s.hidden}) || !is_fit(c0, {s.batch, s.hidden}) ||
      !is_fit(w_hh, {4 * s.hidden, s.hidden}) || (bias.defined() && !is_fit(bias, {4 * s.hidden})))
    return std::nullopt;
  uint64_t key = 0;
  for (const Tensor& t : {gates_in, h0, c0, w_hh, bias}) {
    if (!t.defined()) continue;
    key |= tape::key_of(t);
    if (tape::key_of(t) & tape::kViewKey) key |= tape::stale_key(t);
  }
  if (key & tape::kLazyKey) return std::nullopt;
  if (!tape::records(key)) {
    tape::BelowAutograd below;
    const Outputs r = forward(s, gates_in, h0, c0, w_hh, bias, nullptr);
    return std::pair(r.out, r.last_cell);
  }
  auto node = tape::make_node<LstmLayerNode>();
  node->input_count = 2;
  node->shape = s;
  node->has_bias = bias.defined();
  const Tensor* inputs[] = {&gates_in, &h0, &c0, &w_hh, &bias};
  tape::SavedTensor* saved[] = {&node->gates_in, &node->h0, &node->c0, &node->w_hh, &node->b_hh};
  for (int i = 0; i < 5; ++i) {
    if (!inputs[i]->defined()) continue;
    tape::connect(node->edges[i], *inputs[i]);
    saved[i]->save(*inputs[i]);
  }
  Outputs r;
  {
    tape::BelowAutograd below;
    r = forward(s, gates_in, h0, c0, w_hh, bias, &node->trace);
  }
  tape::set_history(r.out, node.get(), 0);
  tape::set_history(r.last_cell, node.get(), 1);
  node->out.save_output(r.out, 0);
  return std::pair(r.out, r.last_cell);
}

}  // namespace pharos::ops
