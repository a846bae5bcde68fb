// Bred schema texts: an error that points, or a schema whose own text parses to itself.
#include <gtest/gtest.h>
#include <pharos/dispatch/dispatcher.h>

#include "dispatch/op_table.h"
#include "support/fuzz.h"

namespace {

TEST(Fuzz, Schemas) {
  std::vector<std::string> seeds;
  for (size_t i = 0; i < pharos::kOpTableSize; i += 7)
    seeds.emplace_back(pharos::kOpTable[i].schema);
  seeds.emplace_back("aten::dict(Dict(str, Tensor) d, (int, float?)[] pairs) -> Dict(int, t[])");
  seeds.emplace_back("my::cls(__torch__.torch.classes.my.Thing x, Any y, NoneType z) -> ...");
  const std::vector<std::string> tokens = {
      "Tensor", "(a!)", "(a -> *)", "(a|b)",    "int[2]", "int[]?", "Dict(int, str)",
      "->",     "=",    "*, ",      "...",      "None",   "'\\''",  "\"",
      "1e308",  "-1",   "[1,2]",    "(",        ")",      "[",      "]",
      "?",      "::",   ".",        "str s='x'"};
  pharos::testing::fuzz("schemas", seeds, tokens, [](const std::string& input) -> std::string {
    const std::string text = torch::jit::parseSchema(input).str();
    EXPECT_EQ(torch::jit::parseSchema(text).str(), text);
    return "parsed";
  });
}

}  // namespace
