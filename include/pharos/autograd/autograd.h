// torch::autograd: backward and grad as functions, anomaly mode.
#pragma once

#include <pharos/autograd/grad_mode.h>
#include <pharos/autograd/node.h>

namespace torch::autograd {

// Adds the gradients of `tensors` (with respect to all leaves, or only to `inputs`) to `.grad`.
// Follows torch.autograd.backward.
PHAROS_API void backward(const variable_list& tensors, const variable_list& grad_tensors = {},
                         std::optional<bool> retain_graph = std::nullopt, bool create_graph = false,
                         const variable_list& inputs = {});

// The gradients of `outputs` with respect to `inputs`. Follows torch.autograd.grad.
PHAROS_API variable_list grad(const variable_list& outputs, const variable_list& inputs,
                              const variable_list& grad_outputs = {},
                              std::optional<bool> retain_graph = std::nullopt,
                              bool create_graph = false, bool allow_unused = false);

// A tensor on the same storage, without history.
PHAROS_API at::Tensor make_variable(const at::Tensor& data, bool requires_grad = false,
                                    bool allow_tensor_metadata_change = true);

// In anomaly mode nodes remember where they were made and gradients are checked for NaN.
struct PHAROS_API AnomalyMode {
  static bool is_enabled();
  static bool should_check_nan();
  static void set_enabled(bool enabled, bool check_nan = true);
};
class PHAROS_API DetectAnomalyGuard {
 public:
  explicit DetectAnomalyGuard(bool check_nan = true);
  ~DetectAnomalyGuard();

 private:
  bool previous_, previous_check_;
};

}  // namespace torch::autograd
