// make_data_loader and the loader types that it returns: `for (auto& batch : *loader)`.
#pragma once

#include <pharos/data/dataset.h>
#include <pharos/data/loader.h>
#include <pharos/data/samplers.h>
#include <pharos/data/transforms.h>

namespace torch::data {

using datasets::BatchDataset;
using datasets::Dataset;

template <typename Batch>
class Iterator : private pharos::data::IteratorBase {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = Batch;
  using pointer = Batch*;
  using reference = Batch&;
  using iterator_category = std::input_iterator_tag;

  explicit Iterator(std::shared_ptr<pharos::data::IteratorState> state)
      : IteratorBase(std::move(state)) {}
  Iterator& operator++() {
    next();
    return *this;
  }
  Batch& operator*() const { return *static_cast<Batch*>(get()); }
  Batch* operator->() const { return static_cast<Batch*>(get()); }
  bool operator==(const Iterator& o) const { return equals(o); }
  bool operator!=(const Iterator& o) const { return !equals(o); }
};

template <typename Dataset, typename Batch, typename BatchRequest>
class DataLoaderBase : public pharos::data::Loader {
 public:
  using BatchType = Batch;
  using BatchRequestType = BatchRequest;
  using Loader::Loader;
  // Starts an epoch, or goes on with the one that load_state_dict brought.
  Iterator<Batch> begin() { return Iterator<Batch>(start()); }
  Iterator<Batch> end() { return Iterator<Batch>(sentinel()); }
};

namespace detail {

template <typename D, typename = void>
struct is_saved : std::false_type {};
template <typename D>
struct is_saved<D, std::void_t<decltype(std::declval<const D&>().save(
                       std::declval<serialize::OutputArchive&>()))>> : std::true_type {};

// Samplers that hand out any sample of the dataset.
template <typename S>
constexpr bool is_whole =
    std::is_same_v<S, samplers::RandomSampler> || std::is_same_v<S, samplers::SequentialSampler> ||
    std::is_same_v<S, samplers::DistributedRandomSampler> ||
    std::is_same_v<S, samplers::DistributedSequentialSampler>;

template <typename Dataset, typename Sampler>
struct StatelessSource {
  using Batch = typename Dataset::BatchType;
  using Request = typename Sampler::BatchRequestType;
  static constexpr bool kIndexed = std::is_same_v<Request, std::vector<size_t>>;

  Dataset dataset;
  Sampler sampler;

  static StatelessSource* of(void* self) { return static_cast<StatelessSource*>(self); }
  static void* next_request(void* self, size_t batch_size, bool drop_last) {
    auto request = of(self)->sampler.next(batch_size);
    if (!request || (drop_last && request->size() < batch_size)) return nullptr;
    return new Request(std::move(*request));
  }
  static void* get_batch(void* self, void* request) {
    if constexpr (kIndexed) {
      // Not moved: a batch may be fetched again when a sample proves bad.
      return new Batch(of(self)->dataset.get_batch(*static_cast<Request*>(request)));
    } else {
      return new Batch(of(self)->dataset.get_batch(std::move(*static_cast<Request*>(request))));
    }
  }
  static pharos::data::LoaderSource make(Dataset dataset, Sampler sampler) {
    pharos::data::LoaderSource source;
    source.self = new StatelessSource{std::move(dataset), std::move(sampler)};
    source.destroy = [](void* self) { delete of(self); };
    source.reset = [](void* self) { of(self)->sampler.reset(std::nullopt); };
    source.next_request = &next_request;
    source.get_batch = &get_batch;
    source.delete_request = [](void* request) { delete static_cast<Request*>(request); };
    source.delete_batch = [](void* batch) { delete static_cast<Batch*>(batch); };
    source.size = [](const void* self) {
      return static_cast<const StatelessSource*>(self)->dataset.size();
    };
    source.save = [](const void* self, serialize::OutputArchive& archive) {
      static_cast<const StatelessSource*>(self)->sampler.save(archive);
    };
    source.load = [](void* self, serialize::InputArchive& archive) {
      of(self)->sampler.load(archive);
    };
    source.indexed = kIndexed;
    source.whole = is_whole<Sampler>;
    source.stateful = false;
    return source;
  }
};

template <typename Dataset>
struct StatefulSource {
  using Batch = typename Dataset::BatchType::value_type;
  using Request = typename Dataset::BatchRequestType;

  static Dataset* of(void* self) { return static_cast<Dataset*>(self); }
  static void* get_batch(void* self, void* request) {
    auto batch = of(self)->get_batch(*static_cast<Request*>(request));
    return batch ? new Batch(std::move(*batch)) : nullptr;
  }
  static pharos::data::LoaderSource make(Dataset dataset) {
    pharos::data::LoaderSource source;
    source.self = new Dataset(std::move(dataset));
    source.destroy = [](void* self) { delete of(self); };
    source.reset = [](void* self) { of(self)->reset(); };
    source.next_request = [](void*, size_t batch_size, bool) -> void* {
      return new Request(batch_size);
    };
    source.get_batch = &get_batch;
    source.delete_request = [](void* request) { delete static_cast<Request*>(request); };
    source.delete_batch = [](void* batch) { delete static_cast<Batch*>(batch); };
    source.size = [](const void* self) { return static_cast<const Dataset*>(self)->size(); };
    source.save = nullptr;
    source.load = nullptr;
    if constexpr (is_saved<Dataset>::value) {
      source.save = [](const void* self, serialize::OutputArchive& archive) {
        static_cast<const Dataset*>(self)->save(archive);
      };
      source.load = [](void* self, serialize::InputArchive& archive) { of(self)->load(archive); };
    }
    source.indexed = false;
    source.whole = false;
    source.stateful = true;
    return source;
  }
};

template <typename Dataset>
using batch_of =
    typename std::conditional_t<Dataset::is_stateful, typename Dataset::BatchType,
                                std::optional<typename Dataset::BatchType>>::value_type;
template <typename Dataset, typename F>
using collated =
    transforms::BatchLambda<batch_of<Dataset>, std::invoke_result_t<F&, batch_of<Dataset>>>;

PHAROS_API size_t checked_size(std::optional<size_t> size);

}  // namespace detail

template <typename Dataset, typename Sampler>
class StatelessDataLoader : public DataLoaderBase<Dataset, typename Dataset::BatchType,
                                                  typename Sampler::BatchRequestType> {
 public:
  using super =
      DataLoaderBase<Dataset, typename Dataset::BatchType, typename Sampler::BatchRequestType>;
  StatelessDataLoader(Dataset dataset, Sampler sampler, DataLoaderOptions options)
      : super(
            detail::StatelessSource<Dataset, Sampler>::make(std::move(dataset), std::move(sampler)),
            options) {}
};

template <typename Dataset>
class StatefulDataLoader : public DataLoaderBase<Dataset, typename Dataset::BatchType::value_type,
                                                 typename Dataset::BatchRequestType> {
 public:
  using super = DataLoaderBase<Dataset, typename Dataset::BatchType::value_type,
                               typename Dataset::BatchRequestType>;
  StatefulDataLoader(Dataset dataset, DataLoaderOptions options)
      : super(detail::StatefulSource<Dataset>::make(std::move(dataset)), options) {}
};

template <typename Dataset, typename Sampler>
std::enable_if_t<!Dataset::is_stateful, std::unique_ptr<StatelessDataLoader<Dataset, Sampler>>>
make_data_loader(Dataset dataset, Sampler sampler, DataLoaderOptions options) {
  return std::make_unique<StatelessDataLoader<Dataset, Sampler>>(std::move(dataset),
                                                                 std::move(sampler), options);
}

template <typename Sampler = samplers::RandomSampler, typename Dataset>
std::enable_if_t<!Dataset::is_stateful && std::is_constructible_v<Sampler, size_t>,
                 std::unique_ptr<StatelessDataLoader<Dataset, Sampler>>>
make_data_loader(Dataset dataset, DataLoaderOptions options = DataLoaderOptions()) {
  const size_t size = detail::checked_size(dataset.size());
  return std::make_unique<StatelessDataLoader<Dataset, Sampler>>(std::move(dataset), Sampler(size),
                                                                 options);
}

template <typename Dataset, typename = std::enable_if_t<Dataset::is_stateful>>
std::unique_ptr<StatefulDataLoader<Dataset>> make_data_loader(
    Dataset dataset, DataLoaderOptions options = DataLoaderOptions()) {
  return std::make_unique<StatefulDataLoader<Dataset>>(std::move(dataset), options);
}

// The same with options that have a collate_fn.
template <typename Dataset, typename Sampler, typename F>
auto make_data_loader(Dataset dataset, Sampler sampler, pharos::data::CollatingOptions<F> options) {
  return make_data_loader(
      datasets::map(std::move(dataset), detail::collated<Dataset, F>(std::move(options.function))),
      std::move(sampler), DataLoaderOptions(options.values()));
}
template <typename Sampler = samplers::RandomSampler, typename Dataset, typename F,
          typename = std::enable_if_t<!Dataset::is_stateful>>
auto make_data_loader(Dataset dataset, pharos::data::CollatingOptions<F> options) {
  const size_t size = detail::checked_size(dataset.size());
  return make_data_loader(std::move(dataset), Sampler(size), std::move(options));
}
template <typename Dataset, typename F, typename = void,
          typename = std::enable_if_t<Dataset::is_stateful>>
auto make_data_loader(Dataset dataset, pharos::data::CollatingOptions<F> options) {
  return make_data_loader(
      datasets::map(std::move(dataset), detail::collated<Dataset, F>(std::move(options.function))),
      DataLoaderOptions(options.values()));
}

}  // namespace torch::data
