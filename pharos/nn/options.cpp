// Setters of options that hold strings, vectors or functions.
#include <pharos/nn/modules/attention.h>
#include <pharos/nn/options/activation.h>
#include <pharos/nn/options/linear.h>
#include <pharos/nn/options/loss.h>
#include <pharos/nn/options/norm.h>
#include <pharos/nn/options/padding.h>
#include <pharos/nn/options/vision.h>

namespace torch::nn {

PHAROS_DEFINE_ARG(AdaptiveLogSoftmaxWithLossOptions, std::vector<int64_t>, cutoffs)
PHAROS_DEFINE_ARG(GELUOptions, std::string, approximate)
PHAROS_DEFINE_ARG(LayerNormOptions, std::vector<int64_t>, normalized_shape)
PHAROS_DEFINE_ARG(UpsampleOptions, pharos::Maybe<std::vector<int64_t>>, size)
PHAROS_DEFINE_ARG(UpsampleOptions, pharos::Maybe<std::vector<double>>, scale_factor)
PHAROS_DEFINE_ARG(TripletMarginWithDistanceLossOptions, pharos::Maybe<distance_function_t>,
                  distance_function)
PHAROS_DEFINE_ARG(UnflattenOptions, std::vector<int64_t>, sizes)

namespace functional {
PHAROS_DEFINE_ARG(LayerNormFuncOptions, std::vector<int64_t>, normalized_shape)
PHAROS_DEFINE_ARG(InterpolateFuncOptions, pharos::Maybe<std::vector<int64_t>>, size)
PHAROS_DEFINE_ARG(InterpolateFuncOptions, pharos::Maybe<std::vector<double>>, scale_factor)
PHAROS_DEFINE_ARG(PadFuncOptions, std::vector<int64_t>, pad)
}  // namespace functional

}  // namespace torch::nn
