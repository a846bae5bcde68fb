// Damaged and crafted files: always a c10::Error or a value, never a crash, hang or exhausted
// memory.
#include <gtest/gtest.h>
#include <pharos/core/exception.h>
#include <pharos/io/inspect.h>
#include <pharos/io/serialize.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/checkpoint.h"
#include "io/io_support.h"
#include "io/stats.h"

namespace pharos::io {
namespace {

using testing::golden_file;

struct NoHost final : PickleHost {
  IValue persistent_load(const IValue&) override { TORCH_CHECK(false, "no storages here"); }
};

std::string error_of_pickle(const std::string& p) {
  NoHost host;
  try {
    unpickle(p.data(), p.size(), host);
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "";
}

IValue value_of(const std::string& p) {
  NoHost host;
  return unpickle(p.data(), p.size(), host);
}

#define EXPECT_REFUSED(pickle, why)                                            \
  do {                                                                         \
    std::string message = error_of_pickle(pickle);                             \
    EXPECT_NE(message.find(why), std::string::npos) << "message: " << message; \
  } while (false)

std::string text(const std::string& s) {
  std::string p = "X";
  for (int i = 0; i < 4; ++i) p += static_cast<char>(s.size() >> (8 * i) & 0xff);
  return p + s;
}

std::string repeat(const std::string& s, size_t n) {
  std::string r;
  r.reserve(s.size() * n);
  for (size_t i = 0; i < n; ++i) r += s;
  return r;
}

// A checkpoint whose data.pkl and storage "0" are given.
std::vector<char> checkpoint(const std::string& pickle, const std::string& storage) {
  std::vector<char> out;
  auto sink = vector_sink(out);
  ZipWriter w(*sink);
  w.add("a/data.pkl", pickle);
  w.add("a/data/0", storage);
  w.finish();
  return out;
}

const std::string kStorage0 =
    "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu");

// _rebuild_tensor_v2(storage 0 of `n` elements, `offset`, `sizes`, `strides`, False, OrderedDict())
std::string tensor(const std::string& n, const std::string& offset, const std::string& sizes,
                   const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + kStorage0 + n + "tQ" + offset + sizes + strides +
         "\x89"
         "ccollections\nOrderedDict\n)RtR";
}

std::string error_of_tensor(const std::string& pickle, const std::string& storage) {
  try {
    auto v = torch::pickle_load(checkpoint("\x80\x02" + pickle + ".", storage));
    if (v.isTensor()) tensor_stats(v.toTensor());
  } catch (const c10::Error& e) {
    return e.msg();
  }
  return "";
}

TEST(HostilePickle, StackAndMemo) {
  EXPECT_REFUSED("", "ends too early");
  EXPECT_REFUSED(".", "exactly one value");
  EXPECT_REFUSED("NN.", "exactly one value");
  EXPECT_REFUSED("N(.", "exactly one value");
  EXPECT_REFUSED("0.", "more from the stack");
  EXPECT_REFUSED("2.", "more from the stack");
  EXPECT_REFUSED("N(\x85.", "more from the stack");
  EXPECT_REFUSED("t.", "mark is missing");
  EXPECT_REFUSED("h\x05.", "memo entry");
  EXPECT_REFUSED(std::string("j\xff\xff\xff\xff.", 6), "memo entry");
  EXPECT_REFUSED("q", "ends too early");
  EXPECT_REFUSED("\x80\x06N.", "newer than 5");
  EXPECT_REFUSED("\xff", "unknown opcode");
  EXPECT_REFUSED("Na.", "more from the stack");
  EXPECT_REFUSED("NNa.", "no list");
  EXPECT_REFUSED("NNNs.", "no dict");
  EXPECT_REFUSED("}(Nu.", "no value");
  EXPECT_REFUSED("}](Nu.", "no value");
  EXPECT_REFUSED("}]Ns.", "list or dict");
  EXPECT_REFUSED("NNb.", "none");
  EXPECT_REFUSED("NNR.", "no tuple");
  EXPECT_REFUSED("I12x\n.", "malformed");
  EXPECT_REFUSED("F1.5.5\n.", "malformed");
  EXPECT_REFUSED("S'abc\n.", "malformed");
  EXPECT_REFUSED("V\\u12\n.", "malformed");
  EXPECT_REFUSED("\x82\x01.", "extension codes");
  EXPECT_REFUSED("L" + std::string(5000, '9') + "L\n.", "4300 digits");
  // A far memo index costs no more than a near one.
  EXPECT_EQ(
      value_of(std::string("Nr\xff\xff\xff\xffj\xff\xff\xff\xff\x86.", 13)).toTupleRef().size(),
      2u);
}

TEST(HostilePickle, Lengths) {
  EXPECT_REFUSED(std::string("X\xff\xff\xff\xff"
                             "abc.",
                             9),
                 "ends too early");
  EXPECT_REFUSED(std::string("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                             "abc.",
                             13),
                 "ends too early");
  EXPECT_REFUSED(std::string("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"
                             "abc.",
                             13),
                 "ends too early");
  EXPECT_REFUSED(std::string("\x8b\xff\xff\xff\xff"
                             "abc.",
                             9),
                 "ends too early");
  EXPECT_REFUSED(std::string("\x95\xff\xff\xff\xff\xff\xff\xff\xff"
                             "N.",
                             11),
                 "past its end");
}

TEST(HostilePickle, NestsDeeply) {
  const size_t n = 1000000;
  // Tuples in tuples, lists in lists, lists in tuples in lists, dicts, dropped and kept.
  EXPECT_REFUSED(")" + repeat("\x85", n) + ".", "nested more than");
  EXPECT_REFUSED(repeat("](", n) + repeat("e", n) + ".", "nested more than");
  EXPECT_REFUSED(repeat("]", n) + repeat("a", n - 1) + ".", "nested more than");
  EXPECT_REFUSED(repeat("](", n / 2) + "N" +
                     repeat("\x85"
                            "e",
                            n / 2) +
                     ".",
                 "nested more than");
  EXPECT_EQ(error_of_pickle(")" + repeat("\x85", n) + "0N."), "");
  EXPECT_EQ(error_of_pickle(repeat("]", n) + repeat("a", n - 1) + "0N."), "");
  EXPECT_REFUSED(")" + repeat("\x85", n), "ends too early");
  EXPECT_EQ(error_of_pickle(")" + repeat("\x85", 900) + "."), "");
}

TEST(HostilePickle, ContainsItself) {
  IValue v = value_of(
      "]q\x01h\x01"
      "a.");
  EXPECT_EQ(v.toListRef()[0].toObjectRef().name(), "cycle");
  // A list in a tuple in the list; a dict in itself; an object that is its own state.
  v = value_of(
      "]q\x01h\x01\x85"
      "a.");
  EXPECT_EQ(v.toListRef()[0].toTupleRef().elements()[0].toObjectRef().name(), "cycle");
  v = value_of("}q\x01Nh\x01s.");
  EXPECT_EQ(v.toGenericDict().at(IValue()).toObjectRef().name(), "cycle");
  v = value_of(
      "cm\nC\n)\x81q\x01h\x01"
      "b.");
  EXPECT_EQ(v.toObjectRef().state().toObjectRef().name(), "cycle");
  // Dropped cycles must not leak (the leak checker looks).
  EXPECT_EQ(error_of_pickle("]q\x01h\x01"
                            "a0N."),
            "");
  EXPECT_THROW(torch::pickle_save(v), c10::Error);
}

TEST(HostilePickle, RefersToItselfExponentially) {
  // Each list holds the one before twice: 2^60 leaves in 200 bytes. Loading is linear; listing
  // stops.
  std::string p = "]q" + std::string(1, '\0');
  for (int i = 1; i < 60; ++i)
    p += std::string("0](h") + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" +
         static_cast<char>(i);
  IValue v = value_of(p + ".");
  EXPECT_EQ(v.toListRef().size(), 2u);
  std::string path = testing::scratch_file("laughs.pt");
  auto bytes = checkpoint(p + ".", "");
  testing::write_file(path, std::string(bytes.begin(), bytes.end()));
  EXPECT_THROW(inspect_json(path), c10::Error);
  ::unlink(path.c_str());
  // The same of tuples as a dict's key: hashing must not walk it.
  std::string t = "Nq" + std::string(1, '\0');
  for (int i = 1; i < 60; ++i)
    t += std::string("h") + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "\x86q" +
         static_cast<char>(i) + "0";
  EXPECT_EQ(value_of(t + "0}h" + static_cast<char>(59) + "Ns.").toGenericDict().size(), 1u);
}

TEST(HostilePickle, MultipliesBytes) {
  // A megabyte of text, copied a hundred thousand times by calls of a few bytes each.
  std::string p = text(std::string(1 << 20, 'x')) +
                  "q\x01"
                  "0" +
                  text("latin1") +
                  "q\x02"
                  "0c_codecs\nencode\nq\x03"
                  "0";
  EXPECT_REFUSED("(" + p + repeat("h\x03h\x01h\x02\x86R", 100000) + "t.", "far more than");
  p = "(" + repeat("N", 1 << 20) +
      "tq\x01"
      "0ctorch\nSize\nq\x02"
      "0]q\x03"
      "0";
  EXPECT_EQ(error_of_pickle("(" + p + repeat("h\x02h\x01\x85R", 1000) + "t."), "");
}

TEST(HostilePickle, RunsNothing) {
  std::string marker = testing::scratch_file("executed");
  std::string p = "cos\nsystem\n" + text("touch " + marker) + "\x85R.";
  IValue v = value_of(p);
  EXPECT_EQ(v.toObjectRef().name(), "os.system");
  EXPECT_NE(::access(marker.c_str(), F_OK), 0);
  v = value_of("c__builtin__\neval\n" + text("1+1") + "\x85R.");
  EXPECT_EQ(v.toObjectRef().name(), "builtins.eval");
  // Calling what a call gave is a record of a call.
  v = value_of("cbuiltins\ngetattr\n)R)R.");
  EXPECT_EQ(v.toObjectRef().name(), "call");
}

TEST(HostileTensor, BoundsAreChecked) {
  const std::string storage(24, '\0'), six = "K\x06", zero("K\0", 2), one = "K\x01";
  EXPECT_EQ(error_of_tensor(tensor(six, zero, "K\x06\x85", "K\x01\x85"), storage), "");
  const char* outside = "reach outside its storage";
  auto refused = [&](const std::string& p, const char* why) {
    std::string e = error_of_tensor(p, storage);
    EXPECT_NE(e.find(why), std::string::npos) << e;
  };
  const std::string huge("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
  const std::string large("\x8a\x08\0\0\0\0\0\0\0\x40", 10);
  const std::string minus = "J\xff\xff\xff\xff";
  refused(tensor(six, zero, "K\x07\x85", "K\x01\x85"), outside);
  refused(tensor(six, one, "K\x06\x85", "K\x01\x85"), outside);
  refused(tensor(six, zero, "K\x06\x85", "K\x02\x85"), outside);
  refused(tensor(six, huge, "K\x01\x85", "K\x01\x85"), outside);
  refused(tensor(six, huge, ")", ")"), outside);
  refused(tensor(six, minus, "K\x01\x85", "K\x01\x85"), outside);
  refused(tensor(six, zero, minus + "\x85", "K\x01\x85"), outside);
  refused(tensor(six, zero, "K\x02\x85", minus + "\x85"), outside);
  refused(tensor(six, zero, huge + huge + "\x86", "K\x01K\x01\x86"), outside);
  refused(tensor(six, zero, huge + "\x85", huge + "\x85"), outside);
  refused(tensor(six, zero, large + large + "\x86", zero + zero + "\x86"), outside);
  refused(tensor(six, zero, "K\x02K\x02\x86", "K\x01\x85"), "2 sizes and 1 strides");
  refused(tensor("K\x07", zero, ")", ")"), "should hold 7 elements");
  refused(tensor(minus, zero, ")", ")"), "should hold -1 elements");
  refused(tensor(huge, zero, ")", ")"), "should hold");
  // Expanded dims may be large: nothing of them is in memory, and statistics count them.
  EXPECT_EQ(error_of_tensor(tensor(six, zero, large + "\x85", zero + "\x85"), storage), "");
  // More elements than storage by overlap: statistics refuse instead of walking 2^62.
  std::string bytes(24, '\0');
  EXPECT_EQ(
      error_of_tensor(tensor(six, zero, "K\x03K\x03K\x02\x87", one + one + one + "\x87"), bytes),
      "");
}

TEST(HostileTensor, OtherIdsAndClasses) {
  auto error = [](const std::string& p) { return error_of_tensor(p, std::string(8, '\0')); };
  EXPECT_NE(error("K\x01Q").find("no storage"), std::string::npos);
  EXPECT_NE(error(")Q").find("no storage"), std::string::npos);
  EXPECT_NE(error("(" + text("storage") + "cos\nsystem\n" + text("0") + text("cpu") + "K\x01tQ")
                .find("os.system"),
            std::string::npos);
  EXPECT_NE(
      error("(" + text("storage") + "ctorch\nFloatStorage\n" + text("7") + text("cpu") + "K\x01tQ")
          .find("no record 'data/7'"),
      std::string::npos);
  // Wrong arguments of a known name make a record.
  EXPECT_EQ(error("ctorch._utils\n_rebuild_tensor_v2\n)R"), "");
  EXPECT_EQ(error("ctorch._tensor\n_rebuild_from_type_v2\n)R"), "");
  EXPECT_EQ(error("cnumpy.core.multiarray\nscalar\n)R"), "");
}

TEST(HostileTensor, BoolsAreBools) {
  std::string p =
      "\x80\x02"
      "ctorch._utils\n_rebuild_tensor_v2\n((" +
      text("storage") + "ctorch\nBoolStorage\n" + text("0") + text("cpu") + "K\x04tQK" +
      std::string(1, '\0') + "K\x04\x85K\x01\x85\x89}tR.";
  at::Tensor t = torch::pickle_load(checkpoint(p, std::string("\0\1\2\xff", 4))).toTensor();
  auto* b = reinterpret_cast<unsigned char*>(t.unsafeGetTensorImpl()->data);
  EXPECT_EQ(std::vector<int>(b, b + 4), (std::vector<int>{0, 1, 1, 1}));
}

void exercise(const std::vector<char>& bytes) {
  try {
    IValue v = torch::pickle_load(bytes);
    torch::pickle_save(v);
  } catch (const c10::Error&) {
  }
}

TEST(HostileFile, EveryTruncation) {
  std::string s = testing::read_file(golden_file("views.pt"));
  for (size_t n = 0; n < s.size(); ++n)
    EXPECT_THROW(torch::pickle_load(std::vector<char>(s.begin(), s.begin() + n)), c10::Error) << n;
}

TEST(HostileFile, RandomDamage) {
  testing::Flipper flip(7);
  for (const char* name : {"views.pt", "unknown.pt", "numpy.pt", "cpp_pickle.pt", "deflated.pt"}) {
    std::string s = testing::read_file(golden_file(name));
    std::vector<char> good(s.begin(), s.end());
    for (int i = 0; i < 2000; ++i) exercise(flip(good));
  }
}

// The CRC hides most damage from the layers above; here it is made to fit.
TEST(HostileFile, RandomDamageOfThePickle) {
  testing::Flipper flip(11);
  for (const char* name : {"views.pt", "unknown.pt", "numpy.pt", "numpy5.pt", "cpp_pickle.pt",
                           "protocol0.pt", "protocol4.pt", "cpp_adam.pt", "cycle.pt"}) {
    ZipReader r(open_file(golden_file(name)));
    const ZipEntry* data = nullptr;
    for (const ZipEntry& e : r.entries())
      if (e.name.size() > 9 && e.name.substr(e.name.size() - 9) == "/data.pkl") data = &e;
    ASSERT_TRUE(data);
    std::vector<char> pickle = r.read(*data);
    int rounds = pickle.size() > 10000 ? 200 : 3000;
    for (int i = 0; i < rounds; ++i) {
      std::vector<char> bytes;
      auto sink = vector_sink(bytes);
      ZipWriter w(*sink);
      for (const ZipEntry& e : r.entries()) {
        std::vector<char> b = &e == data ? flip(pickle) : r.read(e);
        w.add(e.name, b.data(), b.size());
      }
      w.finish();
      exercise(bytes);
    }
  }
}

}  // namespace
}  // namespace pharos::io
