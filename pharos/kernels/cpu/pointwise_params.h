// Parameters of pointwise loops, in the loop's compute dtype T.
#pragma once

namespace pharos::cpu {

template <class T>
struct ClampParams {
  T min, max;
};
template <class T>
struct NanParams {
  T nan, posinf, neginf;
};
// Multiplies by `factor`, rounds, divides; or the other way round.
template <class T>
struct RoundParams {
  T factor;
  bool divide_first;
};
template <class T>
struct EluParams {
  T negative, positive, input;  // alpha * scale, scale, input_scale
};
template <class T>
struct SoftplusParams {
  T beta, threshold;
};
template <class T>
struct ThresholdParams {
  T threshold, value;
};

}  // namespace pharos::cpu
