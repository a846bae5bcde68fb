// RNN, LSTM, GRU and their cells.
#pragma once

#include <pharos/nn/layer_macros.h>
#include <pharos/nn/options/rnn.h>
#include <pharos/nn/utils.h>

namespace torch::nn {
namespace detail {

class PHAROS_API RNNImplBase : public BuiltinModule {
 public:
  explicit RNNImplBase(const RNNOptionsBase& options_);
  RNNImplBase(const RNNImplBase&);
  RNNImplBase& operator=(const RNNImplBase&);
  ~RNNImplBase() override;
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  // The weights are where the kernels want them; kept for programs that call it.
  void flatten_parameters();
  std::vector<Tensor> all_weights() const;
  RNNOptionsBase options_base;

 protected:
  std::tuple<Tensor, Tensor, Tensor> run(const Tensor& input, const Tensor& batch_sizes,
                                         const Tensor& sorted_indices, int64_t batch, Tensor hx,
                                         Tensor cx) const;
  int64_t output_size() const;
  int64_t batch_of(const Tensor& input) const;
  std::vector<Tensor> flat_weights_;
};

class PHAROS_API RNNCellImplBase : public BuiltinModule {
 public:
  explicit RNNCellImplBase(const RNNCellOptionsBase& options_);
  RNNCellImplBase(const RNNCellImplBase&);
  RNNCellImplBase& operator=(const RNNCellImplBase&);
  ~RNNCellImplBase() override;
  void reset() override;
  void reset_parameters();
  void pretty_print(std::ostream& stream) const override;
  RNNCellOptionsBase options_base;
  Tensor weight_ih, weight_hh, bias_ih, bias_hh;

 protected:
  void check_forward_input(const Tensor& input, const char* name) const;
  virtual std::string get_nonlinearity_str() const;
};

}  // namespace detail

#define PHAROS_RNN(X)                                                         \
  class PHAROS_API X##Impl : public detail::RNNImplBase {                     \
    PHAROS_MODULE(X##Impl)                                                    \
    X##Impl(int64_t input_size, int64_t hidden_size);                         \
    explicit X##Impl(const X##Options& options_);                             \
    std::tuple<Tensor, Tensor> forward(const Tensor& input, Tensor hx = {});  \
    std::tuple<utils::rnn::PackedSequence, Tensor> forward_with_packed_input( \
        const utils::rnn::PackedSequence& packed_input, Tensor hx = {});      \
    X##Options options;                                                       \
                                                                              \
   protected:                                                                 \
    PHAROS_FORWARD_HAS_DEFAULT_ARGS                                           \
  };                                                                          \
  PHAROS_HOLDER(X)
PHAROS_RNN(RNN);
PHAROS_RNN(GRU);
#undef PHAROS_RNN

// Overloads in place of a default argument, which would instantiate the optional tuple everywhere.
class PHAROS_API LSTMImpl : public detail::RNNImplBase {
  PHAROS_MODULE(LSTMImpl)
  using State = std::tuple<Tensor, Tensor>;
  LSTMImpl(int64_t input_size, int64_t hidden_size);
  explicit LSTMImpl(const LSTMOptions& options_);
  std::tuple<Tensor, State> forward(const Tensor& input);
  std::tuple<Tensor, State> forward(const Tensor& input, std::optional<State> hx_opt);
  std::tuple<utils::rnn::PackedSequence, State> forward_with_packed_input(
      const utils::rnn::PackedSequence& packed_input);
  std::tuple<utils::rnn::PackedSequence, State> forward_with_packed_input(
      const utils::rnn::PackedSequence& packed_input, std::optional<State> hx_opt);
  LSTMOptions options;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(LSTM);

#define PHAROS_RNN_CELL(X, more)                                \
  class PHAROS_API X##Impl : public detail::RNNCellImplBase {   \
    PHAROS_MODULE(X##Impl)                                      \
    X##Impl(int64_t input_size, int64_t hidden_size);           \
    explicit X##Impl(const X##Options& options_);               \
    Tensor forward(const Tensor& input, const Tensor& hx = {}); \
    X##Options options;                                         \
                                                                \
   protected:                                                   \
    PHAROS_FORWARD_HAS_DEFAULT_ARGS                             \
    more                                                        \
  };                                                            \
  PHAROS_HOLDER(X)
PHAROS_RNN_CELL(RNNCell, std::string get_nonlinearity_str() const override;);
PHAROS_RNN_CELL(GRUCell, );
#undef PHAROS_RNN_CELL

class PHAROS_API LSTMCellImpl : public detail::RNNCellImplBase {
  PHAROS_MODULE(LSTMCellImpl)
  using State = std::tuple<Tensor, Tensor>;
  LSTMCellImpl(int64_t input_size, int64_t hidden_size);
  explicit LSTMCellImpl(const LSTMCellOptions& options_);
  State forward(const Tensor& input);
  State forward(const Tensor& input, std::optional<State> hx_opt);
  LSTMCellOptions options;

 protected:
  PHAROS_FORWARD_HAS_DEFAULT_ARGS
};
PHAROS_HOLDER(LSTMCell);

}  // namespace torch::nn
