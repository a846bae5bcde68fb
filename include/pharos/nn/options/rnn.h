// Options of recurrent layers and cells.
#pragma once

#include <pharos/nn/arg.h>
#include <pharos/nn/enum.h>

namespace torch::nn {
namespace detail {

struct PHAROS_API RNNOptionsBase {
  using rnn_options_base_mode_t =
      enumtype::OneOf<enumtype::kLSTM, enumtype::kGRU, enumtype::kRNN_TANH, enumtype::kRNN_RELU>;
  RNNOptionsBase(rnn_options_base_mode_t mode, int64_t input_size, int64_t hidden_size)
      : mode_(mode), input_size_(input_size), hidden_size_(hidden_size) {}
  TORCH_ARG(rnn_options_base_mode_t, mode);
  TORCH_ARG(int64_t, input_size);
  TORCH_ARG(int64_t, hidden_size);
  TORCH_ARG(int64_t, num_layers) = 1;
  TORCH_ARG(bool, bias) = true;
  TORCH_ARG(bool, batch_first) = false;
  TORCH_ARG(double, dropout) = 0.0;
  TORCH_ARG(bool, bidirectional) = false;
  TORCH_ARG(int64_t, proj_size) = 0;
};
struct PHAROS_API RNNCellOptionsBase {
  RNNCellOptionsBase(int64_t input_size, int64_t hidden_size, bool bias, int64_t num_chunks)
      : input_size_(input_size), hidden_size_(hidden_size), bias_(bias), num_chunks_(num_chunks) {}
  TORCH_ARG(int64_t, input_size);
  TORCH_ARG(int64_t, hidden_size);
  TORCH_ARG(bool, bias);
  TORCH_ARG(int64_t, num_chunks);
};

}  // namespace detail

#define PHAROS_RNN_OPTIONS(Name)                                \
  struct PHAROS_API Name {                                      \
    Name(int64_t input_size, int64_t hidden_size)               \
        : input_size_(input_size), hidden_size_(hidden_size) {} \
    TORCH_ARG(int64_t, input_size);                             \
    TORCH_ARG(int64_t, hidden_size);                            \
    TORCH_ARG(bool, bias) = true;
#define PHAROS_RNN_LAYER_OPTIONS(Name)  \
  PHAROS_RNN_OPTIONS(Name)              \
  TORCH_ARG(int64_t, num_layers) = 1;   \
  TORCH_ARG(bool, batch_first) = false; \
  TORCH_ARG(double, dropout) = 0.0;     \
  TORCH_ARG(bool, bidirectional) = false;
#define PHAROS_NONLINEARITY                                                 \
  using nonlinearity_t = enumtype::OneOf<enumtype::kTanh, enumtype::kReLU>; \
  TORCH_ARG(nonlinearity_t, nonlinearity) = torch::kTanh;
// clang-format off
PHAROS_RNN_LAYER_OPTIONS(RNNOptions)
 public:
  PHAROS_NONLINEARITY
};
PHAROS_RNN_LAYER_OPTIONS(LSTMOptions)
  TORCH_ARG(int64_t, proj_size) = 0;
};
PHAROS_RNN_LAYER_OPTIONS(GRUOptions)
};
PHAROS_RNN_OPTIONS(RNNCellOptions)
 public:
  PHAROS_NONLINEARITY
};
PHAROS_RNN_OPTIONS(LSTMCellOptions)
};
PHAROS_RNN_OPTIONS(GRUCellOptions)
};
// clang-format on
#undef PHAROS_NONLINEARITY
#undef PHAROS_RNN_LAYER_OPTIONS
#undef PHAROS_RNN_OPTIONS

}  // namespace torch::nn
