// torch::Library: what TORCH_LIBRARY and RegisterOperators add to the table, and take out again.
#include <pharos/dispatch/library.h>

#include <map>
#include <mutex>

#include "dispatch/user_ops.h"

namespace torch {

using c10::DispatchKey;
using c10::FunctionSchema;
using pharos::UserOp;
using pharos::UserOps;

namespace detail {
Kernel::~Kernel() = default;
}

CppFunction::CppFunction(detail::KernelPtr kernel) : kernel_(std::move(kernel)) {}
CppFunction::CppFunction(detail::KernelPtr kernel, std::vector<c10::TypePtr> arguments,
                         std::vector<c10::TypePtr> results)
    : kernel_(std::move(kernel)),
      has_types_(true),
      arguments_(std::move(arguments)),
      results_(std::move(results)) {}
CppFunction::CppFunction(const CppFunction&) = default;
CppFunction::~CppFunction() = default;
CppFunction CppFunction::makeFallthrough() { return CppFunction(detail::KernelPtr()); }

CppFunction dispatch(DispatchKey key, CppFunction f) {
  f.key_ = key;
  return f;
}
CppFunction dispatch(c10::DeviceType device, CppFunction f) {
  switch (device) {
    case c10::DeviceType::CPU:
      return dispatch(DispatchKey::CPU, std::move(f));
    case c10::DeviceType::CUDA:
      return dispatch(DispatchKey::CUDA, std::move(f));
    case c10::DeviceType::Meta:
      return dispatch(DispatchKey::Meta, std::move(f));
    case c10::DeviceType::PrivateUse1:
      return dispatch(DispatchKey::PrivateUse1, std::move(f));
    default:
      TORCH_CHECK_NOT_IMPLEMENTED(false, "torch::dispatch: kernels for ", device,
                                  " are not supported");
  }
}

namespace {

// One lock for all registration; calls never take it.
std::mutex& registration() {
  static auto* m = new std::mutex;
  return *m;
}
// Where each name space had its TORCH_LIBRARY.
std::map<std::string, std::string>& owners() {
  static auto* m = new std::map<std::string, std::string>;
  return *m;
}

FunctionSchema inferred_schema(const c10::OperatorName& name,
                               const std::vector<c10::TypePtr>& arguments,
                               const std::vector<c10::TypePtr>& results) {
  const auto named = [](const std::vector<c10::TypePtr>& types) {
    std::vector<c10::Argument> out;
    for (size_t i = 0; i < types.size(); ++i) out.emplace_back("_" + std::to_string(i), types[i]);
    return out;
  };
  return FunctionSchema(name.name, name.overload_name, named(arguments), named(results));
}

std::string difference(const char* what, const std::vector<c10::Argument>& expected,
                       const std::vector<c10::Argument>& inferred) {
  if (expected.size() != inferred.size())
    return std::string("The number of ") + what + "s is different. " +
           std::to_string(expected.size()) + " vs " + std::to_string(inferred.size()) + ".";
  for (size_t i = 0; i < expected.size(); ++i) {
    const c10::TypePtr a = expected[i].type(), b = inferred[i].type();
    // Classes are known to C++ by type and to the schema by name; values of any type fit all.
    if (a == b || b->kind() == c10::TypeKind::CapsuleType || b->kind() == c10::TypeKind::AnyType)
      continue;
    return std::string("Type mismatch in ") + what + " " + std::to_string(i + 1) + ": " + a->str() +
           " vs " + b->str() + ".";
  }
  return {};
}

void check_types(const UserOp& op, const FunctionSchema& schema,
                 const std::vector<c10::TypePtr>& arguments,
                 const std::vector<c10::TypePtr>& results) {
  const FunctionSchema inferred = inferred_schema(schema.operator_name(), arguments, results);
  std::string reason = difference("argument", schema.arguments(), inferred.arguments());
  if (reason.empty()) reason = difference("return", schema.returns(), inferred.returns());
  TORCH_CHECK(reason.empty(),
              "Inferred operator schema for a C++ kernel function doesn't match the expected "
              "function schema.\n"
              "  operator: ",
              toString(schema.operator_name()), "\n  expected schema: ", schema.str(), "\n    ",
              op.origin, "\n  inferred schema: ", inferred.str(), "\n  reason: ", reason);
}

}  // namespace

struct Library::Impl {
  Kind kind;
  std::string ns;  // empty for RegisterOperators
  DispatchKey key;
  std::string origin;
  bool owns_namespace = false;
  std::vector<UserOp*> defined;
  struct Registered {
    UserOp* op;
    size_t key;
    detail::KernelPtr kernel;
  };
  std::vector<Registered> kernels;

  std::string debug() const { return "registered at " + origin; }
  c10::OperatorName qualified(c10::OperatorName name) const {
    const auto given = name.getNamespace();
    if (!given) {
      TORCH_CHECK(!ns.empty(), "Operator '", name.name,
                  "' has no namespace: write \"ns::", name.name, "\"");
      name.name = ns + "::" + name.name;
    } else {
      TORCH_CHECK(
          ns.empty() || *given == ns, "Explicitly provided namespace (", std::string(*given),
          ") in schema string does not match namespace of enclosing TORCH_LIBRARY block (", ns,
          "). Move this definition to the (unique) TORCH_LIBRARY block corresponding to this "
          "namespace "
          "(and consider deleting the namespace from your schema string.)");
    }
    return name;
  }

  UserOp* define(FunctionSchema schema) {
    const c10::OperatorName name = qualified(schema.operator_name());
    schema = schema.cloneWithName(name.name, name.overload_name);
    TORCH_CHECK(
        kind != IMPL, "def(\"", schema.str(),
        "\"): Cannot define an operator inside of a TORCH_LIBRARY_IMPL block. All def()s should be "
        "placed in the (unique) TORCH_LIBRARY block for their namespace. Error occurred at ",
        origin);
    const auto twice = [&](const std::string& original) {
      TORCH_CHECK(false, "Tried to register an operator (", schema.str(),
                  ") with the same name and overload name multiple times. Each overload's schema "
                  "should only be "
                  "registered with a single call to def(). Duplicate registration: ",
                  debug(), ". Original registration: ", original);
    };
    if (pharos::find_op(name.name, name.overload_name)) twice("built in");
    std::lock_guard<std::mutex> lock(registration());
    UserOp* op = UserOps::find_or_add(name.name, name.overload_name);
    if (op->parsed.load(std::memory_order_relaxed)) twice(op->origin);
    op->origin = debug();
    if (op->has_types) check_types(*op, schema, op->arguments, op->results);
    op->schemas.push_back(
        std::make_unique<const std::pair<FunctionSchema, std::string>>(schema, schema.str()));
    op->schema = op->schemas.back()->second.c_str();
    op->parsed.store(&op->schemas.back()->first, std::memory_order_release);
    defined.push_back(op);
    return op;
  }

  void implement(const c10::OperatorName& name, detail::KernelPtr kernel, bool has_types,
                 const std::vector<c10::TypePtr>& arguments,
                 const std::vector<c10::TypePtr>& results, DispatchKey own_key) {
    TORCH_CHECK_NOT_IMPLEMENTED(!pharos::find_op(name.name, name.overload_name), "impl(\"",
                                toString(name),
                                "\"): the kernels of built-in operators cannot be replaced");
    TORCH_CHECK(
        own_key == DispatchKey::Undefined || key == DispatchKey::Undefined || own_key == key,
        "impl(\"", toString(name), "\", ...): Explicitly provided dispatch key (",
        c10::toString(own_key),
        ") is inconsistent with the dispatch key of the enclosing TORCH_LIBRARY_IMPL block (",
        c10::toString(key),
        "). Please declare a separate TORCH_LIBRARY_IMPL block for this dispatch key.");
    if (!kernel) return;
    DispatchKey k = own_key != DispatchKey::Undefined ? own_key : key;
    if (k == DispatchKey::Undefined) k = DispatchKey::CompositeImplicitAutograd;
    std::lock_guard<std::mutex> lock(registration());
    UserOp* op = UserOps::find_or_add(name.name, name.overload_name);
    if (has_types) {
      if (const FunctionSchema* s = op->parsed.load(std::memory_order_relaxed))
        check_types(*op, *s, arguments, results);
      op->arguments = arguments;
      op->results = results;
      op->has_types = true;
    }
    const size_t slot = static_cast<size_t>(k);
    op->kernels[slot].store(kernel.get(), std::memory_order_release);
    kernels.push_back({op, slot, std::move(kernel)});
  }

  ~Impl() {
    std::lock_guard<std::mutex> lock(registration());
    for (const Registered& r : kernels) {
      detail::Kernel* mine = r.kernel.get();
      r.op->kernels[r.key].compare_exchange_strong(mine, nullptr);
      r.op->has_types = false;
    }
    for (UserOp* op : defined) op->parsed.store(nullptr, std::memory_order_release);
    if (owns_namespace) owners().erase(ns);
  }
};

Library::Library(Kind kind, std::string ns, DispatchKey key, const char* file, uint32_t line)
    : impl_(std::make_unique<Impl>()) {
  impl_->kind = kind;
  impl_->ns = ns == "_" ? "" : ns;
  impl_->key = key;
  impl_->origin = std::string(file) + ":" + std::to_string(line);
  if (kind != DEF) return;
  std::lock_guard<std::mutex> lock(registration());
  const auto [it, fresh] = owners().emplace(ns, impl_->debug());
  TORCH_CHECK(fresh && ns != "aten",
              "Only a single TORCH_LIBRARY can be used to register the namespace ", ns,
              "; please put all of your definitions in a single TORCH_LIBRARY block.  If you were "
              "trying to "
              "specify implementations, consider using TORCH_LIBRARY_IMPL (which can be "
              "duplicated).  If you "
              "really intended to define operators for a single namespace in a distributed way, "
              "you can use "
              "TORCH_LIBRARY_FRAGMENT to explicitly indicate this.  Previous registration of "
              "TORCH_LIBRARY was ",
              it->second, "; latest registration was ", impl_->debug());
  impl_->owns_namespace = true;
}
Library::Library(Library&&) noexcept = default;
Library::~Library() = default;

Library& Library::def(const char* schema) {
  impl_->define(jit::parseSchema(schema));
  return *this;
}
Library& Library::def(FunctionSchema schema) {
  impl_->define(std::move(schema));
  return *this;
}
Library& Library::def(const char* name_or_schema, CppFunction f) {
  const std::string text = name_or_schema;
  UserOp* op;
  if (jit::is_schema(text)) {
    op = impl_->define(jit::parseSchema(text));
  } else {
    TORCH_CHECK(
        f.has_types_, "def(\"", text,
        "\"): Full schema string was not specified, and we couldn't infer schema either.  Please "
        "explicitly provide a schema string.");
    op = impl_->define(inferred_schema(jit::parseName(text), f.arguments_, f.results_));
  }
  impl_->implement({op->full_name, op->overload_name}, f.kernel_, f.has_types_, f.arguments_,
                   f.results_, f.key_);
  return *this;
}
Library& Library::impl(const char* name, CppFunction f) {
  impl_->implement(impl_->qualified(jit::parseName(name)), f.kernel_, f.has_types_, f.arguments_,
                   f.results_, f.key_);
  return *this;
}
Library& Library::fallback(CppFunction) {
  TORCH_CHECK_NOT_IMPLEMENTED(false, "Library::fallback() is not supported");
}

detail::TorchLibraryInit::TorchLibraryInit(Library::Kind kind, Fill* fill, const char* ns,
                                           DispatchKey key, const char* file, uint32_t line)
    : library_(kind, ns, key, file, line) {
  fill(library_);
}

RegisterOperators::RegisterOperators()
    : library_(Library::FRAGMENT, "_", DispatchKey::Undefined, "torch::RegisterOperators", 0) {}
RegisterOperators::~RegisterOperators() = default;
RegisterOperators::RegisterOperators(RegisterOperators&&) noexcept = default;
void RegisterOperators::add(const std::string& name_or_schema, CppFunction f) {
  library_.def(name_or_schema, std::move(f));
}

}  // namespace torch
