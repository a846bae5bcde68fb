// The pharos tool: trains, tries and looks into models.
#include <pharos/core/exception.h>

#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "commands.h"

namespace {

using namespace pharos::cli;

int run(const Command& command) {
  if (const auto* train = std::get_if<TrainOptions>(&command)) return run_train(*train);
  if (const auto* predict = std::get_if<PredictOptions>(&command)) return run_predict(*predict);
  return run_inspect(std::get<InspectOptions>(command));
}

int fail(const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "pharos: %s\n", one_line(what).c_str());
  return kBadUsage;
}

}  // namespace

int main(int argc, char** argv) {
  const ParsedArguments parsed = parse_arguments(std::vector<std::string>(argv + 1, argv + argc));
  if (!parsed.command) {
    const char* end = parsed.text.empty() || parsed.text.back() != '\n' ? "\n" : "";
    std::fprintf(parsed.exit_code == 0 ? stdout : stderr, "%s%s", parsed.text.c_str(), end);
    return parsed.exit_code;
  }
  try {
    return run(*parsed.command);
  } catch (const c10::Error& e) {
    return fail(e.msg());
  } catch (const std::exception& e) {
    return fail(e.what());
  }
}
