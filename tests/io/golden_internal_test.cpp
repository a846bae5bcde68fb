// Files made by real PyTorch and LibTorch (tests/golden/make_pickle.py): what inspect says of them,
// what loading them gives, and that saving them again and loading that gives the same.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/io/inspect.h>
#include <pharos/io/serialize.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/checkpoint.h"
#include "io/io_support.h"

namespace pharos::io {
namespace {

using nlohmann::json;
using testing::golden_file;

const char* const kDescribed[] = {"dtypes",  "views",    "containers", "checkpoint", "tensor",
                                  "unknown", "numpy",    "numpy5",     "deflated",   "big_endian",
                                  "meta",    "scripted", "cycle"};

json inspect(const std::string& path) {
  InspectOptions options;
  options.stats = true;
  return json::parse(inspect_json(path, options));
}

void expect_same(const json& want, const json& got, const std::string& where) {
  if (want.is_number_float() && got.is_number()) {
    double w = want.get<double>(), g = got.get<double>();
    EXPECT_NEAR(w, g, 1e-12 * std::max(1.0, std::abs(w))) << where;
  } else if (want.is_array() && got.is_array()) {
    ASSERT_EQ(want.size(), got.size()) << where;
    for (size_t i = 0; i < want.size(); ++i)
      expect_same(want[i], got[i], where + "." + std::to_string(i));
  } else if (want.is_object() && got.is_object()) {
    EXPECT_EQ(want.size(), got.size()) << where << got;
    for (auto& [k, v] : want.items()) {
      ASSERT_TRUE(got.contains(k)) << where << "." << k;
      expect_same(v, got[k], where + "." + k);
    }
  } else {
    EXPECT_EQ(want, got) << where;
  }
}

void expect_tensors(const json& want, const json& got, bool strides, const std::string& where) {
  ASSERT_EQ(want.size(), got.size()) << where;
  for (const json& w : want) {
    auto g =
        std::find_if(got.begin(), got.end(), [&](const json& t) { return t["name"] == w["name"]; });
    ASSERT_NE(g, got.end()) << where << ": " << w["name"];
    for (auto& [k, v] : w.items()) {
      if (k == "stride" && (v.is_null() || !strides)) continue;
      ASSERT_TRUE(g->contains(k)) << k;
      expect_same(v, (*g)[k], where + ": " + w["name"].get<std::string>() + "." + k);
    }
  }
}

void expect_described(const std::string& file, const std::string& description) {
  json want = json::parse(testing::read_file(golden_file(description + ".json")));
  json got = inspect(file);
  expect_tensors(want["tensors"], got["tensors"], true, file);
  if (want.contains("values")) expect_same(want["values"], got["values"], file);
}

TEST(Golden, InspectSaysWhatPyTorchDoes) {
  for (const char* name : kDescribed) {
    SCOPED_TRACE(name);
    expect_described(golden_file(std::string(name) + ".pt"), name);
  }
  for (int protocol : {0, 1, 3, 4, 5}) {
    SCOPED_TRACE(protocol);
    expect_described(golden_file("protocol" + std::to_string(protocol) + ".pt"), "containers");
  }
}

TEST(Golden, SavedAgainSaysTheSame) {
  std::string path = testing::scratch_file("again.pt");
  for (const std::string name : kDescribed) {
    SCOPED_TRACE(name);
    if (name == "cycle") continue;
    torch::save(load(golden_file(name + ".pt")), path);
    expect_described(path, name);
  }
  // What contained itself has no other form.
  EXPECT_THROW(torch::save(load(golden_file("cycle.pt")), path), c10::Error);
  ::unlink(path.c_str());
}

TEST(Golden, SavedByUsIsByteForByteWhatPyTorchWrites) {
  // Everything but the fingerprint, which depends on the C++ library's hash of names there.
  for (const char* name : {"dtypes", "tensor"}) {
    SCOPED_TRACE(name);
    std::string path = testing::scratch_file(std::string(name) + ".pt");
    torch::save(load(golden_file(std::string(name) + ".pt")), path);
    ZipReader a(open_file(golden_file(std::string(name) + ".pt"))), b(open_file(path));
    ASSERT_EQ(a.entries().size(), b.entries().size());
    for (size_t i = 0; i < a.entries().size(); ++i) {
      const ZipEntry &x = a.entries()[i], &y = b.entries()[i];
      EXPECT_EQ(x.name.substr(x.name.find('/')), y.name.substr(y.name.find('/')));
      if (x.name.find("serialization_id") != std::string::npos) continue;
      EXPECT_EQ(a.read(x), b.read(y)) << x.name;
      EXPECT_EQ(y.offset % 64, 0u);
    }
    ::unlink(path.c_str());
  }
}

TEST(Golden, LoadsSharedStoragesMappedAndNot) {
  for (bool map : {false, true}) {
    LoadOptions options;
    options.map = map;
    auto d = load(golden_file("views.pt"), options).toGenericDict();
    at::Tensor base = d.at("base").toTensor(), part = d.at("part").toTensor();
    EXPECT_TRUE(base.is_alias_of(part));
    EXPECT_TRUE(base.is_alias_of(d.at("transposed").toTensor()));
    EXPECT_FALSE(base.is_alias_of(d.at("scalar").toTensor()));
    EXPECT_EQ(part.storage_offset(), 16);
    EXPECT_EQ(part.strides(), c10::IntArrayRef({4, 2}));
    auto* p = reinterpret_cast<float*>(part.unsafeGetTensorImpl()->data);
    EXPECT_EQ(p[0], 16.f);
    p[0] = -1;  // copied on write where mapped
    EXPECT_EQ(reinterpret_cast<float*>(base.unsafeGetTensorImpl()->data)[16], -1.f);
    EXPECT_TRUE(d.at("conj").toTensor().is_conj());
    EXPECT_TRUE(d.at("neg").toTensor().is_neg());
    EXPECT_TRUE(d.at("parameter").toTensor().requires_grad());
    EXPECT_FALSE(base.requires_grad());
  }
  auto again = load(golden_file("views.pt")).toGenericDict();
  EXPECT_EQ(reinterpret_cast<float*>(again.at("part").toTensor().unsafeGetTensorImpl()->data)[0],
            16.f);
}

TEST(Golden, KeepsIdentityAndTypesOfContainers) {
  auto d = load(golden_file("containers.pt")).toGenericDict();
  IValue shared = d.at("shared");
  EXPECT_TRUE(shared.toListRef()[0].is(shared.toListRef()[1]));
  EXPECT_TRUE(d.at("long").isIntList());
  EXPECT_EQ(d.at("long").toIntVector().size(), 2500u);
  EXPECT_EQ(d.at("i64").toInt(), int64_t{1} << 40);
  EXPECT_EQ(d.at("min").toInt(), INT64_MIN);
  EXPECT_EQ(d.at("device").toDevice(), c10::Device("cuda:1"));
  EXPECT_EQ(d.at("bytes").toObjectRef().state().toStringRef(), std::string("\0\xff\x80"
                                                                           "abc",
                                                                           6));
  EXPECT_EQ(d.at("text").toStringRef(), "caf\xc3\xa9 \xf0\x9f\x98\x80 \"q\"\n");
  auto keys = d.at("ordered").toGenericDict();
  EXPECT_EQ(keys.begin()->key(), IValue("z"));
}

TEST(Golden, ReadsLibTorchArchives) {
  torch::serialize::InputArchive archive, fc1, bn, none;
  archive.load_from(golden_file("cpp_module.pt"));
  EXPECT_EQ(archive.keys(), (std::vector<std::string>{"scale", "fc1", "bn"}));
  archive.read("fc1", fc1);
  archive.read("bn", bn);
  at::Tensor weight, mean, scale;
  fc1.read("weight", weight);
  bn.read("running_mean", mean, true);
  archive.read("scale", scale);
  EXPECT_EQ(weight.sizes(), c10::IntArrayRef({2, 3}));
  EXPECT_TRUE(weight.requires_grad());
  EXPECT_FALSE(mean.requires_grad());
  EXPECT_EQ(scale.scalar_type(), c10::kDouble);
  EXPECT_FALSE(fc1.try_read("nothing", mean));
  EXPECT_THROW(fc1.read("nothing", mean), c10::Error);
  EXPECT_THROW(archive.read("nothing", none), c10::Error);

  at::Tensor t;
  torch::load(t, golden_file("cpp_tensor.pt"));
  EXPECT_EQ(t.sizes(), c10::IntArrayRef({2, 3}));
  std::vector<at::Tensor> tensors;
  torch::load(tensors, golden_file("cpp_tensors.pt"));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_TRUE(tensors[0].is_alias_of(tensors[1]));
  EXPECT_EQ(tensors[2].scalar_type(), c10::kBFloat16);

  torch::serialize::InputArchive adam, groups, group, options;
  adam.load_from(golden_file("cpp_adam.pt"));
  adam.read("param_groups", groups);
  groups.read("param_groups/0", group);
  group.read("options", options);
  IValue lr, betas;
  options.read("lr", lr);
  options.read("betas", betas);
  EXPECT_EQ(lr.toDouble(), 1e-3);
  EXPECT_EQ(betas.toTupleRef().elements()[1].toDouble(), 0.999);
}

TEST(Golden, ReadsLibTorchPickles) {
  std::string bytes = testing::read_file(golden_file("cpp_pickle.pt"));
  auto d = torch::pickle_load(std::vector<char>(bytes.begin(), bytes.end())).toGenericDict();
  EXPECT_EQ(d.at("ints").toIntVector(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_TRUE(d.at("none").isIntList());
  EXPECT_EQ(d.at("floats").toDoubleVector(), std::vector<double>{.5});
  EXPECT_TRUE(d.at("bools").isBoolList());
  EXPECT_TRUE(d.at("tensors").isTensorList());
  EXPECT_EQ(d.at("c").toComplexDouble(), c10::complex<double>(1, 2));
  auto t = d.at("t").toGenericDict();
  EXPECT_TRUE(t.at("a").toTensor().is_alias_of(t.at("b").toTensor()));
}

TEST(Golden, NamesFormatsItCannotRead) {
  auto error = [](const std::string& path) -> std::string {
    try {
      load(path);
    } catch (const c10::Error& e) {
      return e.msg();
    }
    return "";
  };
  EXPECT_NE(error(golden_file("legacy.pt")).find("legacy pickle format"), std::string::npos);
  std::string path = testing::scratch_file("other");
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  testing::write_file(path, tar);
  EXPECT_NE(error(path).find("legacy tar format"), std::string::npos);
  testing::write_file(path, std::string("\x10\0\0\0\0\0\0\0{\"a\":1}", 15));
  EXPECT_NE(error(path).find("safetensors"), std::string::npos);
  testing::write_file(path, "");
  EXPECT_NE(error(path).find("it is empty"), std::string::npos);
  testing::write_file(path, "hello");
  EXPECT_NE(error(path).find("not a PyTorch zip file"), std::string::npos);
  EXPECT_NE(error(path + "/no/such").find("cannot open"), std::string::npos);
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace pharos::io
