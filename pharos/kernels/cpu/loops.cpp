// The engine's general path: strides, broadcasting, dtypes and threads.
#include "kernels/cpu/loops.h"

#include "core/inline_dims.h"
#include "kernels/cpu/grain.h"
#include "kernels/cpu/loops_plan.h"

namespace pharos::cpu {
namespace {

constexpr int64_t kBlock = 512;
constexpr int64_t kLongRow = 64;  // rows shorter than this are gathered, several to a block

// Conversion with an optional stop at `via`; strides in bytes.
void convert_via(int64_t n, char* dst, ScalarType dst_type, const char* src, ScalarType src_type,
                 int64_t src_stride, ScalarType via) {
  const auto dsize = static_cast<int64_t>(elementSize(dst_type));
  if (via == ScalarType::Undefined || via == src_type || via == dst_type)
    return convert(n, dst, dst_type, dsize, src, src_type, src_stride);
  alignas(64) char block[kBlock * 16];
  const auto vsize = static_cast<int64_t>(elementSize(via));
  convert(n, block, via, vsize, src, src_type, src_stride);
  convert(n, dst, dst_type, dsize, block, via, vsize);
}

void swap_dims(Plan& p, int i, int j) {
  std::swap(p.size[i], p.size[j]);
  for (int k = 0; k < p.count; ++k) std::swap(p.streams[k].stride[i], p.streams[k].stride[j]);
}

// True if dim i must come outside dim j: decided by the first operand whose strides differ.
bool outside(const Plan& p, int i, int j) {
  for (int k = 0; k < p.count; ++k) {
    const int64_t a = p.streams[k].stride[i], b = p.streams[k].stride[j];
    if (a == 0 || b == 0) continue;
    if (a != b) return a > b;
    if (p.size[i] != p.size[j]) return p.size[i] > p.size[j];
  }
  return false;
}

void reorder_and_merge(Plan& p) {
  for (int i = 1; i < p.ndim; ++i)
    for (int j = i; j > 0 && outside(p, j - 1, j); --j) swap_dims(p, j - 1, j);
  int last = 0;
  for (int d = 1; d < p.ndim; ++d) {
    bool merge = true;
    for (int k = 0; k < p.count && merge; ++k)
      merge = p.streams[k].stride[d] == p.streams[k].stride[last] * p.size[last];
    if (merge) {
      p.size[last] *= p.size[d];
      continue;
    }
    ++last;
    p.size[last] = p.size[d];
    for (int k = 0; k < p.count; ++k) p.streams[k].stride[last] = p.streams[k].stride[d];
  }
  if (p.ndim > 0) p.ndim = last + 1;
  if (p.ndim == 0) {
    p.ndim = 1;
    p.size[0] = 1;
    for (int k = 0; k < p.count; ++k) p.streams[k].stride[0] = p.streams[k].item;
  }
  for (int k = 0; k < p.count; ++k) {
    Stream& s = p.streams[k];
    int64_t expected = s.item;
    s.dense = true;
    for (int d = 0; d < p.ndim && s.dense; ++d) {
      s.dense = s.stride[d] == expected;
      expected *= p.size[d];
    }
  }
}

}  // namespace

bool make_plan(Plan& p, LoopFn fn, const Operand* ops, int nout, int nin, const void* params) {
  p.fn = fn;
  p.params = params;
  p.nout = nout;
  p.count = nout + nin;
  TORCH_CHECK(p.count <= kMaxOperands, "a pointwise kernel has at most ", kMaxOperands,
              " operands");
  const TensorImpl* shape = ops[0].tensor->unsafeGetTensorImpl();
  p.numel = shape->numel_;
  if (p.numel == 0) return false;
  const int ndim = shape->ndim;
  const int64_t* sizes = shape->sizes_data();
  int kept[kMaxDims];
  p.ndim = 0;
  for (int d = ndim - 1; d >= 0; --d) {
    if (sizes[d] == 1) continue;
    kept[p.ndim] = d;
    p.size[p.ndim++] = sizes[d];
  }
  for (int k = 0; k < p.count; ++k) {
    const TensorImpl* t = ops[k].tensor->unsafeGetTensorImpl();
    Stream& s = p.streams[k];
    s.data = t->data;
    s.dtype = t->dtype_;
    s.type = ops[k].type;
    s.via = ops[k].via;
    s.item = static_cast<int64_t>(elementSize(s.dtype));
    s.loop_item = static_cast<int64_t>(elementSize(s.type));
    s.same = s.dtype == s.type && (s.via == ScalarType::Undefined || s.via == s.type);
    const int64_t *ts = t->sizes_data(), *st = t->strides_data();
    const int shift = ndim - t->ndim;
    for (int i = 0; i < p.ndim; ++i) {
      const int d = kept[i] - shift;
      s.stride[i] = d < 0 || ts[d] == 1 ? 0 : st[d] * s.item;
    }
  }
  reorder_and_merge(p);
  return true;
}

namespace {

using Buffer = char[kBlock * 16];

// Rows long enough to be worth calls of their own.
class RowRunner {
 public:
  RowRunner(const Plan& p, Buffer* buffers) : p_(p), buffers_(buffers) {
    for (int k = 0; k < p.count; ++k) {
      const Stream& s = p.streams[k];
      direct_[k] = s.same && s.stride[0] == s.item;
      repeat_[k] = s.stride[0] == 0 && k >= p.nout;
      repeated_[k] = nullptr;
      limited_ |= !direct_[k];
    }
  }
  void run(int64_t begin, int64_t end) {
    if (!limited_ && p_.ndim == 2) return run_plane(begin, end);
    Walker w(p_, begin);
    for (int64_t i = begin; i < end;) {
      int64_t n = w.left() < end - i ? w.left() : end - i;
      const int64_t row = n;
      char* at[kMaxOperands];
      for (int k = 0; k < p_.count; ++k) at[k] = w.at(p_.streams[k]);
      for (int64_t done = 0; done < row; done += n) {
        n = row - done;
        if (limited_ && n > kBlock) n = kBlock;
        segment(at, n, row);
      }
      w.advance(row);
      i += row;
    }
  }

 private:
  // Rows of a plane that need no buffers: each costs a call and an addition per operand.
  void run_plane(int64_t begin, int64_t end) {
    const int64_t length = p_.size[0];
    int64_t row = begin / length, from = begin % length;
    void* ptrs[kMaxOperands];
    for (int k = 0; k < p_.count; ++k) {
      const Stream& s = p_.streams[k];
      ptrs[k] = s.data + row * s.stride[1] + from * s.stride[0];
    }
    for (int64_t left = end - begin; left > 0; from = 0) {
      const int64_t n = length - from < left ? length - from : left;
      p_.fn(n, ptrs, p_.params);
      left -= n;
      for (int k = 0; k < p_.count; ++k) {
        const Stream& s = p_.streams[k];
        ptrs[k] = static_cast<char*>(ptrs[k]) + s.stride[1] - from * s.stride[0];
      }
    }
  }
  void segment(char** at, int64_t n, int64_t row) {
    void* ptrs[kMaxOperands];
    for (int k = 0; k < p_.count; ++k) {
      const Stream& s = p_.streams[k];
      if (direct_[k]) {
        ptrs[k] = at[k];
      } else {
        ptrs[k] = buffers_[k];
        if (repeat_[k]) {
          repeat(k, at[k], row < kBlock ? row : kBlock);
        } else if (k >= p_.nout) {
          convert_via(n, buffers_[k], s.type, at[k], s.dtype, s.stride[0], s.via);
        }
      }
    }
    p_.fn(n, ptrs, p_.params);
    for (int k = 0; k < p_.count; ++k) {
      const Stream& s = p_.streams[k];
      if (k < p_.nout && !direct_[k])
        convert(n, at[k], s.dtype, s.stride[0], buffers_[k], s.type, s.loop_item);
      at[k] += n * s.stride[0];
    }
  }
  void repeat(int k, const char* src, int64_t n) {
    if (repeated_[k] == src && filled_[k] >= n) return;
    const Stream& s = p_.streams[k];
    convert_via(1, one_, s.type, src, s.dtype, 0, s.via);
    fill_items(n, buffers_[k], one_, s.loop_item);
    repeated_[k] = src;
    filled_[k] = n;
  }

  const Plan& p_;
  Buffer* buffers_;
  bool limited_ = false;
  bool direct_[kMaxOperands], repeat_[kMaxOperands];
  const char* repeated_[kMaxOperands];
  int64_t filled_[kMaxOperands];
  alignas(16) char one_[16];
};

// Moves a block between an operand and a packed run of the operand's own dtype.
template <bool kGather>
void move_block(const Plan& p, const Stream& s, int64_t begin, int64_t n, char* packed) {
  Walker w(p, begin);
  while (n > 0) {
    const int64_t m = w.left() < n ? w.left() : n;
    char* q = w.at(s);
    if (kGather)
      copy_strided(m, packed, s.item, q, s.stride[0], s.item);
    else
      copy_strided(m, q, s.stride[0], packed, s.item, s.item);
    packed += m * s.item;
    n -= m;
    w.advance(m);
  }
}

// Short rows: blocks of the linear order, gathered where an operand is not packed over all of it.
void run_blocks(const Plan& p, Buffer* buffers, int64_t begin, int64_t end) {
  alignas(64) Buffer raw;
  for (int64_t i = begin; i < end; i += kBlock) {
    const int64_t n = end - i < kBlock ? end - i : kBlock;
    void* ptrs[kMaxOperands];
    for (int k = 0; k < p.count; ++k) {
      const Stream& s = p.streams[k];
      if (s.same && s.dense) {
        ptrs[k] = s.data + i * s.item;
        continue;
      }
      ptrs[k] = buffers[k];
      if (k < p.nout) continue;
      if (s.dense) {
        convert_via(n, buffers[k], s.type, s.data + i * s.item, s.dtype, s.item, s.via);
      } else if (s.same) {
        move_block<true>(p, s, i, n, buffers[k]);
      } else {
        move_block<true>(p, s, i, n, raw);
        convert_via(n, buffers[k], s.type, raw, s.dtype, s.item, s.via);
      }
    }
    p.fn(n, ptrs, p.params);
    for (int k = 0; k < p.nout; ++k) {
      const Stream& s = p.streams[k];
      if (s.same && s.dense) continue;
      if (s.dense) {
        convert(n, s.data + i * s.item, s.dtype, s.item, buffers[k], s.type, s.loop_item);
      } else if (s.same) {
        move_block<false>(p, s, i, n, buffers[k]);
      } else {
        convert(n, raw, s.dtype, s.item, buffers[k], s.type, s.loop_item);
        move_block<false>(p, s, i, n, raw);
      }
    }
  }
}

void run_range(const Plan& p, int64_t begin, int64_t end) {
  alignas(64) Buffer buffers[kMaxOperands];
  if (p.ndim == 1 || p.size[0] >= kLongRow) {
    RowRunner(p, buffers).run(begin, end);
  } else {
    run_blocks(p, buffers, begin, end);
  }
}

// Cut between blocks, so that vectors begin where they would without threads.
int64_t grain_of(int64_t n, int cost) { return even_grain(n, cost, kBlock); }

}  // namespace

LoopFn find_loop(const OpTable& op, ScalarType t) {
  const auto i = static_cast<unsigned>(compute_type(t));
  const LoopFn fn = i < 16 ? op.loops[i] : nullptr;
  TORCH_CHECK_NOT_IMPLEMENTED(fn, "\"", op.name, "\" not implemented for '", toString(t), "'");
  return fn;
}

void run_packed(LoopFn fn, int64_t n, void* const* ptrs, const int64_t* item_sizes, int count,
                const void* params, int cost) {
  parallel_for(0, n, grain_of(n, cost), [&](int64_t b, int64_t e) {
    void* at[kMaxOperands];
    for (int k = 0; k < count; ++k) at[k] = static_cast<char*>(ptrs[k]) + b * item_sizes[k];
    fn(e - b, at, params);
  });
}

namespace {

bool is_single_value(const TensorImpl* t) {
  if (t->numel_ == 1) return true;
  const int64_t *sizes = t->sizes_data(), *strides = t->strides_data();
  for (int d = 0; d < t->ndim; ++d)
    if (strides[d] != 0 && sizes[d] != 1) return false;
  return true;
}

// A few items, packed but for inputs of one value (numbers, expanded gradients): those are repeated
// and all goes through one call of the loop. False if this is not such a case.
bool run_few(LoopFn fn, const Operand* ops, int nout, int nin, const void* params, int64_t numel) {
  if (numel > kBlock || numel == 0 || nout + nin > 3) return false;
  void* ptrs[3];
  alignas(64) char values[2][kBlock * 16];
  int used = 0;
  for (int k = 0; k < nout + nin; ++k) {
    const Operand& o = ops[k];
    const TensorImpl* t = o.tensor->unsafeGetTensorImpl();
    ptrs[k] = t->data;
    if (detail::packed_as(t, o.type, numel) && (o.via == ScalarType::Undefined || o.via == o.type))
      continue;
    if (k < nout || used == 2 || !is_single_value(t)) return false;
    alignas(16) char one[16];
    convert_via(1, one, o.type, t->data, t->dtype_, 0, o.via);
    fill_items(numel, values[used], one, static_cast<int64_t>(elementSize(o.type)));
    ptrs[k] = values[used++];
  }
  fn(numel, ptrs, params);
  return true;
}

}  // namespace

void run_loop(LoopFn fn, const Operand* ops, int nout, int nin, const void* params, int cost) {
  const int count = nout + nin;
  const int64_t numel = ops[0].tensor->unsafeGetTensorImpl()->numel_;
  bool packed = count <= kMaxOperands;
  for (int k = 0; k < count && packed; ++k)
    packed = detail::packed_as(ops[k].tensor->unsafeGetTensorImpl(), ops[k].type, numel);
  if (packed) {
    if (numel == 0) return;
    void* ptrs[kMaxOperands];
    int64_t item_sizes[kMaxOperands];
    for (int k = 0; k < count; ++k) {
      ptrs[k] = ops[k].tensor->unsafeGetTensorImpl()->data;
      item_sizes[k] = static_cast<int64_t>(elementSize(ops[k].type));
    }
    return run_packed(fn, numel, ptrs, item_sizes, count, params, cost);
  }
  if (run_few(fn, ops, nout, nin, params, numel)) return;
  Plan plan;
  if (!make_plan(plan, fn, ops, nout, nin, params)) return;
  parallel_for(0, plan.numel, grain_of(plan.numel, cost),
               [&](int64_t b, int64_t e) { run_range(plan, b, e); });
}

namespace {

// Inputs of another dtype than a half result are first rounded to that half, as a cast would.
ScalarType rounding(const Tensor& t, ScalarType common, bool keep_precision) {
  if (!isReducedFloatingType(common) || t.scalar_type() == common) return ScalarType::Undefined;
  if (keep_precision && t.dim() == 0) return ScalarType::Undefined;
  return common;
}

// One item that stands for every element: a number, or a number expanded to the result's shape.
bool repeats_one_item(const TensorImpl& t) {
  return t.numel_ == 1 || (t.ndim <= TensorImpl::kInlineDims && has_zero_strides(t));
}

// A short packed run with a number on one side, the commonest case that needs no plan. False: it is
// something else.
bool run_with_number(LoopFn fn, const TensorImpl& out, const TensorImpl& a, const TensorImpl& b,
                     ScalarType t, const void* params) {
  const int64_t n = out.numel_;
  if (n > kBlock || compute_type(t) != t || !detail::packed_as(&out, t, n)) return false;
  const bool first = repeats_one_item(a);
  if (first == repeats_one_item(b)) return false;
  const TensorImpl& number = first ? a : b;
  const TensorImpl& run = first ? b : a;
  if (!detail::packed_as(&run, t, n)) return false;
  alignas(64) char items[kBlock * 16];
  const auto item = static_cast<int64_t>(elementSize(t));
  if (number.dtype_ == t) {
    fill_items(n, items, number.data, item);
  } else {
    alignas(16) char one[16];
    convert_dense(1, one, t, number.data, number.dtype_);
    fill_items(n, items, one, item);
  }
  void* const ptrs[] = {out.data, first ? items : run.data, first ? run.data : items};
  fn(n, ptrs, params);
  return true;
}

}  // namespace

void unary_general(const OpTable& op, const Tensor& out, const Tensor& a, const void* params) {
  const ScalarType t = out.scalar_type(), c = compute_type(t);
  const LoopFn fn = find_loop(op, t);
  const Operand ops[] = {{&out, c}, {&a, c, rounding(a, t, false)}};
  run_loop(fn, ops, 1, 1, params, op.cost);
}

void binary_general(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                    ScalarType common, const void* params, bool keep_precision) {
  const ScalarType c = compute_type(common);
  const LoopFn fn = find_loop(op, common);
  if (run_with_number(fn, *out.unsafeGetTensorImpl(), *a.unsafeGetTensorImpl(),
                      *b.unsafeGetTensorImpl(), common, params))
    return;
  const Operand ops[] = {{&out, c},
                         {&a, c, rounding(a, common, keep_precision)},
                         {&b, c, rounding(b, common, keep_precision)}};
  run_loop(fn, ops, 1, 2, params, op.cost);
}

void compare_general(const OpTable& op, const Tensor& out, const Tensor& a, const Tensor& b,
                     ScalarType common, const void* params) {
  const ScalarType c = compute_type(common);
  const LoopFn fn = find_loop(op, common);
  const Operand ops[] = {
      {&out, c10::kBool}, {&a, c, rounding(a, common, false)}, {&b, c, rounding(b, common, false)}};
  run_loop(fn, ops, 1, 2, params, op.cost);
}

void predicate_loop(const OpTable& op, const Tensor& out, const Tensor& a, const void* params) {
  const ScalarType t = a.scalar_type();
  const LoopFn fn = find_loop(op, t);
  const Operand ops[] = {{&out, c10::kBool}, {&a, compute_type(t)}};
  run_loop(fn, ops, 1, 1, params, op.cost);
}

}  // namespace pharos::cpu
