// torch::nn::Module: parameters, buffers and children under names, training mode, state_dict,
// hooks. All bodies are out of line. Built-in layers derive from BuiltinModule, programs' own
// classes from Module or Cloneable<Derived>.
#pragma once

#include <pharos/nn/ordered_dict.h>
#include <pharos/tensor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace c10 {
struct IValue;
}
namespace torch::serialize {
class OutputArchive;
class InputArchive;
}  // namespace torch::serialize

namespace pharos::nn {
struct ModuleHooks;
struct AnyOps;
struct AnySlot;
class ModuleScope;
class HookedCall;
struct ReplaceChild;
}  // namespace pharos::nn

namespace torch {

using Dtype = at::ScalarType;

namespace nn {

class Module;
class AnyValue;
template <typename Contained>
class ModuleHolder;

// Takes a hook off again. Copies stand for the same hook; the hook stays while no one calls
// remove().
class PHAROS_API RemovableHandle {
 public:
  RemovableHandle();
  RemovableHandle(std::weak_ptr<pharos::nn::ModuleHooks> hooks, uint64_t id);
  RemovableHandle(const RemovableHandle&);
  RemovableHandle& operator=(const RemovableHandle&);
  ~RemovableHandle();
  void remove();

 private:
  std::weak_ptr<pharos::nn::ModuleHooks> hooks_;
  uint64_t id_;
};

// What load_state_dict(dict, false) left alone.
struct PHAROS_API IncompatibleKeys {
  std::vector<std::string> missing_keys, unexpected_keys;
  IncompatibleKeys();
  IncompatibleKeys(const IncompatibleKeys&);
  ~IncompatibleKeys();
};

}  // namespace nn

namespace detail {
struct ModuleHolderIndicator {};
template <typename T>
inline constexpr bool is_module_holder_v =
    std::is_base_of_v<ModuleHolderIndicator, std::remove_reference_t<T>>;
template <typename T>
struct is_module : std::is_base_of<nn::Module, std::remove_reference_t<T>> {};
template <typename T, typename R = void>
using enable_if_module_t = std::enable_if_t<is_module<T>::value, R>;
template <typename T>
using disable_if_module_holder_t = std::enable_if_t<!is_module_holder_v<T>>;
}  // namespace detail

namespace nn {

class PHAROS_API Module : public std::enable_shared_from_this<Module> {
 public:
  using ModuleApplyFunction = std::function<void(Module&)>;
  using ConstModuleApplyFunction = std::function<void(const Module&)>;
  using NamedModuleApplyFunction = std::function<void(const std::string&, Module&)>;
  using ConstNamedModuleApplyFunction = std::function<void(const std::string&, const Module&)>;
  using ModulePointerApplyFunction = std::function<void(const std::shared_ptr<Module>&)>;
  using NamedModulePointerApplyFunction =
      std::function<void(const std::string&, const std::shared_ptr<Module>&)>;

  explicit Module(std::string name);
  Module();
  // Hooks and the place in a tree of modules belong to one object and are not copied.
  Module(const Module& o);
  Module& operator=(const Module& o);
  Module(Module&& o) noexcept;
  Module& operator=(Module&& o) noexcept;
  virtual ~Module();

  // The class, unless the constructor was given another: "torch::nn::LinearImpl".
  const std::string& name() const noexcept;
  // The chain of names by which it was registered: "encoder.layers.3.fc1"; empty for a root.
  const std::string& path() const noexcept { return path_; }
  virtual std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const;

  void apply(const ModuleApplyFunction& function);
  void apply(const ConstModuleApplyFunction& function) const;
  void apply(const NamedModuleApplyFunction& function, const std::string& name_prefix = {});
  void apply(const ConstNamedModuleApplyFunction& function,
             const std::string& name_prefix = {}) const;
  void apply(const ModulePointerApplyFunction& function) const;
  void apply(const NamedModulePointerApplyFunction& function,
             const std::string& name_prefix = {}) const;

  std::vector<Tensor> parameters(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_parameters(bool recurse = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  OrderedDict<std::string, Tensor> named_buffers(bool recurse = true) const;
  std::vector<std::shared_ptr<Module>> modules(bool include_self = true) const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_modules(
      const std::string& name_prefix = {}, bool include_self = true) const;
  std::vector<std::shared_ptr<Module>> children() const;
  OrderedDict<std::string, std::shared_ptr<Module>> named_children() const;

  virtual void train(bool on = true);
  void eval();
  virtual bool is_training() const noexcept;
  // Buffers that hold integers keep their dtype, as in Python.
  virtual void to(Device device, Dtype dtype, bool non_blocking = false);
  virtual void to(Dtype dtype, bool non_blocking = false);
  virtual void to(Device device, bool non_blocking = false);
  virtual void zero_grad(bool set_to_none = true);

  template <typename ModuleType>
  typename ModuleType::ContainedType* as() noexcept {
    return dynamic_cast<typename ModuleType::ContainedType*>(this);
  }
  template <typename ModuleType>
  const typename ModuleType::ContainedType* as() const noexcept {
    return dynamic_cast<const typename ModuleType::ContainedType*>(this);
  }
  template <typename ModuleType, typename = torch::detail::disable_if_module_holder_t<ModuleType>>
  ModuleType* as() noexcept {
    return dynamic_cast<ModuleType*>(this);
  }
  template <typename ModuleType, typename = torch::detail::disable_if_module_holder_t<ModuleType>>
  const ModuleType* as() const noexcept {
    return dynamic_cast<const ModuleType*>(this);
  }

  virtual void save(serialize::OutputArchive& archive) const;
  virtual void load(serialize::InputArchive& archive);
  virtual void pretty_print(std::ostream& stream) const;
  virtual bool is_serializable() const;

  // Parameters, then buffers, then children, each detached but sharing storage: Python's order.
  OrderedDict<std::string, Tensor> state_dict(const std::string& prefix = {}) const;
  // Copies values into parameters and buffers, converting dtypes. Where keys or shapes do not fit,
  // throws a table of them and changes nothing; strict=false leaves missing and unexpected keys
  // alone.
  IncompatibleKeys load_state_dict(const OrderedDict<std::string, Tensor>& state,
                                   bool strict = true);

  Tensor& register_parameter(std::string name, Tensor tensor, bool requires_grad = true);
  Tensor& register_buffer(std::string name, Tensor tensor);
  template <typename ModuleType>
  std::shared_ptr<ModuleType> register_module(std::string name,
                                              std::shared_ptr<ModuleType> module) {
    register_child(std::move(name), module);
    return module;
  }
  template <typename ModuleType>
  std::shared_ptr<ModuleType> register_module(std::string name,
                                              ModuleHolder<ModuleType> module_holder) {
    return register_module(std::move(name), module_holder.ptr());
  }
  // Takes effect in Sequential, ModuleList, ModuleDict and where an AnyModule holds the child. For
  // a typed member: the same class takes over the new contents, another class is an error.
  template <typename ModuleType>
  std::shared_ptr<ModuleType> replace_module(const std::string& name,
                                             std::shared_ptr<ModuleType> module);
  template <typename ModuleType>
  std::shared_ptr<ModuleType> replace_module(const std::string& name,
                                             ModuleHolder<ModuleType> module_holder) {
    return replace_module(name, module_holder.ptr());
  }
  void unregister_module(const std::string& name);

  // Hooks fire once per call through `module(x)`, containers and built-in layers' forward; a direct
  // `m->forward(x)` on a program's own class fires none.
  //
  // (Module&, const Tensor& input, const Tensor& output), or with all inputs and any output
  // (Module&, const std::vector<IValue>&, const IValue&). What it returns replaces the output.
  template <typename F>
  RemovableHandle register_forward_hook(F hook);
  // (Module&, const Tensor& input) or (Module&, const std::vector<IValue>&). What it returns
  // replaces the input: a Tensor, or an IValue (a tuple for several inputs).
  template <typename F>
  RemovableHandle register_forward_pre_hook(F hook);
  // (Module&, grad_input, grad_output), both const std::vector<Tensor>&; undefined tensors stand
  // for gradients that are not computed. A returned vector replaces grad_input.
  template <typename F>
  RemovableHandle register_full_backward_hook(F hook);
  // Gets the gradient at the module's output; what it returns replaces that gradient.
  template <typename F>
  RemovableHandle register_hook(F hook);

  virtual bool _forward_has_default_args() { return false; }
  virtual unsigned int _forward_num_required_args();
  virtual std::vector<AnyValue> _forward_populate_default_args(std::vector<AnyValue>&& arguments);

 protected:
  OrderedDict<std::string, Tensor> parameters_;

  // Containers hear of a child's replacement here and return whether they hold it themselves.
  virtual bool child_replaced(const std::string& name, const std::shared_ptr<Module>& from,
                              const std::shared_ptr<Module>& to, const pharos::nn::AnyOps* ops);
  // How AnyModule calls the class; null for programs' own classes.
  virtual const pharos::nn::AnyOps* any_ops() const;
  // Assigns *other to *this if both are of the class that this body was made for.
  virtual bool take_over(Module& other);

  void clone_contents(Module& copy, const std::optional<Device>& device) const;

 private:
  template <typename Derived>
  friend class Cloneable;
  friend class BuiltinModule;
  friend class pharos::nn::ModuleScope;
  friend class pharos::nn::HookedCall;
  friend struct pharos::nn::AnySlot;
  friend struct pharos::nn::ReplaceChild;
  PHAROS_API friend std::ostream& operator<<(std::ostream& stream, const Module& module);

  virtual void clone_(Module& other, const std::optional<Device>& device);
  void register_child(std::string name, std::shared_ptr<Module> module);
  void replace_child(const std::string& name, std::shared_ptr<Module> module,
                     const pharos::nn::AnyOps* ops);
  void set_path(const std::string& path);
  void set_child_path(const std::string& name, Module& child);
  void pretty_print_recursive(std::ostream& stream, const std::string& indentation) const;
  void apply_to_submodules(const NamedModulePointerApplyFunction& function,
                           const std::string& name_prefix = {}) const;
  std::shared_ptr<Module> shared_from_this_checked() const;
  pharos::nn::ModuleHooks& hooks();
  template <typename F>
  void convert_tensors(F convert);

  using IValues = std::vector<c10::IValue>;
  using GenericHook = std::function<c10::IValue(Module&, const IValues&, const c10::IValue&)>;
  using TensorHook = std::function<Tensor(Module&, const Tensor&, const Tensor&)>;
  using GenericPreHook = std::function<c10::IValue(Module&, const IValues&)>;
  using TensorPreHook = std::function<Tensor(Module&, const Tensor&)>;
  using BackwardHook = std::function<std::vector<Tensor>(Module&, const std::vector<Tensor>&,
                                                         const std::vector<Tensor>&)>;
  using OutputHook = std::function<Tensor(const Tensor&)>;
  RemovableHandle add_hook(GenericHook hook);
  RemovableHandle add_hook(TensorHook hook);
  RemovableHandle add_pre_hook(GenericPreHook hook);
  RemovableHandle add_pre_hook(TensorPreHook hook);
  RemovableHandle add_backward_hook(BackwardHook hook);
  RemovableHandle add_output_hook(OutputHook hook);

  OrderedDict<std::string, Tensor> buffers_;
  OrderedDict<std::string, std::shared_ptr<Module>> children_;
  mutable std::string name_;  // empty until asked for
  std::string path_;
  // The path's number in the tape's table; kNoPath until a forward needs it.
  static constexpr uint32_t kNoPath = ~0u;
  mutable std::atomic<uint32_t> path_id_{0};
  bool is_training_{true};
  std::shared_ptr<pharos::nn::ModuleHooks> hooks_;
  // The AnyModules that hold this module.
  std::vector<pharos::nn::AnySlot*> slots_;
};

PHAROS_API std::ostream& operator<<(std::ostream& stream, const Module& module);
PHAROS_API serialize::OutputArchive& operator<<(serialize::OutputArchive& archive,
                                                const std::shared_ptr<Module>& module);
PHAROS_API serialize::InputArchive& operator>>(serialize::InputArchive& archive,
                                               const std::shared_ptr<Module>& module);

// Base of the library's layers: cloning without a template per class. A concrete class XImpl says
// PHAROS_MODULE(XImpl) in its body and PHAROS_DEFINE_MODULE(XImpl) in its .cpp.
class PHAROS_API BuiltinModule : public Module {
 public:
  using Module::Module;
  BuiltinModule();
  BuiltinModule(const BuiltinModule&);
  BuiltinModule& operator=(const BuiltinModule&);
  ~BuiltinModule() override;
  virtual void reset() = 0;
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override;

 protected:
  // Short names for PHAROS_MODULE, whose every token is read once for each layer.
  using AnyOps = pharos::nn::AnyOps;
  using ModulePtr = std::shared_ptr<Module>;
  virtual ModulePtr copy_self() const = 0;

 private:
  void clone_(Module& other, const std::optional<Device>& device) override;
};

// `forward` of a class with this marker handles hooks and paths itself.
#define PHAROS_MODULE(Name)               \
 public:                                  \
  using PharosBuiltin = Name;             \
  Name(const Name&);                      \
  Name& operator=(const Name&);           \
  ~Name() override;                       \
  static const AnyOps& pharos_any_ops();  \
                                          \
 protected:                               \
  const AnyOps* any_ops() const override; \
  ModulePtr copy_self() const override;   \
  bool take_over(Module&) override;       \
                                          \
 public:

// The base of programs' own modules that can be cloned: `reset` makes parameters, buffers and
// children; clone() copies the object, calls reset() on the copy and copies the values over.
template <typename Derived>
class Cloneable : public Module {
 public:
  using Module::Module;
  virtual void reset() = 0;
  std::shared_ptr<Module> clone(const std::optional<Device>& device = std::nullopt) const override {
    auto copy = std::shared_ptr<Derived>(new Derived(static_cast<const Derived&>(*this)));
    copy->parameters_.clear();
    copy->buffers_.clear();
    copy->children_.clear();
    copy->reset();
    clone_contents(*copy, device);
    return copy;
  }

 protected:
  bool take_over(Module& other) override {
    auto* from = dynamic_cast<Derived*>(&other);
    if (!from || typeid(*this) != typeid(Derived) || typeid(other) != typeid(Derived)) return false;
    static_cast<Derived&>(*this) = *from;
    return true;
  }

 private:
  void clone_(Module& other, const std::optional<Device>& device) final;
};

}  // namespace nn
}  // namespace torch

#include <pharos/nn/module_hooks.h>
