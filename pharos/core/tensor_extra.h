// The rare parts of a tensor, allocated on demand: more dims than fit inline, an alias group's own
// version counter, and the slots of other front ends.
#pragma once

#include <pharos/core/tensor_impl.h>

#include <string>

namespace pharos {

struct VersionCounter {
  std::atomic<uint32_t> refcount{1};
  std::atomic<uint32_t> version{0};
};

}  // namespace pharos

namespace c10 {

struct TensorExtra {
  int64_t* dims = nullptr;  // sizes then strides, 2 * ndim values; only above kInlineDims
  pharos::VersionCounter* version = nullptr;
  void* python_object = nullptr;
  std::string name;

  ~TensorExtra();
  void set_version(pharos::VersionCounter* v);  // takes over the reference
};

}  // namespace c10
