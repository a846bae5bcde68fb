// Tensor::index and index_put_ with numbers, slices, None, "..." and tensors, against plain loops.
#include <gtest/gtest.h>
#include <pharos/dispatch/ivalue.h>
#include <pharos/indexing.h>
#include <pharos/ops/functions.h>

namespace {

using at::Tensor;
using at::indexing::Ellipsis;
using at::indexing::None;
using at::indexing::Slice;

Tensor cube() { return at::arange(24, at::TensorOptions(at::kFloat)).view({2, 3, 4}); }

std::vector<float> values(const Tensor& t) {
  const Tensor c = t.contiguous();
  return {c.data_ptr<float>(), c.data_ptr<float>() + c.numel()};
}

Tensor longs(std::vector<int64_t> v) {
  Tensor t = at::empty({static_cast<int64_t>(v.size())}, at::TensorOptions(at::kLong));
  std::copy(v.begin(), v.end(), t.data_ptr<int64_t>());
  return t;
}

TEST(Indexing, ViewsShareMemory) {
  const Tensor x = cube();
  const Tensor v = x.index({1, Slice(None, 2), "..."});
  EXPECT_EQ(v.sizes(), (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(v.data_ptr(), static_cast<void*>(x.data_ptr<float>() + 12));
  EXPECT_EQ(x.index({Ellipsis, 3}).sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(x.index({None, 0, None}).sizes(), (std::vector<int64_t>{1, 1, 3, 4}));
  EXPECT_EQ(values(x.index({0, 0, Slice(0, 4, 2)})), (std::vector<float>{0, 2}));
  EXPECT_EQ(values(x.index({0, 0, Slice(-2)})), (std::vector<float>{2, 3}));
}

TEST(Indexing, Tensors) {
  const Tensor x = cube();
  EXPECT_EQ(values(x.index({longs({1, 0}), 0, longs({3, -1})})), (std::vector<float>{15, 3}));
  // Index dims between others come first where they are no neighbours.
  EXPECT_EQ(x.index({longs({0, 1}), Slice(), longs({0, 1})}).sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(x.index({Slice(), longs({0, 1, 2, 0, 1})}).sizes(), (std::vector<int64_t>{2, 5, 4}));
  EXPECT_EQ(values(x.index({x.gt(21)})), (std::vector<float>{22, 23}));
  EXPECT_EQ(x.index({true}).sizes(), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(x.index({false}).sizes(), (std::vector<int64_t>{0, 2, 3, 4}));
}

TEST(Indexing, Put) {
  Tensor x = cube();
  x.index_put_({0, Slice(), 1}, -1);
  EXPECT_EQ(values(x.index({0, Slice(), 1})), (std::vector<float>{-1, -1, -1}));
  x.index_put_({x.lt(0)}, 5);
  EXPECT_EQ(x.index({0, 2, 1}).item<float>(), 5);
  x.index_put_({Slice(), longs({0, 2})}, at::zeros({1, 2, 2, 4}));
  EXPECT_EQ(x.index({Slice(), 0}).sum().item<float>(), 0);
  EXPECT_EQ(x.index({1, 1, 0}).item<float>(), 16);
  x[1][1] = at::ones({4});
  EXPECT_EQ(values(x[1][1]), (std::vector<float>{1, 1, 1, 1}));
}

TEST(Indexing, PutAccumulatesWhereAsked) {
  Tensor x = at::zeros({4});
  const Tensor twice = longs({1, 3, 1});
  x.index_put_({twice}, at::ones({3}), true);
  EXPECT_EQ(values(x), (std::vector<float>{0, 2, 0, 1}));
  x.index_put_({twice}, at::ones({3}), false);
  EXPECT_EQ(values(x), (std::vector<float>{0, 1, 0, 1}));
  c10::List<std::optional<Tensor>> list;
  list.push_back(longs({3}));
  EXPECT_EQ(values(x.index(list)), std::vector<float>{1});
  x.index_put_(list, at::full({1}, 5.0));
  EXPECT_EQ(values(x), (std::vector<float>{0, 1, 0, 5}));
}

TEST(Indexing, OpenEndsOfSlices) {
  EXPECT_EQ(Slice().stop(), at::indexing::INDEX_MAX);
  EXPECT_EQ(Slice(None, None, -1).start(), at::indexing::INDEX_MAX);
  EXPECT_EQ(Slice(None, None, -1).stop(), at::indexing::INDEX_MIN);
  EXPECT_EQ(cube().index({Slice(1, None)}).size(0), 1);
}

TEST(Indexing, NumbersIntoNumbers) {
  try {
    at::ones({}).index({0});
    FAIL();
  } catch (const c10::IndexError& e) {
    EXPECT_EQ(e.msg().rfind("invalid index of a 0-dim tensor", 0), 0U) << e.msg();
  }
}

TEST(Indexing, Errors) {
  const Tensor x = cube();
  EXPECT_THROW(x.index({2}), c10::IndexError);
  EXPECT_THROW(x.index({0, 0, 0, 0}), c10::IndexError);
  EXPECT_THROW(x.index({longs({7})}), c10::IndexError);
  EXPECT_THROW(x.index({".."}), c10::ValueError);
  EXPECT_THROW(x.index({Slice(0, 2, -1)}), c10::ValueError);
}

}  // namespace
