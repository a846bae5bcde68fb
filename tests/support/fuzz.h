// Seeded fuzzing of readers: inputs are bred from good ones, and what gets a new answer is bred on.
// It needs no special compiler, so that it runs in every build, under sanitizers too.
//   PHAROS_FUZZ_SECONDS   how long each target runs; left out, a few thousand inputs, always the
//   same PHAROS_FUZZ_SEED      another stream of inputs PHAROS_FUZZ_INPUT     a file: the only
//   input
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pharos::testing {

// Gives a short text that tells what became of the input. A c10::Error counts as one, any other
// exception as a failure.
using FuzzTarget = std::function<std::string(const std::string& input)>;

// `tokens` are pieces that the format knows, to be put in anywhere. The input that is running lies
// in a file (its name begins with pharos_fuzz_), which stays behind when the process dies.
void fuzz(const std::string& name, std::vector<std::string> seeds,
          const std::vector<std::string>& tokens, const FuzzTarget& target);

}  // namespace pharos::testing
