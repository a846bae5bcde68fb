// AnyModule, AnyValue and the slots by which a module knows the AnyModules that hold it.
#include <pharos/nn/any.h>

#include <algorithm>
#include <mutex>

#include "nn/hooks.h"
#include "nn/names.h"

namespace torch::nn {

using pharos::nn::AnySlot;
using pharos::nn::type_name;

AnyValue::AnyValue(Tensor t) noexcept : tensor_(std::move(t)) {}
AnyValue::AnyValue(AnyValue&& o) noexcept : tensor_(std::move(o.tensor_)), content_(o.content_) {
  o.content_ = nullptr;
}
AnyValue& AnyValue::operator=(AnyValue&& o) noexcept {
  std::swap(tensor_, o.tensor_);
  std::swap(content_, o.content_);
  return *this;
}
AnyValue::AnyValue(const AnyValue& o)
    : tensor_(o.tensor_), content_(o.content_ ? o.content_->clone() : nullptr) {}
AnyValue& AnyValue::operator=(const AnyValue& o) { return *this = AnyValue(o); }
AnyValue::~AnyValue() { delete content_; }
AnyValue::Placeholder::~Placeholder() = default;
const std::type_info& AnyValue::type_info() const noexcept {
  return content_ ? content_->type() : typeid(Tensor);
}
void AnyValue::wrong_type(const std::type_info& wanted) const {
  TORCH_CHECK(false, "Attempted to cast AnyValue to ", type_name(wanted),
              ", but its actual type is ", type_name(type_info()));
}

AnyModule::AnyModule() noexcept = default;
AnyModule::AnyModule(AnyModule&& o) noexcept : slot_(o.slot_) { o.slot_ = nullptr; }
AnyModule& AnyModule::operator=(AnyModule&& o) noexcept {
  std::swap(slot_, o.slot_);
  return *this;
}
AnyModule::AnyModule(const AnyModule& o)
    : slot_(o.slot_ ? new AnySlot(o.slot_->module, o.slot_->ops) : nullptr) {}
AnyModule& AnyModule::operator=(const AnyModule& o) {
  if (this != &o) *this = AnyModule(o);
  return *this;
}
AnyModule::~AnyModule() { delete slot_; }
AnyModule::AnyModule(std::shared_ptr<Module> module, const pharos::nn::AnyOps* ops) {
  TORCH_CHECK(module != nullptr, "Accessing empty ModuleHolder");
  slot_ = new AnySlot(std::move(module), ops);
}

AnyModule AnyModule::clone(std::optional<Device> device) const {
  AnyModule copy;
  if (slot_) copy.slot_ = new AnySlot(slot_->module->clone(device), slot_->ops);
  return copy;
}
std::shared_ptr<Module> AnyModule::ptr() const {
  TORCH_CHECK(slot_, "Cannot call ptr() on an empty AnyModule");
  return slot_->module;
}
const std::type_info& AnyModule::type_info() const {
  TORCH_CHECK(slot_, "Cannot call type_info() on an empty AnyModule");
  return *slot_->ops->type;
}
void AnyModule::check_type(const std::type_info& wanted, const char* what) const {
  TORCH_CHECK(slot_, "Cannot call ", what, " on an empty AnyModule");
  TORCH_CHECK(wanted == *slot_->ops->type, "Attempted to cast module of type ",
              type_name(*slot_->ops->type), " to type ", type_name(wanted));
}
AnyValue AnyModule::call(std::vector<AnyValue>& arguments) {
  TORCH_CHECK(slot_, "Cannot call forward() on an empty AnyModule");
  TORCH_CHECK(slot_->ops->forward, type_name(*slot_->ops->type), " has no forward() method");
  // The module may replace itself while it runs.
  const std::shared_ptr<Module> keep = slot_->module;
  return slot_->ops->forward(*keep, arguments);
}
Tensor AnyModule::forward_tensor(const Tensor& input) {
  if (PHAROS_LIKELY(slot_ && slot_->ops->tensor)) {
    Module& m = *slot_->module;
    return slot_->ops->tensor(m, input);
  }
  std::vector<AnyValue> arguments;
  arguments.emplace_back(input);
  return call(arguments).get<Tensor>();
}

NamedAnyModule::NamedAnyModule(std::string name, AnyModule module)
    : name_(std::move(name)), module_(std::move(module)) {}
NamedAnyModule::NamedAnyModule(const NamedAnyModule&) = default;
NamedAnyModule::~NamedAnyModule() = default;

}  // namespace torch::nn

namespace pharos::nn {

namespace {
// Copies of AnyModules may be made by several threads at once.
std::mutex& slots_mutex() {
  static std::mutex* m = new std::mutex;
  return *m;
}
}  // namespace

AnySlot::AnySlot(std::shared_ptr<Module> m, const AnyOps* o) : module(std::move(m)), ops(o) {
  attach();
}
AnySlot::~AnySlot() { detach(); }
void AnySlot::set(std::shared_ptr<Module> m, const AnyOps* o) {
  detach();
  module = std::move(m);
  ops = o;
  attach();
}
void AnySlot::attach() {
  std::lock_guard<std::mutex> lock(slots_mutex());
  module->slots_.push_back(this);
}
void AnySlot::detach() {
  std::lock_guard<std::mutex> lock(slots_mutex());
  auto& slots = module->slots_;
  slots.erase(std::find(slots.begin(), slots.end(), this));
}

const AnyOps* ReplaceChild::ops_of(const Module& m) {
  std::lock_guard<std::mutex> lock(slots_mutex());
  return m.slots_.empty() ? nullptr : m.slots_.front()->ops;
}

bool ReplaceChild::in_slots(Module& from, const std::shared_ptr<Module>& to, const AnyOps* ops) {
  std::vector<AnySlot*> slots;
  {
    std::lock_guard<std::mutex> lock(slots_mutex());
    for (AnySlot* s : from.slots_)
      if (!s->in_container) slots.push_back(s);
  }
  TORCH_CHECK(slots.empty() || (ops && ops->forward), "replace_module: ", type_name(typeid(*to)),
              " has no forward() that an AnyModule could call");
  for (AnySlot* s : slots) s->set(to, ops);
  return !slots.empty();
}

void check_any_arguments(Module& m, const std::type_info& type, std::vector<AnyValue>& arguments,
                         size_t count) {
  const size_t given = arguments.size();
  if (m._forward_has_default_args()) {
    const size_t required = m._forward_num_required_args();
    TORCH_CHECK(given >= required && given <= count, type_name(type),
                "'s forward() method expects at least ", required, " argument(s) and at most ",
                count, " argument(s), but received ", given, ".");
    arguments = m._forward_populate_default_args(std::move(arguments));
    return;
  }
  TORCH_CHECK(given == count, type_name(type), "'s forward() method expects ", count,
              " argument(s), but received ", given, ".",
              given < count ? " If " + type_name(type) +
                                  "'s forward() method has default arguments, please make sure the "
                                  "forward() method is declared with a corresponding "
                                  "`FORWARD_HAS_DEFAULT_ARGS` macro."
                            : std::string());
}
void wrong_any_argument(size_t index, const std::type_info& wanted, const AnyValue& got) {
  TORCH_CHECK(false, "Expected argument #", index, " to be of type ", type_name(wanted),
              ", but received value of type ", type_name(got.type_info()));
}

}  // namespace pharos::nn
