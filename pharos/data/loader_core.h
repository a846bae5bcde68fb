// LoaderCore: worker threads, the order of batches and the loader's position. Requests and batches
// are opaque here. All but `work` runs on the thread that owns the loader.
#pragma once

#include <pharos/data/loader.h>
#include <pharos/dispatch/ivalue.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

namespace pharos::data {

class LoaderCore {
 public:
  LoaderCore(const LoaderSource& source, const torch::data::FullDataLoaderOptions& options);
  ~LoaderCore();
  LoaderCore(const LoaderCore&) = delete;
  LoaderCore& operator=(const LoaderCore&) = delete;

  // Starts an epoch, or goes on with the loaded one.
  void begin(const std::shared_ptr<IteratorState>& iterator);
  // The next batch, owned by the caller; null at the end of the epoch.
  void* next();
  void delete_batch(void* batch) const { source_.delete_batch(batch); }
  void join();

  void seed(uint64_t seed);
  void set_epoch(size_t epoch);
  size_t epoch() const { return epoch_; }
  size_t batches() const;
  const std::vector<BadSample>& bad_samples() const { return bad_samples_; }
  c10::IValue state() const;
  void load_state(const c10::IValue& state);

 private:
  struct Job {
    size_t sequence = 0;
    void* request = nullptr;
  };
  struct Result {
    size_t sequence = 0;
    void* batch = nullptr;
    std::exception_ptr error;
    std::optional<size_t> failed;  // the sample that caused the error
    std::vector<BadSample> bad;
    bool end = false;  // a stateful dataset said so
  };
  // What owner and workers share. A forked child has to leave its parent's behind.
  struct Shared {
    std::mutex mutex;
    std::condition_variable work, done;
    std::deque<Job> jobs;
    std::deque<Result> results;
    size_t running = 0;
    bool stop = false;
    std::vector<std::thread> threads;
  };
  struct Position {
    size_t epoch = 0;
    // Batches handed out: all below `handed`, and some above where order is not enforced.
    size_t handed = 0;
    std::set<size_t> beyond;
    bool finished = true;
  };

  void start_workers();
  void work(Shared& shared);
  void drain();
  void leave_parents_threads();
  std::optional<Job> draw();
  std::optional<Job> try_draw(std::exception_ptr& error);
  void top_up();
  Result fetch(Job job);
  Result wait();
  // The batch of a result; null if it has none, throws if it has an error.
  void* take(Result result);
  void restore();
  void take_snapshot();

  const LoaderSource source_;
  const torch::data::FullDataLoaderOptions options_;
  std::unique_ptr<Shared> shared_;
  int process_;
  std::weak_ptr<IteratorState> iterator_;

  std::optional<uint64_t> order_seed_;  // the user's; also orders the samples
  std::optional<uint64_t> seed_;
  uint64_t key_ = 0;  // of seed and epoch
  bool started_ = false;
  int64_t next_epoch_ = 0;
  size_t epoch_ = 0;
  size_t sequence_ = 0;   // of the next request
  size_t in_flight_ = 0;  // requests drawn whose batches were not handed out
  bool exhausted_ = true;
  Position position_;
  Position skip_;  // handed out before this run
  std::vector<BadSample> bad_samples_;
  // State of sampler or dataset at the start of the epoch, or why there is none.
  c10::IValue snapshot_;
  std::exception_ptr snapshot_error_;
  // A loaded state that begin() has still to take up.
  c10::IValue loaded_;
};

}  // namespace pharos::data
