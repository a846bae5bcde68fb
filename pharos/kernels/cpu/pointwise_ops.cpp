// Assembles the tables of inner loops at the first use of any of them.
#include "kernels/cpu/pointwise_ops.h"

namespace pharos::cpu {
namespace {

struct Tables {
  OpTable at[static_cast<int>(Op::kCount)] = {};
  Tables() {
    for (OpTable& t : at) t.cost = 1;
    detail::register_arithmetic(at);
    detail::register_logic(at);
    detail::register_unary(at);
    detail::register_math(at);
    detail::register_activation(at);
    detail::register_special(at);
    detail::register_complex(at);
  }
};

}  // namespace

const OpTable& op_table(Op op) {
  static const Tables tables;
  return tables.at[static_cast<int>(op)];
}

}  // namespace pharos::cpu
