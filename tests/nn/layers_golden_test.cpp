// Every layer against LibTorch: printing, parameters for a seed, outputs, gradients, buffers.
// golden/layers.txt is what layers_program.h prints when built against LibTorch 2.15.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "layers_program.h"

namespace {

using Sections = std::vector<std::pair<std::string, std::vector<std::string>>>;

Sections read(std::istream& in) {
  Sections out;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("== ", 0) == 0)
      out.push_back({line.substr(3), {}});
    else
      out.back().second.push_back(line);
  }
  return out;
}

bool number(const std::string& word, double& value) {
  char* end = nullptr;
  value = std::strtod(word.c_str(), &end);
  return end != word.c_str() && *end == '\0';
}

// Equal but for the last digits of f32 numbers.
void expect_line(const std::string& want, const std::string& got) {
  std::istringstream a(want), b(got);
  std::string x, y;
  while (a >> x) {
    ASSERT_TRUE(b >> y) << want << "\n" << got;
    double u, v;
    if (number(x, u) && number(y, v)) {
      if (std::isnan(u) && std::isnan(v)) continue;
      ASSERT_NEAR(u, v, 2e-5 + 2e-5 * std::abs(u)) << want << "\n" << got;
    } else {
      ASSERT_EQ(x, y) << want << "\n" << got;
    }
  }
  ASSERT_FALSE(b >> y) << want << "\n" << got;
}

TEST(Layers, EqualLibTorch) {
  std::ifstream file(PHAROS_TEST_SOURCE_DIR "/nn/golden/layers.txt");
  ASSERT_TRUE(file);
  const Sections want = read(file);
  ASSERT_GT(want.size(), 150u);
  std::stringstream text;
  layers_program::all(text);
  const Sections got = read(text);
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    SCOPED_TRACE(want[i].first);
    EXPECT_EQ(want[i].first, got[i].first);
    const auto &w = want[i].second, &g = got[i].second;
    EXPECT_EQ(w.size(), g.size()) << "last line: " << (g.empty() ? "" : g.back());
    for (size_t l = 0; l < std::min(w.size(), g.size()); ++l) {
      if (w[l].rfind("error ", 0) == 0)
        EXPECT_EQ(w[l], g[l]);
      else
        expect_line(w[l], g[l]);
    }
  }
}

}  // namespace
