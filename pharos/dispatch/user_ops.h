// The table of operators that programs register: read without a lock, replaced as a whole by
// writers.
#pragma once

#include <pharos/dispatch/library.h>

#include <atomic>

#include "dispatch/op_table.h"

namespace pharos {

// Rows are never freed: handles and running calls may hold them. A library that goes takes its
// schema and kernels out again.
struct UserOp : OpRow {
  static constexpr size_t kKeys = static_cast<size_t>(c10::DispatchKey::NumKeys);
  UserOp(std::string name, std::string overload);
  const std::string full_name, overload_name;
  // Null while only kernels are registered.
  std::atomic<const c10::FunctionSchema*> parsed{nullptr};
  std::atomic<torch::detail::Kernel*> kernels[kKeys] = {};
  // Every schema it has had, with its text: handles may still look at a former one.
  std::vector<std::unique_ptr<const std::pair<c10::FunctionSchema, std::string>>> schemas;
  // Where the schema came from, for the error about a second one.
  std::string origin;
  // The C++ types of kernels registered before the schema.
  std::vector<c10::TypePtr> arguments, results;
  bool has_types = false;
};

struct UserOps {
  // Null where no library has named it.
  static UserOp* find(std::string_view name, std::string_view overload);
  static UserOp* find_or_add(const std::string& name, const std::string& overload);
  static std::vector<UserOp*> all();
};

// Whether kernels registered for Autograd are passed by in this thread.
extern thread_local constinit bool below_autograd __attribute__((tls_model("initial-exec")));

const c10::FunctionSchema& schema_of(const OpRow& op);

}  // namespace pharos
