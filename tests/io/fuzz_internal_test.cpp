// Bred checkpoint files and pickles: a value or a c10::Error, whatever they hold.
#include <gtest/gtest.h>
#include <pharos/io/inspect.h>
#include <pharos/io/serialize.h>

#include <algorithm>
#include <filesystem>

#include "io/checkpoint.h"
#include "io/io_support.h"
#include "support/fuzz.h"

namespace pharos::io {
namespace {

constexpr size_t kLongestSeed = 20000;

std::vector<std::string> golden_checkpoints() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(testing::golden_file("")))
    if (entry.path().extension() == ".pt" && entry.file_size() <= kLongestSeed)
      paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  EXPECT_GT(paths.size(), 10u);
  return paths;
}

std::vector<std::string> golden_pickles() {
  std::vector<std::string> pickles;
  for (const std::string& path : golden_checkpoints()) {
    auto source = open_file(path);
    if (!ZipReader::looks_like_zip(*source)) continue;
    ZipReader zip(source);
    for (const ZipEntry& e : zip.entries()) {
      const std::string suffix = "/data.pkl";
      if (e.name.size() < suffix.size() ||
          e.name.compare(e.name.size() - suffix.size(), suffix.size(), suffix) != 0)
        continue;
      const std::vector<char> bytes = zip.read(e);
      pickles.emplace_back(bytes.begin(), bytes.end());
    }
  }
  return pickles;
}

std::string kind(const c10::IValue& v) {
  const std::vector<char> again = torch::pickle_save(v);
  return v.tagKind() + " saved in " + std::to_string(again.size() >> 10) + " KiB";
}

TEST(Fuzz, Checkpoints) {
  std::vector<std::string> files;
  for (const std::string& path : golden_checkpoints()) files.push_back(testing::read_file(path));
  using namespace std::string_literals;
  const std::vector<std::string> tokens = {"PK\1\2"s, "PK\3\4"s,  "PK\5\6"s,   "PK\6\6"s,
                                           "PK\6\7"s, "/data/0"s, "data.pkl"s, "../"s};
  pharos::testing::fuzz("checkpoints", files, tokens, [](const std::string& input) {
    std::string answer = kind(torch::pickle_load(std::vector<char>(input.begin(), input.end())));
    torch::serialize::InputArchive archive;
    archive.load_from(input.data(), input.size());
    return answer + ", " + std::to_string(archive.keys().size()) + " keys";
  });
}

// The checksum of the archive fits, so that all damage reaches the unpickler.
TEST(Fuzz, Pickles) {
  using namespace std::string_literals;
  const std::vector<std::string> tokens = {"ctorch._utils\n_rebuild_tensor_v2\n"s,
                                           "ctorch._utils\n_rebuild_parameter\n"s,
                                           "ctorch._tensor\n_rebuild_from_type_v2\n"s,
                                           "ctorch\nFloatStorage\n"s,
                                           "ctorch\nBoolStorage\n"s,
                                           "ctorch\nSize\n"s,
                                           "ccollections\nOrderedDict\n"s,
                                           "c_codecs\nencode\n"s,
                                           "cnumpy.core.multiarray\n_reconstruct\n"s,
                                           "cnumpy.core.multiarray\nscalar\n"s,
                                           "cnumpy\ndtype\n"s,
                                           "X\7\0\0\0storage"s,
                                           "\x8a\x08\0\0\0\0\0\0\0\x40"s,
                                           "K\1"s,
                                           "K\0"s,
                                           "J\xff\xff\xff\xff"s,
                                           "M\xff\xff"s,
                                           "q\1"s,
                                           "h\1"s,
                                           "h\0"s,
                                           "\x94"s,
                                           "N"s,
                                           "\x88"s,
                                           "]"s,
                                           "}"s,
                                           ")"s,
                                           "("s,
                                           "t"s,
                                           "\x85"s,
                                           "\x86"s,
                                           "\x87"s,
                                           "e"s,
                                           "a"s,
                                           "u"s,
                                           "s"s,
                                           "R"s,
                                           "b"s,
                                           "Q"s,
                                           "0"s,
                                           "1"s,
                                           "2"s,
                                           "\x81"s,
                                           "\x92"s,
                                           "\x8f"s,
                                           "\x90"s,
                                           "\x91"s,
                                           "\x93"s,
                                           "G\x7f\xf0\0\0\0\0\0\0"s,
                                           "."s};
  const std::string storage(256, '\1'), path = testing::scratch_file("fuzz.pt");
  int runs = 0;
  pharos::testing::fuzz("pickles", golden_pickles(), tokens, [&](const std::string& input) {
    std::vector<char> bytes;
    auto sink = vector_sink(bytes);
    ZipWriter zip(*sink);
    zip.add("a/data.pkl", input);
    for (int i = 0; i < 8; ++i) zip.add("a/data/" + std::to_string(i), storage);
    zip.finish();
    if (++runs % 4 == 0) {
      testing::write_file(path, std::string(bytes.begin(), bytes.end()));
      InspectOptions options;
      options.stats = true;
      inspect_json(path, options);
    }
    return kind(torch::pickle_load(bytes));
  });
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace pharos::io
