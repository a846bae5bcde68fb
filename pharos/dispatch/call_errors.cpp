// The errors of boxed calls, in PyTorch's words. Schemas are parsed only here, when a call failed.
#include "dispatch/boxing.h"
#include "dispatch/user_ops.h"

namespace pharos {

void throw_argument_error(const OpRow& op, const torch::jit::Stack& stack, size_t n, size_t i) {
  const c10::FunctionSchema& schema = schema_of(op);
  const c10::IValue& v = stack[stack.size() - n + i];
  schema.checkArg(v, schema.arguments().at(i), i);
  TORCH_CHECK(false, op.name, "() ",
              schema.arguments().at(i).formatTypeMismatchMsg(v.type()->repr_str()), "Position: ", i,
              "\nDeclaration: ", op.schema);
}

void throw_missing_argument(const OpRow& op, size_t given, size_t) {
  TORCH_CHECK(false, op.name, "() is missing value for argument '",
              schema_of(op).arguments().at(given).name(), "'. Declaration: ", op.schema);
}

}  // namespace pharos
