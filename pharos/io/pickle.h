// Python's pickle format as data: reads protocols 0 to 5 into values, writes protocol 2. There is
// no notion of a callable. A few dozen names that stand for data (tensors, containers, numbers) are
// known and rebuilt; anything else becomes an inert record.
//
// How Python's values appear:
//   None, bool, int, float, complex, str, list, tuple, dict   as themselves; torch.Size is a tuple,
//                                        OrderedDict, defaultdict and Counter are dicts
//   tensors, parameters, numpy arrays    Tensor; torch.device is a Device
//   an object of another class C         Object "module.C". Its state is what Python would give to
//                                        __setstate__; if it was made with arguments or has items,
//                                        a dict of "__args__", "__list__", "__items__", "__state__"
//   bytes, bytearray, set, frozenset     Object "builtins.bytes" (state: a string), "builtins.set"
//                                        (a list) ...
//   a class, function or dtype itself    Object "global", its state the dotted name
//   a storage itself                     Object "storage", its state (Storage, dtype)
#pragma once

#include <pharos/dispatch/ivalue.h>

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace pharos::io {

using c10::IValue;

constexpr const char* kGlobal = "global";
constexpr const char* kStorage = "storage";

// What an unpickler asks of the file that the pickle lies in.
class PickleHost {
 public:
  virtual ~PickleHost();
  // The value behind a persistent id; throws where there is none.
  virtual IValue persistent_load(const IValue& id) = 0;
  // The tensor that entry `index` of an old TorchScript archive's tensor table stands for.
  virtual IValue tensor_by_index(int64_t index);
};

struct UnpickleLimits {
  // Bytes that values other than storages may take. 0: 64 MiB + 128 times the pickle's length,
  // which honest files stay far below.
  uint64_t budget = 0;
  int max_depth = 1000;
};

IValue unpickle(const char* data, size_t n, PickleHost& host, const UnpickleLimits& limits = {});

// Rebuilds what the class or function of a dotted name gives for arguments. Returns false where the
// name is unknown or the arguments are not what data of that kind has; the caller makes a record.
class Budget;
bool build_known(const std::string& name, const std::vector<IValue>& args, PickleHost& host,
                 Budget& budget, IValue& out);
// The same for a state given to a value that was made before; replaces `value` where it must.
bool set_known_state(IValue& value, const IValue& state, Budget& budget);

// Counts what a pickle makes, so that a small file cannot fill memory or take for ever.
class Budget {
 public:
  explicit Budget(uint64_t n) : left_(n) {}
  void charge(uint64_t n) {
    if (PHAROS_UNLIKELY(n > left_)) exhausted();
    left_ -= n;
  }

 private:
  [[noreturn]] static void exhausted();
  uint64_t left_;
};

// A class, a function, or an object of which only the name and what it was made with are known.
IValue make_record(const std::string& name, const std::vector<IValue>& args);
IValue make_global(const std::string& name);
// The dotted name if v is a class or function, else null.
const std::string* global_name(const IValue& v);
// The names by which Python 3 knows what older pickles call __builtin__.set and the like.
std::string modern_name(std::string module, const std::string& name);

// Writes protocol 2 with the memo used as Python's pickler uses it, so that Python's weights_only
// loader takes it. Records are written as the objects they were read from; an Object
// "collections.OrderedDict" whose state is a dict as an OrderedDict.
class Pickler {
 public:
  // Tells the key of the record of a storage that is saved with this dtype.
  using StorageKey = std::function<std::string(const at::Storage&, c10::ScalarType)>;
  explicit Pickler(StorageKey key) : storage_key_(std::move(key)) {}
  std::string dump(const IValue& v);

 private:
  struct Task {
    enum Kind { kValue, kEmit, kPut, kTuple, kList, kDict } kind;
    IValue value;
    size_t next = 0, written = 0;
    std::string ops;
    const void* identity = nullptr;
  };
  void advance();
  void later(IValue v);
  void emit_later(std::string ops);
  void put_later(const void* identity);
  void items_later(const IValue& container);
  void start(const IValue& v);
  void start_object(const c10::ivalue::Object& o);
  void start_record(const c10::ivalue::Object& o);
  bool known_object(const c10::ivalue::Object& o);
  void tensor(const at::Tensor& t);
  void meta_tensor(const at::Tensor& t);
  void storage(const at::Storage& s, c10::ScalarType dtype);
  void device(c10::Device d);
  void string(const std::string& s);
  void bytes(const std::string& s, bool array);
  void big_integer(const std::string& s);
  void global(const std::string& module, const std::string& name);
  void global(const std::string& dotted);
  void integer(int64_t v);
  void real(double v);
  void ints(c10::IntArrayRef v);
  void end_tuple(size_t n);
  void op(int c) { out_ += static_cast<char>(c); }
  void little(uint64_t v, int n);
  void put();
  void put(const void* identity);
  void get(uint32_t i);

  StorageKey storage_key_;
  std::string out_;
  std::vector<Task> tasks_;
  uint32_t memo_size_ = 0;
  std::unordered_map<const void*, uint32_t> objects_;
  std::unordered_map<std::string, uint32_t> texts_;  // strings by content; globals as "c..."
};

}  // namespace pharos::io
