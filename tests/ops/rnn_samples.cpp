// Samples of recurrent nets, of packed sequences and of attention.
#include <algorithm>
#include <limits>

#include "ops/samples.h"

namespace pharos::testing {
namespace {

using Tensors = std::vector<Tensor>;
using List = std::vector<int64_t>;
constexpr const char* kGates = "gates of halves round at other places";

Tensor longs(const List& values) {
  Tensor t = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), t.data_ptr<int64_t>());
  return t;
}
Tensor small(c10::IntArrayRef sizes) { return uniform(sizes, -0.8, 0.8); }

// Weights of all layers and directions; `gates` rows for each hidden number.
Tensors weights(int64_t gates, int64_t input, int64_t hidden, bool biases, int64_t layers,
                bool bidirectional, int64_t projected = 0) {
  Tensors out;
  const int64_t directions = bidirectional ? 2 : 1, given = projected ? projected : hidden;
  for (int64_t layer = 0; layer < layers; ++layer)
    for (int64_t d = 0; d < directions; ++d) {
      out.push_back(small({gates * hidden, layer == 0 ? input : given * directions}));
      out.push_back(small({gates * hidden, given}));
      if (biases) out.push_back(small({gates * hidden}));
      if (biases) out.push_back(small({gates * hidden}));
      if (projected) out.push_back(small({projected, hidden}));
    }
  return out;
}

// ---- cells ----

#define CELL(row, gates)                                                                           \
  OP_SAMPLES(row, s) {                                                                             \
    s.half_tolerance(4e-3, kGates);                                                                \
    const Tensors w = weights(gates, 3, 2, true, 1, false);                                        \
    s.add(small({2, 3}), small({2, 2}), w[0], w[1], w[2], w[3]);                                   \
    s.add(small({2, 3}), small({2, 2}), w[0], w[1]);                                               \
    s.error("input has inconsistent input_size: got 2 expected 3", small({2, 2}), small({2, 2}),   \
            w[0], w[1]);                                                                           \
    s.error("hidden0 has inconsistent hidden_size: got 3, expected 2", small({2, 3}),              \
            small({2, 3}), w[0], w[1]);                                                            \
    s.error("Input batch size 2 doesn't match hidden0 batch size 1", small({2, 3}), small({1, 2}), \
            w[0], w[1]);                                                                           \
  }
CELL("rnn_tanh_cell", 1)
CELL("rnn_relu_cell", 1)
CELL("gru_cell", 3)
OP_SAMPLES("lstm_cell", s) {
  s.half_tolerance(4e-3, kGates);
  const Tensors w = weights(4, 3, 2, true, 1, false);
  s.add(small({2, 3}), Tensors{small({2, 2}), small({2, 2})}, w[0], w[1], w[2], w[3]);
  s.add(small({2, 3}), Tensors{small({2, 2}), small({2, 2})}, w[0], w[1]);
  s.error("lstm_cell expects two hidden states", small({2, 3}), Tensors{small({2, 2})}, w[0], w[1]);
  s.error("hidden1 has inconsistent hidden_size: got 3, expected 2", small({2, 3}),
          Tensors{small({2, 2}), small({2, 3})}, w[0], w[1]);
}

// ---- layers ----

Tensor one(int64_t layers, int64_t batch, int64_t hidden) { return small({layers, batch, hidden}); }
Tensors two(int64_t layers, int64_t batch, int64_t hidden) {
  return {one(layers, batch, hidden), one(layers, batch, hidden)};
}

// has_biases, num_layers, dropout, train, bidirectional[, batch_first] follow the weights.
template <typename State>
void padded(Samples& s, int64_t gates, State state) {
  s.half_tolerance(1e-2, kGates);
  s.skip_second_gradient("too many numbers");
  s.add(small({3, 2, 3}), state(1, 2, 2), weights(gates, 3, 2, true, 1, false), true, 1, 0.0, false,
        false, false);
  s.add(small({2, 3, 3}), state(2, 2, 2), weights(gates, 3, 2, false, 1, true), false, 1, 0.0, true,
        true, true);
  s.add(small({2, 1, 2}), state(4, 1, 2), weights(gates, 2, 2, true, 2, true), true, 2, 0.5, true,
        true, false);
  s.error("Expected sequence length to be larger than 0 in RNN", small({0, 2, 3}), state(1, 2, 2),
          weights(gates, 3, 2, true, 1, false), true, 1, 0.0, false, false, false);
}
// Packed rows of sequences of three, two and one steps.
template <typename State>
void packed(Samples& s, int64_t gates, State state) {
  s.half_tolerance(1e-2, kGates);
  s.skip_second_gradient("too many numbers");
  s.data_dependent_shape();
  s.add(small({6, 3}), longs({3, 2, 1}), state(1, 3, 2), weights(gates, 3, 2, true, 1, false), true,
        1, 0.0, false, false);
  s.add(small({6, 3}), longs({3, 2, 1}), state(2, 3, 2), weights(gates, 3, 2, false, 1, true),
        false, 1, 0.0, true, true);
  s.add(small({3, 2}), longs({2, 1}), state(4, 2, 2), weights(gates, 2, 2, true, 2, true), true, 2,
        0.5, true, true);
}
OP_SAMPLES("rnn_tanh.input", s) { padded(s, 1, one); }
OP_SAMPLES("rnn_relu.input", s) { padded(s, 1, one); }
OP_SAMPLES("gru.input", s) { padded(s, 3, one); }
OP_SAMPLES("lstm.input", s) {
  s.other_bits_interposed("handlers see the composed layer");
  padded(s, 4, two);
  // Projected outputs are shorter than the cell state.
  s.add(small({2, 2, 3}), Tensors{small({1, 2, 1}), small({1, 2, 2})},
        weights(4, 3, 2, true, 1, false, 1), true, 1, 0.0, false, false, false);
  s.error("lstm expects two hidden states", small({3, 2, 3}), Tensors{small({1, 2, 2})},
          weights(4, 3, 2, true, 1, false), true, 1, 0.0, false, false, false);
}
OP_SAMPLES("rnn_tanh.data", s) { packed(s, 1, one); }
OP_SAMPLES("rnn_relu.data", s) { packed(s, 1, one); }
OP_SAMPLES("gru.data", s) { packed(s, 3, one); }
OP_SAMPLES("lstm.data", s) { packed(s, 4, two); }

// ---- sequences ----

OP_SAMPLES("_pack_padded_sequence", s) {
  s.data_dependent_shape();
  s.add(randn({3, 2, 2}), longs({3, 2}), false);
  s.add(randn({2, 3, 2}), longs({3, 1}), true);
  s.error(
      "Length of all samples has to be greater than 0, but found an element in 'lengths' that "
      "is <= 0",
      randn({3, 2, 2}), longs({3, 0}), false);
  s.error("Expected `len(lengths)` to be equal to batch_size, but got 1 (batch_size=2)",
          randn({3, 2, 2}), longs({3}), false);
}
OP_SAMPLES("_pack_padded_sequence_backward", s) {
  s.data_dependent_shape();
  s.add(randn({5, 2}), List{3, 2, 2}, longs({2, 2, 1}), false);
  s.add(randn({4, 2}), List{2, 3, 2}, longs({2, 1, 1}), true);
}
OP_SAMPLES("_pad_packed_sequence", s) {
  s.data_dependent_shape();
  s.add(randn({5, 2}), longs({2, 2, 1}), false, 0, -1);
  s.add(randn({4, 2}), longs({2, 1, 1}), true, 2.5, 4);
  s.error(
      "Expected total_length to be at least the length of the longest sequence in input, but "
      "got total_length=2 and max sequence length being 3",
      randn({5, 2}), longs({2, 2, 1}), false, 0, 2);
}
OP_SAMPLES("pad_sequence", s) {
  s.add(Tensors{randn({2, 2}), randn({3, 2}), randn({1, 2})});
  s.add(Tensors{randn({2}), randn({3})}, true, -1.5, "left");
  s.add(Tensors{randn({2, 2}), randn({2, 2})}, true);
  s.error("received an empty list of sequences", Tensors{});
  s.error("Expected padding_side to be one of left or right, but got top.", Tensors{randn({2})},
          false, 0.0, "top");
}

// ---- attention ----

Tensor mask(c10::IntArrayRef sizes) {
  Tensor m = bools(sizes);
  m.select(-1, 0).fill_(true);
  return m;
}
OP_SAMPLES("scaled_dot_product_attention", s) {
  s.half_tolerance(4e-3, "softmax of halves rounds at other places");
  s.add(randn({1, 2, 3, 4}), randn({1, 2, 2, 4}), randn({1, 2, 2, 2}));
  s.add(randn({2, 3, 2}), randn({2, 4, 2}), randn({2, 4, 2}), mask({3, 4}));
  // The second query may look at nothing.
  const Tensor blind = mask({3, 3});
  blind.select(0, 1).fill_(false);
  s.add(randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), blind);
  s.add(randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), randn({1, 1, 3, 3}), 0.0,
        false, 0.7);
  s.add(randn({1, 3, 2}), randn({1, 4, 2}), randn({1, 4, 2}), none, 0.0, true);
  s.add(randn({1, 4, 2, 2}), randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), none, 0.0, false, none,
        true);
  s.add(randn({2, 2, 3, 2}), randn({2, 2, 3, 2}), randn({2, 2, 3, 2}), none, 0.4);
  s.error("Explicit attn_mask should not be set when is_causal=True", randn({1, 2, 2}),
          randn({1, 2, 2}), randn({1, 2, 2}), randn({2, 2}), 0.0, true);
  s.error("Expected query, key, and value to have the same dtype", randn({1, 2, 2}),
          randn({1, 2, 2}).to(at::kHalf), randn({1, 2, 2}));
}
OP_SAMPLES("_scaled_dot_product_attention_math", s) {
  s.half_tolerance(4e-3, "softmax of halves rounds at other places");
  s.add(randn({1, 2, 3, 4}), randn({1, 2, 2, 4}), randn({1, 2, 2, 2}));
  s.add(randn({2, 3, 2}), randn({2, 4, 2}), randn({2, 4, 2}), mask({3, 4}), 0.0, false, none, 0.7);
  s.add(randn({1, 3, 2}), randn({1, 3, 2}), randn({1, 3, 2}), none, 0.0, true);
  s.add(randn({2, 3, 2}), randn({2, 3, 2}), randn({2, 3, 2}), none, 0.4, false, mask({2, 3, 3}));
  s.add(randn({1, 4, 2, 2}), randn({1, 2, 3, 2}), randn({1, 2, 3, 2}), none, 0.4, false, none, none,
        true);
  // A row that may look at nothing.
  s.add(randn({1, 2, 2}), randn({1, 2, 2}), randn({1, 2, 2}),
        at::full({2, 2}, -std::numeric_limits<double>::infinity()));
}

}  // namespace
}  // namespace pharos::testing
