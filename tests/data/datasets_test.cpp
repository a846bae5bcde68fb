// Datasets, samplers, transforms and nested::map.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <unordered_map>

#include "loader_support.h"

namespace pharos_test {
namespace {

using torch::data::make_data_loader;
using torch::data::TensorExample;

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("pharos_mnist_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }
  void write(const std::string& name, std::vector<int64_t> shape, std::vector<uint8_t> values) {
    std::string bytes{0, 0, 8, static_cast<char>(shape.size())};
    for (int64_t s : shape) {
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(s >> shift);
    }
    bytes.append(values.begin(), values.end());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

TEST(Mnist, ReadsImagesAndTargets) {
  Folder folder;
  folder.write("train-images-idx3-ubyte", {2, 2, 3},
               {0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255});
  folder.write("train-labels-idx1-ubyte", {2}, {7, 3});
  folder.write("t10k-images-idx3-ubyte", {1, 1, 1}, {51});
  folder.write("t10k-labels-idx1-ubyte", {1}, {9});
  datasets::MNIST train(folder.path());
  EXPECT_TRUE(train.is_train());
  EXPECT_EQ(train.size().value(), 2u);
  EXPECT_EQ(train.images().sizes(), (std::vector<int64_t>{2, 1, 2, 3}));
  EXPECT_EQ(train.images().scalar_type(), at::kFloat);
  EXPECT_EQ(train.targets().scalar_type(), at::kLong);
  const Example<> second = train.get(1);
  EXPECT_EQ(second.data.sizes(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(second.target.dim(), 0);
  EXPECT_EQ(second.target.item<int64_t>(), 3);
  EXPECT_EQ(second.data[0][0][1].item<float>(), 251.0F / 255.0F);
  EXPECT_EQ(second.data[0][1][2].item<float>(), 1.0F);
  datasets::MNIST test(folder.path() + "/", datasets::MNIST::Mode::kTest);
  EXPECT_FALSE(test.is_train());
  EXPECT_EQ(test.targets()[0].item<int64_t>(), 9);
  EXPECT_EQ(test.get(0).data.item<float>(), 51.0F / 255.0F);

  auto loader =
      make_data_loader<samplers::SequentialSampler>(datasets::MNIST(folder.path())
                                                        .map(transforms::Normalize<>(0.5, 0.25))
                                                        .map(transforms::Stack<>()),
                                                    2);
  for (auto& batch : *loader) {
    EXPECT_EQ(batch.data.sizes(), (std::vector<int64_t>{2, 1, 2, 3}));
    EXPECT_EQ(batch.target.sizes(), (std::vector<int64_t>{2}));
    EXPECT_EQ(batch.data[0][0][0][0].item<float>(), -2.0F);
  }
}

TEST(Mnist, RefusesFilesThatDoNotFit) {
  Folder folder;
  EXPECT_THROW(datasets::MNIST(folder.path()), c10::Error);
  folder.write("train-images-idx3-ubyte", {2, 1, 1}, {0, 1});
  EXPECT_THROW(datasets::MNIST(folder.path()), c10::Error);
  folder.write("train-labels-idx1-ubyte", {3}, {7, 3, 1});
  EXPECT_THROW(datasets::MNIST(folder.path()), c10::Error);
  folder.write("train-labels-idx1-ubyte", {2, 1}, {7, 3});
  EXPECT_THROW(datasets::MNIST(folder.path()), c10::Error);
  folder.write("train-labels-idx1-ubyte", {2}, {7});
  EXPECT_THROW(datasets::MNIST(folder.path()), c10::Error);
}

TEST(TensorDataset, SlicesAndStacks) {
  datasets::TensorDataset whole(at::arange(6, at::kFloat).reshape({3, 2}));
  EXPECT_EQ(whole.size().value(), 3u);
  EXPECT_EQ(whole.get(1).data[1].item<float>(), 3.0F);
  datasets::TensorDataset list(std::vector<Tensor>{at::zeros({2}), at::ones({2})});
  EXPECT_EQ(list.size().value(), 2u);
  EXPECT_THROW(whole.get(3), c10::IndexError);
  auto loader = make_data_loader<samplers::SequentialSampler>(
      whole.map(transforms::Stack<TensorExample>()), 2);
  auto it = loader->begin();
  EXPECT_TRUE(at::equal(it->data, at::arange(4, at::kFloat).reshape({2, 2})));
}

TEST(Transforms, LambdasOfAllKinds) {
  auto chain = datasets::TensorDataset(at::arange(4, at::kFloat))
                   .map(transforms::Lambda<TensorExample>(
                       [](TensorExample e) { return TensorExample(e.data + 1); }))
                   .map(transforms::TensorLambda<torch::data::example::NoTarget>(
                       [](Tensor t) { return t * 2; }))
                   .map(transforms::Collate<Tensor, std::vector<TensorExample>>(
                       [](std::vector<TensorExample> batch) { return batch.back().data; }));
  EXPECT_EQ(chain.get_batch({0, 3}).item<float>(), 8.0F);
  EXPECT_EQ(chain.size().value(), 4u);
  struct Twice : transforms::TensorTransform<> {
    Tensor operator()(Tensor t) override { return t * 2; }
  };
  const Example<> doubled = Twice().apply({at::ones({1}), at::zeros({1})});
  EXPECT_EQ(doubled.data.item<float>(), 2.0F);
  EXPECT_EQ(doubled.target.item<float>(), 0.0F);
}

TEST(Transforms, NormalizeEachChannel) {
  transforms::Normalize<> normalize({0.5, 0.25}, {0.5, 2});
  const Tensor out = normalize(at::ones({2, 1, 2}));
  EXPECT_EQ(out[0][0][1].item<float>(), 1.0F);
  EXPECT_EQ(out[1][0][0].item<float>(), 0.375F);
}

TEST(Transforms, StackRefusesSamplesOfDifferentSizes) {
  EXPECT_THROW(transforms::Stack<>().apply_batch(
                   {{at::ones({1}), at::ones({1})}, {at::ones({2}), at::ones({1})}}),
               c10::Error);
}

// A dataset outside a loader draws from the default generator and its errors pass through.
TEST(Datasets, AloneTheyBehaveAsWritten) {
  Numbers numbers(5, {4});
  at::manual_seed(4);
  const uint64_t first = draw();
  at::manual_seed(4);
  EXPECT_EQ(numbers.get_batch({2, 3})[0].number, first);
  EXPECT_THROW(numbers.get_batch({4}), std::runtime_error);
}

TEST(Samplers, RandomSamplerDrawsOnceAndAtEachReset) {
  at::manual_seed(5);
  const Tensor first = at::randperm(10), second = at::randperm(6);
  for (c10::ScalarType dtype : {at::kLong, at::kInt, at::kShort}) {
    at::manual_seed(5);
    samplers::RandomSampler sampler(10, dtype);
    auto batch = sampler.next(7);
    ASSERT_EQ(batch->size(), 7u);
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(static_cast<int64_t>((*batch)[i]), first[static_cast<int64_t>(i)].item<int64_t>());
    }
    EXPECT_EQ(sampler.index(), 7u);
    EXPECT_EQ(sampler.next(7)->size(), 3u);
    EXPECT_FALSE(sampler.next(7).has_value());
    sampler.reset(6);
    batch = sampler.next(6);
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(static_cast<int64_t>((*batch)[i]), second[static_cast<int64_t>(i)].item<int64_t>());
    }
  }
}

template <typename Sampler, typename Make>
void check_saving(const Make& make) {
  Sampler sampler = make();
  sampler.next(3);
  torch::serialize::OutputArchive out;
  out << sampler;
  Sampler copy = make();
  torch::serialize::InputArchive in(out.value());
  in >> copy;
  EXPECT_EQ(copy.next(2), sampler.next(2));
  EXPECT_EQ(copy.next(100), sampler.next(100));
}

TEST(Samplers, AllAreSavedAndLoaded) {
  check_saving<samplers::RandomSampler>([] { return samplers::RandomSampler(9); });
  check_saving<samplers::SequentialSampler>([] { return samplers::SequentialSampler(9); });
  check_saving<samplers::DistributedRandomSampler>(
      [] { return samplers::DistributedRandomSampler(19, 2, 1); });
  check_saving<samplers::DistributedSequentialSampler>(
      [] { return samplers::DistributedSequentialSampler(19, 2, 1); });
}

TEST(Samplers, DistributedSharesCoverEverything) {
  for (bool duplicates : {false, true}) {
    std::multiset<size_t> random, straight;
    for (size_t rank = 0; rank < 3; ++rank) {
      samplers::DistributedRandomSampler r(10, 3, rank, duplicates);
      samplers::DistributedSequentialSampler s(10, 3, rank, duplicates);
      r.set_epoch(4);
      r.reset();
      const auto a = *r.next(100), b = *s.next(100);
      EXPECT_EQ(a.size(), duplicates ? 4u : 3u);
      EXPECT_EQ(b.size(), a.size());
      random.insert(a.begin(), a.end());
      straight.insert(b.begin(), b.end());
    }
    EXPECT_EQ(random, straight);
    EXPECT_EQ(std::set<size_t>(random.begin(), random.end()).size(), duplicates ? 10u : 9u);
  }
  // More replicas than samples.
  EXPECT_LT((*samplers::DistributedRandomSampler(2, 7, 6).next(9))[0], 2u);
  EXPECT_THROW(samplers::DistributedSequentialSampler(2, 3, 3), c10::Error);
}

// What LibTorch 2.15 printed.
TEST(Samplers, DistributedAndRandomOrdersAreLibTorchs) {
  using List = std::vector<size_t>;
  struct Row {
    bool duplicates;
    size_t rank;
    List first, epoch5, of7, straight;
  };
  const Row rows[] = {
      {true, 0, {0, 2, 1, 5}, {1, 8, 5, 2}, {3, 6, 0}, {0, 1, 2, 3}},
      {true, 2, {6, 0, 3, 8}, {9, 0, 4, 3}, {0, 4, 5}, {8, 9, 0, 1}},
      {false, 0, {2, 4, 6}, {3, 6, 0}, {3, 0}, {0, 1, 2}},
      {false, 2, {8, 3, 7}, {7, 4, 5}, {4, 1}, {6, 7, 8}},
  };
  for (const Row& row : rows) {
    samplers::DistributedRandomSampler random(10, 3, row.rank, row.duplicates);
    EXPECT_EQ(random.next(9), row.first);
    random.set_epoch(5);
    random.reset();
    EXPECT_EQ(random.next(9), row.epoch5);
    random.reset(7);
    EXPECT_EQ(random.next(9), row.of7);
    samplers::DistributedSequentialSampler straight(10, 3, row.rank, row.duplicates);
    EXPECT_EQ(straight.next(9), row.straight);
  }
  at::manual_seed(3);
  samplers::RandomSampler sampler(9);
  EXPECT_EQ(sampler.next(9), (List{4, 1, 5, 6, 0, 2, 3, 8, 7}));
  sampler.reset();
  EXPECT_EQ(sampler.next(9), (List{7, 4, 8, 6, 1, 3, 5, 2, 0}));
  sampler.reset(5);
  EXPECT_EQ(sampler.next(9), (List{0, 3, 4, 1, 2}));
}

// ---- nested::map ----

Tensor twice(const Tensor& t) { return t * 2; }

TEST(NestedMap, KeepsTheStructureOfValues) {
  c10::Dict<c10::IValue, c10::IValue> dict;
  c10::List<c10::IValue> list;
  list.push_back(at::ones({2}));
  list.push_back("text");
  list.push_back(c10::ivalue::Tuple::create(at::ones({}), 3, c10::IValue()));
  dict.insert("b", list);
  dict.insert("a", at::full({1}, 5.0));
  dict.insert(7, std::vector<Tensor>{at::zeros({1}), at::ones({1})});
  const c10::IValue value(dict);
  const c10::IValue out = pharos::nested::map(twice, value);
  EXPECT_EQ(value.toGenericDict().at("a").toTensor().item<float>(), 5.0F);
  const auto result = out.toGenericDict();
  EXPECT_EQ(result.begin()->key().toStringRef(), "b");
  EXPECT_EQ(result.at("a").toTensor().item<float>(), 10.0F);
  const auto inner = result.at("b").toList();
  EXPECT_EQ(inner.size(), 3u);
  EXPECT_EQ(inner.get(0).toTensor()[1].item<float>(), 2.0F);
  EXPECT_EQ(inner.get(1).toStringRef(), "text");
  EXPECT_EQ(inner.get(2).toTupleRef().elements()[0].toTensor().item<float>(), 2.0F);
  EXPECT_EQ(inner.get(2).toTupleRef().elements()[1].toInt(), 3);
  EXPECT_TRUE(inner.get(2).toTupleRef().elements()[2].isNone());
  EXPECT_TRUE(result.at(7).isTensorList());
  EXPECT_EQ(result.at(7).toTensorVector()[1].item<float>(), 2.0F);
  EXPECT_EQ(pharos::nested::flatten(value).size(), 5u);
}

TEST(NestedMap, RefusesAValueThatContainsItself) {
  c10::List<c10::IValue> list;
  list.push_back(list);
  EXPECT_THROW(pharos::nested::map(twice, c10::IValue(list)), c10::ValueError);
  list.clear();
}

TEST(NestedMap, KeepsTheStructureOfContainers) {
  std::map<std::string, std::vector<std::pair<Tensor, int>>> map{
      {"x", {{at::ones({}), 1}, {at::full({}, 4.0), 2}}}};
  const auto mapped = torch::nested::map(twice, map);
  EXPECT_EQ(mapped.at("x")[1].first.item<float>(), 8.0F);
  EXPECT_EQ(mapped.at("x")[1].second, 2);
  const auto tuple = pharos::nested::map(
      twice, std::make_tuple(at::ones({}), std::optional<Tensor>(), std::string("s"),
                             std::array<Tensor, 2>{at::ones({}), at::ones({})},
                             std::unordered_map<int, Tensor>{{3, at::ones({})}}));
  EXPECT_EQ(std::get<0>(tuple).item<float>(), 2.0F);
  EXPECT_FALSE(std::get<1>(tuple).has_value());
  EXPECT_EQ(std::get<2>(tuple), "s");
  EXPECT_EQ(std::get<3>(tuple)[1].item<float>(), 2.0F);
  EXPECT_EQ(std::get<4>(tuple).at(3).item<float>(), 2.0F);
  torch::OrderedDict<std::string, Tensor> ordered;
  ordered.insert("second", at::ones({}));
  ordered.insert("first", at::full({}, 3.0));
  const auto out = pharos::nested::map(twice, ordered);
  EXPECT_EQ(out.keys(), (std::vector<std::string>{"second", "first"}));
  EXPECT_EQ(out["first"].item<float>(), 6.0F);
}

}  // namespace
}  // namespace pharos_test
