// Interned module paths.
#include "tape/module_path.h"

#include <deque>
#include <mutex>
#include <unordered_map>

namespace pharos::tape {
namespace {

struct Table {
  std::mutex mutex;
  std::deque<std::string> paths{""};
  std::unordered_map<std::string, uint32_t> ids{{"", 0}};
};
Table& table() {
  static Table* const t = new Table;
  return *t;
}

}  // namespace

uint32_t intern_module_path(const std::string& path) {
  Table& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  const auto [it, fresh] = t.ids.emplace(path, static_cast<uint32_t>(t.paths.size()));
  if (fresh) t.paths.push_back(path);
  return it->second;
}

std::string module_path(uint32_t id) {
  if (id == 0) return {};
  Table& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  return id < t.paths.size() ? t.paths[id] : std::string();
}

}  // namespace pharos::tape
