// Convolutions in 1 to 3 spatial dimensions on contiguous NC(D)(H)W memory, with groups, stride,
// padding and dilation. Sizes are always given for (d, h, w); missing leading dimensions are 1.
// f32 and f64 take the first implementation that accepts the shape: direct (own), onednn (f32),
// generic (im2col and a matrix product, which is also the reference of the tests).
// A transposed convolution is conv_backward_data with the roles of input and output exchanged.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/dtype.h"

namespace pharos::cpu {

struct ConvShape {
  int dims = 2;  // spatial dimensions of the caller
  int64_t batch = 0, in_channels = 0, out_channels = 0, groups = 1;
  int64_t in[3] = {1, 1, 1};
  int64_t kernel[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1};
  int64_t pad[3] = {0, 0, 0};
  int64_t dilation[3] = {1, 1, 1};
  int64_t out[3] = {1, 1, 1};

  int64_t in_area() const { return in[0] * in[1] * in[2]; }
  int64_t out_area() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  bool operator==(const ConvShape&) const = default;
};

// Arrays hold `dims` numbers each. The output size is computed (never below zero).
ConvShape make_conv_shape(int dims, int64_t batch, int64_t in_channels, int64_t out_channels,
                          int64_t groups, const int64_t* in, const int64_t* kernel,
                          const int64_t* stride, const int64_t* pad, const int64_t* dilation);

// Names the contents of a weight for the cache of packed weights: `id` must never be reused by
// other memory (an address alone is not enough), `version` counts writes. id 0: do not cache.
struct WeightKey {
  uint64_t id = 0;
  uint64_t version = 0;
};

enum class ConvImpl : uint8_t { kAuto, kDirect, kOneDnn, kGeneric };
const char* name_of(ConvImpl impl) noexcept;
// What kAuto would take: which = 'f' forward, 'd' backward by data, 'w' backward by weights.
ConvImpl choose_conv(DType type, const ConvShape& s, char which);

// weight: [out_channels, in_channels / groups, kernel...]; bias may be null.
// An implementation given by name throws std::invalid_argument when it refuses.
void conv_forward(DType type, const ConvShape& s, const void* x, const void* weight,
                  const void* bias, void* y, WeightKey key = {}, ConvImpl impl = ConvImpl::kAuto);
void conv_backward_data(DType type, const ConvShape& s, const void* grad_y, const void* weight,
                        void* grad_x, WeightKey key = {}, ConvImpl impl = ConvImpl::kAuto);
// grad_bias may be null.
void conv_backward_weights(DType type, const ConvShape& s, const void* x, const void* grad_y,
                           void* grad_weight, void* grad_bias, ConvImpl impl = ConvImpl::kAuto);

// Bytes that packed weights may occupy (default 256 MiB); 0 switches the cache off.
void set_packed_weight_limit(int64_t bytes);
void clear_packed_weights();
struct PackedWeightUse {
  size_t slots;  // weights by layout, kept or only seen once
  int64_t bytes;
};
PackedWeightUse packed_weight_use();
constexpr size_t kMaxPackedSlots = 4096;
// Prepared oneDNN convolutions of the calling thread.
size_t conv_primitive_count();
constexpr size_t kMaxConvPrimitives = 512;

namespace detail {
// conv_generic.cpp: every number type except the half-precision ones.
void generic_conv_forward(DType type, const ConvShape& s, const void* x, const void* w,
                          const void* bias, void* y);
void generic_conv_backward_data(DType type, const ConvShape& s, const void* gy, const void* w,
                                void* gx);
void generic_conv_backward_weights(DType type, const ConvShape& s, const void* x, const void* gy,
                                   void* gw);
// grad_bias of any type that generic takes, in an order that does not depend on threads.
void conv_bias_grad(DType type, const ConvShape& s, const void* gy, void* gb);
// conv_onednn.cpp: f32. False: refused.
bool onednn_conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias,
                         float* y, WeightKey key);
bool onednn_conv_backward_data(const ConvShape& s, const float* gy, const float* w, float* gx,
                               WeightKey key);
bool onednn_conv_backward_weights(const ConvShape& s, const float* x, const float* gy, float* gw);
// conv_direct_simd.cpp: one or two spatial dimensions.
bool direct_conv_accepts(const ConvShape& s) noexcept;
void direct_conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias,
                         float* y);
void direct_conv_forward(const ConvShape& s, const double* x, const double* w, const double* bias,
                         double* y);
void direct_conv_backward_data(const ConvShape& s, const float* gy, const float* w, float* gx);
void direct_conv_backward_data(const ConvShape& s, const double* gy, const double* w, double* gx);
void direct_conv_backward_weights(const ConvShape& s, const float* x, const float* gy, float* gw);
void direct_conv_backward_weights(const ConvShape& s, const double* x, const double* gy,
                                  double* gw);
// Any number of spatial dimensions.
void direct_bias_grad(const ConvShape& s, const float* gy, float* gb);
void direct_bias_grad(const ConvShape& s, const double* gy, double* gb);
}  // namespace detail
}  // namespace pharos::cpu
