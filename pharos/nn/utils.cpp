// torch::nn::utils.
#include <pharos/autograd/grad_mode.h>
#include <pharos/nn/utils.h>
#include <pharos/ops/functions.h>

#include <cmath>
#include <limits>

namespace torch::nn::utils {

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  NoGradGuard guard;
  std::vector<Tensor> grads;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) grads.push_back(p.grad().detach());
  if (grads.empty()) return 0.0;
  std::vector<Tensor> norms;
  Tensor total;
  if (norm_type == std::numeric_limits<double>::infinity()) {
    for (const Tensor& g : grads) norms.push_back(g.abs().max());
    total = norms.size() == 1 ? norms[0] : at::stack(norms).max();
  } else if (norm_type == 0) {
    total = at::full({}, static_cast<double>(grads.size()));
  } else {
    for (const Tensor& g : grads) norms.push_back(g.norm(norm_type));
    total = norms.size() == 1 ? norms[0] : at::stack(norms).norm(norm_type);
  }
  const double norm = total.item().toDouble();
  TORCH_CHECK(!error_if_nonfinite || std::isfinite(norm), "The total norm of order ", norm_type,
              " for gradients from `parameters` is non-finite, so it cannot be clipped. To disable "
              "this error and scale the gradients with the non-finite norm anyway, set "
              "`error_if_nonfinite=false`");
  const Tensor factor = total.add(1e-6).reciprocal().mul(max_norm).clamp_max(1.0);
  for (Tensor& g : grads) g.mul_(factor);
  return norm;
}
double clip_grad_norm_(std::initializer_list<Tensor> parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>(parameters), max_norm, norm_type, error_if_nonfinite);
}
double clip_grad_norm_(Tensor parameter, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  return clip_grad_norm_(std::vector<Tensor>{std::move(parameter)}, max_norm, norm_type,
                         error_if_nonfinite);
}
void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  NoGradGuard guard;
  for (const Tensor& p : parameters)
    if (p.grad().defined()) p.grad().detach().clamp_(-clip_value, clip_value);
}
void clip_grad_value_(std::initializer_list<Tensor> parameters, double clip_value) {
  clip_grad_value_(std::vector<Tensor>(parameters), clip_value);
}
void clip_grad_value_(Tensor parameter, double clip_value) {
  clip_grad_value_(std::vector<Tensor>{std::move(parameter)}, clip_value);
}

static void check_one_device(const std::vector<Tensor>& parameters) {
  for (const Tensor& p : parameters)
    TORCH_CHECK(p.device() == parameters.front().device(),
                "Found two parameters on different devices, this is currently not supported.");
}
Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  check_one_device(parameters);
  std::vector<Tensor> flat;
  for (const Tensor& p : parameters) flat.push_back(p.view(-1));
  return at::cat(flat);
}
void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters) {
  check_one_device(parameters);
  int64_t at = 0;
  for (const Tensor& p : parameters) {
    p.set_data(vec.slice(0, at, at + p.numel()).view_as(p).data());
    at += p.numel();
  }
}

namespace rnn {

Tensor invert_permutation(const Tensor& permutation) {
  if (!permutation.defined()) return {};
  Tensor out = at::empty_like(permutation);
  const Tensor positions =
      at::arange(permutation.numel(), at::TensorOptions(at::kLong).device(permutation.device()));
  return out.scatter_(0, permutation, positions);
}

PackedSequence::PackedSequence(Tensor data, Tensor batch_sizes, Tensor sorted_indices,
                               Tensor unsorted_indices)
    : data_(std::move(data)),
      batch_sizes_(std::move(batch_sizes)),
      sorted_indices_(std::move(sorted_indices)),
      unsorted_indices_(std::move(unsorted_indices)) {
  if (!unsorted_indices_.defined()) unsorted_indices_ = invert_permutation(sorted_indices_);
  TORCH_CHECK(batch_sizes_.is_cpu(),
              "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
              "created manually. They should be instantiated by functions like pack_sequence and "
              "pack_padded_sequences in nn::utils::rnn.");
}
PackedSequence PackedSequence::to(TensorOptions options) const {
  Tensor data = data_.to(options);
  if (data.is_same(data_)) return *this;
  const auto moved = [&](const Tensor& t) {
    return t.defined() ? t.to(data.device(), t.scalar_type()) : t;
  };
  return PackedSequence(data, batch_sizes_, moved(sorted_indices_), moved(unsorted_indices_));
}
PackedSequence PackedSequence::pin_memory() const { return *this; }
PackedSequence PackedSequence::cuda() const { return to(at::kCUDA); }
PackedSequence PackedSequence::cpu() const { return to(at::kCPU); }

PackedSequence pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first,
                                    bool enforce_sorted) {
  lengths = lengths.to(at::kLong);
  Tensor sorted_indices;
  if (!enforce_sorted) {
    std::tie(lengths, sorted_indices) = at::sort(lengths, -1, true);
    sorted_indices = sorted_indices.to(input.device(), at::kLong);
    input = input.index_select(batch_first ? 0 : 1, sorted_indices);
  }
  auto [data, batch_sizes] = at::_pack_padded_sequence(input, lengths, batch_first);
  return PackedSequence(data, batch_sizes, sorted_indices);
}

std::tuple<Tensor, Tensor> pad_packed_sequence(const PackedSequence& sequence, bool batch_first,
                                               double padding_value,
                                               std::optional<int64_t> total_length) {
  int64_t longest = sequence.batch_sizes().size(0);
  if (total_length) {
    TORCH_CHECK(*total_length >= longest,
                "Expected total_length to be at least the length of the longest sequence in input, "
                "but got total_length=",
                *total_length, " and max sequence length being ", longest);
    longest = *total_length;
  }
  auto [padded, lengths] = at::_pad_packed_sequence(sequence.data(), sequence.batch_sizes(),
                                                    batch_first, padding_value, longest);
  const Tensor& order = sequence.unsorted_indices();
  if (!order.defined()) return {padded, lengths};
  return {padded.index_select(batch_first ? 0 : 1, order), lengths.index_select(0, order.cpu())};
}

Tensor pad_sequence(ArrayRef<Tensor> sequences, bool batch_first, double padding_value,
                    c10::string_view padding_side) {
  return at::pad_sequence(sequences, batch_first, padding_value, padding_side);
}
PackedSequence pack_sequence(ArrayRef<Tensor> sequences, bool enforce_sorted) {
  Tensor lengths = at::empty({static_cast<int64_t>(sequences.size())}, at::kLong);
  for (size_t i = 0; i < sequences.size(); ++i)
    lengths.data_ptr<int64_t>()[i] = sequences[i].size(0);
  return pack_padded_sequence(at::pad_sequence(sequences), lengths, false, enforce_sorted);
}

}  // namespace rnn
}  // namespace torch::nn::utils
