// What a thread knows about the batch it is fetching: where random numbers come from, whose turn it
// is, what to do when a sample fails. The loader opens one; SampleLoop finds it.
#pragma once

#include <pharos/data/loader.h>

#include <string>
#include <vector>

#include "core/random_scope.h"

namespace pharos::data {

struct BatchContext {
  BatchContext(const LoaderSource& source, const std::vector<size_t>* request);
  ~BatchContext();
  BatchContext(const BatchContext&) = delete;
  BatchContext& operator=(const BatchContext&) = delete;
  static BatchContext* current() noexcept;

  // The index that takes the place of one that failed: a function of key and index, never one that
  // is known to be bad. Throws if nothing is left.
  size_t replacement(size_t index) const;
  bool is_bad(size_t index) const;

  const LoaderSource& source;
  // The indices asked for, or null where requests are no indices.
  const std::vector<size_t>* request;
  // Of the samples that the last stage gave.
  std::vector<size_t> indices;
  uint64_t key = 0;  // of seed and epoch
  size_t epoch = 0;
  BadSamplePolicy policy = BadSamplePolicy::raise;
  uint64_t stage = 0;
  bool in_sample = false;
  std::vector<BadSample> bad;
  std::optional<size_t> failed;  // the sample whose error goes to the user

 private:
  BatchContext* outer_;
};

// Thrown through datasets and transforms; no std::exception, so that nobody takes them for errors.
struct FetchAgain {
  std::vector<size_t> indices;
};
struct NoSampleLeft {};

std::string reason_of(const std::exception_ptr& error);

}  // namespace pharos::data
