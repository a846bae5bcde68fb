// One step of LSTM, GRU and plain recurrent nets, with PyTorch's checks.
#include <pharos/ops/functions.h>

#include "ops/rnn/rnn.h"
#include "ops/rnn/steps.h"
#include "ops/rnn_decls.h"

namespace pharos::ops {

std::tuple<Tensor, Tensor> lstm_step(const Tensor& gates_in, const Tensor& h, const Tensor& c,
                                     const Tensor& w_hh, const OptTensor& b_hh) {
  const Tensor gates = at::linear(h, w_hh, b_hh) + gates_in;
  const std::vector<Tensor> parts = gates.chunk(4, -1);
  const Tensor in = parts[0].sigmoid(), forget = parts[1].sigmoid(), cell = parts[2].tanh(),
               out = parts[3].sigmoid();
  const Tensor cy = forget * c + in * cell;
  return {out * cy.tanh(), cy};
}

Tensor gru_step(const Tensor& gates_in, const Tensor& h, const Tensor& w_hh,
                const OptTensor& b_hh) {
  const std::vector<Tensor> x = gates_in.chunk(3, -1);
  const std::vector<Tensor> y = at::linear(h, w_hh, b_hh).chunk(3, -1);
  const Tensor reset = (y[0] + x[0]).sigmoid();
  const Tensor update = (y[1] + x[1]).sigmoid();
  const Tensor fresh = (x[2] + y[2] * reset).tanh();
  return (h - fresh) * update + fresh;
}

Tensor plain_step(const Tensor& gates_in, const Tensor& h, const Tensor& w_hh,
                  const OptTensor& b_hh, bool relu) {
  const Tensor z = at::linear(h, w_hh, b_hh) + gates_in;
  return relu ? z.relu() : z.tanh();
}

namespace {

// Gates are written in place of the products, which integers cannot hold.
void check_gates(const Tensor& input) {
  TORCH_CHECK(c10::canCast(ScalarType::Float, input.scalar_type()),
              "result type Float can't be cast to the desired output type ", input.scalar_type());
}

void check_cell_input(const Tensor& input, const Tensor& w_ih) {
  TORCH_CHECK(input.size(1) == w_ih.size(1), "input has inconsistent input_size: got ",
              input.size(1), " expected ", w_ih.size(1));
}

void check_cell_hidden(const Tensor& input, const Tensor& hx, int64_t hidden, int64_t label) {
  TORCH_CHECK(input.size(0) == hx.size(0), "Input batch size ", input.size(0),
              " doesn't match hidden", label, " batch size ", hx.size(0));
  TORCH_CHECK(hx.size(1) == hidden, "hidden", label, " has inconsistent hidden_size: got ",
              hx.size(1), ", expected ", hidden);
}

}  // namespace

std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, at::TensorList hx, const Tensor& w_ih,
                                     const Tensor& w_hh, const OptTensor& b_ih,
                                     const OptTensor& b_hh) {
  TORCH_CHECK(hx.size() == 2, "lstm_cell expects two hidden states");
  check_gates(input);
  check_cell_input(input, w_ih);
  check_cell_hidden(input, hx[0], w_hh.size(1), 0);
  check_cell_hidden(input, hx[1], w_hh.size(1), 1);
  return lstm_step(at::linear(input, w_ih, b_ih), hx[0], hx[1], w_hh, b_hh);
}

Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const OptTensor& b_ih, const OptTensor& b_hh) {
  check_gates(input);
  check_cell_input(input, w_ih);
  check_cell_hidden(input, hx, w_hh.size(1), 0);
  return gru_step(at::linear(input, w_ih, b_ih), hx, w_hh, b_hh);
}

Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const OptTensor& b_ih, const OptTensor& b_hh) {
  check_cell_input(input, w_ih);
  check_cell_hidden(input, hx, w_hh.size(1), 0);
  return plain_step(at::linear(input, w_ih, b_ih), hx, w_hh, b_hh, false);
}

Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const OptTensor& b_ih, const OptTensor& b_hh) {
  check_cell_input(input, w_ih);
  check_cell_hidden(input, hx, w_hh.size(1), 0);
  return plain_step(at::linear(input, w_ih, b_ih), hx, w_hh, b_hh, true);
}

}  // namespace pharos::ops
