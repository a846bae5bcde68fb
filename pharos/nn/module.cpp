// torch::nn::Module: registration, walking the tree, training mode, conversion, printing, cloning.
#include <pharos/autograd/grad_mode.h>
#include <pharos/nn/any.h>
#include <pharos/ops/functions.h>
#include <pharos/util.h>

#include <cxxabi.h>

#include <cstdlib>
#include <ostream>

#include "nn/hooks.h"
#include "nn/names.h"
#include "tape/module_path.h"

std::string c10::demangle(const char* name) {
  int status = 0;
  char* readable = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string out = status == 0 && readable ? readable : name;
  std::free(readable);
  return out;
}

namespace pharos::nn {

std::string type_name(const std::type_info& type) { return c10::demangle(type.name()); }

}  // namespace pharos::nn

namespace torch::nn {

using pharos::nn::join_name;
using pharos::nn::type_name;

Module::Module() : parameters_("Parameter"), buffers_("Buffer"), children_("Submodule") {}
Module::Module(std::string name) : Module() { name_ = std::move(name); }
Module::Module(const Module& o)
    : std::enable_shared_from_this<Module>(),
      parameters_(o.parameters_),
      buffers_(o.buffers_),
      children_(o.children_),
      name_(o.name_),
      is_training_(o.is_training_) {}
Module& Module::operator=(const Module& o) {
  if (this == &o) return *this;
  parameters_ = o.parameters_;
  buffers_ = o.buffers_;
  children_ = o.children_;
  name_ = o.name_;
  is_training_ = o.is_training_;
  for (auto& child : children_) set_child_path(child.key(), *child.value());
  return *this;
}
Module::Module(Module&& o) noexcept : Module(static_cast<const Module&>(o)) {}
Module& Module::operator=(Module&& o) noexcept { return *this = static_cast<const Module&>(o); }
Module::~Module() = default;

const std::string& Module::name() const noexcept {
  if (name_.empty()) name_ = type_name(typeid(*this));
  return name_;
}

static void check_name(const std::string& name, const char* what) {
  TORCH_CHECK(!name.empty(), what, " name must not be empty");
  TORCH_CHECK(name.find('.') == std::string::npos, what, " name must not contain a dot (got '",
              name, "')");
}

Tensor& Module::register_parameter(std::string name, Tensor tensor, bool requires_grad) {
  check_name(name, "Parameter");
  if (!tensor.defined()) {
    if (requires_grad)
      TORCH_WARN("An undefined tensor cannot require grad. ",
                 "Ignoring the `requires_grad=true` function parameter.");
  } else {
    tensor.set_requires_grad(requires_grad);
  }
  return parameters_.insert(std::move(name), std::move(tensor));
}

Tensor& Module::register_buffer(std::string name, Tensor tensor) {
  check_name(name, "Buffer");
  return buffers_.insert(std::move(name), std::move(tensor));
}

// --- children ---

void Module::set_path(const std::string& path) {
  path_ = path;
  path_id_.store(path.empty() ? 0 : kNoPath, std::memory_order_relaxed);
  for (auto& child : children_) set_child_path(child.key(), *child.value());
}
void Module::set_child_path(const std::string& name, Module& child) {
  child.set_path(join_name(path_, name));
}

// Whether `wanted` is `m` or below it.
static bool contains_module(const Module& m, const Module* wanted) {
  if (&m == wanted) return true;
  for (const auto& child : m.children())
    if (contains_module(*child, wanted)) return true;
  return false;
}

void Module::register_child(std::string name, std::shared_ptr<Module> module) {
  check_name(name, "Submodule");
  TORCH_CHECK(module != nullptr, "Submodule '", name, "' must not be null");
  TORCH_CHECK(!contains_module(*module, this), "Submodule '", name,
              "' contains the module that it is registered with");
  Module& child = *children_.insert(std::move(name), std::move(module));
  set_child_path(children_.back().key(), child);
}

void Module::unregister_module(const std::string& name) {
  TORCH_CHECK(children_.contains(name), "No Module with name `", name, "` is registered");
  const std::shared_ptr<Module> child = children_[name];
  children_.erase(name);
  child->set_path("");
}

bool Module::child_replaced(const std::string&, const std::shared_ptr<Module>&,
                            const std::shared_ptr<Module>&, const pharos::nn::AnyOps*) {
  return false;
}
const pharos::nn::AnyOps* Module::any_ops() const { return nullptr; }
bool Module::take_over(Module&) { return false; }

void Module::replace_child(const std::string& name, std::shared_ptr<Module> module,
                           const pharos::nn::AnyOps* ops) {
  std::shared_ptr<Module>& held = children_[name];
  TORCH_CHECK(module != nullptr, "Submodule '", name, "' must not be null");
  const std::shared_ptr<Module> old = held;
  if (old == module) return;
  TORCH_CHECK(!contains_module(*module, this), "Submodule '", name,
              "' contains the module that it is registered with");
  if (!ops) ops = module->any_ops();
  if (!ops && typeid(*module) == typeid(*old)) ops = pharos::nn::ReplaceChild::ops_of(*old);
  const bool in_container = child_replaced(name, old, module, ops);
  // Two references are `held` and `old`; a container may have kept none besides.
  const bool in_any = !in_container && pharos::nn::ReplaceChild::in_slots(*old, module, ops);
  if (in_container || in_any || old.use_count() <= 2) {
    held = std::move(module);
    set_child_path(name, *held);
    return;
  }
  const std::string before = type_name(typeid(*old)), after = type_name(typeid(*module));
  TORCH_CHECK(old->take_over(*module), "replace_module('", join_name(path_, name),
              "'): the module holds this child in a member of type ", before,
              ", which cannot become a ", after,
              ". Hold it in an AnyModule or a container to replace it by another class.");
  set_child_path(name, *old);
}

// --- walking ---

std::shared_ptr<Module> Module::shared_from_this_checked() const {
  if (auto self = weak_from_this().lock()) return std::const_pointer_cast<Module>(self);
  TORCH_CHECK(false,
              "It looks like you attempted to retrieve your top-level module as a shared_ptr, but "
              "it is not stored in a shared_ptr. Use std::make_shared<",
              name(),
              "> instead of creating your module on the stack, or alternatively do not try to "
              "access your top-level module at all by passing /*include_self=*/false to modules() "
              "or named_modules()");
}

// By position and with a reference of its own, since the function may replace children.
void Module::apply_to_submodules(const NamedModulePointerApplyFunction& function,
                                 const std::string& name_prefix) const {
  for (size_t i = 0; i < children_.size(); ++i) {
    const std::shared_ptr<Module> child = children_[i].value();
    const std::string path = join_name(name_prefix, children_[i].key());
    function(path, child);
    child->apply_to_submodules(function, path);
  }
}

void Module::apply(const ModuleApplyFunction& function) {
  function(*this);
  apply_to_submodules([&](const std::string&, const std::shared_ptr<Module>& m) { function(*m); });
}
void Module::apply(const ConstModuleApplyFunction& function) const {
  function(*this);
  apply_to_submodules([&](const std::string&, const std::shared_ptr<Module>& m) { function(*m); });
}
void Module::apply(const NamedModuleApplyFunction& function, const std::string& name_prefix) {
  function(name_prefix, *this);
  apply_to_submodules(
      [&](const std::string& name, const std::shared_ptr<Module>& m) { function(name, *m); },
      name_prefix);
}
void Module::apply(const ConstNamedModuleApplyFunction& function,
                   const std::string& name_prefix) const {
  function(name_prefix, *this);
  apply_to_submodules(
      [&](const std::string& name, const std::shared_ptr<Module>& m) { function(name, *m); },
      name_prefix);
}
void Module::apply(const ModulePointerApplyFunction& function) const {
  function(shared_from_this_checked());
  apply_to_submodules([&](const std::string&, const std::shared_ptr<Module>& m) { function(m); });
}
void Module::apply(const NamedModulePointerApplyFunction& function,
                   const std::string& name_prefix) const {
  function(name_prefix, shared_from_this_checked());
  apply_to_submodules(function, name_prefix);
}

static void gather(OrderedDict<std::string, Tensor>& out,
                   const OrderedDict<std::string, Tensor>& from, const std::string& prefix) {
  for (const auto& item : from)
    if (item.value().defined()) out.insert(join_name(prefix, item.key()), item.value());
}

OrderedDict<std::string, Tensor> Module::named_parameters(bool recurse) const {
  OrderedDict<std::string, Tensor> out;
  gather(out, parameters_, "");
  if (recurse)
    apply_to_submodules([&](const std::string& name, const std::shared_ptr<Module>& m) {
      gather(out, m->parameters_, name);
    });
  return out;
}
OrderedDict<std::string, Tensor> Module::named_buffers(bool recurse) const {
  OrderedDict<std::string, Tensor> out;
  gather(out, buffers_, "");
  if (recurse)
    apply_to_submodules([&](const std::string& name, const std::shared_ptr<Module>& m) {
      gather(out, m->buffers_, name);
    });
  return out;
}
std::vector<Tensor> Module::parameters(bool recurse) const {
  return named_parameters(recurse).values();
}
std::vector<Tensor> Module::buffers(bool recurse) const { return named_buffers(recurse).values(); }

OrderedDict<std::string, std::shared_ptr<Module>> Module::named_modules(
    const std::string& name_prefix, bool include_self) const {
  OrderedDict<std::string, std::shared_ptr<Module>> out;
  if (include_self) out.insert(name_prefix, shared_from_this_checked());
  apply_to_submodules(
      [&](const std::string& name, const std::shared_ptr<Module>& m) { out.insert(name, m); },
      name_prefix);
  return out;
}
std::vector<std::shared_ptr<Module>> Module::modules(bool include_self) const {
  std::vector<std::shared_ptr<Module>> out;
  if (include_self) out.push_back(shared_from_this_checked());
  apply_to_submodules(
      [&](const std::string&, const std::shared_ptr<Module>& m) { out.push_back(m); });
  return out;
}
std::vector<std::shared_ptr<Module>> Module::children() const { return children_.values(); }
OrderedDict<std::string, std::shared_ptr<Module>> Module::named_children() const {
  return children_;
}

// --- mode, conversion ---

void Module::train(bool on) {
  for (auto& child : children_) child.value()->train(on);
  is_training_ = on;
}
void Module::eval() { train(false); }
bool Module::is_training() const noexcept { return is_training_; }

template <typename F>
void Module::convert_tensors(F convert) {
  NoGradGuard no_grad;
  for (auto* tensors : {&parameters_, &buffers_})
    for (auto& item : *tensors)
      if (item.value().defined()) item.value().set_data(convert(item.value()));
}
static bool converts(const Tensor& t, Dtype dtype) {
  return t.is_floating_point() || t.is_complex() ||
         !(at::isFloatingType(dtype) || at::isComplexType(dtype));
}
void Module::to(Device device, Dtype dtype, bool non_blocking) {
  for (auto& child : children_) child.value()->to(device, dtype, non_blocking);
  convert_tensors([&](const Tensor& t) {
    return t.to(device, converts(t, dtype) ? dtype : t.scalar_type(), non_blocking);
  });
}
void Module::to(Dtype dtype, bool non_blocking) {
  for (auto& child : children_) child.value()->to(dtype, non_blocking);
  convert_tensors(
      [&](const Tensor& t) { return converts(t, dtype) ? t.to(dtype, non_blocking) : t; });
}
void Module::to(Device device, bool non_blocking) {
  for (auto& child : children_) child.value()->to(device, non_blocking);
  convert_tensors([&](const Tensor& t) { return t.to(device, t.scalar_type(), non_blocking); });
}

void Module::zero_grad(bool set_to_none) {
  for (auto& child : children_) child.value()->zero_grad(set_to_none);
  for (auto& item : parameters_) {
    if (!item.value().defined()) continue;
    Tensor& grad = item.value().mutable_grad();
    if (!grad.defined()) continue;
    if (set_to_none) {
      grad.reset();
    } else {
      grad = grad.detach();
      grad.zero_();
    }
  }
}

// --- printing ---

void Module::pretty_print(std::ostream& stream) const { stream << name(); }
void Module::pretty_print_recursive(std::ostream& stream, const std::string& indentation) const {
  pretty_print(stream);
  if (children_.is_empty()) return;
  stream << "(\n";
  const std::string next = indentation + "  ";
  for (const auto& child : children_) {
    stream << next << '(' << child.key() << "): ";
    child.value()->pretty_print_recursive(stream, next);
    stream << '\n';
  }
  stream << indentation << ')';
}
std::ostream& operator<<(std::ostream& stream, const Module& module) {
  module.pretty_print_recursive(stream, "");
  return stream;
}

// --- cloning ---

std::shared_ptr<Module> Module::clone(const std::optional<Device>&) const {
  TORCH_CHECK(false, "clone() has not been implemented for ", name(),
              ". Subclass torch::nn::Cloneable<", name(),
              "> instead of torch::nn::Module to "
              "inherit the ability to clone.");
}
void Module::clone_(Module&, const std::optional<Device>&) {}

static void copy_values(OrderedDict<std::string, Tensor>& to,
                        const OrderedDict<std::string, Tensor>& from,
                        const std::optional<Device>& device, const char* what) {
  TORCH_CHECK(to.size() == from.size(), "The cloned module does not have the same number of ", what,
              "s as the original module after calling reset(). Are you sure you called register_",
              what, "() inside reset() and not the constructor?");
  for (const auto& item : from) {
    const Tensor& t = item.value();
    if (t.defined())
      to[item.key()].set_data(device && t.device() != *device ? t.to(*device) : t.clone());
  }
}

void Module::clone_contents(Module& copy, const std::optional<Device>& device) const {
  NoGradGuard no_grad;
  copy_values(copy.parameters_, parameters_, device, "parameter");
  copy_values(copy.buffers_, buffers_, device, "buffer");
  TORCH_CHECK(copy.children_.size() == children_.size(),
              "The cloned module does not have the same number of child modules as the original "
              "module after calling reset(). Are you sure you called register_module() inside "
              "reset() and not the constructor?");
  for (const auto& child : children_) {
    copy.children_[child.key()]->clone_(*child.value(), device);
    copy.set_child_path(child.key(), *copy.children_[child.key()]);
  }
}

BuiltinModule::BuiltinModule() = default;
BuiltinModule::BuiltinModule(const BuiltinModule&) = default;
BuiltinModule& BuiltinModule::operator=(const BuiltinModule&) = default;
BuiltinModule::~BuiltinModule() = default;

// As LibTorch does it, down to the numbers that reset() draws.
std::shared_ptr<Module> BuiltinModule::clone(const std::optional<Device>& device) const {
  std::shared_ptr<Module> copy = copy_self();
  copy->parameters_.clear();
  copy->buffers_.clear();
  copy->children_.clear();
  static_cast<BuiltinModule&>(*copy).reset();
  clone_contents(*copy, device);
  return copy;
}
void BuiltinModule::clone_(Module& other, const std::optional<Device>& device) {
  const std::shared_ptr<Module> clone = other.clone(device);
  TORCH_CHECK(take_over(*clone),
              "Attempted to clone submodule, but it is of a different type than the submodule it "
              "was to be cloned into");
}

// --- default arguments of forward ---

unsigned int Module::_forward_num_required_args() {
  TORCH_CHECK(false,
              "torch::nn::Module subclass that has default arguments in `forward` method must "
              "override `_forward_num_required_args` method. Please use `FORWARD_HAS_DEFAULT_ARGS` "
              "macro to do so.");
}
std::vector<AnyValue> Module::_forward_populate_default_args(std::vector<AnyValue>&&) {
  TORCH_CHECK(false,
              "torch::nn::Module subclass that has default arguments in `forward` method must "
              "override `_forward_populate_default_args` method. Please use "
              "`FORWARD_HAS_DEFAULT_ARGS` macro to do so.");
}

}  // namespace torch::nn
