// f32 convolutions on oneDNN: plain tensors are reordered to the blocked layout that oneDNN picks.
// Primitives, memory objects and reorders are kept in a table per thread (an entry is not
// re-entrant) and only their data handles change; packed weights live in one cache for all threads.
// No post-ops: oneDNN's relu swallows NaN.
#include <dnnl.hpp>
#include <list>
#include <memory>
#include <unordered_map>

#include "kernels/cpu/conv.h"
#include "kernels/cpu/packed_weights.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/scratch.h"

namespace pharos::cpu {
namespace {

using dnnl::memory;

enum class Kind : int { kForward, kData, kWeights };

struct Key {
  ConvShape shape;
  Kind kind;
  bool bias;
  int threads;
  bool operator==(const Key&) const = default;
};

uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  return h * 0xff51afd7ed558ccdull;
}

struct KeyHash {
  size_t operator()(const Key& k) const noexcept {
    const ConvShape& s = k.shape;
    uint64_t h = mix(static_cast<uint64_t>(k.kind) * 4 + k.bias, k.threads);
    for (int64_t v : {s.batch, s.in_channels, s.out_channels, s.groups}) h = mix(h, v);
    for (int i = 0; i < 3; ++i) {
      for (int64_t v : {s.in[i], s.kernel[i], s.stride[i], s.pad[i], s.dilation[i]}) h = mix(h, v);
    }
    return h;
  }
};

dnnl::engine& engine() {
  static auto* e = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *e;
}

// One tensor argument: plain outside, perhaps blocked inside.
struct Operand {
  memory plain, blocked;
  dnnl::reorder reorder;
  bool differs = false;

  void init(const memory::desc& outer, const memory::desc& inner, bool is_input) {
    plain = memory(outer, engine(), DNNL_MEMORY_NONE);
    differs = outer != inner;
    if (!differs) return;
    blocked = memory(inner, engine(), DNNL_MEMORY_NONE);
    reorder = is_input ? dnnl::reorder(plain, blocked) : dnnl::reorder(blocked, plain);
  }
  int64_t bytes() const { return differs ? blocked.get_desc().get_size() : 0; }
  const memory& arg() const { return differs ? blocked : plain; }
};

struct Entry {
  dnnl::primitive primitive;
  Operand first, second, result;  // inputs, output
  memory bias, scratchpad;
  int64_t scratch_bytes = 0;
};

memory::dims spatial(const ConvShape& s, const int64_t* v, int64_t less = 0) {
  memory::dims d;
  for (int i = s.dims == 3 ? 0 : 1; i < 3; ++i) d.push_back(v[i] - less);
  return d;
}

memory::desc plain_desc(memory::dims dims) {
  memory::dims strides(dims.size());
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = step;
    step *= dims[i];
  }
  return memory::desc(dims, memory::data_type::f32, strides);
}

memory::desc any_desc(const memory::desc& d) {
  return memory::desc(d.dims(), memory::data_type::f32, memory::format_tag::any);
}

std::unique_ptr<Entry> make_entry(const Key& key) {
  const ConvShape& s = key.shape;
  auto with_space = [&](memory::dims head, const int64_t* space) {
    for (int64_t v : spatial(s, space)) head.push_back(v);
    return plain_desc(head);
  };
  const auto x = with_space({s.batch, s.in_channels}, s.in);
  const auto y = with_space({s.batch, s.out_channels}, s.out);
  const auto w =
      s.groups == 1
          ? with_space({s.out_channels, s.in_channels}, s.kernel)
          : with_space({s.groups, s.out_channels / s.groups, s.in_channels / s.groups}, s.kernel);
  const auto b = memory::desc({s.out_channels}, memory::data_type::f32, memory::format_tag::a);
  // A few input channels are read from the plain layout directly.
  const auto x_want = s.in_channels < 4 ? x : any_desc(x);
  const auto w_want = any_desc(w), y_want = any_desc(y);
  const auto strides = spatial(s, s.stride), dilates = spatial(s, s.dilation, 1);
  const auto pad_left = spatial(s, s.pad);
  memory::dims pad_right;
  for (int i = s.dims == 3 ? 0 : 1; i < 3; ++i) {
    const int64_t reach = (s.kernel[i] - 1) * s.dilation[i] + 1;
    pad_right.push_back((s.out[i] - 1) * s.stride[i] + reach - s.in[i] - s.pad[i]);
  }
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto algorithm = dnnl::algorithm::convolution_direct;
  using Forward = dnnl::convolution_forward;
  const auto prop = key.kind == Kind::kForward ? dnnl::prop_kind::forward_inference
                                               : dnnl::prop_kind::forward_training;
  const Forward::desc forward_desc = key.bias
                                         ? Forward::desc(prop, algorithm, x_want, w_want, b, y_want,
                                                         strides, dilates, pad_left, pad_right)
                                         : Forward::desc(prop, algorithm, x_want, w_want, y_want,
                                                         strides, dilates, pad_left, pad_right);
  const Forward::primitive_desc forward(forward_desc, attr, engine());
  auto e = std::make_unique<Entry>();
  memory::desc scratch;
  if (key.kind == Kind::kForward) {
    e->primitive = Forward(forward);
    e->first.init(x, forward.src_desc(), true);
    e->second.init(w, forward.weights_desc(), true);
    e->result.init(y, forward.dst_desc(), false);
    scratch = forward.scratchpad_desc();
  } else if (key.kind == Kind::kData) {
    using Data = dnnl::convolution_backward_data;
    const Data::primitive_desc pd(
        Data::desc(algorithm, x_want, w_want, y_want, strides, dilates, pad_left, pad_right), attr,
        engine(), forward);
    e->primitive = Data(pd);
    e->first.init(y, pd.diff_dst_desc(), true);
    e->second.init(w, pd.weights_desc(), true);
    e->result.init(x, pd.diff_src_desc(), false);
    scratch = pd.scratchpad_desc();
  } else {
    using Weights = dnnl::convolution_backward_weights;
    const Weights::primitive_desc pd(
        Weights::desc(algorithm, x_want, w_want, y_want, strides, dilates, pad_left, pad_right),
        attr, engine(), forward);
    e->primitive = Weights(pd);
    e->first.init(x, pd.src_desc(), true);
    e->second.init(y, pd.diff_dst_desc(), true);
    e->result.init(w, pd.diff_weights_desc(), false);
    scratch = pd.scratchpad_desc();
  }
  if (key.bias) e->bias = memory(b, engine(), DNNL_MEMORY_NONE);
  e->scratch_bytes = scratch.get_size();
  e->scratchpad = memory(scratch, engine(), DNNL_MEMORY_NONE);
  return e;
}

// Least recently used entries leave first.
struct Table {
  using Item = std::pair<Key, std::unique_ptr<Entry>>;
  std::list<Item> items;
  std::unordered_map<Key, std::list<Item>::iterator, KeyHash> index;
  dnnl::stream stream{engine()};

  // Null: oneDNN has no implementation for it.
  Entry* find(const Key& key) {
    const auto at = index.find(key);
    if (at != index.end()) {
      items.splice(items.begin(), items, at->second);
      return items.front().second.get();
    }
    std::unique_ptr<Entry> entry;
    try {
      entry = make_entry(key);
    } catch (const dnnl::error&) {
    }
    if (items.size() >= kMaxConvPrimitives) {
      index.erase(items.back().first);
      items.pop_back();
    }
    items.emplace_front(key, std::move(entry));
    index[key] = items.begin();
    return items.front().second.get();
  }
};

Table& table() {
  thread_local Table t;
  return t;
}

void* writable(const void* p) { return const_cast<void*>(p); }

// Gives the second input its data; a weight may be there in its layout. What comes back must live
// until the primitive has run.
PackedBlock place_second(Table& t, Entry* e, const void* b, const WeightKey& weight,
                         Scratch<char>& scratch) {
  Operand& operand = e->second;
  operand.plain.set_data_handle(writable(b));
  if (!operand.differs) return nullptr;
  const auto layout = operand.blocked.get_desc();
  PackedWeight packed;
  if (weight.id != 0) packed = find_packed_weight(weight, b, layout);
  if (packed.block) {
    operand.blocked.set_data_handle(packed.block->get());
    return packed.block;
  }
  if (packed.wanted) packed.block = new_packed_block(layout);
  if (!packed.block) scratch.resize(operand.bytes());
  operand.blocked.set_data_handle(packed.block ? packed.block->get() : scratch.get());
  operand.reorder.execute(t.stream, operand.plain, operand.blocked);
  if (packed.block) {
    t.stream.wait();
    keep_packed_weight(weight, b, layout, packed.block);
  }
  return packed.block;
}

// Runs one convolution: a, b inputs, c output; `weight` names b's contents where it is a weight.
bool run(Key key, const void* a, const void* b, const void* bias, void* c,
         const WeightKey& weight) {
  OmpGuard guard;
  key.threads = guard.threads();
  Table& t = table();
  Entry* e = t.find(key);
  if (e == nullptr) return false;
  Scratch<char> first(e->first.bytes()), second, result(e->result.bytes()), pad(e->scratch_bytes);
  e->first.plain.set_data_handle(writable(a));
  if (e->first.differs) {
    e->first.blocked.set_data_handle(first.get());
    e->first.reorder.execute(t.stream, e->first.plain, e->first.blocked);
  }
  const PackedBlock packed = place_second(t, e, b, weight, second);
  e->result.plain.set_data_handle(c);
  if (e->result.differs) e->result.blocked.set_data_handle(result.get());
  e->scratchpad.set_data_handle(pad.get());
  std::unordered_map<int, memory> args;
  const int names[3][3] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                           {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
                           {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS}};
  const int* name = names[static_cast<int>(key.kind)];
  args.emplace(name[0], e->first.arg());
  args.emplace(name[1], e->second.arg());
  args.emplace(name[2], e->result.arg());
  args.emplace(DNNL_ARG_SCRATCHPAD, e->scratchpad);
  if (key.bias) {
    e->bias.set_data_handle(writable(bias));
    args.emplace(DNNL_ARG_BIAS, e->bias);
  }
  e->primitive.execute(t.stream, args);
  if (e->result.differs) {
    e->result.reorder.execute(t.stream, e->result.blocked, e->result.plain);
  }
  t.stream.wait();
  return true;
}

}  // namespace

size_t conv_primitive_count() { return table().items.size(); }

namespace detail {

bool onednn_conv_forward(const ConvShape& s, const float* x, const float* w, const float* bias,
                         float* y, WeightKey key) {
  return run({s, Kind::kForward, bias != nullptr, 1}, x, w, bias, y, key);
}

bool onednn_conv_backward_data(const ConvShape& s, const float* gy, const float* w, float* gx,
                               WeightKey key) {
  return run({s, Kind::kData, false, 1}, gy, w, nullptr, gx, key);
}

bool onednn_conv_backward_weights(const ConvShape& s, const float* x, const float* gy, float* gw) {
  return run({s, Kind::kWeights, false, 1}, x, gy, nullptr, gw, {});
}

}  // namespace detail
}  // namespace pharos::cpu
