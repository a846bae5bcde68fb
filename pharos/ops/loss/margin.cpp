// Shape rules of the margin losses over classes.
#include <pharos/ops/functions.h>

#include "ops/loss/loss.h"
#include "ops/loss_decls.h"

namespace pharos::ops {
namespace {

int64_t check_rows(const Tensor& self) {
  const int64_t n = self.dim();
  const bool ok = n <= 2 && (n == 0 || self.sizes()[n - 1] > 0);
  TORCH_CHECK(ok, "Expected non-empty vector or matrix with optional 0-dim batch size, but got: ",
              self.sizes());
  return n == 2 ? self.sizes()[0] : 1;
}

void set_rows(Out& out, const Tensor& self, int64_t rows, int64_t reduction) {
  const int64_t sizes[] = {rows};
  if (reduction == at::Reduction::None && self.dim() == 2)
    out.set(0, sizes, self.scalar_type(), self.device());
  else
    out.set(0, {}, self.scalar_type(), self.device());
}

}  // namespace

void multilabel_margin_shape(Out& out, const Tensor& self, const Tensor& target,
                             int64_t reduction) {
  const int64_t rows = check_rows(self);
  TORCH_CHECK(self.dim() == 0 ? target.numel() == 1 : target.sizes().equals(self.sizes()),
              "inconsistent target size: ", target.sizes(), " for input of size: ", self.sizes());
  set_rows(out, self, rows, reduction);
  out.set(1, target.sizes(), self.scalar_type(), self.device());
}

void multi_margin_shape(Out& out, const Tensor& self, const Tensor& target, const Scalar& p,
                        const OptTensor& weight, int64_t reduction) {
  TORCH_CHECK_VALUE(p.equal(1) || p.equal(2), "only p == 1 and p == 2 supported");
  const int64_t rows = check_rows(self);
  TORCH_CHECK(target.dim() <= 1 && target.numel() == rows,
              "multi_margin_loss: target tensor should be 1-D with size equal to the number of "
              "input samples (batch size). Expected target size [",
              rows, "], but got ", target.sizes(), ". Input has shape ", self.sizes(), ".");
  const int64_t classes = self.dim() == 0 ? 1 : self.size(-1);
  if (weight && weight->defined())
    TORCH_CHECK(weight->dim() <= 1 && weight->numel() == classes,
                "inconsistent weight size, expected ", classes, " but got ", weight->sizes());
  set_rows(out, self, rows, reduction);
}

Tensor multilabel_margin_loss(const Tensor& self, const Tensor& target, int64_t reduction) {
  return std::get<0>(at::multilabel_margin_loss_forward(self, target, reduction));
}

}  // namespace pharos::ops
