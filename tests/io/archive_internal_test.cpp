// torch::save and load and the archives of values: what is written is read back, as files, streams,
// memory and through callbacks, and a failing save leaves the old file alone.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/io/serialize.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "core/factory.h"
#include "io/io_support.h"

namespace pharos::io {
namespace {

using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

at::Tensor ramp(c10::IntArrayRef sizes) {
  at::Tensor t = empty_cpu(sizes, c10::kFloat);
  float* p = reinterpret_cast<float*>(t.unsafeGetTensorImpl()->data);
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = static_cast<float>(i);
  return t;
}

float first(const at::Tensor& t) {
  return *reinterpret_cast<const float*>(t.unsafeGetTensorImpl()->data);
}

void write_model(OutputArchive& archive) {
  OutputArchive layer, empty;
  layer.write("weight", ramp({2, 3}));
  layer.write("running", ramp({}), true);
  archive.write("scale", ramp({1}));
  archive.write("layer", layer);
  archive.write("relu", empty);
  archive.write("version", c10::IValue(3));
}

void check_model(InputArchive& archive) {
  InputArchive layer, empty, missing;
  at::Tensor t;
  archive.read("scale", t);
  EXPECT_EQ(t.sizes(), c10::IntArrayRef({1}));
  archive.read("layer", layer);
  at::Tensor weight, running;
  layer.read("weight", weight);
  layer.read("running", running, true);
  EXPECT_EQ(weight.sizes(), c10::IntArrayRef({2, 3}));
  EXPECT_EQ(running.dim(), 0);
  EXPECT_EQ(layer.keys(), (std::vector<std::string>{"weight", "running"}));
  EXPECT_EQ(archive.keys(), (std::vector<std::string>{"scale", "layer", "version"}));
  archive.read("relu", empty);
  EXPECT_TRUE(empty.keys().empty());
  EXPECT_FALSE(archive.try_read("relu", missing));
  EXPECT_FALSE(layer.try_read("scale", running));
  c10::IValue v;
  archive.read("version", v);
  EXPECT_EQ(v.toInt(), 3);
  EXPECT_THROW(archive.read("nothing", v), c10::Error);
  try {
    layer.read("bias", t);
    FAIL();
  } catch (const c10::Error& e) {
    EXPECT_EQ(e.msg(), "No such serialized tensor 'layer.bias'");
  }
}

TEST(Archive, RoundTripsEverywhere) {
  OutputArchive out;
  write_model(out);
  std::string path = testing::scratch_file("model.pt");
  out.save_to(path);
  InputArchive in;
  in.load_from(path);
  check_model(in);
  ::unlink(path.c_str());

  std::stringstream stream;
  out.save_to(stream);
  InputArchive from_stream;
  from_stream.load_from(stream);
  check_model(from_stream);

  std::string bytes;
  out.save_to([&](const void* p, size_t n) {
    bytes.append(static_cast<const char*>(p), n);
    return n;
  });
  InputArchive from_memory, from_function;
  from_memory.load_from(bytes.data(), bytes.size());
  check_model(from_memory);
  from_function.load_from(
      [&](uint64_t pos, void* buf, size_t n) {
        std::memcpy(buf, bytes.data() + pos, n);
        return n;
      },
      [&] { return bytes.size(); });
  check_model(from_function);
  EXPECT_THROW(from_memory.load_from(bytes.data(), bytes.size(), c10::Device("cuda")), c10::Error);
}

TEST(Archive, ReadsNestedDicts) {
  c10::impl::GenericDict inner(c10::AnyType::get(), c10::AnyType::get());
  inner.insert("weight", ramp({2}));
  c10::impl::GenericDict outer(c10::AnyType::get(), c10::AnyType::get());
  outer.insert("layer", inner);
  InputArchive archive{c10::IValue(outer)}, layer;
  archive.read("layer", layer);
  at::Tensor t;
  EXPECT_TRUE(layer.try_read("weight", t));
}

TEST(Save, TensorsListsAndValues) {
  std::string path = testing::scratch_file("value.pt");
  at::Tensor t = ramp({4}), back;
  torch::save(t, path);
  torch::load(back, path);
  EXPECT_EQ(back.sizes(), t.sizes());

  std::vector<at::Tensor> many{t, view_of(t, {2}, {2}, 1)}, loaded;
  std::stringstream stream;
  torch::save(many, stream);
  torch::load(loaded, stream);
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_TRUE(loaded[0].is_alias_of(loaded[1]));
  EXPECT_EQ(first(loaded[1]), 1.f);

  c10::impl::GenericDict d(c10::AnyType::get(), c10::AnyType::get());
  d.insert("epoch", 3);
  d.insert("shapes", std::vector<int64_t>{1, 2});
  d.insert("t", t);
  torch::save(c10::IValue(d), path);
  c10::IValue v;
  torch::load(v, path);
  EXPECT_EQ(v.toGenericDict().at("epoch").toInt(), 3);
  EXPECT_EQ(v.toGenericDict().at("shapes").toIntVector(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(torch::pickle_load(torch::pickle_save(v)).toGenericDict().size(), 3u);
  ::unlink(path.c_str());
}

TEST(Save, RefusesWhatPythonWouldMisread) {
  at::Tensor t = ramp({4});
  at::Tensor other = view_on(t.storage().unsafeGetStorageImpl(), 0, {4}, {1}, c10::kInt);
  try {
    torch::pickle_save(c10::IValue(std::vector<at::Tensor>{t, other}));
    FAIL();
  } catch (const c10::Error& e) {
    EXPECT_NE(e.msg().find("view the same data as different types"), std::string::npos);
  }
  std::string path = testing::scratch_file("kept.pt");
  testing::write_file(path, "old");
  EXPECT_THROW(torch::save(std::vector<at::Tensor>{t, other}, path), c10::Error);
  EXPECT_EQ(testing::read_file(path), "old");
  ::unlink(path.c_str());
  EXPECT_THROW(torch::save(t, "/nonexistent/folder/x.pt"), c10::Error);
  EXPECT_THROW(torch::load(t, "/nonexistent/x.pt"), c10::Error);
}

TEST(Save, WritesStringsThatAreNoText) {
  c10::IValue v = torch::pickle_load(torch::pickle_save(c10::IValue(std::string("\xff\xfe"))));
  EXPECT_EQ(v.toObjectRef().name(), "builtins.bytes");
  EXPECT_EQ(v.toObjectRef().state().toStringRef(), "\xff\xfe");
}

}  // namespace
}  // namespace pharos::io
