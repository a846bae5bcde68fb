// What the steps of optimizers share: the closure, and lists of borrowed tensors for the operators
// that step a whole group at once.
#pragma once

#include <pharos/autograd/grad_mode.h>
#include <pharos/optim/optimizer.h>

namespace pharos::optim {

using at::Tensor;

// Tensors without their reference counts, which would cost more than the step of a small parameter.
// The owners outlive the list: parameters, gradients and states do not go away during a step.
class Borrowed {
 public:
  Borrowed() = default;
  Borrowed(const Borrowed&) = delete;
  ~Borrowed() { clear(); }
  void push(const Tensor& t) { items_.push_back(Tensor::reclaim(t.unsafeGetTensorImpl())); }
  void clear() {
    for (Tensor& t : items_) t.release();
    items_.clear();
  }
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  operator at::TensorList() const { return at::TensorList(items_.data(), items_.size()); }

 private:
  std::vector<Tensor> items_;
};

// The lists of one operator call. They keep their memory from step to step.
struct StepLists {
  Borrowed params, grads, first, second, third, steps;
  // Step counts as tensors, one for each run of equal counts.
  std::vector<Tensor> counts;
  int64_t last_count = -1;

  void push(const Tensor& param, const Tensor& grad) {
    params.push(param);
    grads.push(grad);
  }
  void push_step(int64_t step);
  void clear();
};

// This thread's lists, empty; cleared again at the end.
class UsesLists {
 public:
  UsesLists();
  ~UsesLists();
  UsesLists(const UsesLists&) = delete;
  StepLists* operator->() const { return lists_; }

 private:
  StepLists* lists_;
  std::unique_ptr<StepLists> own_;  // a step within a step
};

// The closure's loss, recorded; undefined without a closure.
Tensor evaluate(const torch::optim::Optimizer::LossClosure& closure);

template <typename State>
State& state_of(torch::optim::StateMap& states, const Tensor& param, bool& fresh) {
  auto& slot = states[param.unsafeGetTensorImpl()];
  fresh = slot == nullptr;
  if (PHAROS_UNLIKELY(fresh)) slot = std::make_unique<State>();
  return static_cast<State&>(*slot);
}

}  // namespace pharos::optim
