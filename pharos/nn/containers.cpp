// Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict, Functional.
#include <pharos/nn/containers.h>

#include <ostream>

#include "nn/layer.h"
#include "nn/names.h"

namespace pharos::nn {

void wrong_return_type(const AnyValue& got, const std::type_info& wanted) {
  TORCH_CHECK(false, "The type of the return value is ", type_name(got.type_info()),
              ", but you asked for type ", type_name(wanted));
}
void wrong_child_type(const std::string& key, const std::type_info& wanted) {
  TORCH_CHECK(false, "Unable to cast module[", key, "] to ", type_name(wanted));
}

}  // namespace pharos::nn

namespace torch::nn {

// --- Sequential ---

// Inside another Sequential or an AnyModule it takes and returns one Tensor.
PHAROS_DEFINE_MODULE_BODY(SequentialImpl)
const pharos::nn::AnyOps& SequentialImpl::pharos_any_ops() {
  static const pharos::nn::AnyOps ops{
      &typeid(SequentialImpl),
      [](Module& m, const Tensor& x) { return static_cast<SequentialImpl&>(m).forward_tensor(x); },
      [](Module& m, std::vector<AnyValue>& v) {
        return static_cast<SequentialImpl&>(m).forward_any(v);
      }};
  return ops;
}

SequentialImpl::SequentialImpl() = default;
SequentialImpl::SequentialImpl(OrderedDict<std::string, AnyModule>&& modules) {
  for (auto& item : modules) push_back(item.key(), std::move(item.value()));
}
SequentialImpl::SequentialImpl(std::initializer_list<NamedAnyModule> modules) {
  for (const auto& m : modules) push_back(m.name(), m.module());
}
Sequential::Sequential() = default;
Sequential::Sequential(std::initializer_list<NamedAnyModule> modules)
    : ModuleHolder(std::shared_ptr<SequentialImpl>(new SequentialImpl(modules))) {}

std::shared_ptr<Module> SequentialImpl::clone(const std::optional<Device>& device) const {
  std::shared_ptr<SequentialImpl> copy(new SequentialImpl());
  const std::vector<std::string> names = named_children().keys();
  for (size_t i = 0; i < modules_.size(); ++i) copy->push_back(names[i], modules_[i].clone(device));
  return copy;
}
void SequentialImpl::reset() {}
void SequentialImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::Sequential"; }

void SequentialImpl::push_back(AnyModule module) {
  push_back(std::to_string(modules_.size()), std::move(module));
}
void SequentialImpl::push_back(std::string name, AnyModule module) {
  register_module(std::move(name), module.ptr());
  module.slot_->in_container = true;
  modules_.push_back(std::move(module));
}

Tensor SequentialImpl::forward_tensor(const Tensor& input) {
  TORCH_CHECK(!is_empty(), "Cannot call forward() on an empty Sequential");
  return pharos::nn::run_layer(*this, input, [this](const Tensor& in) {
    bool tensors = true;
    for (const AnyModule& m : modules_) tensors &= m.slot_->ops->tensor != nullptr;
    if (PHAROS_LIKELY(tensors)) {
      Tensor x = in;
      for (size_t i = 0; i < modules_.size(); ++i) {
        const pharos::nn::AnySlot& slot = *modules_[i].slot_;
        x = slot.ops->tensor(*slot.module, x);
      }
      return x;
    }
    AnyValue x{in};
    for (size_t i = 0; i < modules_.size(); ++i) x = modules_[i].any_forward(std::move(x));
    if (auto* result = x.try_get<Tensor>()) return std::move(*result);
    pharos::nn::wrong_return_type(x, typeid(Tensor));
  });
}

AnyValue SequentialImpl::forward_any(std::vector<AnyValue>& values) {
  TORCH_CHECK(!is_empty(), "Cannot call forward() on an empty Sequential");
  if (values.size() == 1)
    if (const Tensor* x = values[0].try_get<Tensor>(); x && modules_.back().slot_->ops->tensor)
      return AnyValue(forward_tensor(Tensor(*x)));
  TORCH_CHECK(!pharos::nn::ModuleScope::has_hooks(*this),
              "hooks on a Sequential need one Tensor as input and output");
  pharos::nn::ModuleScope scope(*this);
  AnyValue x = modules_[0].call(values);
  for (size_t i = 1; i < modules_.size(); ++i) x = modules_[i].any_forward(std::move(x));
  return x;
}

AnyModule& SequentialImpl::checked(size_t index) {
  TORCH_CHECK(index < size(), "Index out of range");
  return modules_[index];
}
const AnyModule& SequentialImpl::checked(size_t index) const {
  TORCH_CHECK(index < size(), "Index out of range");
  return modules_[index];
}
std::shared_ptr<Module> SequentialImpl::ptr(size_t index) const { return checked(index).ptr(); }

bool SequentialImpl::child_replaced(const std::string& name, const std::shared_ptr<Module>&,
                                    const std::shared_ptr<Module>& to,
                                    const pharos::nn::AnyOps* ops) {
  TORCH_CHECK(ops && ops->forward, "replace_module: ", pharos::nn::type_name(typeid(*to)),
              " has no forward() that Sequential could call");
  const std::vector<std::string> names = named_children().keys();
  for (size_t i = 0; i < modules_.size(); ++i)
    if (names[i] == name) modules_[i].slot_->set(to, ops);
  return true;
}

// --- ModuleList ---

PHAROS_DEFINE_MODULE_WITHOUT_FORWARD(ModuleListImpl)
ModuleListImpl::ModuleListImpl() = default;
std::shared_ptr<Module> ModuleListImpl::clone(const std::optional<Device>& device) const {
  std::shared_ptr<ModuleListImpl> copy(new ModuleListImpl());
  for (const auto& m : modules_) copy->push_back(m->clone(device));
  return copy;
}
void ModuleListImpl::reset() {}
void ModuleListImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::ModuleList"; }
void ModuleListImpl::push_back(std::shared_ptr<Module> module) {
  register_module(std::to_string(modules_.size()), module);
  modules_.push_back(std::move(module));
}
void ModuleListImpl::insert(size_t index, std::shared_ptr<Module> module) {
  TORCH_CHECK(index <= size(), "Index out of range");
  std::vector<std::shared_ptr<Module>> all = modules_;
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(index), std::move(module));
  for (size_t i = 0; i < modules_.size(); ++i) unregister_module(std::to_string(i));
  modules_.clear();
  for (auto& m : all) push_back(std::move(m));
}
std::shared_ptr<Module> ModuleListImpl::ptr(size_t index) const {
  TORCH_CHECK(index < size(), "Index out of range");
  return modules_[index];
}
bool ModuleListImpl::child_replaced(const std::string& name, const std::shared_ptr<Module>&,
                                    const std::shared_ptr<Module>& to, const pharos::nn::AnyOps*) {
  modules_[std::stoul(name)] = to;
  return true;
}

// --- ModuleDict ---

PHAROS_DEFINE_MODULE_WITHOUT_FORWARD(ModuleDictImpl)
ModuleDictImpl::ModuleDictImpl() : modules_("Key") {}
ModuleDictImpl::ModuleDictImpl(const Pairs& modules) : ModuleDictImpl() { update(modules); }
ModuleDictImpl::ModuleDictImpl(const Dict& modules) : ModuleDictImpl() { update(modules); }
std::shared_ptr<Module> ModuleDictImpl::clone(const std::optional<Device>& device) const {
  std::shared_ptr<ModuleDictImpl> copy(new ModuleDictImpl());
  for (const auto& m : modules_) copy->insert(m.key(), m.value()->clone(device));
  return copy;
}
void ModuleDictImpl::reset() {}
void ModuleDictImpl::pretty_print(std::ostream& stream) const { stream << "torch::nn::ModuleDict"; }
ModuleDictImpl::Pairs ModuleDictImpl::items() const { return modules_.pairs(); }
std::vector<std::string> ModuleDictImpl::keys() const { return modules_.keys(); }
std::vector<std::shared_ptr<Module>> ModuleDictImpl::values() const { return modules_.values(); }
ModuleDictImpl::Iterator ModuleDictImpl::begin() { return modules_.begin(); }
ModuleDictImpl::ConstIterator ModuleDictImpl::begin() const { return modules_.begin(); }
ModuleDictImpl::Iterator ModuleDictImpl::end() { return modules_.end(); }
ModuleDictImpl::ConstIterator ModuleDictImpl::end() const { return modules_.end(); }
size_t ModuleDictImpl::size() const noexcept { return modules_.size(); }
bool ModuleDictImpl::empty() const noexcept { return modules_.is_empty(); }
bool ModuleDictImpl::contains(const std::string& key) const noexcept {
  return modules_.contains(key);
}
void ModuleDictImpl::clear() {
  for (const std::string& key : modules_.keys()) unregister_module(key);
  modules_.clear();
}
std::shared_ptr<Module> ModuleDictImpl::operator[](const std::string& key) const {
  return modules_[key];
}
std::shared_ptr<Module> ModuleDictImpl::pop(const std::string& key) {
  std::shared_ptr<Module> module = modules_[key];
  modules_.erase(key);
  unregister_module(key);
  return module;
}
void ModuleDictImpl::update(const Pairs& modules) {
  for (const auto& [key, module] : modules) insert(key, module);
}
void ModuleDictImpl::insert(const std::string& key, std::shared_ptr<Module> module) {
  if (contains(key)) {
    replace_module(key, std::move(module));
  } else {
    register_module(key, module);
    modules_.insert(key, std::move(module));
  }
}
bool ModuleDictImpl::child_replaced(const std::string& name, const std::shared_ptr<Module>&,
                                    const std::shared_ptr<Module>& to, const pharos::nn::AnyOps*) {
  modules_[name] = to;
  return true;
}

// --- ParameterList, ParameterDict ---

static void print_parameters(std::ostream& stream, const OrderedDict<std::string, Tensor>& items) {
  for (const auto& item : items)
    stream << '(' << item.key() << "): Parameter containing: ["
           << c10::toString(item.value().scalar_type()) << " of size " << item.value().sizes()
           << "]\n";
  stream << ')';
}

PHAROS_DEFINE_MODULE_WITHOUT_FORWARD(ParameterListImpl)
ParameterListImpl::ParameterListImpl() = default;
void ParameterListImpl::reset() {}
void ParameterListImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::ParameterList(\n";
  print_parameters(stream, parameters_);
}
void ParameterListImpl::append(const Tensor& parameter) {
  register_parameter(std::to_string(parameters_.size()), parameter, parameter.requires_grad());
}
void ParameterListImpl::append(const Item& item) { append(item.value()); }
ParameterListImpl::Iterator ParameterListImpl::begin() { return parameters_.begin(); }
ParameterListImpl::ConstIterator ParameterListImpl::begin() const {
  return static_cast<const OrderedDict<std::string, Tensor>&>(parameters_).begin();
}
ParameterListImpl::Iterator ParameterListImpl::end() { return parameters_.end(); }
ParameterListImpl::ConstIterator ParameterListImpl::end() const {
  return static_cast<const OrderedDict<std::string, Tensor>&>(parameters_).end();
}
Tensor& ParameterListImpl::at(size_t index) {
  TORCH_CHECK(index < size(), "Index out of range");
  return parameters_[std::to_string(index)];
}
const Tensor& ParameterListImpl::at(size_t index) const {
  TORCH_CHECK(index < size(), "Index out of range");
  return parameters_[std::to_string(index)];
}
size_t ParameterListImpl::size() const noexcept { return parameters_.size(); }
bool ParameterListImpl::is_empty() const noexcept { return parameters_.is_empty(); }

PHAROS_DEFINE_MODULE_WITHOUT_FORWARD(ParameterDictImpl)
ParameterDictImpl::ParameterDictImpl() = default;
ParameterDictImpl::ParameterDictImpl(const Dict& parameters) { parameters_ = parameters; }
void ParameterDictImpl::reset() { parameters_.clear(); }
void ParameterDictImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::ParameterDict(\n";
  print_parameters(stream, parameters_);
}
Tensor& ParameterDictImpl::insert(std::string key, Tensor parameter) {
  const bool requires_grad = parameter.requires_grad();
  return register_parameter(std::move(key), std::move(parameter), requires_grad);
}
Tensor ParameterDictImpl::pop(const std::string& key) {
  Tensor v = parameters_[key];
  parameters_.erase(key);
  return v;
}
std::vector<std::string> ParameterDictImpl::keys() const { return parameters_.keys(); }
std::vector<Tensor> ParameterDictImpl::values() const { return parameters_.values(); }
std::vector<std::pair<std::string, Tensor>> ParameterDictImpl::items() const {
  return parameters_.pairs();
}
ParameterDictImpl::Iterator ParameterDictImpl::begin() { return parameters_.begin(); }
ParameterDictImpl::ConstIterator ParameterDictImpl::begin() const { return parameters_.begin(); }
ParameterDictImpl::Iterator ParameterDictImpl::end() { return parameters_.end(); }
ParameterDictImpl::ConstIterator ParameterDictImpl::end() const { return parameters_.end(); }
size_t ParameterDictImpl::size() const noexcept { return parameters_.size(); }
bool ParameterDictImpl::empty() const noexcept { return parameters_.is_empty(); }
bool ParameterDictImpl::contains(const std::string& key) const noexcept {
  return parameters_.contains(key);
}
void ParameterDictImpl::clear() { parameters_.clear(); }
const Tensor& ParameterDictImpl::get(const std::string& key) const { return parameters_[key]; }
Tensor& ParameterDictImpl::get(const std::string& key) { return parameters_[key]; }
void ParameterDictImpl::set(const std::string& key, const Tensor& parameter) {
  if (contains(key))
    parameters_[key] = parameter;
  else
    insert(key, parameter);
}

// --- Functional ---

PHAROS_DEFINE_MODULE(FunctionalImpl)
FunctionalImpl::FunctionalImpl(Function function) : function_(std::move(function)) {}
void FunctionalImpl::reset() {}
void FunctionalImpl::pretty_print(std::ostream& stream) const {
  stream << "torch::nn::Functional()";
}
Tensor FunctionalImpl::forward(Tensor input) {
  return pharos::nn::run_layer(*this, input, [this](const Tensor& x) { return function_(x); });
}
Tensor FunctionalImpl::operator()(Tensor input) { return forward(std::move(input)); }
bool FunctionalImpl::is_serializable() const { return false; }

}  // namespace torch::nn
