// The half of a data loader that knows no types: options, worker threads, order, position. The
// templates of dataloader.h give it functions that draw requests and fetch batches.
#pragma once

#include <pharos/core/macros.h>
#include <pharos/maybe.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace c10 {
struct IValue;
}
namespace torch::serialize {
class InputArchive;
class OutputArchive;
}  // namespace torch::serialize

namespace pharos {
namespace data {

// What a loader does with a sample whose dataset or transform throws. `raise`: an error that names
// the sample and the reason. `skip`: its batch is smaller by one; a batch with no sample left is
// left out. `replace`: another sample takes its place, chosen by seed, epoch and index.
enum class BadSamplePolicy { raise, skip, replace };

// A sample that was skipped or replaced.
struct BadSample {
  size_t epoch;
  size_t index;
  std::string reason;
};

// Counts as std::chrono::milliseconds does, without its header.
struct Milliseconds {
  using rep = int64_t;
  constexpr int64_t count() const { return value; }
  int64_t value;
};

struct LoaderOptionValues {
  size_t batch_size_ = 1;
  size_t workers_ = 0;
  std::optional<size_t> max_jobs_;
  Maybe<Milliseconds> timeout_;
  bool enforce_ordering_ = true;
  bool drop_last_ = false;
  BadSamplePolicy bad_samples_ = BadSamplePolicy::raise;
  std::optional<uint64_t> seed_;
};

template <typename F>
struct CollatingOptions;

template <typename Self>
class LoaderOptions : protected LoaderOptionValues {
 public:
#define PHAROS_LOADER_OPTION(T, name)                      \
  Self& name(T value) {                                    \
    this->name##_ = value;                                 \
    return static_cast<Self&>(*this);                      \
  }                                                        \
  const T& name() const noexcept { return this->name##_; } \
  T& name() noexcept { return this->name##_; }
  PHAROS_LOADER_OPTION(size_t, batch_size)
  // Threads that fetch batches; with none, they are fetched when they are asked for.
  PHAROS_LOADER_OPTION(size_t, workers)
  // Batches fetched ahead: two for each worker unless told.
  PHAROS_LOADER_OPTION(std::optional<size_t>, max_jobs)
  // Whether batches come in the sampler's order, or as soon as each is ready.
  PHAROS_LOADER_OPTION(bool, enforce_ordering)
  // Whether to leave out the last batch if it is not full.
  PHAROS_LOADER_OPTION(bool, drop_last)
  PHAROS_LOADER_OPTION(BadSamplePolicy, bad_samples)
  // With a seed, order and augmentation are functions of seed and epoch and take nothing from the
  // default generator. Without one, samplers draw from the default generator, as LibTorch's, and
  // augmentation goes by that generator's seed at the first epoch.
  PHAROS_LOADER_OPTION(std::optional<uint64_t>, seed)
#undef PHAROS_LOADER_OPTION
  // How long to wait for a batch: any std::chrono duration.
  template <typename Duration, typename Period = typename Duration::period>
  Self& timeout(Duration limit) {
    timeout_ = Milliseconds{static_cast<int64_t>(limit.count() * 1000 * Period::num / Period::den)};
    return static_cast<Self&>(*this);
  }
  Self& timeout(std::nullopt_t) {
    timeout_.reset();
    return static_cast<Self&>(*this);
  }
  const Maybe<Milliseconds>& timeout() const noexcept { return timeout_; }
  // Makes each batch from a vector of examples.
  template <typename F>
  CollatingOptions<F> collate_fn(F function) const {
    return CollatingOptions<F>(*this, std::move(function));
  }
  const LoaderOptionValues& values() const { return *this; }

 protected:
  LoaderOptions() = default;
  explicit LoaderOptions(const LoaderOptionValues& values) : LoaderOptionValues(values) {}
};

template <typename F>
struct CollatingOptions : LoaderOptions<CollatingOptions<F>> {
  CollatingOptions(const LoaderOptionValues& values, F f)
      : LoaderOptions<CollatingOptions<F>>(values), function(std::move(f)) {}
  F function;
};

}  // namespace data
}  // namespace pharos

namespace torch::data {

using pharos::data::BadSample;
using pharos::data::BadSamplePolicy;

struct DataLoaderOptions : pharos::data::LoaderOptions<DataLoaderOptions> {
  DataLoaderOptions() = default;
  DataLoaderOptions(size_t batch_size) { batch_size_ = batch_size; }
  explicit DataLoaderOptions(const pharos::data::LoaderOptionValues& values)
      : pharos::data::LoaderOptions<DataLoaderOptions>(values) {}
};

// Options with nothing left open.
struct PHAROS_API FullDataLoaderOptions {
  explicit FullDataLoaderOptions(const DataLoaderOptions& options);
  size_t batch_size;
  size_t workers;
  size_t max_jobs;
  pharos::Maybe<pharos::data::Milliseconds> timeout;
  bool enforce_ordering;
  bool drop_last;
  BadSamplePolicy bad_samples;
  std::optional<uint64_t> seed;
};

// Brings an exception from a worker thread to the thread that asks for batches.
struct PHAROS_API WorkerException : public std::exception {
  explicit WorkerException(std::exception_ptr original);
  // While fetching this sample.
  WorkerException(std::exception_ptr original, size_t sample);
  const char* what() const noexcept override;

  std::exception_ptr original_exception;
  std::string message;
};

}  // namespace torch::data

namespace pharos {
namespace data {

// What a loader asks of its dataset and sampler. Requests and batches are owned pointers.
struct LoaderSource {
  void* self;
  void (*destroy)(void* self);
  void (*reset)(void* self);
  // Null: the sampler has no more.
  void* (*next_request)(void* self, size_t batch_size, bool drop_last);
  // Null: a stateful dataset has no more. Called by several threads at once.
  void* (*get_batch)(void* self, void* request);
  void (*delete_request)(void* request);
  void (*delete_batch)(void* batch);
  std::optional<size_t> (*size)(const void* self);
  void (*save)(const void* self, torch::serialize::OutputArchive& archive);
  void (*load)(void* self, torch::serialize::InputArchive& archive);
  bool indexed;   // requests are std::vector<size_t>
  bool whole;     // every sample of the dataset may come up, so any may replace a bad one
  bool stateful;  // get_batch decides when an epoch is over
};

class LoaderCore;
struct IteratorState;

class PHAROS_API IteratorBase {
 public:
  IteratorBase(const IteratorBase&);
  IteratorBase(IteratorBase&&) noexcept;
  IteratorBase& operator=(const IteratorBase&);
  ~IteratorBase();

 protected:
  explicit IteratorBase(std::shared_ptr<IteratorState> state);
  void* get() const;
  void next();
  bool equals(const IteratorBase& o) const;

 private:
  std::shared_ptr<IteratorState> state_;
};

class PHAROS_API Loader {
 public:
  Loader(const LoaderSource& source, const torch::data::DataLoaderOptions& options);
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader();

  // Ends the worker threads, dropping what they fetched ahead.
  void join();
  const torch::data::FullDataLoaderOptions& options() const noexcept { return options_; }

  // As the option of this name; from the next epoch on.
  void seed(uint64_t seed);
  // The number of the next epoch; each begin() counts on by one, from 0.
  void set_epoch(size_t epoch);
  // The epoch that runs or ran last, and how many of its batches were handed out.
  size_t epoch() const;
  size_t batches() const;
  // Skipped and replaced samples of all epochs so far.
  const std::vector<BadSample>& bad_samples() const;

  // The position: a loader of the same dataset, sampler and options that loads it goes on with the
  // batches that were not handed out yet, whatever the number of workers. Where the order was drawn
  // from the default generator, restore that after making the loader. torch::save takes the value.
  c10::IValue state_dict() const;
  void load_state_dict(const c10::IValue& state);

 protected:
  std::shared_ptr<IteratorState> start();
  static std::shared_ptr<IteratorState> sentinel();

 private:
  torch::data::FullDataLoaderOptions options_;
  std::shared_ptr<LoaderCore> core_;
};

}  // namespace data
}  // namespace pharos
