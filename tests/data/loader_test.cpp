// Data loader: options, order, random streams, bad samples, position.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>

#include "loader_support.h"

namespace pharos_test {
namespace {

using pharos::data::BadSamplePolicy;
using torch::data::make_data_loader;

constexpr size_t kSamples = 23;

auto loader_of(DataLoaderOptions options, size_t n = kSamples) {
  return make_data_loader(Numbers(n).map(DrawLater()), options);
}

TEST(DataLoader, FillsInOptions) {
  const torch::data::FullDataLoaderOptions plain{DataLoaderOptions(7)};
  EXPECT_EQ(plain.batch_size, 7u);
  EXPECT_EQ(plain.workers, 0u);
  EXPECT_EQ(plain.max_jobs, 0u);
  EXPECT_FALSE(plain.timeout.has_value());
  EXPECT_TRUE(plain.enforce_ordering);
  EXPECT_FALSE(plain.drop_last);
  const torch::data::FullDataLoaderOptions set{DataLoaderOptions()
                                                   .batch_size(3)
                                                   .workers(4)
                                                   .timeout(std::chrono::seconds(2))
                                                   .enforce_ordering(false)
                                                   .drop_last(true)};
  EXPECT_EQ(set.max_jobs, 8u);
  EXPECT_EQ(set.timeout->count(), 2000);
  EXPECT_FALSE(set.enforce_ordering);
  EXPECT_TRUE(set.drop_last);
  EXPECT_EQ(torch::data::FullDataLoaderOptions(DataLoaderOptions().workers(4).max_jobs(5)).max_jobs,
            5u);
}

TEST(DataLoader, RefusesEmptyBatches) {
  EXPECT_THROW(loader_of(DataLoaderOptions(0)), c10::ValueError);
}

TEST(DataLoader, HandsOutEverySampleOnce) {
  for (size_t workers : {0, 1, 3}) {
    auto loader = loader_of(DataLoaderOptions(4).workers(workers));
    for (int epoch = 0; epoch < 3; ++epoch) {
      const Batches batches = collect(*loader);
      ASSERT_EQ(batches.size(), 6u);
      EXPECT_EQ(batches.back().size(), 3u);
      std::vector<size_t> all = indices(batches);
      std::sort(all.begin(), all.end());
      std::vector<size_t> expected(kSamples);
      std::iota(expected.begin(), expected.end(), 0);
      EXPECT_EQ(all, expected);
    }
  }
}

TEST(DataLoader, DropsTheLastBatchOnlyIfItIsNotFull) {
  for (size_t workers : {0, 2}) {
    const auto options = DataLoaderOptions(4).workers(workers).drop_last(true);
    EXPECT_EQ(collect(*loader_of(options)).size(), 5u);
    EXPECT_EQ(collect(*loader_of(options, 24)).size(), 6u);
    EXPECT_EQ(collect(*loader_of(options, 3)).size(), 0u);
    EXPECT_EQ(collect(*loader_of(options, 0)).size(), 0u);
  }
}

TEST(DataLoader, SequentialSamplerKeepsTheOrder) {
  auto loader = make_data_loader<samplers::SequentialSampler>(Numbers(10), 4);
  EXPECT_EQ(indices(collect(*loader)), (std::vector<size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(DataLoader, OrderAndAugmentationDoNotDependOnWorkers) {
  std::vector<Batches> expected;
  for (size_t workers : {0, 1, 2, 4}) {
    at::manual_seed(11);
    auto loader = loader_of(DataLoaderOptions(4).workers(workers));
    std::vector<Batches> epochs = {collect(*loader), collect(*loader)};
    EXPECT_NE(epochs[0], epochs[1]);
    if (expected.empty()) expected = epochs;
    EXPECT_EQ(epochs, expected) << workers << " workers";
  }
}

TEST(DataLoader, EveryDrawHasItsOwnStream) {
  auto loader = loader_of(DataLoaderOptions(4).seed(5));
  std::set<uint64_t> seen;
  for (int epoch = 0; epoch < 4; ++epoch) {
    for (const Batch& b : collect(*loader)) {
      for (const Drawn& d : b) {
        seen.insert(d.number);
        seen.insert(d.later);
      }
    }
  }
  EXPECT_EQ(seen.size(), 4 * 2 * kSamples);
}

TEST(DataLoader, AugmentationDependsOnSeedEpochAndIndexAlone) {
  auto find = [](const Batches& batches, size_t index) {
    for (const Batch& b : batches) {
      for (const Drawn& d : b) {
        if (d.index == index) return d;
      }
    }
    return Drawn();
  };
  // Another order, another batch size, other samples around it.
  auto shuffled = loader_of(DataLoaderOptions(4).seed(5));
  auto straight = make_data_loader<samplers::SequentialSampler>(Numbers(9).map(DrawLater()),
                                                                DataLoaderOptions(2).seed(5));
  EXPECT_EQ(find(collect(*shuffled), 7), find(collect(*straight), 7));
  straight->seed(6);
  straight->set_epoch(0);
  shuffled->set_epoch(0);
  EXPECT_NE(find(collect(*shuffled), 7), find(collect(*straight), 7));
}

TEST(DataLoader, ASeedFixesTheOrderAndLeavesTheDefaultGeneratorAlone) {
  at::manual_seed(1);
  auto loader = loader_of(DataLoaderOptions(4).seed(5).workers(2));
  at::manual_seed(1);
  const Batches first = collect(*loader);
  const uint64_t after = draw();
  at::manual_seed(1);
  EXPECT_EQ(draw(), after);
  loader->set_epoch(0);
  EXPECT_EQ(collect(*loader), first);
  EXPECT_NE(collect(*loader), first);
}

// As LibTorch: one permutation when the sampler is made, one for each epoch, nothing else.
TEST(DataLoader, DrawsFromTheDefaultGeneratorWhatLibTorchDraws) {
  at::manual_seed(3);
  at::randperm(kSamples);
  const Tensor order = at::randperm(kSamples);
  const uint64_t after = draw();
  for (size_t workers : {0, 2}) {
    at::manual_seed(3);
    auto loader = loader_of(DataLoaderOptions(4).workers(workers));
    const std::vector<size_t> got = indices(collect(*loader));
    EXPECT_EQ(draw(), after);
    for (size_t i = 0; i < kSamples; ++i) {
      EXPECT_EQ(static_cast<int64_t>(got[i]), order.data_ptr<int64_t>()[i]);
    }
  }
}

TEST(DataLoader, IteratorsBehaveAsInputIterators) {
  for (size_t workers : {0, 2}) {
    auto loader = make_data_loader<samplers::SequentialSampler>(
        Numbers(3), DataLoaderOptions(1).workers(workers));
    auto it = loader->begin();
    EXPECT_TRUE(it == it);
    EXPECT_TRUE(loader->end() == loader->end());
    EXPECT_EQ((*it)[0].index, 0u);
    EXPECT_EQ(it->at(0).index, 0u);
    ++it;
    EXPECT_EQ((*it)[0].index, 1u);
    EXPECT_TRUE(it != loader->end());
    ++it;
    ++it;
    EXPECT_TRUE(it == loader->end());
    EXPECT_THROW(*it, c10::Error);
    EXPECT_THROW(++it, c10::Error);
    auto end = loader->end();
    EXPECT_THROW(*end, c10::Error);
    EXPECT_THROW(++end, c10::Error);
  }
}

TEST(DataLoader, RefusesASecondIteratorWhileOneIsInUse) {
  auto loader = loader_of(DataLoaderOptions(1).workers(2));
  auto it = loader->begin();
  EXPECT_THROW(loader->begin(), c10::Error);
}

TEST(DataLoader, StartsAfreshAfterAnEarlyBreak) {
  for (size_t workers : {0, 2}) {
    auto loader = make_data_loader<samplers::SequentialSampler>(
        Numbers(9), DataLoaderOptions(2).workers(workers));
    for (Batch& batch : *loader) {
      if (batch[0].index == 4) break;
    }
    EXPECT_EQ(indices(collect(*loader)).size(), 9u);
    EXPECT_EQ(loader->epoch(), 1u);
  }
}

TEST(DataLoader, IteratorsOutliveTheLoader) {
  auto loader = loader_of(DataLoaderOptions(2).workers(2));
  auto it = loader->begin();
  EXPECT_EQ((*it).size(), 2u);
  loader.reset();
  EXPECT_EQ((*it).size(), 2u);
}

TEST(DataLoader, CollateFunctionMakesTheBatch) {
  for (size_t workers : {0, 2}) {
    auto loader = make_data_loader<samplers::SequentialSampler>(
        Numbers(5), DataLoaderOptions(2).workers(workers).collate_fn([](Batch batch) {
          size_t sum = 0;
          for (const Drawn& d : batch) sum += d.index;
          return sum;
        }));
    std::vector<size_t> sums;
    for (size_t sum : *loader) sums.push_back(sum);
    EXPECT_EQ(sums, (std::vector<size_t>{1, 5, 4}));
  }
  // Options after it keep it.
  auto loader = make_data_loader(
      Numbers(5), samplers::SequentialSampler(5),
      DataLoaderOptions(2).collate_fn([](auto batch) { return batch.size(); }).drop_last(true));
  std::vector<size_t> sizes;
  for (size_t size : *loader) sizes.push_back(size);
  EXPECT_EQ(sizes, (std::vector<size_t>{2, 2}));
}

TEST(DataLoader, UnorderedDeliveryLosesNothing) {
  auto loader = loader_of(DataLoaderOptions(2).workers(3).enforce_ordering(false));
  std::vector<size_t> all = indices(collect(*loader));
  EXPECT_EQ(all.size(), kSamples);
  EXPECT_EQ(std::set<size_t>(all.begin(), all.end()).size(), kSamples);
}

// ---- bad samples ----

auto bad_loader(BadSamplePolicy policy, size_t workers, std::vector<size_t> bad, size_t batch = 4) {
  return make_data_loader<samplers::SequentialSampler>(
      Numbers(12, std::move(bad)).map(DrawLater()),
      DataLoaderOptions(batch).workers(workers).bad_samples(policy).seed(1));
}

TEST(BadSamples, RaiseNamesIndexAndReason) {
  for (size_t workers : {0, 2}) {
    auto loader = bad_loader(BadSamplePolicy::raise, workers, {6});
    auto it = loader->begin();
    EXPECT_EQ((*it).size(), 4u);
    try {
      ++it;
      FAIL() << "no exception";
    } catch (const std::exception& e) {
      const std::string what = e.what();
      EXPECT_NE(what.find("no such number"), std::string::npos) << what;
      EXPECT_NE(what.find("sample 6"), std::string::npos) << what;
    }
    // The rest of the epoch is still there.
    ++it;
    EXPECT_EQ((*it)[0].index, 8u);
    ++it;
    EXPECT_TRUE(it == loader->end());
  }
}

TEST(BadSamples, TheOriginalExceptionComesAlong) {
  auto loader = bad_loader(BadSamplePolicy::raise, 1, {0});
  try {
    collect(*loader);
    FAIL() << "no exception";
  } catch (const torch::data::WorkerException& e) {
    EXPECT_EQ(std::string(e.what()).find(
                  "Caught exception in DataLoader worker thread. Original message: no such number"),
              0u);
    EXPECT_THROW(std::rethrow_exception(e.original_exception), std::runtime_error);
  }
  auto alone = bad_loader(BadSamplePolicy::raise, 0, {0});
  try {
    collect(*alone);
    FAIL() << "no exception";
  } catch (const c10::Error& e) {
    EXPECT_THROW(std::rethrow_if_nested(e), std::runtime_error);
  }
}

struct Refuses : datasets::Dataset<Refuses, int> {
  int get(size_t index) override { TORCH_CHECK_INDEX(false, "index ", index, " is refused"); }
  std::optional<size_t> size() const override { return 3; }
};

TEST(BadSamples, ErrorsOfTheLibraryKeepTheirKind) {
  auto loader = make_data_loader<samplers::SequentialSampler>(Refuses());
  try {
    loader->begin() != loader->end();
    FAIL() << "no exception";
  } catch (const c10::IndexError& e) {
    EXPECT_EQ(e.msg(), "index 0 is refused");
    EXPECT_NE(std::string(e.what()).find("sample 0"), std::string::npos);
  }
}

TEST(BadSamples, SkipMakesBatchesSmallerAndLeavesOutEmptyOnes) {
  for (size_t workers : {0, 2}) {
    auto loader = bad_loader(BadSamplePolicy::skip, workers, {1, 4, 5, 6, 7});
    const Batches batches = collect(*loader);
    ASSERT_EQ(batches.size(), 2u);
    EXPECT_EQ(indices(batches), (std::vector<size_t>{0, 2, 3, 8, 9, 10, 11}));
    ASSERT_EQ(loader->bad_samples().size(), 5u);
    EXPECT_EQ(loader->bad_samples()[1].index, 4u);
    EXPECT_EQ(loader->bad_samples()[1].reason, "no such number");
    EXPECT_EQ(loader->bad_samples()[1].epoch, 0u);
  }
}

TEST(BadSamples, SkippingDoesNotChangeTheOthers) {
  auto clean = bad_loader(BadSamplePolicy::skip, 0, {});
  auto loader = bad_loader(BadSamplePolicy::skip, 0, {1});
  const Batches expected = collect(*clean), got = collect(*loader);
  EXPECT_EQ(got[0], (Batch{expected[0][0], expected[0][2], expected[0][3]}));
  EXPECT_EQ(got[1], expected[1]);
}

TEST(BadSamples, ReplaceTakesAnotherSampleTheSameEveryTime) {
  Batches expected;
  for (size_t workers : {0, 1, 3}) {
    auto loader = bad_loader(BadSamplePolicy::replace, workers, {1, 5, 6});
    const Batches batches = collect(*loader);
    if (expected.empty()) expected = batches;
    EXPECT_EQ(batches, expected);
    ASSERT_EQ(batches.size(), 3u);
    for (const Batch& b : batches) {
      ASSERT_EQ(b.size(), 4u);
      for (const Drawn& d : b) EXPECT_TRUE(d.index != 1 && d.index != 5 && d.index != 6);
    }
    EXPECT_EQ(batches[0][2].index, 2u);
    EXPECT_EQ(loader->bad_samples().size(), 3u);
  }
}

struct FailLater : transforms::Transform<Drawn, Drawn> {
  Drawn apply(Drawn d) override {
    if (d.index % 5 == 2) throw std::runtime_error("cannot transform");
    return d;
  }
};

TEST(BadSamples, TransformsFailByTheSamePolicy) {
  for (size_t workers : {0, 2}) {
    auto make = [&](BadSamplePolicy policy) {
      return make_data_loader<samplers::SequentialSampler>(
          Numbers(12, {3}).map(DrawLater()).map(FailLater()).map(DrawLater()),
          DataLoaderOptions(4).workers(workers).bad_samples(policy).seed(1));
    };
    auto skip = make(BadSamplePolicy::skip);
    EXPECT_EQ(indices(collect(*skip)), (std::vector<size_t>{0, 1, 4, 5, 6, 8, 9, 10, 11}));
    EXPECT_EQ(skip->bad_samples().size(), 3u);
    auto replace = make(BadSamplePolicy::replace);
    const Batches batches = collect(*replace);
    ASSERT_EQ(batches.size(), 3u);
    for (const Batch& b : batches) {
      ASSERT_EQ(b.size(), 4u);
      for (const Drawn& d : b) EXPECT_TRUE(d.index != 3 && d.index % 5 != 2) << d.index;
    }
    EXPECT_GE(replace->bad_samples().size(), 3u);
    auto raise = make(BadSamplePolicy::raise);
    try {
      collect(*raise);
      FAIL() << "no exception";
    } catch (const std::exception& e) {
      EXPECT_NE(std::string(e.what()).find("sample 3"), std::string::npos) << e.what();
    }
  }
}

TEST(BadSamples, ReplaceGivesUpWhenNothingIsLeft) {
  for (size_t workers : {0, 2}) {
    auto loader = make_data_loader<samplers::SequentialSampler>(
        Numbers(3, {0, 1, 2}),
        DataLoaderOptions(2).workers(workers).bad_samples(BadSamplePolicy::replace));
    EXPECT_THROW(collect(*loader), std::exception);
  }
}

// A user's sampler that keeps to a part of the dataset.
struct Part : samplers::Sampler<> {
  explicit Part(size_t) {}
  void reset(std::optional<size_t>) override { at = 0; }
  std::optional<std::vector<size_t>> next(size_t n) override {
    std::vector<size_t> batch;
    while (batch.size() < n && at < 6) batch.push_back(at++);
    return batch.empty() ? std::nullopt : std::make_optional(batch);
  }
  void save(torch::serialize::OutputArchive&) const override {}
  void load(torch::serialize::InputArchive&) override {}
  size_t at = 0;
};

TEST(BadSamples, ReplaceKeepsToWhatAUsersSamplerChose) {
  auto loader = make_data_loader<Part>(Numbers(1000, {1, 4}),
                                       DataLoaderOptions(3).bad_samples(BadSamplePolicy::replace));
  for (size_t index : indices(collect(*loader))) EXPECT_LT(index, 6u);
}

// ---- position ----

template <typename Make>
void check_resume_everywhere(const Make& make, size_t epochs) {
  at::manual_seed(7);
  std::vector<Batches> expected;
  std::vector<std::vector<c10::IValue>> states;  // before batch i of an epoch; last: after it
  std::vector<std::vector<Tensor>> generators;
  {
    auto loader = make(size_t{0});
    for (size_t e = 0; e < epochs; ++e) {
      expected.emplace_back();
      states.emplace_back();
      generators.emplace_back();
      for (Batch& batch : *loader) {
        expected.back().push_back(batch);
        states.back().push_back(loader->state_dict());
        generators.back().push_back(pharos::rng_state());
      }
      states.back().push_back(loader->state_dict());
      generators.back().push_back(pharos::rng_state());
    }
  }
  for (size_t e = 0; e < epochs; ++e) {
    for (size_t i = 0; i < states[e].size(); ++i) {
      for (size_t workers : {0, 2}) {
        at::manual_seed(1234);
        auto loader = make(workers);
        // Through a file, as a run that was killed would.
        const c10::IValue state = torch::pickle_load(torch::pickle_save(states[e][i]));
        loader->load_state_dict(state);
        pharos::set_rng_state(generators[e][i]);
        const bool over = i + 1 == states[e].size();
        for (size_t f = over ? e + 1 : e; f < epochs; ++f) {
          loader->set_epoch(f);
          const Batches rest = collect(*loader);
          const size_t done = f == e ? i + 1 : 0;
          ASSERT_EQ(rest, Batches(expected[f].begin() + static_cast<std::ptrdiff_t>(done),
                                  expected[f].end()))
              << "epoch " << e << " after batch " << i << ", " << workers << " workers";
          EXPECT_EQ(loader->epoch(), f);
          EXPECT_EQ(loader->batches(), expected[f].size());
        }
      }
    }
  }
}

TEST(Resume, AtEveryPositionWithShuffling) {
  check_resume_everywhere([](size_t w) { return loader_of(DataLoaderOptions(4).workers(w)); }, 3);
}
TEST(Resume, AtEveryPositionWithASeed) {
  check_resume_everywhere(
      [](size_t w) { return loader_of(DataLoaderOptions(4).workers(w).seed(9)); }, 3);
}
TEST(Resume, AtEveryPositionWithoutTheLastBatch) {
  check_resume_everywhere(
      [](size_t w) { return loader_of(DataLoaderOptions(5).workers(w).drop_last(true)); }, 2);
}
TEST(Resume, AtEveryPositionWithBadSamples) {
  for (BadSamplePolicy policy : {BadSamplePolicy::skip, BadSamplePolicy::replace}) {
    at::manual_seed(2);
    auto make = [&](size_t workers) {
      return make_data_loader(Numbers(11, {2, 3, 7}).map(DrawLater()),
                              DataLoaderOptions(2).workers(workers).bad_samples(policy));
    };
    auto loader = make(0);
    auto it = loader->begin();
    while (loader->bad_samples().empty()) ++it;
    const c10::IValue state = loader->state_dict();
    Batches expected;
    for (++it; it != loader->end(); ++it) expected.push_back(*it);
    for (size_t workers : {0, 3}) {
      auto resumed = make(workers);
      resumed->load_state_dict(state);
      EXPECT_EQ(collect(*resumed), expected);
      ASSERT_GE(loader->bad_samples().size(), 3u);
      ASSERT_EQ(resumed->bad_samples().size(), loader->bad_samples().size());
      for (size_t i = 0; i < loader->bad_samples().size(); ++i) {
        EXPECT_EQ(resumed->bad_samples()[i].index, loader->bad_samples()[i].index);
        EXPECT_EQ(resumed->bad_samples()[i].reason, "no such number");
      }
    }
  }
}
TEST(Resume, AUsersSamplerThatSavesNothingIsReplayed) {
  auto make = [] { return make_data_loader<Part>(Numbers(10), DataLoaderOptions(1)); };
  auto loader = make();
  auto it = loader->begin();
  ++it;
  ++it;
  const c10::IValue state = loader->state_dict();
  auto resumed = make();
  resumed->load_state_dict(state);
  EXPECT_EQ(indices(collect(*resumed)), (std::vector<size_t>{3, 4, 5}));
}
TEST(Resume, UnorderedDeliveryContinuesWithTheRest) {
  auto make = [] {
    return loader_of(DataLoaderOptions(1).workers(3).enforce_ordering(false).seed(4));
  };
  auto loader = make();
  std::vector<size_t> seen;
  c10::IValue state;
  for (Batch& batch : *loader) {
    seen.push_back(batch[0].index);
    if (seen.size() == 9) {
      state = loader->state_dict();
      break;
    }
  }
  auto resumed = make();
  resumed->load_state_dict(state);
  for (size_t index : indices(collect(*resumed))) seen.push_back(index);
  EXPECT_EQ(seen.size(), kSamples);
  EXPECT_EQ(std::set<size_t>(seen.begin(), seen.end()).size(), kSamples);
}
TEST(Resume, AStateBeforeTheFirstEpoch) {
  auto first = loader_of(DataLoaderOptions(4).seed(3));
  auto second = loader_of(DataLoaderOptions(4).seed(8));
  second->load_state_dict(first->state_dict());
  EXPECT_EQ(collect(*second), collect(*first));
}
TEST(Resume, RefusesWhatIsNoState) {
  auto loader = loader_of(DataLoaderOptions(4));
  EXPECT_THROW(loader->load_state_dict(c10::IValue(1)), c10::Error);
  EXPECT_THROW(loader->load_state_dict(c10::Dict<c10::IValue, c10::IValue>()), c10::Error);
  auto it = loader->begin();
  *it;
  auto other = loader_of(DataLoaderOptions(5));
  EXPECT_THROW(other->load_state_dict(loader->state_dict()), c10::Error);
  const c10::IValue state = loader->state_dict();
  for (const char* name : {"epoch", "batches", "finished", "source", "seed", "bad_samples"}) {
    auto broken = state.toGenericDict().copy();
    broken.erase(name);
    EXPECT_THROW(loader->load_state_dict(broken), c10::Error) << name;
    broken.insert(name, "damaged");
    if (name != std::string("source")) {
      EXPECT_THROW(loader->load_state_dict(broken), c10::Error) << name;
    }
  }
  // It is as it was.
  EXPECT_EQ(loader->batches(), 1u);
}

}  // namespace
}  // namespace pharos_test
