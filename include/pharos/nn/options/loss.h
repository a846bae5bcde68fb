// Options of the losses.
#pragma once

#include <pharos/maybe.h>
#include <pharos/nn/arg.h>
#include <pharos/nn/enum.h>

#include <functional>
#include <optional>

namespace torch::nn {

// A loss whose only option is the reduction, which may be given directly.
#define PHAROS_REDUCTION_OPTIONS(Name)                         \
  struct PHAROS_API Name {                                     \
    using reduction_t = nn::reduction_t;                       \
    Name() = default;                                          \
    Name(enumtype::kNone reduction) : reduction_(reduction) {} \
    Name(enumtype::kMean reduction) : reduction_(reduction) {} \
    Name(enumtype::kSum reduction) : reduction_(reduction) {}  \
    TORCH_ARG(reduction_t, reduction) = torch::kMean;
#define PHAROS_LOSS_OPTIONS(Name)        \
  struct PHAROS_API Name {               \
    using reduction_t = nn::reduction_t; \
    TORCH_ARG(reduction_t, reduction) = torch::kMean;

// clang-format off
PHAROS_REDUCTION_OPTIONS(L1LossOptions)
};
PHAROS_REDUCTION_OPTIONS(MSELossOptions)
};
PHAROS_REDUCTION_OPTIONS(MultiLabelMarginLossOptions)
};
PHAROS_REDUCTION_OPTIONS(SoftMarginLossOptions)
};
PHAROS_REDUCTION_OPTIONS(SmoothL1LossOptions)
  TORCH_ARG(std::optional<double>, beta);
};
PHAROS_REDUCTION_OPTIONS(HuberLossOptions)
  TORCH_ARG(double, delta) = 1.0;
};
PHAROS_LOSS_OPTIONS(BCELossOptions)
  TORCH_ARG(Tensor, weight);
};
PHAROS_LOSS_OPTIONS(BCEWithLogitsLossOptions)
  TORCH_ARG(Tensor, weight);
  TORCH_ARG(Tensor, pos_weight);
};
PHAROS_LOSS_OPTIONS(HingeEmbeddingLossOptions)
  TORCH_ARG(double, margin) = 1.0;
};
PHAROS_LOSS_OPTIONS(MultiMarginLossOptions)
  TORCH_ARG(int64_t, p) = 1;
  TORCH_ARG(double, margin) = 1.0;
  TORCH_ARG(Tensor, weight);
};
PHAROS_LOSS_OPTIONS(CosineEmbeddingLossOptions)
  TORCH_ARG(double, margin) = 0.0;
};
PHAROS_LOSS_OPTIONS(MultiLabelSoftMarginLossOptions)
  TORCH_ARG(Tensor, weight);
};
PHAROS_LOSS_OPTIONS(TripletMarginLossOptions)
  TORCH_ARG(double, margin) = 1.0;
  TORCH_ARG(double, p) = 2.0;
  TORCH_ARG(double, eps) = 1e-6;
  TORCH_ARG(bool, swap) = false;
};
PHAROS_LOSS_OPTIONS(TripletMarginWithDistanceLossOptions)
 public:
  using distance_function_t = std::function<Tensor(const Tensor&, const Tensor&)>;
  PHAROS_ARG(pharos::Maybe<distance_function_t>, distance_function);
  TORCH_ARG(double, margin) = 1.0;
  TORCH_ARG(bool, swap) = false;
};
PHAROS_LOSS_OPTIONS(CTCLossOptions)
  TORCH_ARG(int64_t, blank) = 0;
  TORCH_ARG(bool, zero_infinity) = false;
};
PHAROS_LOSS_OPTIONS(PoissonNLLLossOptions)
  TORCH_ARG(bool, log_input) = true;
  TORCH_ARG(bool, full) = false;
  TORCH_ARG(double, eps) = 1e-8;
};
PHAROS_LOSS_OPTIONS(MarginRankingLossOptions)
  TORCH_ARG(double, margin) = 0;
};
PHAROS_LOSS_OPTIONS(NLLLossOptions)
  TORCH_ARG(Tensor, weight);
  TORCH_ARG(int64_t, ignore_index) = -100;
};
PHAROS_LOSS_OPTIONS(CrossEntropyLossOptions)
  TORCH_ARG(Tensor, weight);
  TORCH_ARG(int64_t, ignore_index) = -100;
  TORCH_ARG(double, label_smoothing) = 0.0;
};
// clang-format on
#undef PHAROS_LOSS_OPTIONS
#undef PHAROS_REDUCTION_OPTIONS

struct PHAROS_API KLDivLossOptions {
  using reduction_t =
      enumtype::OneOf<enumtype::kNone, enumtype::kBatchMean, enumtype::kSum, enumtype::kMean>;
  KLDivLossOptions() = default;
  KLDivLossOptions(enumtype::kNone reduction) : reduction_(reduction) {}
  KLDivLossOptions(enumtype::kBatchMean reduction) : reduction_(reduction) {}
  KLDivLossOptions(enumtype::kSum reduction) : reduction_(reduction) {}
  KLDivLossOptions(enumtype::kMean reduction) : reduction_(reduction) {}
  TORCH_ARG(reduction_t, reduction) = torch::kMean;
  TORCH_ARG(bool, log_target) = false;
};

namespace functional {

using L1LossFuncOptions = L1LossOptions;
using KLDivFuncOptions = KLDivLossOptions;
using MSELossFuncOptions = MSELossOptions;
using BinaryCrossEntropyFuncOptions = BCELossOptions;
using HingeEmbeddingLossFuncOptions = HingeEmbeddingLossOptions;
using MultiMarginLossFuncOptions = MultiMarginLossOptions;
using CosineEmbeddingLossFuncOptions = CosineEmbeddingLossOptions;
using MultilabelMarginLossFuncOptions = MultiLabelMarginLossOptions;
using SoftMarginLossFuncOptions = SoftMarginLossOptions;
using MultilabelSoftMarginLossFuncOptions = MultiLabelSoftMarginLossOptions;
using TripletMarginLossFuncOptions = TripletMarginLossOptions;
using TripletMarginWithDistanceLossFuncOptions = TripletMarginWithDistanceLossOptions;
using CTCLossFuncOptions = CTCLossOptions;
using SmoothL1LossFuncOptions = SmoothL1LossOptions;
using HuberLossFuncOptions = HuberLossOptions;
using PoissonNLLLossFuncOptions = PoissonNLLLossOptions;
using MarginRankingLossFuncOptions = MarginRankingLossOptions;
using NLLLossFuncOptions = NLLLossOptions;
using CrossEntropyFuncOptions = CrossEntropyLossOptions;
using BinaryCrossEntropyWithLogitsFuncOptions = BCEWithLogitsLossOptions;

}  // namespace functional
}  // namespace torch::nn
