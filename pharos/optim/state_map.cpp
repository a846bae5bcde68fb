// StateMap: items in the order of insertion, found through a table of their positions.
#include <pharos/core/exception.h>
#include <pharos/optim/optimizer.h>

#include <vector>

namespace torch::optim {

namespace {
// Pointers differ in their middle bits; the multiplication brings those to the top.
size_t slot_of(void* key, size_t mask) {
  const auto bits = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(key));
  return static_cast<size_t>((bits * 0x9e3779b97f4a7c15u) >> 32) & mask;
}
}  // namespace

struct StateMap::Table {
  std::vector<value_type> items;
  std::vector<uint32_t> slots;  // open addressing: positions + 1, 0 where free

  size_t position(void* key) const {
    if (slots.empty()) return items.size();
    const size_t mask = slots.size() - 1;
    for (size_t s = slot_of(key, mask); slots[s] != 0; s = (s + 1) & mask)
      if (items[slots[s] - 1].first == key) return slots[s] - 1;
    return items.size();
  }
  void place(size_t at) {
    const size_t mask = slots.size() - 1;
    size_t s = slot_of(items[at].first, mask);
    while (slots[s] != 0) s = (s + 1) & mask;
    slots[s] = static_cast<uint32_t>(at + 1);
  }
  void rebuild() {
    size_t n = 16;
    while (n < 2 * items.size() + 2) n *= 2;
    slots.assign(n, 0);
    for (size_t i = 0; i < items.size(); ++i) place(i);
  }
};

StateMap::StateMap() : table_(new Table) {}
StateMap::StateMap(StateMap&& o) noexcept : StateMap() { std::swap(table_, o.table_); }
StateMap& StateMap::operator=(StateMap&& o) noexcept {
  std::swap(table_, o.table_);
  return *this;
}
StateMap::~StateMap() { delete table_; }

StateMap::mapped_type& StateMap::operator[](void* key) {
  Table& t = *table_;
  const size_t at = t.position(key);
  if (at < t.items.size()) return t.items[at].second;
  t.items.emplace_back(key, nullptr);
  if (2 * t.items.size() + 2 > t.slots.size())
    t.rebuild();
  else
    t.place(at);
  return t.items.back().second;
}

StateMap::mapped_type& StateMap::at(void* key) {
  const size_t at = table_->position(key);
  TORCH_CHECK_INDEX(at < size(), "the optimizer has no state for this parameter");
  return table_->items[at].second;
}
const StateMap::mapped_type& StateMap::at(void* key) const {
  return const_cast<StateMap*>(this)->at(key);
}
StateMap::iterator StateMap::find(void* key) { return begin() + table_->position(key); }
StateMap::const_iterator StateMap::find(void* key) const { return begin() + table_->position(key); }
size_t StateMap::count(void* key) const { return table_->position(key) < size() ? 1 : 0; }

size_t StateMap::erase(void* key) {
  const size_t at = table_->position(key);
  if (at == size()) return 0;
  table_->items.erase(table_->items.begin() + static_cast<std::ptrdiff_t>(at));
  table_->rebuild();
  return 1;
}
void StateMap::clear() {
  table_->items.clear();
  table_->slots.clear();
}
size_t StateMap::size() const { return table_->items.size(); }
bool StateMap::empty() const { return table_->items.empty(); }
StateMap::iterator StateMap::begin() { return table_->items.data(); }
StateMap::iterator StateMap::end() { return begin() + size(); }
StateMap::const_iterator StateMap::begin() const { return table_->items.data(); }
StateMap::const_iterator StateMap::end() const { return begin() + size(); }

}  // namespace torch::optim
