// Look-up in the operator table.
#include "dispatch/op_table.h"

#include <algorithm>

namespace pharos {

const OpRow* find_op(std::string_view name, std::string_view overload) {
  const OpRow* end = kOpTable + kOpTableSize;
  const OpRow* row = std::lower_bound(kOpTable, end, 0, [&](const OpRow& r, int) {
    const int c = std::string_view(r.name).compare(name);
    return c < 0 || (c == 0 && std::string_view(r.overload) < overload);
  });
  return row != end && row->name == name && row->overload == overload ? row : nullptr;
}

}  // namespace pharos
