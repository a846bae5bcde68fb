// The data loader's public face: options, iterators, exceptions from workers.
#include <pharos/data/dataloader.h>

#include "data/batch_context.h"
#include "data/loader_core.h"

namespace torch::data {

FullDataLoaderOptions::FullDataLoaderOptions(const DataLoaderOptions& options)
    : batch_size(options.batch_size()),
      workers(options.workers()),
      max_jobs(options.max_jobs().value_or(2 * options.workers())),
      timeout(options.timeout()),
      enforce_ordering(options.enforce_ordering()),
      drop_last(options.drop_last()),
      bad_samples(options.bad_samples()),
      seed(options.seed()) {}

namespace {
std::string worker_message(const std::exception_ptr& error) {
  std::string text = "Caught exception in DataLoader worker thread.";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    text += " Original message: ";
    text += e.what();
  } catch (...) {
    text += " Original exception: no std::exception";
  }
  return text;
}
}  // namespace

WorkerException::WorkerException(std::exception_ptr original)
    : original_exception(std::move(original)), message(worker_message(original_exception)) {}
WorkerException::WorkerException(std::exception_ptr original, size_t sample)
    : WorkerException(std::move(original)) {
  message += pharos::message(" (while fetching sample ", sample, " of the dataset)");
}
const char* WorkerException::what() const noexcept { return message.c_str(); }

namespace detail {
size_t checked_size(std::optional<size_t> size) {
  TORCH_CHECK(size.has_value(),
              "Expected the dataset to be sized in order to construct the Sampler");
  return *size;
}
}  // namespace detail

}  // namespace torch::data

namespace pharos::data {

// A place in the sequence of batches; the sentinel has no loader. Copies of an iterator share one.
struct IteratorState {
  explicit IteratorState(std::shared_ptr<LoaderCore> core) : core(std::move(core)) {}
  ~IteratorState() { drop(); }
  IteratorState(const IteratorState&) = delete;
  IteratorState& operator=(const IteratorState&) = delete;

  void drop() {
    if (batch) core->delete_batch(batch);
    batch = nullptr;
  }
  void fetch() {
    drop();
    batch = core->next();
    at_end = batch == nullptr;
  }
  // The first batch is fetched when somebody looks at it.
  void look() {
    if (started) return;
    fetch();
    started = true;
  }

  std::shared_ptr<LoaderCore> core;
  void* batch = nullptr;
  bool started = false;
  bool at_end = false;
};

IteratorBase::IteratorBase(std::shared_ptr<IteratorState> state) : state_(std::move(state)) {}
IteratorBase::IteratorBase(const IteratorBase&) = default;
IteratorBase::IteratorBase(IteratorBase&&) noexcept = default;
IteratorBase& IteratorBase::operator=(const IteratorBase&) = default;
IteratorBase::~IteratorBase() = default;

void* IteratorBase::get() const {
  TORCH_CHECK(state_->core, "Dereferencing the DataLoader's past-the-end iterator is not allowed");
  state_->look();
  TORCH_CHECK(state_->batch, "Attempted to dereference iterator that was past the end");
  return state_->batch;
}

void IteratorBase::next() {
  TORCH_CHECK(state_->core, "Incrementing the DataLoader's past-the-end iterator is not allowed");
  state_->look();
  TORCH_CHECK(!state_->at_end, "Attempted to increment iterator past the end");
  state_->fetch();
}

bool IteratorBase::equals(const IteratorBase& o) const {
  if (state_->core && o.state_->core) return state_ == o.state_;
  const IteratorBase& valid = state_->core ? *this : o;
  if (!valid.state_->core) return true;
  valid.state_->look();
  return valid.state_->at_end;
}

Loader::Loader(const LoaderSource& source, const torch::data::DataLoaderOptions& options)
    : options_(options) {
  // From here on the source is owned, whatever happens.
  core_ = std::make_shared<LoaderCore>(source, options_);
  TORCH_CHECK_VALUE(
      options_.batch_size > 0,
      "batch_size should be a positive integer value, but got batch_size=", options_.batch_size);
}
Loader::~Loader() { join(); }
void Loader::join() { core_->join(); }
void Loader::seed(uint64_t seed) { core_->seed(seed); }
void Loader::set_epoch(size_t epoch) { core_->set_epoch(epoch); }
size_t Loader::epoch() const { return core_->epoch(); }
size_t Loader::batches() const { return core_->batches(); }
const std::vector<BadSample>& Loader::bad_samples() const { return core_->bad_samples(); }
c10::IValue Loader::state_dict() const { return core_->state(); }
void Loader::load_state_dict(const c10::IValue& state) { core_->load_state(state); }

std::shared_ptr<IteratorState> Loader::start() {
  auto iterator = std::make_shared<IteratorState>(core_);
  core_->begin(iterator);
  return iterator;
}
std::shared_ptr<IteratorState> Loader::sentinel() {
  return std::make_shared<IteratorState>(nullptr);
}

}  // namespace pharos::data
