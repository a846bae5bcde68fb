// Lists of a step, kept per thread.
#include "optim/step.h"

#include <pharos/ops/functions.h>

namespace pharos::optim {

namespace {
thread_local StepLists thread_lists;
thread_local bool lists_taken = false;
}  // namespace

void StepLists::push_step(int64_t step) {
  if (step != last_count) {
    counts.push_back(at::scalar_tensor(static_cast<double>(step), c10::ScalarType::Double));
    last_count = step;
  }
  steps.push(counts.back());
}

void StepLists::clear() {
  for (Borrowed* list : {&params, &grads, &first, &second, &third, &steps}) list->clear();
  counts.clear();
  last_count = -1;
}

UsesLists::UsesLists() {
  if (lists_taken) {
    own_ = std::make_unique<StepLists>();
    lists_ = own_.get();
  } else {
    lists_taken = true;
    lists_ = &thread_lists;
  }
}
UsesLists::~UsesLists() {
  lists_->clear();
  if (!own_) lists_taken = false;
}

Tensor evaluate(const torch::optim::Optimizer::LossClosure& closure) {
  if (!closure) return Tensor();
  c10::AutoGradMode enable(true);
  return closure();
}

}  // namespace pharos::optim
