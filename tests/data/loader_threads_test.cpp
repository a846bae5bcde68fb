// The loader's threads: exceptions anywhere, early ends, many loaders, shared datasets, stress.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "loader_support.h"

namespace pharos_test {
namespace {

using pharos::data::BadSamplePolicy;
using torch::data::make_data_loader;
using torch::data::WorkerException;

TEST(LoaderThreads, SameBatchesForAnyNumberOfWorkersAndJobs) {
  Batches expected;
  for (size_t workers : {0, 1, 2, 4, 8}) {
    for (size_t jobs : {1, 2, 7, 50}) {
      auto loader = make_data_loader(Numbers(61).map(DrawLater()),
                                     DataLoaderOptions(3).workers(workers).max_jobs(jobs).seed(2));
      const Batches got = collect(*loader);
      if (expected.empty()) expected = got;
      ASSERT_EQ(got, expected) << workers << " workers, " << jobs << " jobs";
    }
  }
}

TEST(LoaderThreads, FetchesAheadAndNoFurther) {
  struct Counting : datasets::Dataset<Counting, int> {
    explicit Counting(std::atomic<int>* count) : count(count) {}
    int get(size_t) override { return ++*count; }
    std::optional<size_t> size() const override { return 100; }
    std::atomic<int>* count;
  };
  std::atomic<int> count{0};
  auto loader = make_data_loader(Counting(&count), DataLoaderOptions(1).workers(2).max_jobs(5));
  auto it = loader->begin();
  for (int i = 0; i < 2000 && count < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(count, 5);
  *it;
  for (int i = 0; i < 2000 && count < 6; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(count, 6);
}

// All workers are inside `get` at once.
TEST(LoaderThreads, WorkersRunAtTheSameTimeOnOneDataset) {
  struct Meeting : datasets::Dataset<Meeting, int> {
    Meeting() = default;
    Meeting(Meeting&&) = default;
    Meeting(const Meeting&) = delete;  // shared, never copied
    int get(size_t) override {
      ++*here;
      for (int i = 0; i < 5000 && *here < 3; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      return *here >= 3;
    }
    std::optional<size_t> size() const override { return 3; }
    std::shared_ptr<std::atomic<int>> here = std::make_shared<std::atomic<int>>(0);
  };
  auto loader =
      make_data_loader<samplers::SequentialSampler>(Meeting(), DataLoaderOptions(1).workers(3));
  for (std::vector<int>& batch : *loader) EXPECT_EQ(batch[0], 1);
}

TEST(LoaderThreads, AnExceptionAtAnyPointComesInItsPlace) {
  for (size_t workers : {1, 3}) {
    for (size_t bad = 0; bad < 10; ++bad) {
      auto loader = make_data_loader<samplers::SequentialSampler>(
          Numbers(10, {bad}), DataLoaderOptions(1).workers(workers));
      for (int epoch = 0; epoch < 2; ++epoch) {
        size_t good = 0;
        try {
          for (Batch& batch : *loader) {
            EXPECT_EQ(batch[0].index, good);
            ++good;
          }
          ADD_FAILURE() << "no exception";
        } catch (const WorkerException& e) {
          EXPECT_EQ(good, bad);
          EXPECT_NE(std::string(e.what()).find("sample " + std::to_string(bad)), std::string::npos);
        }
      }
    }
  }
}

TEST(LoaderThreads, WhatIsNoStdExceptionArrivesToo) {
  struct Throws : datasets::Dataset<Throws, int> {
    int get(size_t) override { throw 42; }
    std::optional<size_t> size() const override { return 2; }
  };
  auto loader = make_data_loader(Throws(), DataLoaderOptions(1).workers(1));
  auto it = loader->begin();
  try {
    *it;
    FAIL() << "no exception";
  } catch (const WorkerException& e) {
    EXPECT_THROW(std::rethrow_exception(e.original_exception), int);
  }
  auto skipping = make_data_loader(
      Throws(), DataLoaderOptions(1).workers(1).bad_samples(BadSamplePolicy::skip));
  EXPECT_TRUE(skipping->begin() == skipping->end());
  EXPECT_EQ(skipping->bad_samples().size(), 2u);
}

struct ThrowingSampler : samplers::Sampler<> {
  explicit ThrowingSampler(size_t at) : at(at) {}
  void reset(std::optional<size_t>) override { n = 0; }
  std::optional<std::vector<size_t>> next(size_t) override {
    if (n == at) throw std::runtime_error("sampler");
    return std::vector<size_t>{n++};
  }
  void save(torch::serialize::OutputArchive&) const override {}
  void load(torch::serialize::InputArchive&) override {}
  size_t at, n = 0;
};

TEST(LoaderThreads, AnExceptionOfTheSamplerComesInItsPlace) {
  for (size_t workers : {1, 2}) {
    for (size_t at : {0, 1, 5}) {
      auto loader =
          make_data_loader(Numbers(10), ThrowingSampler(at), DataLoaderOptions(1).workers(workers));
      size_t good = 0;
      try {
        for (Batch& batch : *loader) good += batch.size();
        ADD_FAILURE() << "no exception";
      } catch (const WorkerException& e) {
        EXPECT_EQ(good, at);
      }
    }
  }
}

TEST(LoaderThreads, EndsCleanlyAtAnyPoint) {
  for (size_t workers : {1, 2, 4}) {
    for (size_t taken = 0; taken < 12; ++taken) {
      auto loader =
          make_data_loader(Numbers(20).map(DrawLater()), DataLoaderOptions(2).workers(workers));
      size_t n = 0;
      for (Batch& batch : *loader) {
        EXPECT_FALSE(batch.empty());
        if (++n > taken) break;
      }
      if (taken % 3 == 0) loader->join();
    }
  }
}

TEST(LoaderThreads, JoinedLoadersStartAgain) {
  auto loader = make_data_loader(Numbers(20), DataLoaderOptions(2).workers(2));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(collect(*loader).size(), 10u);
    loader->join();
    loader->join();
  }
}

// No batch is leaked or freed twice.
TEST(LoaderThreads, EveryBatchIsFreedOnce) {
  static std::atomic<int> alive{0};
  struct Counted {
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    ~Counted() { --alive; }
  };
  struct Makes : datasets::Dataset<Makes, Counted> {
    Counted get(size_t index) override {
      if (index == 7) throw std::runtime_error("seven");
      return {};
    }
    std::optional<size_t> size() const override { return 30; }
  };
  for (size_t workers : {0, 3}) {
    for (size_t taken = 0; taken < 10; ++taken) {
      auto loader = make_data_loader(Makes(), DataLoaderOptions(2).workers(workers));
      try {
        size_t n = 0;
        for (auto& batch : *loader) {
          EXPECT_GT(alive, 0);
          EXPECT_EQ(batch.size(), 2u);
          if (++n > taken) break;
        }
      } catch (const std::exception&) {
      }
    }
    EXPECT_EQ(alive, 0);
  }
}

TEST(LoaderThreads, TimesOutAndGoesOn) {
  struct Slow : datasets::Dataset<Slow, int> {
    int get(size_t index) override {
      for (int i = 0; index == 1 && i < 10000 && !*go_on; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return static_cast<int>(index);
    }
    std::optional<size_t> size() const override { return 3; }
    std::shared_ptr<std::atomic<bool>> go_on = std::make_shared<std::atomic<bool>>(false);
  };
  const Slow slow;
  auto loader = make_data_loader<samplers::SequentialSampler>(
      slow, DataLoaderOptions(1).workers(1).timeout(std::chrono::milliseconds(500)));
  auto it = loader->begin();
  EXPECT_EQ((*it)[0], 0);
  int timeouts = 0;
  for (int tries = 0; tries < 100; ++tries) {
    try {
      ++it;
      break;
    } catch (const c10::Error& e) {
      EXPECT_EQ(e.msg(),
                "Timeout in DataLoader queue while waiting for next batch (timeout was 500 ms)");
      ++timeouts;
      *slow.go_on = true;
    }
  }
  EXPECT_GT(timeouts, 0);
  EXPECT_EQ((*it)[0], 1);
}

// Stream and stateful datasets.
struct Counter : datasets::StatefulDataset<Counter, int, size_t> {
  explicit Counter(int limit) : limit(limit) {}
  std::optional<int> get_batch(size_t n) override {
    const std::lock_guard lock(*mutex);
    if (at >= limit) return std::nullopt;
    at += static_cast<int>(n);
    return at;
  }
  void reset() override { at = 0; }
  std::optional<size_t> size() const override { return std::nullopt; }
  void save(torch::serialize::OutputArchive& archive) const override {
    archive.write("at", c10::IValue(at));
  }
  void load(torch::serialize::InputArchive& archive) override {
    c10::IValue value;
    archive.read("at", value);
    at = static_cast<int>(value.toInt());
  }
  int limit, at = 0;
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
};

TEST(LoaderThreads, StatefulDatasetsEndTheEpochThemselves) {
  for (size_t workers : {0, 1, 3}) {
    auto loader = make_data_loader(Counter(10), DataLoaderOptions(2).workers(workers));
    for (int epoch = 0; epoch < 2; ++epoch) {
      std::set<int> seen;
      for (int value : *loader) seen.insert(value);
      EXPECT_EQ(seen, (std::set<int>{2, 4, 6, 8, 10}));
    }
  }
}

TEST(LoaderThreads, StatefulDatasetsResume) {
  auto make = [] {
    return make_data_loader(
        Counter(10).map(transforms::BatchLambda<int, int>([](int v) { return 10 * v; })),
        DataLoaderOptions(2));
  };
  auto loader = make();
  auto it = loader->begin();
  ++it;
  EXPECT_EQ(*it, 40);
  auto resumed = make();
  resumed->load_state_dict(loader->state_dict());
  std::vector<int> rest;
  for (int value : *resumed) rest.push_back(value);
  EXPECT_EQ(rest, (std::vector<int>{60, 80, 100}));
}

struct Stream : datasets::StreamDataset<Stream, std::vector<size_t>> {
  std::vector<size_t> get_batch(size_t n) override { return std::vector<size_t>(n, n); }
  std::optional<size_t> size() const override { return std::nullopt; }
};

TEST(LoaderThreads, StreamsGetNumbersOfSamples) {
  for (size_t workers : {0, 2}) {
    auto loader = make_data_loader(Stream(), samplers::StreamSampler(7),
                                   DataLoaderOptions(3).workers(workers));
    std::vector<size_t> sizes;
    for (auto& batch : *loader) sizes.push_back(batch.size());
    EXPECT_EQ(sizes, (std::vector<size_t>{3, 3, 1}));
  }
}

TEST(LoaderThreads, SharedDatasets) {
  auto shared = datasets::make_shared_dataset<Numbers>(12);
  EXPECT_EQ(shared->n, 12u);
  auto loader = make_data_loader(shared, DataLoaderOptions(5).workers(2));
  EXPECT_EQ(collect(*loader).size(), 3u);
  EXPECT_EQ(*shared.size(), 12u);
}

// Kernels of a worker stay on its thread, and tensors travel.
TEST(LoaderThreads, TensorsThroughWorkers) {
  struct Images : datasets::Dataset<Images> {
    Example<> get(size_t index) override {
      const Tensor noise = at::rand({3, 40, 40});
      return {noise + static_cast<double>(index), at::full({}, static_cast<int64_t>(index))};
    }
    std::optional<size_t> size() const override { return 40; }
  };
  std::vector<Tensor> expected;
  for (size_t workers : {0, 1, 4}) {
    auto loader = make_data_loader(
        Images().map(transforms::Normalize<>({0.5}, {0.25})).map(transforms::Stack<>()),
        DataLoaderOptions(7).workers(workers).seed(3));
    std::vector<Tensor> got;
    for (auto& batch : *loader) {
      EXPECT_EQ(batch.data.dim(), 4);
      EXPECT_EQ(batch.data.size(0), batch.target.size(0));
      got.push_back(batch.data);
      got.push_back(batch.target);
    }
    if (expected.empty()) expected = got;
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(at::equal(got[i], expected[i]));
  }
}

TEST(LoaderThreads, ManyLoadersAtOnce) {
  std::vector<std::thread> threads;
  std::vector<Batches> got(4);
  for (size_t t = 0; t < got.size(); ++t) {
    threads.emplace_back([&got, t] {
      for (int round = 0; round < 5; ++round) {
        auto loader = make_data_loader<samplers::SequentialSampler>(
            Numbers(50, {3, 20}).map(DrawLater()),
            DataLoaderOptions(4).workers(2).seed(1).bad_samples(BadSamplePolicy::replace));
        got[t] = collect(*loader);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Batches& batches : got) EXPECT_EQ(batches, got[0]);
}

// Stopped and resumed again and again, one epoch comes out as in one go.
TEST(LoaderThreads, KilledManyTimes) {
  auto make = [](size_t workers) {
    return make_data_loader(
        Numbers(200, {17, 99}).map(DrawLater()),
        DataLoaderOptions(3).workers(workers).bad_samples(BadSamplePolicy::replace));
  };
  at::manual_seed(21);
  Batches expected;
  auto whole = make(2);
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (const Batch& b : collect(*whole)) expected.push_back(b);
  }
  at::manual_seed(21);
  Batches got;
  c10::IValue state;
  Tensor generator;
  uint64_t random = 1;
  size_t kills = 0;
  for (size_t epoch = 0; epoch < 3;) {
    auto loader = make(1 + kills % 4);
    if (!state.isNone()) {
      loader->load_state_dict(state);
      pharos::set_rng_state(generator);
    }
    bool over = true;
    for (Batch& batch : *loader) {
      got.push_back(batch);
      state = loader->state_dict();
      generator = pharos::rng_state();
      random = random * 6364136223846793005u + 1442695040888963407u;
      if ((random >> 33) % 9 == 0) {
        ++kills;
        over = false;
        break;
      }
    }
    if (over) {
      state = loader->state_dict();
      generator = pharos::rng_state();
      ++epoch;
    }
  }
  EXPECT_GT(kills, 10u);
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace pharos_test
