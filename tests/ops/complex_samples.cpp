// Samples of lazy conj and neg bits and of views between complex and real tensors.
#include "ops/samples.h"

namespace pharos::testing {
namespace {

#define LAZY(row, ...)                      \
  OP_SAMPLES(row, s) {                      \
    s.by_memory_order();                    \
    s.add(complex({2, 3}));                 \
    s.add(complex({}));                     \
    s.add(complex({0, 2}));                 \
    s.add(at::conj(complex({2})));          \
    s.add(at::_neg_view(complex({2})));     \
    for (const Tensor& t : {__VA_ARGS__}) { \
      s.add(t);                             \
      s.add(at::_neg_view(t));              \
    }                                       \
  }
LAZY("_conj", complex({3}))
LAZY("_neg_view", randn({2, 3}))
LAZY("resolve_conj", randn({2, 3}))
LAZY("resolve_neg", randn({2, 3}))
LAZY("is_conj", randn({2, 3}))
LAZY("is_neg", randn({2, 3}))
LAZY("is_complex", randn({2, 3}))

OP_SAMPLES("view_as_complex", s) {
  s.by_memory_order();
  s.only_base_dtype("there is no complex32 to compare with");
  s.add(randn({3, 2}));
  s.add(randn({2}));
  s.add(randn({0, 2}));
  s.add(randn({2, 3, 2}).transpose(0, 1));
  s.error("Tensor must have a last dimension of size 2", randn({3}));
  s.error("Input tensor must have one or more dimensions", randn({}));
  s.error(
      "view_as_complex is only supported for half, float and double tensors, but got a tensor "
      "of scalar type: Int",
      ints({2}, 0, 3).to(at::kInt));
}

}  // namespace
}  // namespace pharos::testing
