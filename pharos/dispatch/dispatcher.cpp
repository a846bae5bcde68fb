// c10::Dispatcher over the built-in table and the registered operators.
#include <pharos/dispatch/dispatcher.h>

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "dispatch/user_ops.h"

namespace pharos {

namespace {

// Rows of other tables: those that plug-ins bring.
const c10::FunctionSchema& schema_of_foreign(const OpRow& op) {
  static auto* mutex = new std::mutex;
  static auto* known = new std::unordered_map<const OpRow*, std::unique_ptr<c10::FunctionSchema>>;
  std::lock_guard<std::mutex> lock(*mutex);
  std::unique_ptr<c10::FunctionSchema>& s = (*known)[&op];
  if (!s) s = std::make_unique<c10::FunctionSchema>(torch::jit::parseSchema(op.schema));
  return *s;
}

}  // namespace

const c10::FunctionSchema& schema_of(const OpRow& op) {
  if (op.flags & kOpUser) {
    const auto* s = static_cast<const UserOp&>(op).parsed.load(std::memory_order_acquire);
    TORCH_CHECK(s, "Tried to access the schema for ", op.name,
                " which doesn't have a schema registered yet");
    return *s;
  }
  if (std::less<>()(&op, kOpTable) || !std::less<>()(&op, kOpTable + kOpTableSize))
    return schema_of_foreign(op);
  // Parsed when first asked for, then kept for ever.
  static auto* cache = new std::vector<std::atomic<const c10::FunctionSchema*>>(kOpTableSize);
  std::atomic<const c10::FunctionSchema*>& slot = (*cache)[static_cast<size_t>(&op - kOpTable)];
  const c10::FunctionSchema* known = slot.load(std::memory_order_acquire);
  if (known) return *known;
  const auto* parsed = new c10::FunctionSchema(torch::jit::parseSchema(op.schema));
  if (slot.compare_exchange_strong(known, parsed, std::memory_order_acq_rel)) return *parsed;
  delete parsed;
  return *known;
}

}  // namespace pharos

namespace c10 {

const char* toString(DispatchKey key) {
  constexpr const char* kNames[] = {"Undefined",
                                    "CatchAll",
                                    "CompositeImplicitAutograd",
                                    "CompositeExplicitAutograd",
                                    "CPU",
                                    "CUDA",
                                    "Meta",
                                    "PrivateUse1",
                                    "Autograd",
                                    "AutogradCPU",
                                    "AutogradCUDA",
                                    "AutogradMeta",
                                    "AutogradPrivateUse1",
                                    "ADInplaceOrView",
                                    "AutocastCPU",
                                    "AutocastCUDA"};
  static_assert(sizeof(kNames) / sizeof(*kNames) == static_cast<size_t>(DispatchKey::NumKeys));
  return kNames[static_cast<size_t>(key)];
}

const FunctionSchema& OperatorHandle::schema() const { return pharos::schema_of(*row_); }
OperatorName OperatorHandle::operator_name() const { return {row_->name, row_->overload}; }
std::string OperatorHandle::debug() const {
  return toString(operator_name()) + "\nschema: " + schema().str();
}
void OperatorHandle::callBoxed(torch::jit::Stack* stack) const {
  pharos::call_boxed(*row_, *stack);
}

Dispatcher& Dispatcher::singleton() {
  static Dispatcher* d = new Dispatcher;
  return *d;
}

std::optional<OperatorHandle> Dispatcher::findSchema(const OperatorName& name) const {
  if (const pharos::OpRow* row = pharos::find_op(name.name, name.overload_name))
    return OperatorHandle(row);
  const pharos::UserOp* op = pharos::UserOps::find(name.name, name.overload_name);
  if (!op || !op->parsed.load(std::memory_order_acquire)) return std::nullopt;
  return OperatorHandle(op);
}

OperatorHandle Dispatcher::findSchemaOrThrow(const char* name, const char* overload_name) const {
  const std::optional<OperatorHandle> op = findSchema({name, overload_name});
  if (op) return *op;
  const bool has_kernel = pharos::UserOps::find(name, overload_name) != nullptr;
  TORCH_CHECK(
      false, "Could not find schema for ", name, ".", overload_name,
      has_kernel ? " but we found an implementation; did you forget to def() the operator?" : "");
}

std::vector<OperatorName> Dispatcher::getAllOpNames() const {
  std::vector<OperatorName> names;
  for (size_t i = 0; i < pharos::kOpTableSize; ++i)
    names.emplace_back(pharos::kOpTable[i].name, pharos::kOpTable[i].overload);
  for (const pharos::UserOp* op : pharos::UserOps::all())
    if (op->parsed.load(std::memory_order_acquire))
      names.emplace_back(op->full_name, op->overload_name);
  return names;
}

void detail::check_result_count(const torch::jit::Stack& stack, size_t n) {
  TORCH_CHECK(stack.size() == n, "the operator left ", stack.size(),
              " results, the C++ signature has ", n);
}

}  // namespace c10
