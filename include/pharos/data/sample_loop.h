// What the templates of datasets and transforms call for each sample: it gives the sample its own
// random stream and follows the loader's policy for bad samples. Outside a data loader it does
// nothing and errors pass through.
#pragma once

#include <pharos/tensor.h>

namespace pharos {
namespace data {

struct SampleLoopState;

class PHAROS_API SampleLoop {
 public:
  // Over samples that are to be fetched, and over those that the previous stage fetched.
  explicit SampleLoop(c10::ArrayRef<size_t> indices);
  explicit SampleLoop(size_t n);
  ~SampleLoop();
  SampleLoop(const SampleLoop&) = delete;
  SampleLoop& operator=(const SampleLoop&) = delete;

  bool next() {
    if (PHAROS_UNLIKELY(state_ != nullptr)) return next_in_loader();
    return ++position_ < n_;
  }
  size_t index() const { return indices_[position_]; }
  // Inside a catch block: rethrows, unless the policy is to go on without the sample or with
  // another one in its place.
  void failed();
  // After the last sample.
  void finish();

 private:
  bool next_in_loader();

  const size_t* indices_;
  size_t n_;
  size_t position_ = ~size_t{0};
  SampleLoopState* state_ = nullptr;
};

PHAROS_API at::Tensor per_channel(c10::ArrayRef<double> values);
PHAROS_API at::Tensor standardize(const at::Tensor& input, const at::Tensor& mean,
                                  const at::Tensor& stddev);

}  // namespace data
}  // namespace pharos
