// The objects behind List and Dict, and how values are hashed and printed.
#include <pharos/dispatch/ivalue.h>

#include <cmath>
#include <limits>
#include <ostream>
#include <string_view>

namespace c10 {
namespace detail {

ListImpl::ListImpl(TypePtr element, std::vector<IValue> v)
    : list(std::move(v)), elementType(element) {}
ListImpl::~ListImpl() = default;
intrusive_ptr<ListImpl> ListImpl::copy() const {
  return make_intrusive<ListImpl>(elementType, list);
}

intrusive_ptr<ListImpl> make_list(TypePtr element, size_t reserve) {
  auto l = make_intrusive<ListImpl>(element);
  if (reserve) l->list.reserve(reserve);
  return l;
}
bool operator==(const ListImpl& a, const ListImpl& b) {
  return &a == &b || (a.elementType == b.elementType && a.list == b.list);
}
void append(ListImpl& list, IValue v) { list.list.push_back(std::move(v)); }
IValue& at(ListImpl& list, size_t pos) {
  TORCH_CHECK_INDEX(pos < list.list.size(), "list index out of range");
  return list.list[pos];
}
void insert(ListImpl& list, size_t pos, IValue v) {
  TORCH_CHECK_INDEX(pos <= list.list.size(), "list index out of range");
  list.list.insert(list.list.begin() + static_cast<std::ptrdiff_t>(pos), std::move(v));
}
void erase(ListImpl& list, size_t from, size_t to) {
  TORCH_CHECK_INDEX(from <= to && to <= list.list.size(), "list index out of range");
  const auto begin = list.list.begin();
  list.list.erase(begin + static_cast<std::ptrdiff_t>(from),
                  begin + static_cast<std::ptrdiff_t>(to));
}
void resize(ListImpl& list, size_t n, const IValue& fill) { list.list.resize(n, fill); }

namespace {
constexpr uint32_t kFree = std::numeric_limits<uint32_t>::max();
}

struct DictImpl::Table {
  std::vector<Entry> entries;
  std::vector<uint32_t> slots;
};

DictImpl::DictImpl(TypePtr key_type, TypePtr value_type)
    : keyType(key_type), valueType(value_type), table_(new Table) {}
DictImpl::~DictImpl() { delete table_; }

intrusive_ptr<DictImpl> DictImpl::copy() const {
  auto d = make_dict(keyType, valueType);
  *d->table_ = *table_;
  d->alive = alive;
  return d;
}

size_t DictImpl::end() const { return table_->entries.size(); }
DictImpl::Entry& DictImpl::entry(size_t pos) { return table_->entries[pos]; }
const DictImpl::Entry& DictImpl::entry(size_t pos) const { return table_->entries[pos]; }
void DictImpl::reserve(size_t n) { table_->entries.reserve(n); }

size_t DictImpl::find(const IValue& key) const {
  const auto& [entries, slots] = *table_;
  if (slots.empty()) return entries.size();
  const size_t h = IValue::hash(key), mask = slots.size() - 1;
  for (size_t i = h & mask; slots[i] != kFree; i = (i + 1) & mask) {
    const Entry& e = entries[slots[i]];
    if (e.alive && e.hash == h && (e.key.is(key) || (!key.isTensor() && e.key == key)))
      return slots[i];
  }
  return entries.size();
}

// Drops the holes and makes the table at least twice as large as the entries.
void DictImpl::rebuild() {
  auto& [entries, slots] = *table_;
  size_t n = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].alive) continue;
    if (n != i) entries[n] = std::move(entries[i]);
    ++n;
  }
  entries.resize(n);
  size_t size = 8;
  while (size < 4 * n) size *= 2;
  slots.assign(size, kFree);
  for (size_t i = 0; i < n; ++i) {
    size_t s = entries[i].hash & (size - 1);
    while (slots[s] != kFree) s = (s + 1) & (size - 1);
    slots[s] = static_cast<uint32_t>(i);
  }
}

size_t DictImpl::insert(IValue key, IValue value, bool assign, bool& fresh) {
  auto& [entries, slots] = *table_;
  const size_t found = find(key);
  fresh = found == entries.size();
  if (!fresh) {
    if (assign) entries[found].value = std::move(value);
    return found;
  }
  TORCH_CHECK(entries.size() < kFree / 4, "a dict cannot hold more than ", kFree / 4, " entries");
  if (2 * (entries.size() + 1) > slots.size()) rebuild();
  const size_t h = IValue::hash(key), mask = slots.size() - 1;
  size_t s = h & mask;
  while (slots[s] != kFree) s = (s + 1) & mask;
  slots[s] = static_cast<uint32_t>(entries.size());
  entries.push_back(Entry{std::move(key), std::move(value), h, true});
  ++alive;
  return entries.size() - 1;
}

void DictImpl::erase(size_t pos) {
  auto& entries = table_->entries;
  TORCH_CHECK_INDEX(pos < entries.size() && entries[pos].alive, "the dict has no such entry");
  entries[pos].alive = false;
  entries[pos].key = IValue();
  entries[pos].value = IValue();
  --alive;
}

void DictImpl::clear() {
  table_->entries.clear();
  table_->slots.clear();
  alive = 0;
}

size_t DictImpl::next_alive(size_t pos) const {
  const auto& entries = table_->entries;
  while (pos < entries.size() && !entries[pos].alive) ++pos;
  return pos;
}

const IValue& DictImpl::at(const IValue& key) const {
  const size_t pos = find(key);
  if (pos == end()) TORCH_CHECK_INDEX(false, "Argument passed to at() was not in the map: ", key);
  return table_->entries[pos].value;
}

intrusive_ptr<DictImpl> make_dict(TypePtr key, TypePtr value) {
  return make_intrusive<DictImpl>(key, value);
}

bool operator==(const DictImpl& a, const DictImpl& b) {
  if (&a == &b) return true;
  if (a.alive != b.alive || a.keyType != b.keyType || a.valueType != b.valueType) return false;
  for (size_t i = a.next_alive(0); i < a.end(); i = a.next_alive(i + 1)) {
    const DictImpl::Entry& e = a.entry(i);
    const size_t pos = b.find(e.key);
    if (pos == b.end() || b.entry(pos).value != e.value) return false;
  }
  return true;
}

}  // namespace detail

size_t IValue::hash(const IValue& v) {
  // Equal numbers hash alike, whatever their kind; the multiplier spreads small integers.
  const auto spread = [](uint64_t x) {
    return static_cast<size_t>((x ^ x >> 32) * 0x9E3779B97F4A7C15u);
  };
  switch (v.tag_) {
    case Tag::None:
      return 0;
    case Tag::Int:
    case Tag::Bool:
      return std::hash<double>()(static_cast<double>(v.payload_.as_int)) ^ spread(0);
    case Tag::Double:
      return std::hash<double>()(v.payload_.as_double) ^ spread(0);
    case Tag::ComplexDouble: {
      const complex<double> c = v.toComplexDouble();
      const size_t re = std::hash<double>()(c.real());
      return c.imag() == 0 ? re ^ spread(0) : re ^ spread(std::hash<double>()(c.imag()));
    }
    case Tag::String:
      return std::hash<std::string>()(v.toStringRef());
    case Tag::Device:
    case Tag::Tensor:
    case Tag::Storage:
    case Tag::Object:
    case Tag::Capsule:
    case Tag::Generator:
      return spread(static_cast<uint64_t>(v.payload_.as_int));
    case Tag::Tuple: {
      size_t h = 1;
      for (const IValue& e : v.toTupleRef().elements()) h = spread(h * 31 + hash(e));
      return h;
    }
    default:
      TORCH_CHECK_TYPE(false, "unhashable type: '", v.type()->annotation_str(), "'");
  }
}

namespace {

// "1." for whole numbers, else as many digits as it takes to read the same number back.
void print_double(std::ostream& out, double d) {
  const int kind = std::fpclassify(d);
  if ((kind == FP_NORMAL || kind == FP_ZERO) && std::abs(d) < 1e10) {
    const auto i = static_cast<int64_t>(d);
    if (static_cast<double>(i) == d) {
      if (i == 0 && std::signbit(d)) out << '-';
      out << i << '.';
      return;
    }
  }
  const auto precision = out.precision(std::numeric_limits<double>::max_digits10);
  out << d;
  out.precision(precision);
}

void print_complex(std::ostream& out, complex<double> c) {
  print_double(out, c.real());
  if (c.imag() >= 0 || std::isnan(c.imag())) out << '+';
  print_double(out, c.imag());
  out << 'j';
}

void print_run(std::ostream& out, const char* open, ArrayRef<IValue> values, const char* close) {
  out << open;
  for (size_t i = 0; i < values.size(); ++i) out << (i ? ", " : "") << values[i];
  out << close;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const IValue& v) {
  using Tag = IValue::Tag;
  switch (v.tag_) {
    case Tag::None:
      return out << "None";
    case Tag::Int:
      return out << v.toInt();
    case Tag::Double:
      print_double(out, v.toDouble());
      return out;
    case Tag::ComplexDouble:
      print_complex(out, v.toComplexDouble());
      return out;
    case Tag::Bool:
      return out << (v.toBool() ? "True" : "False");
    case Tag::String:
      return out << v.toStringRef();
    case Tag::Device:
      return out << v.toDevice();
    case Tag::Tensor:
      return out << v.toTensor();
    case Tag::GenericList:
      print_run(out, "[", v.toListRef(), "]");
      return out;
    case Tag::Tuple: {
      const auto& e = v.toTupleRef().elements();
      print_run(out, "(", e, e.size() == 1 ? ",)" : ")");
      return out;
    }
    case Tag::GenericDict: {
      out << '{';
      bool first = true;
      for (const auto& e : v.toGenericDict()) {
        out << (first ? "" : ", ") << e.key() << ": " << e.value();
        first = false;
      }
      return out << '}';
    }
    case Tag::Object:
      return out << '<' << v.toObjectRef().name() << " object at " << v.payload_.as_target << '>';
    default:
      return out << v.tagKind();
  }
}

}  // namespace c10
