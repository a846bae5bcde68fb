// Packed and padded sequences.
#include <pharos/ops/functions.h>

#include <algorithm>
#include <string>

#include "ops/rnn/rnn.h"
#include "ops/rnn_decls.h"

namespace pharos::ops {

std::tuple<Tensor, Tensor> _pack_padded_sequence(const Tensor& padded, const Tensor& lengths,
                                                 bool batch_first) {
  const Tensor input = batch_first ? padded.transpose(0, 1) : padded;
  TORCH_CHECK(lengths.is_cpu() && lengths.scalar_type() == ScalarType::Long,
              "'lengths' argument should be a 1D CPU int64 tensor, but got ", lengths.dim(), "D ",
              lengths.device(), " ", lengths.scalar_type(), " tensor");
  TORCH_CHECK(lengths.dim() == 1, "'lengths' argument should be a 1D CPU int64 tensor, but got ",
              lengths.dim(), "D tensor");
  const int64_t batch = input.size(1);
  TORCH_CHECK(input.numel() > 0, "Cannot pack empty tensors.");
  TORCH_CHECK(lengths.size(0) == batch,
              "Expected `len(lengths)` to be equal to batch_size, but got ", lengths.size(0),
              " (batch_size=", batch, ")");
  const Tensor sorted = plain(lengths);
  const auto* len = data_as<const int64_t>(sorted);
  TORCH_CHECK(len[batch - 1] > 0,
              "Length of all samples has to be greater than 0, but found an element in 'lengths' "
              "that is <= 0");
  for (int64_t i = 1; i < batch; ++i)
    TORCH_CHECK(len[i] <= len[i - 1],
                "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
                "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence "
                "to sidestep this requirement if you do not need ONNX exportability.");
  TORCH_CHECK(len[0] <= input.size(0), "Expected all lengths to be at most ", input.size(0),
              ", but got ", len[0]);
  const Tensor sizes = empty_cpu(IntArrayRef(&len[0], 1), ScalarType::Long);
  auto* at_size = data_as<int64_t>(sizes);
  std::vector<Tensor> steps;
  for (int64_t t = 0; t < len[0]; ++t) {
    int64_t n = batch;
    while (len[n - 1] <= t) --n;
    at_size[t] = n;
    steps.push_back(input[t].narrow(0, 0, n));
  }
  return {at::cat(steps, 0), sizes};
}

Tensor _pack_padded_sequence_backward(const Tensor& grad, IntArrayRef input_size,
                                      const Tensor& batch_sizes, bool batch_first) {
  std::vector<int64_t> shape = input_size.vec();
  if (batch_first) std::swap(shape[0], shape[1]);
  Tensor g = at::zeros(shape, grad.options());
  const Tensor sizes = plain(batch_sizes);
  const auto* b = data_as<const int64_t>(sizes);
  int64_t offset = 0;
  for (int64_t t = 0; t < sizes.numel(); ++t) {
    g[t].narrow(0, 0, b[t]).copy_(grad.narrow(0, offset, b[t]));
    offset += b[t];
  }
  return batch_first ? g.transpose(0, 1) : g;
}

std::tuple<Tensor, Tensor> _pad_packed_sequence(const Tensor& data, const Tensor& batch_sizes_t,
                                                bool batch_first, const Scalar& padding_value,
                                                int64_t total_length) {
  const Tensor sizes = plain(batch_sizes_t);
  const auto* b = data_as<const int64_t>(sizes);
  const int64_t steps = sizes.numel();
  TORCH_CHECK(steps > 0, "batch_sizes can not be empty");
  const int64_t batch = b[0];
  int64_t length = steps;
  if (total_length > 0) {
    TORCH_CHECK(total_length >= steps,
                "Expected total_length to be at least the length of the longest sequence in input, "
                "but got total_length=",
                total_length, " and max sequence length being ", steps);
    length = total_length;
  }
  std::vector<int64_t> shape{length, batch};
  for (int64_t s : data.sizes().slice(1)) shape.push_back(s);
  Tensor out = at::full(shape, padding_value, data.options());
  const Tensor lengths = empty_cpu(IntArrayRef(&batch, 1), ScalarType::Long);
  auto* len = data_as<int64_t>(lengths);
  std::fill(len, len + batch, 0);
  int64_t offset = 0;
  for (int64_t t = 0; t < steps; ++t) {
    TORCH_CHECK(b[t] > 0 && b[t] <= batch && offset + b[t] <= data.size(0),
                "batch_sizes do not fit the packed data");
    out[t].narrow(0, 0, b[t]).copy_(data.narrow(0, offset, b[t]));
    offset += b[t];
    for (int64_t i = 0; i < b[t]; ++i) len[i] = t + 1;
  }
  return {batch_first ? out.transpose(0, 1) : out, lengths};
}

Tensor pad_sequence(at::TensorList sequences, bool batch_first, double padding_value,
                    c10::string_view padding_side) {
  TORCH_CHECK(!sequences.empty(), "received an empty list of sequences");
  TORCH_CHECK(padding_side == "left" || padding_side == "right",
              "Expected padding_side to be one of left or right, but got ",
              std::string(padding_side), ".");
  int64_t longest = 0;
  for (const Tensor& s : sequences) longest = std::max(longest, s.size(0));
  const auto n = static_cast<int64_t>(sequences.size());
  std::vector<int64_t> shape =
      batch_first ? std::vector<int64_t>{n, longest} : std::vector<int64_t>{longest, n};
  for (int64_t s : sequences[0].sizes().slice(1)) shape.push_back(s);
  const Tensor out = at::full(shape, padding_value, sequences[0].options());
  for (int64_t i = 0; i < n; ++i) {
    const Tensor& s = sequences[static_cast<size_t>(i)];
    const int64_t start = padding_side == "left" ? longest - s.size(0) : 0;
    out.select(batch_first ? 0 : 1, i).narrow(0, start, s.size(0)).copy_(s);
  }
  return out;
}

}  // namespace pharos::ops
