// The states of an optimizer by parameter: a map with unordered_map's usual members, in the order
// of insertion, that does not make every program pay for unordered_map.
#pragma once

#include <pharos/core/macros.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace torch::optim {

class OptimizerParamState;

class PHAROS_API StateMap {
 public:
  using key_type = void*;
  using mapped_type = std::unique_ptr<OptimizerParamState>;
  using value_type = std::pair<void*, mapped_type>;
  using iterator = value_type*;
  using const_iterator = const value_type*;

  StateMap();
  StateMap(StateMap&&) noexcept;
  StateMap& operator=(StateMap&&) noexcept;
  ~StateMap();

  // References and iterators last until the next insertion or removal.
  mapped_type& operator[](void* key);
  mapped_type& at(void* key);
  const mapped_type& at(void* key) const;
  iterator find(void* key);
  const_iterator find(void* key) const;
  size_t count(void* key) const;
  size_t erase(void* key);
  void clear();
  size_t size() const;
  bool empty() const;
  iterator begin();
  iterator end();
  const_iterator begin() const;
  const_iterator end() const;

 private:
  struct Table;
  Table* table_;
};

}  // namespace torch::optim
