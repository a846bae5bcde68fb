// A loader's position as a value: saved in the middle of an epoch, loaded in another process.
#include <pharos/io/serialize.h>

#include "core/random_scope.h"
#include "data/loader_core.h"

namespace pharos::data {
namespace {

using Dict = c10::Dict<c10::IValue, c10::IValue>;

const char* const kWhat = "DataLoader state";

c10::IValue field(const Dict& state, const char* name) {
  const auto found = state.find(c10::IValue(name));
  TORCH_CHECK(found != state.end(), kWhat, " has no entry '", name, "'");
  return found->value();
}

size_t count(const Dict& state, const char* name) {
  const c10::IValue value = field(state, name);
  TORCH_CHECK(value.isInt() && value.toInt() >= 0, kWhat, ": '", name, "' should be a count");
  return static_cast<size_t>(value.toInt());
}

c10::IValue bad_samples_value(const std::vector<BadSample>& samples) {
  c10::List<c10::IValue> list;
  for (const BadSample& s : samples) {
    Dict entry;
    entry.insert("epoch", static_cast<int64_t>(s.epoch));
    entry.insert("index", static_cast<int64_t>(s.index));
    entry.insert("reason", s.reason);
    list.push_back(entry);
  }
  return list;
}

std::vector<BadSample> bad_samples_of(const c10::IValue& value) {
  std::vector<BadSample> samples;
  TORCH_CHECK(value.isList(), kWhat, ": 'bad_samples' should be a list");
  for (const c10::IValue& item : value.toListRef()) {
    TORCH_CHECK(item.isGenericDict(), kWhat, ": 'bad_samples' should hold dicts");
    const Dict entry = item.toGenericDict();
    const c10::IValue reason = field(entry, "reason");
    TORCH_CHECK(reason.isString(), kWhat, ": 'reason' should be a string");
    samples.push_back({count(entry, "epoch"), count(entry, "index"), reason.toStringRef()});
  }
  return samples;
}

}  // namespace

void LoaderCore::take_snapshot() {
  snapshot_ = {};
  snapshot_error_ = nullptr;
  if (!source_.save) return;
  try {
    torch::serialize::OutputArchive archive;
    source_.save(source_.self, archive);
    snapshot_ = archive.value();
  } catch (...) {
    // Many samplers are never saved; one that cannot be is told where it matters.
    snapshot_error_ = std::current_exception();
  }
}

c10::IValue LoaderCore::state() const {
  if (!loaded_.isNone()) return loaded_;
  if (snapshot_error_) std::rethrow_exception(snapshot_error_);
  const bool finished = !started_ || position_.finished;
  Dict state;
  state.insert("epoch", started_ ? static_cast<int64_t>(epoch_) : next_epoch_ - 1);
  state.insert("next_epoch", next_epoch_);
  state.insert("batches", static_cast<int64_t>(position_.handed));
  std::vector<int64_t> beyond(position_.beyond.begin(), position_.beyond.end());
  state.insert("batches_out_of_order", beyond);
  state.insert("finished", finished);
  state.insert("batch_size", static_cast<int64_t>(options_.batch_size));
  state.insert("seed", seed_ ? c10::IValue(static_cast<int64_t>(*seed_)) : c10::IValue());
  state.insert("seeded_order", order_seed_.has_value());
  state.insert("source", snapshot_);
  state.insert("bad_samples", bad_samples_value(bad_samples_));
  return state;
}

void LoaderCore::load_state(const c10::IValue& value) {
  TORCH_CHECK(value.isGenericDict(), kWhat, " should be a dict, but got ", value.tagKind());
  const Dict state = value.toGenericDict();
  // Everything is looked at before anything is changed.
  count(state, "batches");
  count(state, "next_epoch");
  const c10::IValue finished = field(state, "finished");
  const c10::IValue seed = field(state, "seed");
  const c10::IValue seeded_order = field(state, "seeded_order");
  const c10::IValue beyond = field(state, "batches_out_of_order");
  TORCH_CHECK(finished.isBool() && seeded_order.isBool() && (seed.isNone() || seed.isInt()) &&
                  field(state, "epoch").isInt() && beyond.isList(),
              kWhat, " is damaged");
  for (const c10::IValue& item : beyond.toListRef()) {
    TORCH_CHECK(item.isInt() && item.toInt() >= 0, kWhat, " is damaged");
  }
  if (!finished.toBool()) {
    count(state, "epoch");
    TORCH_CHECK(
        count(state, "batch_size") == options_.batch_size, kWhat,
        " is of a run in the middle of an epoch with batch_size=", count(state, "batch_size"),
        ", which cannot go on with batch_size=", options_.batch_size);
  }
  field(state, "source");
  std::vector<BadSample> bad = bad_samples_of(field(state, "bad_samples"));
  drain();
  iterator_.reset();
  seed_.reset();
  order_seed_.reset();
  if (!seed.isNone()) seed_ = static_cast<uint64_t>(seed.toInt());
  if (seeded_order.toBool()) order_seed_ = seed_;
  next_epoch_ =
      static_cast<int64_t>(finished.toBool() ? count(state, "next_epoch") : count(state, "epoch"));
  bad_samples_ = std::move(bad);
  loaded_ = value;
}

void LoaderCore::restore() {
  const Dict state = loaded_.toGenericDict();
  const c10::IValue snapshot = field(state, "source");
  const int64_t epoch = field(state, "epoch").toInt();
  Position position;
  position.handed = count(state, "batches");
  for (const c10::IValue& item : field(state, "batches_out_of_order").toListRef()) {
    position.beyond.insert(static_cast<size_t>(item.toInt()));
  }
  position.finished = field(state, "finished").toBool();
  position_ = position;
  if (position.finished && epoch < 0) return;  // saved before the first epoch
  if (!snapshot.isNone() && source_.load) {
    torch::serialize::InputArchive archive(snapshot);
    source_.load(source_.self, archive);
  }
  snapshot_ = snapshot;
  snapshot_error_ = nullptr;
  epoch_ = static_cast<size_t>(epoch);
  key_ = random_key(*seed_, epoch_);
  sequence_ = 0;
  skip_ = position;
  // The requests that were handed out are drawn again, so that a sampler of any kind is where it
  // was; draw() drops them. An epoch that was over has no other use for them.
  if (!position.finished || source_.stateful) return;
  exhausted_ = false;
  while (std::optional<Job> job = draw()) source_.delete_request(job->request);
}

size_t LoaderCore::batches() const {
  if (!loaded_.isNone()) return count(loaded_.toGenericDict(), "batches");
  return position_.handed + position_.beyond.size();
}

void LoaderCore::seed(uint64_t seed) {
  order_seed_ = seed;
  seed_ = seed;
}

void LoaderCore::set_epoch(size_t epoch) {
  // A program that goes on with an epoch says its number too.
  if (!loaded_.isNone()) {
    const Dict state = loaded_.toGenericDict();
    if (!field(state, "finished").toBool()) {
      if (count(state, "epoch") == epoch) return;
      loaded_ = {};
      started_ = false;
    }
  }
  next_epoch_ = static_cast<int64_t>(epoch);
}

}  // namespace pharos::data
