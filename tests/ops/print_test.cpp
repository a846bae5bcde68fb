// Printed tensors against what LibTorch prints (golden/print.txt), and the forms it does not hold.
#include <gtest/gtest.h>
#include <pharos/ops/functions.h>

#include <fstream>
#include <sstream>

#include "../golden/print_cases.h"

namespace {

std::vector<std::string> expected() {
  std::ifstream file(std::string(PHAROS_TEST_SOURCE_DIR) + "/golden/print.txt");
  std::stringstream text;
  text << file.rdbuf();
  std::vector<std::string> out;
  const std::string all = text.str(), mark = "\n\x1e\n";
  for (size_t at = 0, end; (end = all.find(mark, at)) != std::string::npos; at = end + mark.size())
    out.push_back(all.substr(at, end - at));
  return out;
}

std::string printed(const at::Tensor& t) {
  std::ostringstream out;
  out << t;
  return out.str();
}

TEST(Print, EqualsLibTorch) {
  auto tensors = print_cases::all();
  for (const auto& t : print_cases::all_complex()) tensors.push_back(t);
  const auto want = expected();
  ASSERT_EQ(want.size(), tensors.size());
  ASSERT_GE(want.size(), 200u);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(printed(tensors[i]), want[i]) << "case " << i;
}

TEST(Print, LineSizeFoldsColumns) {
  std::ostringstream out;
  at::print(out, at::ones({1, 3}), 4);
  EXPECT_EQ(out.str(),
            "Columns 1 to 1 1\n\nColumns 2 to 2 1\n\nColumns 3 to 3 1\n[ CPUFloatType{1,3} ]");
}

TEST(Print, RecordsNothing) {
  const at::Tensor t = at::ones({2}).set_requires_grad(true);
  EXPECT_EQ(printed(t), " 1\n 1\n[ CPUFloatType{2} ]");
  EXPECT_EQ(t._version(), 0);
}

}  // namespace
