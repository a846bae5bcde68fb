// Fetching batches, by worker threads or at once, and handing them out in order.
#include "data/loader_core.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "core/parallel_region.h"
#include "data/batch_context.h"

namespace pharos::data {
namespace {

// Keeps the streams of requests, batches and shuffling apart from those of samples.
constexpr uint64_t kRequestStream = 0x72657175657374;
constexpr uint64_t kBatchStream = 0x6261746368;

}  // namespace

LoaderCore::LoaderCore(const LoaderSource& source,
                       const torch::data::FullDataLoaderOptions& options)
    : source_(source),
      options_(options),
      shared_(std::make_unique<Shared>()),
      process_(getpid()),
      order_seed_(options.seed),
      seed_(options.seed) {}

LoaderCore::~LoaderCore() {
  join();
  source_.destroy(source_.self);
}

void LoaderCore::leave_parents_threads() {
  if (process_ == getpid()) return;
  // Its threads do not run here and its mutex may be held for ever: leave it untouched.
  (void)shared_.release();
  shared_ = std::make_unique<Shared>();
  process_ = getpid();
  in_flight_ = 0;
  exhausted_ = true;
}

void LoaderCore::start_workers() {
  Shared& shared = *shared_;
  while (shared.threads.size() < options_.workers) {
    shared.threads.emplace_back([this, &shared] { work(shared); });
  }
}

void LoaderCore::work(Shared& shared) {
  serial_kernels = true;
  std::unique_lock lock(shared.mutex);
  for (;;) {
    shared.work.wait(lock, [&] { return shared.stop || !shared.jobs.empty(); });
    if (shared.stop) return;
    const Job job = shared.jobs.front();
    shared.jobs.pop_front();
    ++shared.running;
    lock.unlock();
    Result result = fetch(job);
    lock.lock();
    --shared.running;
    shared.results.push_back(std::move(result));
    shared.done.notify_one();
  }
}

void LoaderCore::drain() {
  leave_parents_threads();
  std::unique_lock lock(shared_->mutex);
  for (const Job& job : shared_->jobs) source_.delete_request(job.request);
  shared_->jobs.clear();
  shared_->done.wait(lock, [&] { return shared_->running == 0; });
  for (const Result& result : shared_->results) {
    if (result.batch) source_.delete_batch(result.batch);
  }
  shared_->results.clear();
  in_flight_ = 0;
  exhausted_ = true;
}

void LoaderCore::join() {
  drain();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->work.notify_all();
  for (std::thread& thread : shared_->threads) thread.join();
  shared_->threads.clear();
  shared_->stop = false;  // only here is no worker left that reads it
}

void LoaderCore::begin(const std::shared_ptr<IteratorState>& iterator) {
  leave_parents_threads();
  TORCH_CHECK(in_flight_ == 0 || iterator_.expired(),
              "Attempted to get a new DataLoader iterator while another iterator is not yet "
              "exhausted");
  drain();
  if (!seed_) {
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard lock(generator.mutex());
    seed_ = generator.current_seed();
  }
  const bool resumes = loaded_.isNone() ? false : (restore(), !position_.finished);
  if (!resumes) {
    const uint64_t key = random_key(*seed_, static_cast<uint64_t>(next_epoch_));
    if (order_seed_) {
      const RandomScope scope(random_key(key, kRequestStream));
      source_.reset(source_.self);
    } else {
      source_.reset(source_.self);
    }
    epoch_ = static_cast<size_t>(next_epoch_);
    key_ = key;
    position_ = {};
    skip_ = {};
    sequence_ = 0;
    take_snapshot();
  }
  loaded_ = {};
  started_ = true;
  position_.epoch = epoch_;
  position_.finished = false;
  next_epoch_ = static_cast<int64_t>(epoch_) + 1;
  exhausted_ = false;
  iterator_ = iterator;
  if (options_.workers > 0) {
    start_workers();
    top_up();
  }
}

std::optional<LoaderCore::Job> LoaderCore::draw() {
  while (!exhausted_) {
    // Samplers that draw for each batch must not depend on how far ahead of the program they run.
    const RandomScope scope(random_key(random_key(key_, sequence_), kRequestStream));
    void* request = source_.next_request(source_.self, options_.batch_size, options_.drop_last);
    if (!request) {
      exhausted_ = true;
      break;
    }
    const Job job{sequence_++, request};
    const bool done = job.sequence < skip_.handed || skip_.beyond.count(job.sequence) != 0;
    if (!done) return job;
    if (!source_.stateful) {
      source_.delete_request(request);
      continue;
    }
    const Result result = fetch(job);
    if (result.batch) source_.delete_batch(result.batch);
    exhausted_ = result.end;
  }
  return std::nullopt;
}

// Returned, not assigned in a try block to a variable that is read after it: g++ 12 builds the
// result of a call in the variable itself, which is then undefined where the call throws.
std::optional<LoaderCore::Job> LoaderCore::try_draw(std::exception_ptr& error) {
  try {
    return draw();
  } catch (...) {
    error = std::current_exception();
    exhausted_ = true;
    return std::nullopt;
  }
}

void LoaderCore::top_up() {
  while (!exhausted_ && in_flight_ < options_.max_jobs) {
    std::exception_ptr error;
    const std::optional<Job> job = try_draw(error);
    if (!job && !error) return;
    ++in_flight_;
    {
      const std::lock_guard lock(shared_->mutex);
      if (job) {
        shared_->jobs.push_back(*job);
      } else {
        shared_->results.push_back({sequence_++, nullptr, error, {}, {}, false});
      }
    }
    shared_->work.notify_one();
  }
}

LoaderCore::Result LoaderCore::fetch(Job job) {
  Result result;
  result.sequence = job.sequence;
  auto* request = source_.indexed ? static_cast<std::vector<size_t>*>(job.request) : nullptr;
  try {
    const uint64_t batch_key = random_key(random_key(key_, job.sequence), kBatchStream);
    RandomScope scope(batch_key);
    std::vector<BadSample> bad;
    for (bool again = true; again;) {
      again = false;
      scope.rekey(batch_key);
      BatchContext context(source_, request);
      context.key = key_;
      context.epoch = epoch_;
      context.policy = options_.bad_samples;
      context.bad = std::move(bad);
      try {
        result.batch = source_.get_batch(source_.self, job.request);
        result.end = !result.batch;
      } catch (FetchAgain& fresh) {
        *request = std::move(fresh.indices);
        again = true;
      } catch (const NoSampleLeft&) {
      } catch (...) {
        result.error = std::current_exception();
        result.failed = context.failed;
      }
      bad = std::move(context.bad);
    }
    result.bad = std::move(bad);
  } catch (...) {
    result.error = std::current_exception();
  }
  source_.delete_request(job.request);
  return result;
}

LoaderCore::Result LoaderCore::wait() {
  std::unique_lock lock(shared_->mutex);
  auto& results = shared_->results;
  auto found = results.end();
  auto ready = [&] {
    found = results.begin();
    if (options_.enforce_ordering) {
      found = std::find_if(results.begin(), results.end(),
                           [&](const Result& r) { return r.sequence == position_.handed; });
    }
    return found != results.end();
  };
  if (options_.timeout) {
    const std::chrono::milliseconds limit(options_.timeout->count());
    TORCH_CHECK(shared_->done.wait_for(lock, limit, ready),
                "Timeout in DataLoader queue while waiting for next batch (timeout was ",
                options_.timeout->count(), " ms)");
  } else {
    shared_->done.wait(lock, ready);
  }
  Result result = std::move(*found);
  results.erase(found);
  --in_flight_;
  return result;
}

namespace {

[[noreturn]] void throw_at_owner(const std::exception_ptr& error, std::optional<size_t> sample,
                                 bool from_worker) {
  if (from_worker) {
    if (sample) throw torch::data::WorkerException(error, *sample);
    throw torch::data::WorkerException(error);
  }
  if (!sample) std::rethrow_exception(error);
  try {
    std::rethrow_exception(error);
  } catch (c10::Error& e) {
    e.add_context(message("While fetching sample ", *sample, " of the dataset"));
    throw;
  } catch (...) {
    std::throw_with_nested(c10::Error(
        message(reason_of(error), " (while fetching sample ", *sample, " of the dataset)")));
  }
}

}  // namespace

void* LoaderCore::take(Result result) {
  Position& p = position_;
  if (result.sequence == p.handed) {
    ++p.handed;
  } else {
    p.beyond.insert(result.sequence);
  }
  while (p.beyond.erase(p.handed) != 0) ++p.handed;
  for (BadSample& sample : result.bad) bad_samples_.push_back(std::move(sample));
  if (result.end) exhausted_ = true;
  if (result.error) throw_at_owner(result.error, result.failed, options_.workers > 0);
  return result.batch;
}

void* LoaderCore::next() {
  TORCH_CHECK(options_.workers == 0 || process_ == getpid(),
              "a DataLoader iterator cannot be used in a forked process; "
              "begin a new one there");
  for (;;) {
    void* batch = nullptr;
    if (options_.workers == 0) {
      const std::optional<Job> job = draw();
      if (!job) break;
      batch = take(fetch(*job));
    } else {
      if (in_flight_ == 0) top_up();
      if (in_flight_ == 0) break;
      Result result = wait();
      if (result.end) exhausted_ = true;
      top_up();
      batch = take(std::move(result));
    }
    if (batch) return batch;
  }
  position_.finished = true;
  return nullptr;
}

}  // namespace pharos::data
