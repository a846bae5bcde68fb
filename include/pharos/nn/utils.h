// torch::nn::utils: clipping of gradients, parameters as one vector, packed sequences.
#pragma once

#include <pharos/tensor.h>

#include <initializer_list>
#include <vector>

namespace torch::nn::utils {

// Scales all gradients so that their joint norm is at most max_norm; returns the norm before.
PHAROS_API double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                  double norm_type = 2.0, bool error_if_nonfinite = false);
PHAROS_API double clip_grad_norm_(std::initializer_list<Tensor> parameters, double max_norm,
                                  double norm_type = 2.0, bool error_if_nonfinite = false);
PHAROS_API double clip_grad_norm_(Tensor parameter, double max_norm, double norm_type = 2.0,
                                  bool error_if_nonfinite = false);
PHAROS_API void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);
PHAROS_API void clip_grad_value_(std::initializer_list<Tensor> parameters, double clip_value);
PHAROS_API void clip_grad_value_(Tensor parameter, double clip_value);

PHAROS_API Tensor parameters_to_vector(const std::vector<Tensor>& parameters);
PHAROS_API void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters);

namespace rnn {

PHAROS_API Tensor invert_permutation(const Tensor& permutation);

// Sequences of different lengths without padding: time step after time step, longest sequence
// first.
class PHAROS_API PackedSequence {
 public:
  explicit PackedSequence(Tensor data, Tensor batch_sizes, Tensor sorted_indices = {},
                          Tensor unsorted_indices = {});
  const Tensor& data() const { return data_; }
  const Tensor& batch_sizes() const { return batch_sizes_; }
  const Tensor& sorted_indices() const { return sorted_indices_; }
  const Tensor& unsorted_indices() const { return unsorted_indices_; }
  PackedSequence pin_memory() const;
  PackedSequence to(TensorOptions options) const;
  PackedSequence cuda() const;
  PackedSequence cpu() const;
  bool is_cuda() const { return data_.is_cuda(); }
  bool is_pinned() const { return data_.is_pinned(); }

 private:
  Tensor data_, batch_sizes_, sorted_indices_, unsorted_indices_;
};

PHAROS_API PackedSequence pack_padded_sequence(Tensor input, Tensor lengths,
                                               bool batch_first = false,
                                               bool enforce_sorted = true);
PHAROS_API std::tuple<Tensor, Tensor> pad_packed_sequence(
    const PackedSequence& sequence, bool batch_first = false, double padding_value = 0.0,
    std::optional<int64_t> total_length = std::nullopt);
PHAROS_API Tensor pad_sequence(ArrayRef<Tensor> sequences, bool batch_first = false,
                               double padding_value = 0, c10::string_view padding_side = "right");
PHAROS_API PackedSequence pack_sequence(ArrayRef<Tensor> sequences, bool enforce_sorted = true);

}  // namespace rnn
}  // namespace torch::nn::utils
