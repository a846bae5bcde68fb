// Shape rules of pointwise operators: result dtypes, geometry and the errors that PyTorch raises
// before a kernel runs.
#include "ops/pointwise/pointwise.h"

namespace pharos::ops {
namespace {

constexpr const char* kTwoBools =
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
    "`logical_xor()` operator instead.";
constexpr const char* kOneBool =
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead.";

void like(Out& out, const Tensor& self, ScalarType dtype) {
  out.allow_same();
  if (PHAROS_LIKELY(self.is_contiguous())) return out.set_like(0, self, dtype);
  const Tensor* const inputs[] = {&self};
  set_broadcast_general(out, 0, dtype, inputs, 1);
}
C10_ALWAYS_INLINE void pair(Out& out, const Tensor& a, const Tensor& b, ScalarType dtype) {
  out.allow_same();
  set_broadcast(out, 0, dtype, a, b);
}

void check_sub(ScalarType a, ScalarType b) {
  TORCH_CHECK_NOT_IMPLEMENTED(a != c10::kBool || b != c10::kBool, kTwoBools);
  TORCH_CHECK_NOT_IMPLEMENTED(a != c10::kBool && b != c10::kBool, kOneBool);
}

bool is_mode(const std::optional<string_view>& mode) {
  if (!mode) return false;
  TORCH_CHECK(*mode == "trunc" || *mode == "floor",
              "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '",
              std::string(*mode), "'");
  return true;
}

void check_clamp(ScalarType t) {
  TORCH_CHECK_NOT_IMPLEMENTED(!isComplexType(t), "clamp is not supported for complex types");
}

// Alpha must be of no higher kind than the result; an integer never is.
PHAROS_NOINLINE void check_alpha(ScalarType dtype, const Scalar& alpha) {
  TORCH_CHECK(!alpha.isBoolean() || dtype == c10::kBool,
              "Boolean alpha only supported for Boolean results.");
  TORCH_CHECK(isFloatingType(dtype) || isComplexType(dtype) || alpha.isIntegral(true),
              "For integral input tensors, argument alpha must not be a floating point number.");
  TORCH_CHECK(isComplexType(dtype) || !alpha.isComplex(),
              "For non-complex input tensors, argument alpha must not be a complex number.");
}

}  // namespace

void unary(Out& out, const Tensor& self) { like(out, self, self.scalar_type()); }
void unary_float(Out& out, const Tensor& self) {
  like(out, self, to_float_type(self.scalar_type()));
}
void predicate(Out& out, const Tensor& self) { like(out, self, c10::kBool); }
void real_predicate(Out& out, const Tensor& self, const char* name) {
  TORCH_CHECK_TYPE(!self.is_complex(), name, " does not support complex inputs.");
  like(out, self, c10::kBool);
}
void abs(Out& out, const Tensor& self) {
  TORCH_CHECK(out.mode() != Out::Mode::kInplace || !self.is_complex(),
              "In-place abs is not supported for complex tensors.");
  like(out, self, toRealValueType(self.scalar_type()));
}
void angle(Out& out, const Tensor& self) {
  if (self.is_complex())
    return out.set(0, self.sizes(), toRealValueType(self.scalar_type()), self.device());
  unary_float(out, self);
}
void neg(Out& out, const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(self.scalar_type() != c10::kBool,
                              "Negation, the `-` operator, on a bool tensor is not supported. If "
                              "you are trying to invert a mask, use the `~` or `logical_not()` "
                              "operator instead.");
  unary(out, self);
}
void rounding(Out& out, const Tensor& self) { unary(out, self); }
void sign(Out& out, const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(
      !self.is_complex(),
      "Unlike NumPy, torch.sign is not intended to support complex numbers. "
      "Please use torch.sgn instead.");
  unary(out, self);
}
void signbit(Out& out, const Tensor& self) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(),
                              "signbit is not implemented for complex tensors.");
  predicate(out, self);
}
void degrees(Out& out, const Tensor& self, const char* name) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex(), name, " is not supported for complex tensors.");
  unary_float(out, self);
}
void polygamma(Out& out, int64_t n, const Tensor& self) {
  TORCH_CHECK(n >= 0, "polygamma(n, x) does not support negative n.");
  unary_float(out, self);
}

void binary(Out& out, const Tensor& self, const Tensor& other) {
  pair(out, self, other, promoted(self, other));
}
void binary(Out& out, const Tensor& self, const Scalar& other) {
  like(out, self, promoted(self, other));
}
void binary(Out& out, const Scalar& self, const Tensor& other) { binary(out, other, self); }
void binary_float(Out& out, const Tensor& self, const Tensor& other) {
  pair(out, self, other, to_float_type(promoted(self, other)));
}
void binary_float(Out& out, const Tensor& self, const Scalar& other) {
  like(out, self, to_float_type(promoted(self, other)));
}
void binary_float(Out& out, const Scalar& self, const Tensor& other) {
  binary_float(out, other, self);
}
void comparison(Out& out, const Tensor& self, const Tensor& other) {
  pair(out, self, other, c10::kBool);
}
void comparison(Out& out, const Tensor& self, const Scalar&) { like(out, self, c10::kBool); }

void add(Out& out, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  const ScalarType t = promoted(self, other);
  if (PHAROS_UNLIKELY(!alpha.isIntegral(false))) check_alpha(t, alpha);
  pair(out, self, other, t);
}
void add(Out& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  const ScalarType t = promoted(self, other);
  if (PHAROS_UNLIKELY(!alpha.isIntegral(false))) check_alpha(t, alpha);
  like(out, self, t);
}
void sub(Out& out, const Tensor& self, const Tensor& other, const Scalar& alpha) {
  check_sub(self.scalar_type(), other.scalar_type());
  add(out, self, other, alpha);
}
void sub(Out& out, const Tensor& self, const Scalar& other, const Scalar& alpha) {
  check_sub(self.scalar_type(), other.type());
  add(out, self, other, alpha);
}

void div_mode(Out& out, const Tensor& self, const Tensor& other, std::optional<string_view> mode) {
  if (is_mode(mode))
    binary(out, self, other);
  else
    binary_float(out, self, other);
}
void div_mode(Out& out, const Tensor& self, const Scalar& other, std::optional<string_view> mode) {
  if (is_mode(mode))
    binary(out, self, other);
  else
    binary_float(out, self, other);
}

void pow_scalar(Out& out, const Tensor& self, const Scalar& exponent) {
  const bool integers = isIntegralType(self.scalar_type(), true) && exponent.isIntegral(true);
  TORCH_CHECK(!integers || exponent.toLong() >= 0,
              "Integers to negative integer powers are not allowed.");
  binary(out, self, exponent);
}

namespace {
// A limit that would empty the dtype's range is an error; one beyond the other end is no limit.
void check_range(ScalarType t, const Scalar& v, bool is_min) {
  if (!v.isIntegral(true) || !isIntegralType(t, false) || t == c10::kLong) return;
  const int bits = static_cast<int>(8 * elementSize(t));
  const bool is_signed = isSignedType(t);
  const int64_t most = (int64_t{1} << (bits - is_signed)) - 1, least = is_signed ? -most - 1 : 0;
  const int64_t n = v.toLong();
  TORCH_CHECK(is_min ? n <= most : n >= least, "Clamp ", is_min ? "min" : "max", " value ", n,
              " is outside the representable range of ", t);
}
}  // namespace

void clamp(Out& out, const Tensor& self, const OptionalScalar& min, const OptionalScalar& max) {
  TORCH_CHECK(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  ResultType t;
  t.add(self);
  if (min) t.add(*min);
  if (max) t.add(*max);
  check_clamp(t.get());
  if (min) check_range(t.get(), *min, true);
  if (max) check_range(t.get(), *max, false);
  like(out, self, t.get());
}
void clamp(Out& out, const Tensor& self, const OptionalTensor& min, const OptionalTensor& max) {
  const Tensor lo = min.value_or(Tensor()), hi = max.value_or(Tensor());
  TORCH_CHECK(lo.defined() || hi.defined(),
              "torch.clamp: At least one of 'min' or 'max' must not be None");
  ResultType t;
  t.add(self);
  if (lo.defined()) t.add(lo);
  if (hi.defined()) t.add(hi);
  check_clamp(t.get());
  out.allow_same();
  set_broadcast(out, 0, t.get(), {&self, &lo, &hi});
}
void clamp_min(Out& out, const Tensor& self, const Scalar& limit) {
  clamp(out, self, limit, std::nullopt);
}
void clamp_max(Out& out, const Tensor& self, const Scalar& limit) {
  clamp(out, self, std::nullopt, limit);
}
void clamp_limit(Out& out, const Tensor& self, const Tensor& limit) {
  check_clamp(promoted(self, limit));
  binary(out, self, limit);
}
void extremum(Out& out, const Tensor& self, const Tensor& other, const char* name) {
  TORCH_CHECK_TYPE(!self.is_complex() && !other.is_complex(), name,
                   " not implemented for complex tensors.");
  binary(out, self, other);
}
void heaviside(Out& out, const Tensor& self, const Tensor& values) {
  TORCH_CHECK_NOT_IMPLEMENTED(!self.is_complex() && !values.is_complex(),
                              "heaviside is not yet implemented for complex tensors.");
  TORCH_CHECK(self.scalar_type() == values.scalar_type(),
              "heaviside is not yet implemented for tensors with different dtypes.");
  binary(out, self, values);
}

namespace {
// "float" where C++ prints "Float".
std::string lower_name(ScalarType t) {
  std::string s = toString(t);
  for (char& c : s) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return s;
}
void check_lerp(const Tensor& self, const Tensor& t, const char* name) {
  TORCH_CHECK(self.scalar_type() == t.scalar_type(), "expected dtype ",
              lower_name(self.scalar_type()), " for `", name, "` but got dtype ",
              lower_name(t.scalar_type()));
}
}  // namespace

void lerp(Out& out, const Tensor& self, const Tensor& end, const Scalar&) {
  check_lerp(self, end, "end");
  pair(out, self, end, self.scalar_type());
}
void lerp(Out& out, const Tensor& self, const Tensor& end, const Tensor& weight) {
  check_lerp(self, end, "end");
  check_lerp(self, weight, "weight");
  out.allow_same();
  set_broadcast(out, 0, self.scalar_type(), {&self, &end, &weight});
}
void addcmul(Out& out, const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
             const Scalar&) {
  out.allow_same();
  const ScalarType t = ResultType().add(self).add(tensor1).add(tensor2).get();
  set_broadcast(out, 0, t, {&self, &tensor1, &tensor2});
}
void addcdiv(Out& out, const Tensor& self, const Tensor& tensor1, const Tensor& tensor2,
             const Scalar& value) {
  TORCH_CHECK(
      !isIntegralType(tensor1.scalar_type(), true) || !isIntegralType(tensor2.scalar_type(), true),
      "Integer division with addcdiv is no longer supported, and in a future  release "
      "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
      "behavior can be implemented as (input + value * torch.trunc(tensor1 / "
      "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
      "tensor2) for float inputs. The future addcdiv behavior is just the latter "
      "implementation: (input + value * tensor1 / tensor2), for all dtypes.");
  addcmul(out, self, tensor1, tensor2, value);
}

}  // namespace pharos::ops
