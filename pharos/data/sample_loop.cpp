// The policy for bad samples and the random stream of each sample.
#include <pharos/data/sample_loop.h>

#include <algorithm>

#include "data/batch_context.h"

namespace pharos::data {
namespace {

thread_local constinit BatchContext* innermost __attribute__((tls_model("initial-exec"))) = nullptr;

constexpr uint64_t kReplacements = 0x7265706c61636564;  // separates their keys from the samples'

}  // namespace

std::string reason_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const c10::Error& e) {
    return e.msg();
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

BatchContext::BatchContext(const LoaderSource& source, const std::vector<size_t>* request)
    : source(source), request(request), outer_(innermost) {
  if (request) indices = *request;
  innermost = this;
}
BatchContext::~BatchContext() { innermost = outer_; }
BatchContext* BatchContext::current() noexcept { return innermost; }

bool BatchContext::is_bad(size_t index) const {
  return std::any_of(bad.begin(), bad.end(), [&](const BadSample& b) { return b.index == index; });
}

size_t BatchContext::replacement(size_t index) const {
  const uint64_t stream = random_key(random_key(key, index), kReplacements);
  auto draw = [&](uint64_t attempt, size_t n) {
    return static_cast<size_t>(random_key(stream, attempt) % n);
  };
  // A sampler of the user's may keep to a part of the dataset, so its own choice comes first.
  if (!source.whole) {
    std::vector<size_t> others;
    for (size_t i : *request) {
      if (!is_bad(i)) others.push_back(i);
    }
    if (!others.empty()) return others[draw(0, others.size())];
  }
  const std::optional<size_t> size = source.size(source.self);
  if (size && *size > 0) {
    constexpr uint64_t kAttempts = 16;
    for (uint64_t attempt = 1; attempt <= kAttempts; ++attempt) {
      const size_t candidate = draw(attempt, *size);
      if (!is_bad(candidate)) return candidate;
    }
    const size_t start = draw(0, *size);
    for (size_t i = 0; i < *size; ++i) {
      const size_t candidate = (start + i) % *size;
      if (!is_bad(candidate)) return candidate;
    }
  }
  TORCH_CHECK(false, "no sample is left to take the place of sample ", index,
              ", which failed with: ", bad.empty() ? std::string() : bad.back().reason);
}

struct SampleLoopState {
  SampleLoopState(BatchContext& context, c10::ArrayRef<size_t> given, bool fetches)
      : context(context),
        indices(given.begin(), given.end()),
        stage(context.stage++),
        fetches(fetches),
        scope(0) {}

  BatchContext& context;
  std::vector<size_t> indices;
  std::vector<size_t> kept;
  uint64_t stage;
  bool fetches;
  bool sample_failed = false;
  RandomScope scope;
};

SampleLoop::SampleLoop(c10::ArrayRef<size_t> indices)
    : indices_(indices.data()), n_(indices.size()) {
  BatchContext* context = BatchContext::current();
  // Inside a sample, this is the sample's own business.
  if (!context || context->in_sample || !context->request) return;
  state_ = new SampleLoopState(*context, indices, true);
  indices_ = state_->indices.data();
}

SampleLoop::SampleLoop(size_t n) : indices_(nullptr), n_(n) {
  BatchContext* context = BatchContext::current();
  // A stage that changed the number of samples lost track of which is which.
  if (!context || context->in_sample || !context->request || context->indices.size() != n) return;
  state_ = new SampleLoopState(*context, context->indices, false);
}

SampleLoop::~SampleLoop() {
  if (!state_) return;
  state_->context.in_sample = false;
  delete state_;
}

bool SampleLoop::next_in_loader() {
  SampleLoopState& s = *state_;
  if (s.context.in_sample) s.kept.push_back(s.indices[position_]);
  s.context.in_sample = false;
  if (!s.sample_failed || s.context.policy == BadSamplePolicy::skip) ++position_;
  s.sample_failed = false;
  if (position_ >= n_) return false;
  s.scope.rekey(random_key(random_key(s.context.key, s.indices[position_]), s.stage));
  s.context.in_sample = true;
  return true;
}

void SampleLoop::failed() {
  if (!state_) throw;
  SampleLoopState& s = *state_;
  s.context.in_sample = false;
  const size_t index = s.indices[position_];
  if (s.context.policy == BadSamplePolicy::raise) {
    s.context.failed = index;
    throw;
  }
  s.context.bad.push_back({s.context.epoch, index, reason_of(std::current_exception())});
  s.sample_failed = true;
  if (s.context.policy == BadSamplePolicy::skip) return;
  s.context.failed = index;
  s.indices[position_] = s.context.replacement(index);
  s.context.failed.reset();
  if (!s.fetches) throw FetchAgain{s.indices};
}

void SampleLoop::finish() {
  if (!state_) return;
  SampleLoopState& s = *state_;
  if (s.context.in_sample) s.kept.push_back(s.indices[position_]);
  s.context.in_sample = false;
  s.context.indices = s.kept;
  if (s.kept.empty() && n_ > 0) throw NoSampleLeft();
}

}  // namespace pharos::data
