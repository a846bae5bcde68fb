// pharos inspect: what a checkpoint holds, as a table or as JSON. Nothing in the file is run.
#include <fmt/core.h>
#include <pharos/io/inspect.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "progress.h"

namespace pharos::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string joined(const Json& list) {
  std::string s = "[";
  for (size_t i = 0; i < list.size(); ++i) s += (i ? ", " : "") + list[i].dump();
  return s + "]";
}

std::string number(const Json& v) {
  if (v.is_number_float()) return fmt::format("{:.6g}", v.get<double>());
  return v.is_string() ? v.get<std::string>() : v.dump();
}

// One line of at most `width` characters.
std::string cut(std::string s, size_t width) {
  s = one_line(s);
  return s.size() <= width ? s : s.substr(0, width - 3) + "...";
}

void print_values(const Json& v, const std::string& name) {
  if (v.is_object() && !v.contains("__tensor__")) {
    for (const auto& [key, value] : v.items())
      print_values(value, name.empty() ? key : name + "." + key);
    return;
  }
  if (v.is_object()) return;  // a tensor: it is in the table
  if (v.is_array() &&
      std::any_of(v.begin(), v.end(), [](const Json& x) { return x.is_structured(); })) {
    for (size_t i = 0; i < v.size(); ++i) print_values(v[i], name + "." + std::to_string(i));
    return;
  }
  fmt::print("  {} = {}\n", one_line(name), cut(v.dump(), 100));
}

}  // namespace

int run_inspect(const InspectOptions& options) {
  pharos::InspectOptions how;
  how.stats = options.stats;
  const std::string text = inspect_json(options.file, how);
  if (options.json) {
    fmt::print("{}\n", text);
    return 0;
  }
  const Json file = Json::parse(text);
  const Json& tensors = file.at("tensors");
  size_t name_width = 4, shape_width = 5;
  int64_t values = 0, bytes = 0;
  for (const Json& t : tensors) {
    name_width = std::max(name_width, one_line(t.at("name").get<std::string>()).size());
    shape_width = std::max(shape_width, joined(t.at("shape")).size());
    values += t.at("numel").get<int64_t>();
    bytes += t.at("nbytes").get<int64_t>();
  }
  fmt::print("{}: {} file, {} bytes\n", one_line(options.file),
             file.at("format").get<std::string>(), with_thousands(file.at("bytes").get<int64_t>()));
  if (!tensors.empty()) {
    fmt::print("\n{:<{}}  {:<10}  {:<{}}", "name", name_width, "dtype", "shape", shape_width);
    if (options.stats)
      fmt::print("  {:>12}  {:>12}  {:>12}  {:>5}  {:>5}", "sum", "min", "max", "nan", "inf");
    fmt::print("\n");
  }
  for (const Json& t : tensors) {
    fmt::print("{:<{}}  {:<10}  {:<{}}", one_line(t.at("name").get<std::string>()), name_width,
               t.at("dtype").get<std::string>(), joined(t.at("shape")), shape_width);
    if (options.stats)
      fmt::print("  {:>12}  {:>12}  {:>12}  {:>5}  {:>5}", number(t.at("sum")), number(t.at("min")),
                 number(t.at("max")), number(t.at("nan")), number(t.at("inf")));
    fmt::print("\n");
  }
  fmt::print("{} tensors, {} values, {} bytes\n", tensors.size(), with_thousands(values),
             with_thousands(bytes));
  const Json& rest = file.at("values");
  if (!rest.is_null() && !(rest.is_object() && rest.contains("__tensor__"))) {
    fmt::print("\nother values:\n");
    print_values(rest, "");
  }
  return 0;
}

}  // namespace pharos::cli
