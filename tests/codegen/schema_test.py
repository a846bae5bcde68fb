"""The schema parser: round trips, structure, errors, and the C++ spellings."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "codegen"))

import cpp_types  # noqa: E402
import schema  # noqa: E402


def catalogue():
    """(where, schema text) of every operator in the .ops files."""
    for path in sorted(ROOT.glob("pharos/**/*.ops")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("op "):
                yield f"{path.name}:{number}", line[3:].strip()


NOTATION = [
    "aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)",
    "aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]",
    "aten::max.dim_max(Tensor self, int dim, bool keepdim=False, *, Tensor(a!) max, "
    "Tensor(b!) max_values) -> (Tensor(a!) values, Tensor(b!) indices)",
    "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
    "aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0) -> Tensor",
    "aten::convolution_backward(Tensor g, SymInt[]? bias_sizes, bool[3] output_mask) "
    "-> (Tensor, Tensor, Tensor)",
    "aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor",
    "aten::fill(int[] dims=[-2,-1], str mode='linear', float eps=1e-05, float r=-.5) -> ()",
    "aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()",
    "aten::x(*, Generator? generator=None, MemoryFormat f=contiguous_format) -> (Tensor, int)",
    "aten::y(Tensor(a|b) x, str s=\"a\\\"(,)\") -> Tensor(*)",
    "noargs() -> Storage",
]


class Parsing(unittest.TestCase):
    def test_round_trip(self):
        for text in NOTATION:
            self.assertEqual(str(schema.parse_function(text)), text)

    def test_catalogue_round_trips(self):
        for where, text in catalogue():
            with self.subTest(where):
                self.assertEqual(str(schema.parse_function(text, where)), text)

    def test_structure(self):
        f = schema.parse_function(NOTATION[2])
        self.assertEqual((f.name, f.overload, f.base_name), ("aten::max", "dim_max", "max"))
        self.assertEqual([a.name for a in f.args], ["self", "dim", "keepdim"])
        self.assertEqual([a.name for a in f.out_args], ["max", "max_values"])
        self.assertTrue(all(a.kwarg_only for a in f.kwonly))
        self.assertEqual([r.name for r in f.returns], ["values", "indices"])
        self.assertFalse(f.is_inplace)
        self.assertTrue(schema.parse_function(NOTATION[0]).is_inplace)
        split = schema.parse_function(NOTATION[1])
        self.assertEqual(split.args[0].alias, schema.Alias(("a",), False, ("*",)))
        self.assertEqual(split.returns[0].type,
                         schema.ListType(schema.BaseType("Tensor", schema.Alias(("a",)))))

    def test_errors_name_the_place(self):
        cases = {
            "f(Tensr x) -> Tensor": "unknown type 'Tensr' at column 3",
            "f(Tensor x -> Tensor": "expected ','",
            "f(Tensor x) Tensor": "expected '->'",
            "f(Tensor x, Tensor x) -> ()": "same name",
            "f(Tensor x, *) -> ()": "no keyword-only",
            "f(int a=1, int b) -> ()": "'b' without a default",
            "f(int a=None) -> ()": "None as the default of a int",
            "f(int  a) -> ()": "canonical",
            "f(int a=) -> ()": "expected a default",
            "f(int[ a) -> ()": "expected ']'",
            "f(int a) -> () x": "unexpected 'x'",
            "f(int a, #) -> ()": "unexpected character '#'",
            "": "expected the name",
        }
        for text, part in cases.items():
            with self.subTest(text), self.assertRaises(schema.SchemaError) as caught:
                schema.parse_function(text, "norm.ops:7")
            self.assertIn(part, str(caught.exception))
            self.assertTrue(str(caught.exception).startswith("norm.ops:7: "))


class Spelling(unittest.TestCase):
    def spell(self, arg_text):
        arg = schema.parse_function(f"f({arg_text}) -> ()").all_args[0]
        default = cpp_types.cpp_default(arg)
        return cpp_types.cpp_arg_type(arg) + ("" if default is None else f" ={default}")

    def test_arguments(self):
        cases = {
            "Tensor x": "const Tensor&",
            "Tensor(a!) x": "Tensor&",
            "Tensor? x=None": "const ::std::optional<Tensor>& ={}",
            "Tensor[] x": "TensorList",
            "Tensor(a!)[] x": "TensorList",
            "Tensor?[] x": "const c10::List<::std::optional<Tensor>>&",
            "SymInt[2] x=[1,1]": "IntArrayRef =1",
            "int[2] x=1": "IntArrayRef =1",
            "int[2] x=[]": "IntArrayRef ={}",
            "int[] x=[-2,-1]": "IntArrayRef ={-2,-1}",
            "int[1]? x=None": "OptionalIntArrayRef =::std::nullopt",
            "SymInt x": "int64_t",
            "int? x": "::std::optional<int64_t>",
            "float[]? x": "::std::optional<ArrayRef<double>>",
            "Scalar x=1": "const Scalar& =1",
            "Scalar? x=None": "const ::std::optional<Scalar>& =::std::nullopt",
            "Scalar[] x": "ArrayRef<Scalar>",
            "bool[3] x": "::std::array<bool,3>",
            "str x='none'": "c10::string_view =\"none\"",
            "str? x": "::std::optional<c10::string_view>",
            "int reduction=Mean": "int64_t =Reduction::Mean",
            "ScalarType? x=long": "::std::optional<ScalarType> =kLong",
            "MemoryFormat x=contiguous_format": "MemoryFormat =MemoryFormat::Contiguous",
            "Generator? x=None": "::std::optional<Generator> =::std::nullopt",
            "Storage x": "Storage",
        }
        for text, want in cases.items():
            with self.subTest(text):
                self.assertEqual(self.spell(text), want)

    def test_prefix_and_bad_default(self):
        f = schema.parse_function("f(Tensor? x, int reduction=Mean, int y=Median) -> ()")
        self.assertEqual(cpp_types.cpp_arg_type(f.args[0], "at::"),
                         "const ::std::optional<at::Tensor>&")
        self.assertEqual(cpp_types.cpp_default(f.args[1], "at::"), "at::Reduction::Mean")
        with self.assertRaisesRegex(schema.SchemaError, "'Median' of argument 'y'"):
            cpp_types.cpp_default(f.args[2])

    def test_returns(self):
        cases = {
            "()": "void",
            "Tensor(a!)": "Tensor&",
            "Tensor(a)": "Tensor",
            "Tensor(a)[]": "::std::vector<Tensor>",
            "(Tensor(a!) x, Tensor(b!) y)": "::std::tuple<Tensor&,Tensor&>",
            "(Tensor, Tensor[], float, int)": "::std::tuple<Tensor,::std::vector<Tensor>,double,int64_t>",
            "Scalar": "Scalar",
            "ScalarType": "ScalarType",
        }
        for text, want in cases.items():
            with self.subTest(text):
                f = schema.parse_function(f"f() -> {text}")
                self.assertEqual(cpp_types.cpp_return_type(f), want)


if __name__ == "__main__":
    unittest.main()
