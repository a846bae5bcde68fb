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

const OpTable* detail::tables = nullptr;

const OpTable* detail::make_tables() {
  static const Tables made;
  // Every thread stores the same pointer, after the tables are complete.
  const OpTable* first = made.at;
  __atomic_store_n(&tables, first, __ATOMIC_RELEASE);
  return first;
}

}  // namespace pharos::cpu
