// Keeps a half-built graph of values safe to drop. A file may nest containers a million deep or let
// them contain themselves; freed in the ordinary way the first overflows the stack and the second
// leaks.
#pragma once

#include <pharos/dispatch/ivalue.h>

#include <unordered_set>
#include <vector>

namespace pharos::io {

class ValueGraph {
 public:
  ValueGraph() = default;
  ValueGraph(const ValueGraph&) = delete;
  ValueGraph& operator=(const ValueGraph&) = delete;
  // Takes everything apart that finish() has not handed over.
  ~ValueGraph();
  // Every container must be adopted when it is made, after the tuples' elements.
  void adopt(const c10::IValue& v);
  // Checks the depth of what `root` reaches, replaces references of containers to themselves by
  // inert records "cycle", and gives homogeneous lists and dicts their types. From here on the
  // graph of `root` is the caller's.
  void finish(c10::IValue& root, int max_depth);

 private:
  std::vector<c10::IValue> made_;
  std::unordered_set<const void*> kept_;
};

// The identity of a container; null for other values.
const void* container_identity(const c10::IValue& v);

}  // namespace pharos::io
