// Numeric checks of gradients, after torch.autograd.gradcheck: the full Jacobian by central
// differences against the one backward gives.
#pragma once

#include <pharos/autograd/autograd.h>

#include <functional>

namespace torch::autograd {

using GradFunction = std::function<variable_list(const variable_list& inputs)>;

struct GradcheckOptions {
  double eps = 1e-6;
  double atol = 1e-5;
  double rtol = 1e-3;
  bool raise_exception = true;
};

// Inputs that require grad should be f64 or c128. False, or an error that shows both Jacobians,
// where they differ.
PHAROS_API bool gradcheck(const GradFunction& f, const variable_list& inputs,
                          const GradcheckOptions& options = {});
// The same for the gradients themselves, with random gradients of the outputs.
PHAROS_API bool gradgradcheck(const GradFunction& f, const variable_list& inputs,
                              const GradcheckOptions& options = {});

}  // namespace torch::autograd
