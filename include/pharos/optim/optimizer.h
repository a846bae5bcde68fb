// torch::optim::Optimizer and what optimizers are made of: options, parameter groups, states.
// state_dict() and saved files have Python's layout; files of LibTorch's optimizers load too.
#pragma once

#include <pharos/dispatch/ivalue.h>
#include <pharos/nn/arg.h>
#include <pharos/optim/state_map.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace torch {
using at::Tensor;
namespace serialize {
class OutputArchive;
class InputArchive;
}  // namespace serialize
}  // namespace torch

namespace pharos::optim {
// std::unique_ptr<T>, looked up when Derived is known: until then nothing instantiates it.
template <typename T, typename Derived>
struct PointerForType {
  using type = std::unique_ptr<T>;
};
template <typename T, typename Derived>
using PointerFor = typename PointerForType<T, Derived>::type;
}  // namespace pharos::optim

namespace torch::optim {

// What an optimizer keeps for one parameter. serialize() reads and writes the fields by Python's
// names; undefined tensors are left out.
class PHAROS_API OptimizerParamState {
 public:
  OptimizerParamState() = default;
  OptimizerParamState(const OptimizerParamState&) = default;
  OptimizerParamState& operator=(const OptimizerParamState&) = default;
  OptimizerParamState(OptimizerParamState&&) noexcept = default;
  OptimizerParamState& operator=(OptimizerParamState&&) noexcept = default;
  virtual std::unique_ptr<OptimizerParamState> clone() const;
  virtual void serialize(torch::serialize::InputArchive& archive);
  virtual void serialize(torch::serialize::OutputArchive& archive) const;
  virtual ~OptimizerParamState();
};

template <typename Derived>
class OptimizerCloneableParamState : public OptimizerParamState {
  pharos::optim::PointerFor<OptimizerParamState, Derived> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

class PHAROS_API OptimizerOptions {
 public:
  OptimizerOptions() = default;
  OptimizerOptions(const OptimizerOptions&) = default;
  OptimizerOptions& operator=(const OptimizerOptions&) = default;
  OptimizerOptions(OptimizerOptions&&) noexcept = default;
  OptimizerOptions& operator=(OptimizerOptions&&) noexcept = default;
  virtual std::unique_ptr<OptimizerOptions> clone() const;
  virtual void serialize(torch::serialize::InputArchive& archive);
  virtual void serialize(torch::serialize::OutputArchive& archive) const;
  virtual ~OptimizerOptions();
  virtual double get_lr() const;
  virtual void set_lr(const double lr);
};

// For options of programs' own optimizers.
template <typename Derived>
class OptimizerCloneableOptions : public OptimizerOptions {
 private:
  pharos::optim::PointerFor<OptimizerOptions, Derived> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

}  // namespace torch::optim

namespace pharos::optim {
template <typename Base>
struct FieldTable;
using OptionsTable = FieldTable<torch::optim::OptimizerOptions>;
using StateTable = FieldTable<torch::optim::OptimizerParamState>;
}  // namespace pharos::optim

namespace torch::optim {

// Options and states of the library's own optimizers: one table of a class's fields does
// everything.
class PHAROS_API TabledOptions : public OptimizerOptions {
 public:
  std::unique_ptr<OptimizerOptions> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  double get_lr() const override;
  void set_lr(const double lr) override;
  virtual const pharos::optim::OptionsTable& table() const = 0;
};
class PHAROS_API TabledState : public OptimizerParamState {
 public:
  std::unique_ptr<OptimizerParamState> clone() const override;
  void serialize(torch::serialize::InputArchive& archive) override;
  void serialize(torch::serialize::OutputArchive& archive) const override;
  virtual const pharos::optim::StateTable& table() const = 0;
};

// What each of these classes declares beside its fields.
#define PHAROS_OPTIMIZER_OPTIONS(Name)                       \
 public:                                                     \
  const pharos::optim::OptionsTable& table() const override; \
  PHAROS_API friend bool operator==(const Name& a, const Name& b)
#define PHAROS_OPTIMIZER_STATE(Name)                       \
 public:                                                   \
  Name();                                                  \
  Name(const Name&);                                       \
  Name& operator=(const Name&);                            \
  ~Name() override;                                        \
  const pharos::optim::StateTable& table() const override; \
  PHAROS_API friend bool operator==(const Name& a, const Name& b)
// And each optimizer, beside its constructors.
#define PHAROS_OPTIMIZER(Name)                                      \
 public:                                                            \
  Name(Name&&) noexcept;                                            \
  Name& operator=(Name&&) noexcept;                                 \
  ~Name() override;                                                 \
                                                                    \
 protected:                                                         \
  std::unique_ptr<OptimizerParamState> make_state() const override; \
                                                                    \
 public:

// Owns options; std::unique_ptr as a member would be instantiated in every program.
class PHAROS_API OptionsPointer {
 public:
  OptionsPointer() noexcept = default;
  OptionsPointer(std::unique_ptr<OptimizerOptions> options) noexcept;
  OptionsPointer(OptionsPointer&& o) noexcept;
  OptionsPointer& operator=(OptionsPointer&& o) noexcept;
  ~OptionsPointer();
  explicit operator bool() const noexcept { return options_ != nullptr; }
  OptimizerOptions* get() const noexcept { return options_; }
  OptimizerOptions& operator*() const noexcept { return *options_; }
  OptimizerOptions* operator->() const noexcept { return options_; }

 private:
  OptimizerOptions* options_ = nullptr;
};

class PHAROS_API OptimizerParamGroup {
 public:
  OptimizerParamGroup(const OptimizerParamGroup& param_group);
  OptimizerParamGroup(OptimizerParamGroup&& param_group) noexcept;
  OptimizerParamGroup(std::vector<Tensor> params);
  OptimizerParamGroup(std::vector<Tensor> params, std::unique_ptr<OptimizerOptions> options);
  OptimizerParamGroup& operator=(const OptimizerParamGroup& param_group) = delete;
  OptimizerParamGroup& operator=(OptimizerParamGroup&& param_group) noexcept;
  ~OptimizerParamGroup();

  bool has_options() const;
  OptimizerOptions& options();
  const OptimizerOptions& options() const;
  void set_options(std::unique_ptr<OptimizerOptions> options);
  std::vector<Tensor>& params();
  const std::vector<Tensor>& params() const;
  // What else a Python group holds (initial_lr, fused, ...): kept and saved again. Made when asked
  // for.
  c10::impl::GenericDict extra() const;
  bool has_extra(const std::string& key) const;

 protected:
  std::vector<Tensor> params_;
  OptionsPointer options_;
  mutable c10::IValue extra_;
};

class PHAROS_API Optimizer {
 public:
  Optimizer(const Optimizer& optimizer) = delete;
  Optimizer(Optimizer&& optimizer) noexcept;
  Optimizer& operator=(const Optimizer& optimizer) = delete;
  Optimizer& operator=(Optimizer&& optimizer) noexcept;
  explicit Optimizer(const std::vector<OptimizerParamGroup>& param_groups,
                     std::unique_ptr<OptimizerOptions> defaults);
  explicit Optimizer(std::vector<Tensor> parameters, std::unique_ptr<OptimizerOptions> defaults);
  virtual ~Optimizer();

  // Options that equal those of a new options object are taken from the optimizer's defaults.
  void add_param_group(const OptimizerParamGroup& param_group);

  // Evaluates the loss again, gradients included.
  using LossClosure = std::function<Tensor()>;
  virtual Tensor step(LossClosure closure = nullptr) = 0;

  void add_parameters(const std::vector<Tensor>& parameters);
  void zero_grad(bool set_to_none = true);
  // Of the first group.
  const std::vector<Tensor>& parameters() const noexcept;
  std::vector<Tensor>& parameters() noexcept;
  size_t size() const noexcept;
  OptimizerOptions& defaults() noexcept;
  const OptimizerOptions& defaults() const noexcept;
  std::vector<OptimizerParamGroup>& param_groups() noexcept;
  const std::vector<OptimizerParamGroup>& param_groups() const noexcept;
  // Keyed by the parameter's TensorImpl.
  StateMap& state() noexcept;
  const StateMap& state() const noexcept;

  virtual void save(serialize::OutputArchive& archive) const;
  virtual void load(serialize::InputArchive& archive);

  // {"state": {0: {...}, ...}, "param_groups": [{"lr": ..., ..., "params": [0, 1, ...]}]}, the
  // tensors shared with the optimizer.
  c10::IValue state_dict() const;
  // Takes Python's dict. Floating point states become the parameter's dtype and device, as copies.
  void load_state_dict(const c10::IValue& state_dict);

 protected:
  // A new state of the optimizer's own kind. Without it states cannot be loaded.
  virtual std::unique_ptr<OptimizerParamState> make_state() const;

  std::vector<OptimizerParamGroup> param_groups_;
  StateMap state_;
  OptionsPointer defaults_;
};

PHAROS_API serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                                const Optimizer& optimizer);
PHAROS_API serialize::InputArchive& operator>>(serialize::InputArchive& archive,
                                               Optimizer& optimizer);

}  // namespace torch::optim
