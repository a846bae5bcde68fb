// Memory formats given in TensorOptions count as those given as an argument.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <string>

namespace {

using torch::MemoryFormat;
const auto kLast = torch::TensorOptions().memory_format(MemoryFormat::ChannelsLast);

bool channels_last(const torch::Tensor& t) {
  return t.strides() == c10::IntArrayRef({24, 1, 8, 2});
}

TEST(MemoryFormatInOptions, IsFollowed) {
  const auto x = torch::rand({1, 2, 3, 4});
  EXPECT_TRUE(channels_last(torch::empty({1, 2, 3, 4}, kLast)));
  EXPECT_TRUE(channels_last(torch::empty_like(x, kLast)));
  EXPECT_TRUE(channels_last(torch::zeros_like(x, kLast)));
  EXPECT_TRUE(channels_last(torch::ones_like(x, kLast.dtype(torch::kDouble))));
  EXPECT_TRUE(channels_last(torch::full_like(x, 2, kLast)));
  EXPECT_TRUE(channels_last(torch::rand_like(x, kLast)));
  EXPECT_TRUE(channels_last(torch::randn_like(x, kLast)));
  EXPECT_TRUE(channels_last(torch::randint_like(x, 9, kLast)));
  EXPECT_TRUE(channels_last(x.to(kLast)));
}

// PyTorch's zeros has no format of its own and leaves this one alone.
TEST(MemoryFormatInOptions, IsLeftAloneByOthers) {
  EXPECT_TRUE(torch::zeros({1, 2, 3, 4}, kLast).is_contiguous());
}

TEST(MemoryFormatInOptions, MayNotBeGivenTwice) {
  try {
    torch::empty({1, 2, 3, 4}, kLast, MemoryFormat::ChannelsLast);
    FAIL() << "no error";
  } catch (const c10::Error& e) {
    EXPECT_NE(std::string(e.what()).find("Cannot set memory_format both in TensorOptions and"),
              std::string::npos)
        << e.what();
  }
}

}  // namespace
