// StateMap: items in the order of insertion, found through a table of their positions.
#include <pharos/core/exception.h>
#include <pharos/optim/optimizer.h>

namespace torch::optim {

namespace {
// Pointers differ in their middle bits; the multiplication brings those to the top.
size_t slot_of(void* key, size_t mask) {
  const auto bits = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(key));
  return static_cast<size_t>((bits * 0x9e3779b97f4a7c15u) >> 32) & mask;
}
}  // namespace

StateMap::StateMap() = default;
StateMap::StateMap(StateMap&&) noexcept = default;
StateMap& StateMap::operator=(StateMap&&) noexcept = default;
StateMap::~StateMap() = default;

size_t StateMap::position(void* key) const {
  if (slots_.empty()) return items_.size();
  const size_t mask = slots_.size() - 1;
  for (size_t s = slot_of(key, mask); slots_[s] != 0; s = (s + 1) & mask)
    if (items_[slots_[s] - 1].first == key) return slots_[s] - 1;
  return items_.size();
}

void StateMap::rebuild() {
  size_t n = 16;
  while (n < 2 * items_.size() + 2) n *= 2;
  slots_.assign(n, 0);
  for (size_t i = 0; i < items_.size(); ++i) {
    size_t s = slot_of(items_[i].first, n - 1);
    while (slots_[s] != 0) s = (s + 1) & (n - 1);
    slots_[s] = static_cast<uint32_t>(i + 1);
  }
}

StateMap::mapped_type& StateMap::operator[](void* key) {
  const size_t at = position(key);
  if (at < items_.size()) return items_[at].second;
  items_.emplace_back(key, nullptr);
  if (2 * items_.size() + 2 > slots_.size()) {
    rebuild();
  } else {
    const size_t mask = slots_.size() - 1;
    size_t s = slot_of(key, mask);
    while (slots_[s] != 0) s = (s + 1) & mask;
    slots_[s] = static_cast<uint32_t>(items_.size());
  }
  return items_.back().second;
}

StateMap::mapped_type& StateMap::at(void* key) {
  const size_t at = position(key);
  TORCH_CHECK_INDEX(at < items_.size(), "the optimizer has no state for this parameter");
  return items_[at].second;
}
const StateMap::mapped_type& StateMap::at(void* key) const {
  return const_cast<StateMap*>(this)->at(key);
}
StateMap::iterator StateMap::find(void* key) { return items_.data() + position(key); }
StateMap::const_iterator StateMap::find(void* key) const { return items_.data() + position(key); }
size_t StateMap::count(void* key) const { return position(key) < items_.size() ? 1 : 0; }

size_t StateMap::erase(void* key) {
  const size_t at = position(key);
  if (at == items_.size()) return 0;
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
  rebuild();
  return 1;
}
void StateMap::clear() {
  items_.clear();
  slots_.clear();
}
size_t StateMap::size() const { return items_.size(); }
bool StateMap::empty() const { return items_.empty(); }
StateMap::iterator StateMap::begin() { return items_.data(); }
StateMap::iterator StateMap::end() { return items_.data() + items_.size(); }
StateMap::const_iterator StateMap::begin() const { return items_.data(); }
StateMap::const_iterator StateMap::end() const { return items_.data() + items_.size(); }

}  // namespace torch::optim
