// Random streams against golden/random/*.txt, which real PyTorch wrote (golden/make_random.py):
// every output bit and the generator's whole state after every call.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>

#include <cinttypes>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "core/mt19937.h"
#include "kernels/cpu/random.h"
#include "kernels/cpu/random_detail.h"

namespace pharos::cpu {
namespace {

using c10::BFloat16;
using c10::Half;
using detail::Compute;
using detail::kIsFloating;
using detail::kIsHalf;

std::uint64_t fnv(const std::uint8_t* data, std::size_t size) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 0x100000001b3U;
  return hash;
}

std::string hex(std::uint64_t value, std::size_t bytes) {
  char text[17];
  std::snprintf(text, sizeof(text), "%0*" PRIx64, static_cast<int>(2 * bytes), value);
  return text;
}

std::string state_hash(const Mt19937& gen) {
  std::vector<std::uint8_t> state(Mt19937::kStateBytes);
  gen.save(state.data());
  return hex(fnv(state.data(), state.size()), 8);
}

struct Call {
  std::string name;
  std::string dtype;
  std::int64_t n = 0;
  std::vector<std::string> args;

  double real(std::size_t i) const { return std::strtod(args.at(i).c_str(), nullptr); }
  std::int64_t integer(std::size_t i) const {
    return std::strtoll(args.at(i).c_str(), nullptr, 10);
  }
};

// The golden script's inputs: the golden ratio's multiples modulo 1, times `scale`.
template <class T>
std::vector<T> ramp(std::int64_t n, double scale) {
  std::vector<T> result;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto word = static_cast<std::uint32_t>(i * 2654435761);
    result.push_back(detail::round_to<T>(word / 4294967296.0 * scale));
  }
  return result;
}

// vector<bool> has no data().
template <class T>
struct Buffer {
  explicit Buffer(std::int64_t n) : size(static_cast<std::size_t>(n)), memory(new T[size + 1]()) {}
  T* data() { return memory.get(); }
  std::size_t size;
  std::unique_ptr<T[]> memory;
};

template <class T, class P>
void bernoulli_by(Mt19937& gen, const Call& call, T* out) {
  fill_bernoulli(gen, out, ramp<P>(call.n, 1).data(), call.n);
}

template <class T>
void run_bernoulli_tensor(Mt19937& gen, const Call& call, T* out) {
  const std::string& p = call.args.at(0);
  if (p == "float") bernoulli_by<T, float>(gen, call, out);
  if (p == "double") bernoulli_by<T, double>(gen, call, out);
  if (p == "half") bernoulli_by<T, Half>(gen, call, out);
  if (p == "bfloat16") bernoulli_by<T, BFloat16>(gen, call, out);
}

template <class T>
bool run_integer(Mt19937& gen, const Call& c, T* out) {
  constexpr bool kUnsigned = std::is_same_v<T, std::uint16_t> || std::is_same_v<T, std::uint32_t> ||
                             std::is_same_v<T, std::uint64_t>;
  if (c.name == "random_from_to") {
    fill_random_from_to(gen, out, c.n, c.integer(0), c.integer(1));
  } else if (c.name == "random_from") {
    fill_random_from(gen, out, c.n, c.integer(0));
  } else if (c.name == "randperm") {
    fill_randperm(gen, out, c.n);
  } else if (c.name == "bernoulli") {
    fill_bernoulli(gen, out, c.n, c.real(0));
  } else if (c.name == "bernoulli_tensor") {
    run_bernoulli_tensor(gen, c, out);
  } else {
    if constexpr (!kUnsigned) {
      if (c.name == "random") return fill_random(gen, out, c.n), true;
    }
    if constexpr (!std::is_same_v<T, bool>) {
      if (c.name == "geometric") return fill_geometric(gen, out, c.n, c.real(0)), true;
    }
    return false;
  }
  return true;
}

template <class T>
bool run_floating(Mt19937& gen, const Call& c, T* out) {
  if (c.name == "uniform") {
    fill_uniform(gen, out, c.n, c.real(0), c.real(1));
  } else if (c.name == "normal") {
    fill_normal(gen, out, c.n, c.real(0), c.real(1));
  } else if (c.name == "normal_serial") {
    fill_normal_serial(gen, out, c.n, c.real(0), c.real(1));
  } else if (c.name == "log_normal") {
    fill_log_normal(gen, out, c.n, c.real(0), c.real(1));
  } else if (c.name == "cauchy") {
    fill_cauchy(gen, out, c.n, c.real(0), c.real(1));
  } else if (c.name == "exponential") {
    fill_exponential(gen, out, c.n, c.real(0));
  } else if (c.name == "poisson") {
    sample_poisson(gen, ramp<T>(c.n, c.real(0)).data(), out, c.n);
  } else {
    return false;
  }
  return true;
}

template <class T>
bool run_wide(Mt19937& gen, const Call& c, T* out) {
  const auto input = ramp<T>(c.n, c.args.empty() ? 0 : c.real(0));
  if (c.name == "gamma") {
    sample_gamma(gen, input.data(), out, c.n);
  } else if (c.name == "dirichlet") {
    const std::int64_t width = c.integer(1);
    sample_dirichlet(gen, input.data(), out, c.n / width, width);
  } else if (c.name == "binomial") {
    std::vector<T> count = input;
    for (T& value : count) value = std::floor(value);
    const auto p = ramp<T>(c.n, 1);
    sample_binomial(gen, count.data(), std::vector<T>(p.rbegin(), p.rend()).data(), out, c.n);
  } else {
    return false;
  }
  return true;
}

// Writes 2n values: the outputs, then the slopes.
template <class T>
void run_rrelu(Mt19937& gen, const Call& c, T* out) {
  auto x = ramp<T>(c.n, 2);
  for (T& value : x) value = static_cast<T>(static_cast<Compute<T>>(value) - 1);
  rrelu_with_noise(gen, x.data(), out + c.n, out, c.n, c.real(0), c.real(1));
}

template <class T>
void run_multinomial(Mt19937& gen, const Call& c, std::int64_t* out) {
  const std::int64_t rows = c.integer(0);
  const std::int64_t width = c.integer(1);
  auto p = ramp<T>(rows * width, 1);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<T>(static_cast<Compute<T>>(p[i]) + static_cast<Compute<T>>(1.0 / 128));
    if (i % 3 == 1 && c.args.at(4) == "zeros") p[i] = T(0);
  }
  sample_multinomial(gen, p.data(), rows, width, c.integer(2), c.integer(3) != 0, out);
}

// The probabilities are the transposed view of a [width, rows] matrix.
template <class T>
void run_transposed_multinomial(Mt19937& gen, const Call& c, std::int64_t* out) {
  const std::int64_t rows = c.integer(0);
  const std::int64_t width = c.integer(1);
  auto p = ramp<T>(rows * width, 1);
  for (T& value : p) value = static_cast<T>(static_cast<Compute<T>>(value) + Compute<T>(1.0 / 128));
  std::vector<T> noise(p.size());
  fill_exponential(gen, noise.data(), rows * width, 1.0);
  const auto transpose = [&](std::vector<T>& matrix) {
    const std::vector<T> old = matrix;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < width; ++i) matrix[r * width + i] = old[i * rows + r];
    }
  };
  transpose(p);
  transpose(noise);
  check_multinomial(p.data(), rows, width);
  rank_multinomial(p.data(), noise.data(), rows, width, c.integer(2), out);
}

struct Result {
  std::vector<std::uint8_t> bytes;
  std::size_t element = 1;
};

template <class T>
Result finish(Buffer<T>& buffer) {
  Result result;
  result.element = sizeof(T);
  result.bytes.resize(sizeof(T) * buffer.size);
  if (buffer.size > 0) std::memcpy(result.bytes.data(), buffer.data(), result.bytes.size());
  return result;
}

template <class T>
Result run(Mt19937& gen, const Call& call) {
  if constexpr (kIsFloating<T>) {
    if (call.name == "multinomial") {
      Buffer<std::int64_t> out(call.n);
      if (call.args.at(4) == "transposed") {
        run_transposed_multinomial<T>(gen, call, out.data());
      } else {
        run_multinomial<T>(gen, call, out.data());
      }
      return finish(out);
    }
    if constexpr (!std::is_same_v<T, Half>) {
      if (call.name == "rrelu") {
        Buffer<T> out(2 * call.n);
        run_rrelu(gen, call, out.data());
        return finish(out);
      }
    }
  }
  Buffer<T> out(call.n);
  bool known = run_integer(gen, call, out.data());
  if constexpr (kIsFloating<T>) known = known || run_floating(gen, call, out.data());
  if constexpr (std::is_floating_point_v<T>) known = known || run_wide(gen, call, out.data());
  if constexpr (std::is_same_v<T, std::int64_t>) {
    if (call.name == "next64") {
      for (std::int64_t i = 0; i < call.n; ++i) {
        out.data()[i] = static_cast<std::int64_t>(gen.next64());
      }
      known = true;
    }
  }
  EXPECT_TRUE(known) << call.name << " " << call.dtype;
  return finish(out);
}

using Runner = Result (*)(Mt19937&, const Call&);
const std::map<std::string, Runner> kRunners = {{"float", run<float>},
                                                {"double", run<double>},
                                                {"half", run<Half>},
                                                {"bfloat16", run<BFloat16>},
                                                {"int8", run<std::int8_t>},
                                                {"int16", run<std::int16_t>},
                                                {"int32", run<std::int32_t>},
                                                {"int64", run<std::int64_t>},
                                                {"uint8", run<std::uint8_t>},
                                                {"uint16", run<std::uint16_t>},
                                                {"uint32", run<std::uint32_t>},
                                                {"uint64", run<std::uint64_t>},
                                                {"bool", run<bool>}};

// What the golden script writes after the bar.
std::string describe(const Result& result, const Mt19937& gen) {
  std::string text = hex(fnv(result.bytes.data(), result.bytes.size()), 8) + " " + state_hash(gen);
  for (std::size_t i = 0; i < 2 && i * result.element < result.bytes.size(); ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, result.bytes.data() + i * result.element, result.element);
    text += " " + hex(bits, result.element);
  }
  return text;
}

void check_file(const std::string& name, int calls_at_least) {
  const char* root = std::getenv("PHAROS_SOURCE_DIR");
  std::ifstream file(std::string(root ? root : ".") + "/tests/golden/random/" + name + ".txt");
  ASSERT_TRUE(file) << name;
  Mt19937 gen;
  int calls = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line);
    Call call;
    in >> call.name;
    if (call.name == "seed") {
      std::uint64_t seed;
      in >> seed;
      gen.seed(seed);
      continue;
    }
    in >> call.dtype >> call.n;
    for (std::string word; in >> word && word != "|";) call.args.push_back(word);
    std::string expected;
    std::getline(in >> std::ws, expected);
    const Result result = kRunners.at(call.dtype)(gen, call);
    ASSERT_EQ(describe(result, gen), expected) << line;
    ++calls;
  }
  EXPECT_GE(calls, calls_at_least);
}

TEST(Random, EngineGivesPyTorchsWords) { check_file("engine", 35); }
TEST(Random, UniformAndBernoulli) { check_file("uniform", 300); }
TEST(Random, Normal) { check_file("normal", 250); }
TEST(Random, IntegersAndPermutations) { check_file("integer", 140); }
TEST(Random, InverseTransforms) { check_file("continuous", 75); }
TEST(Random, CountsAndGammas) { check_file("discrete", 35); }
TEST(Random, Multinomial) { check_file("multinomial", 190); }

TEST(Mt19937, BulkWordsEqualSingleOnes) {
  Mt19937 one(3);
  Mt19937 many(3);
  for (const std::int64_t n : {1, 5, 617, 1, 1, 623, 624, 625, 1249, 0, 1300}) {
    std::vector<std::uint32_t> words(static_cast<std::size_t>(n));
    many.fill_words(words.data(), n);
    for (const std::uint32_t word : words) ASSERT_EQ(word, one.next32());
    ASSERT_EQ(state_hash(one), state_hash(many));
  }
}

TEST(Mt19937, StateCarriesTheCachedNormal) {
  Mt19937 gen(9);
  detail::standard_normal(gen);
  ASSERT_TRUE(gen.has_cached_normal());
  std::vector<std::uint8_t> state(Mt19937::kStateBytes);
  gen.save(state.data());
  Mt19937 other(1);
  other.load(state.data(), state.size());
  EXPECT_EQ(other.initial_seed(), 9U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(detail::standard_normal(gen), detail::standard_normal(other));
  }
  gen.seed(9);
  EXPECT_FALSE(gen.has_cached_normal());
}

std::string load_error(const std::vector<std::uint8_t>& state, std::size_t size) {
  Mt19937 gen(4);
  const std::string before = state_hash(gen);
  try {
    gen.load(state.data(), size);
  } catch (const c10::Error& error) {
    EXPECT_EQ(state_hash(gen), before);
    return error.msg();
  }
  return "";
}

TEST(Mt19937, RefusesImpossibleStates) {
  std::vector<std::uint8_t> state(Mt19937::kStateBytes);
  Mt19937(2).save(state.data());
  EXPECT_EQ(load_error(state, state.size()), "");
  EXPECT_EQ(load_error(state, 10),
            "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to "
            "be 10");
  for (const auto& [at, value] :
       std::vector<std::pair<int, int>>{{8, 0}, {9, 9}, {11, 128}, {12, 0}, {17, 3}, {23, 1}}) {
    auto broken = state;
    broken[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value);
    EXPECT_EQ(load_error(broken, broken.size()), "Invalid mt19937 state") << at;
  }
}

// Indices that PyTorch accepts but that would lead it past its words.
TEST(Mt19937, StaysInsideItsWords) {
  std::vector<std::uint8_t> state(Mt19937::kStateBytes);
  Mt19937(2).save(state.data());
  const std::uint32_t left = 624;
  const std::uint64_t next = 600;
  std::memcpy(state.data() + 8, &left, sizeof(left));
  std::memcpy(state.data() + 16, &next, sizeof(next));
  Mt19937 one;
  Mt19937 many;
  one.load(state.data(), state.size());
  many.load(state.data(), state.size());
  std::vector<std::uint32_t> words(2000);
  many.fill_words(words.data(), 2000);
  for (const std::uint32_t word : words) ASSERT_EQ(word, one.next32());
}

std::string multinomial_error(std::vector<float> p, std::int64_t rows, int k, bool replacement) {
  Mt19937 gen(4);
  std::vector<std::int64_t> out(static_cast<std::size_t>(rows * k));
  try {
    sample_multinomial(gen, p.data(), rows, static_cast<std::int64_t>(p.size()) / rows, k,
                       replacement, out.data());
  } catch (const c10::Error& error) {
    return error.msg();
  }
  return "";
}

TEST(Multinomial, RefusesWhatIsNoDistribution) {
  const std::string invalid = "probability tensor contains either `inf`, `nan` or element < 0";
  const std::string prefix = "invalid multinomial distribution (";
  const float inf = std::numeric_limits<float>::infinity();
  for (const int k : {1, 2}) {
    EXPECT_EQ(multinomial_error({1, -1, 2}, 1, k, false), invalid);
    EXPECT_EQ(multinomial_error({1, inf, 2}, 1, k, false), invalid);
    EXPECT_EQ(multinomial_error({1, NAN, 2}, 1, k, false), invalid);
    EXPECT_EQ(multinomial_error({1, 2, 0, 0}, 2, k, false), prefix + "sum of probabilities <= 0)");
  }
  EXPECT_EQ(multinomial_error({1, -1, 2}, 1, 2, true),
            prefix + "encountering probability entry < 0)");
  EXPECT_EQ(multinomial_error({1, inf, 2}, 1, 2, true),
            prefix + "encountering probability entry = infinity or NaN)");
  EXPECT_EQ(multinomial_error({1, 2, 0, 0}, 2, 2, true), prefix + "sum of probabilities <= 0)");
}

}  // namespace
}  // namespace pharos::cpu
