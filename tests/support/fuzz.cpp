#include "support/fuzz.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <unordered_set>

namespace pharos::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongest = size_t{1} << 16, kCorpus = 1000;
constexpr int kInputs = 3000;
constexpr double kSlow = 10;  // CPU seconds for one input, far above what a sanitizer needs

const char* text_of(const char* variable, const char* otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? text : otherwise;
}

class Breeder {
 public:
  Breeder(uint64_t seed, const std::vector<std::string>& tokens) : random_(seed), tokens_(tokens) {}

  std::string operator()(const std::vector<std::string>& corpus) {
    std::string input = corpus[below(corpus.size())];
    // Mostly one change, for most changes make an input that is refused at once.
    do change(input, corpus[below(corpus.size())]);
    while (below(3) == 0);
    if (input.size() > kLongest) input.resize(kLongest);
    return input;
  }
  size_t below(size_t n) { return n == 0 ? 0 : random_() % n; }

 private:
  void change(std::string& s, const std::string& other) {
    const size_t at = below(s.size() + 1), length = below(std::min<size_t>(s.size() - at, 64) + 1);
    switch (below(9)) {
      case 0:
        if (at < s.size()) s[at] = static_cast<char>(s[at] ^ 1 << below(8));
        break;
      case 1:
        if (at < s.size()) s[at] = static_cast<char>(random_());
        break;
      case 2:
        put_number(s, at);
        break;
      case 3:
        s.erase(at, length);
        break;
      case 4:
        s.insert(at, s.substr(at, length));
        break;
      case 5:
        if (!tokens_.empty()) s.insert(at, tokens_[below(tokens_.size())]);
        break;
      case 6: {
        const size_t from = below(other.size() + 1);
        s.replace(at, length, other.substr(from, below(64)));
        break;
      }
      case 7: {
        const size_t from = below(s.size() + 1);
        s.replace(at, length, s.substr(from, length));
        break;
      }
      default:
        if (below(8) == 0) s.resize(at);
    }
  }

  // One that overflows, wraps or is just outside, in any width and byte order.
  void put_number(std::string& s, size_t at) {
    static constexpr int64_t kNumbers[] = {
        0,  1,   2,   -1,  -2,    127,   128,     255,       256,       32767,
        64, 100, 999, 511, 65535, 65536, 1 << 24, INT32_MAX, INT64_MAX, INT64_MIN};
    const int64_t number = kNumbers[below(std::size(kNumbers))];
    const size_t bytes = size_t{1} << below(4);
    const bool big = below(2) == 0;
    for (size_t i = 0; i < bytes && at + i < s.size(); ++i)
      s[at + i] = static_cast<char>(number >> 8 * (big ? bytes - 1 - i : i));
  }

  std::mt19937_64 random_;
  const std::vector<std::string>& tokens_;
};

// The running input on disk, for the case that the process does not come back from it.
class Running {
 public:
  explicit Running(const std::string& name)
      : path_(std::string(text_of("TMPDIR", "/tmp")) + "/pharos_fuzz_" + name + "_" +
              std::to_string(getpid())),
        file_(open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)) {
    EXPECT_GE(file_, 0) << path_;
  }
  ~Running() {
    close(file_);
    if (!keep_) unlink(path_.c_str());
  }
  void set(const std::string& input) {
    if (keep_) return;
    EXPECT_EQ(ftruncate(file_, 0), 0);
    EXPECT_EQ(pwrite(file_, input.data(), input.size(), 0), static_cast<ssize_t>(input.size()));
  }
  const std::string& keep() {
    keep_ = true;
    return path_;
  }

 private:
  std::string path_;
  int file_;
  bool keep_ = false;
};

// Errors that differ only in the input's own numbers and names are one answer.
std::string kind_of(const std::string& answer) {
  std::string kind;
  bool quoted = false;
  for (char c : answer) {
    if (c == '\n' || kind.size() == 64) break;
    if (c == '\'' || c == '"') quoted = !quoted;
    const bool digit = c >= '0' && c <= '9';
    if (!quoted && !(digit && !kind.empty() && kind.back() == '0')) kind += digit ? '0' : c;
  }
  return kind;
}

std::string answer_of(const FuzzTarget& target, const std::string& input, Running& running) {
  running.set(input);
  const std::clock_t began = std::clock();  // a busy machine is no fault of the reader
  std::string answer;
  try {
    answer = target(input);
  } catch (const c10::Error& e) {
    answer = "error: " + e.msg();
  } catch (const std::exception& e) {
    ADD_FAILURE() << "not a c10::Error: " << e.what();
  }
  const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, kSlow) << answer;
  if (::testing::Test::HasFailure()) ADD_FAILURE() << "input: " << running.keep();
  return answer;
}

}  // namespace

void fuzz(const std::string& name, std::vector<std::string> seeds,
          const std::vector<std::string>& tokens, const FuzzTarget& target) {
  ASSERT_FALSE(seeds.empty());
  Running running(name);
  if (const char* path = text_of("PHAROS_FUZZ_INPUT", nullptr)) {
    std::ifstream file(path, std::ios::binary);
    const std::string input(std::istreambuf_iterator<char>(file), {});
    printf("%s: %s\n", name.c_str(), answer_of(target, input, running).c_str());
    return;
  }
  std::vector<std::string> corpus = std::move(seeds);
  std::unordered_set<std::string> known;
  for (const std::string& seed : corpus) known.insert(kind_of(answer_of(target, seed, running)));
  const size_t first = known.size();

  const double seconds = std::atof(text_of("PHAROS_FUZZ_SECONDS", "0"));
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  Breeder breed(std::strtoull(text_of("PHAROS_FUZZ_SEED", "1"), nullptr, 10), tokens);
  int inputs = 0;
  for (; seconds > 0 ? Clock::now() < end : inputs < kInputs; ++inputs) {
    std::string input = breed(corpus);
    const std::string answer = answer_of(target, input, running);
    if (::testing::Test::HasFailure()) return;
    if (!known.insert(kind_of(answer)).second) continue;
    if (corpus.size() < kCorpus)
      corpus.push_back(std::move(input));
    else
      corpus[breed.below(corpus.size())] = std::move(input);
  }
  printf("%s: %d inputs, %zu kinds of answers\n", name.c_str(), inputs, known.size());
  // Breeding that finds nothing new tests nothing.
  EXPECT_GT(known.size(), first + 3);
}

}  // namespace pharos::testing
