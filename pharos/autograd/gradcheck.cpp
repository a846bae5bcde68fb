// gradcheck and gradgradcheck. Complex inputs and outputs are checked through their real views.
#include <pharos/autograd/gradcheck.h>
#include <pharos/ops/functions.h>

#include <cmath>

namespace torch::autograd {
namespace {

using at::Tensor;

// One real number of an output or input per column.
Tensor real_view(const Tensor& t) {
  return t.is_complex() ? at::view_as_real(t.resolve_conj()) : t;
}

std::vector<double> flat(const Tensor& t) {
  const Tensor c = real_view(t.detach()).resolve_neg().to(at::kDouble).contiguous();
  const double* p = c.const_data_ptr<double>();
  return std::vector<double>(p, p + c.numel());
}

bool checked(const Tensor& t) { return t.defined() && t.requires_grad(); }

// d outputs / d input by central differences: [input element][all output elements].
std::vector<std::vector<double>> numeric(const GradFunction& f, const variable_list& inputs,
                                         size_t which, double eps) {
  Tensor x = real_view(inputs[which].data());
  const int64_t n = x.numel();
  std::vector<std::vector<double>> rows(static_cast<size_t>(n));
  const auto evaluate = [&] {
    std::vector<double> all;
    for (const Tensor& out : f(inputs)) {
      if (!out.defined() || !c10::isDifferentiableType(out.scalar_type())) continue;
      const auto v = flat(out);
      all.insert(all.end(), v.begin(), v.end());
    }
    return all;
  };
  TORCH_CHECK(x.scalar_type() == at::kDouble,
              "gradcheck expects inputs of dtype Double or ComplexDouble, got ", x.scalar_type());
  auto* base = x.data_ptr<double>();
  for (int64_t i = 0; i < n; ++i) {
    int64_t offset = 0, rest = i;
    for (int64_t d = x.dim(); d-- > 0;) {
      offset += rest % x.size(d) * x.stride(d);
      rest /= x.size(d);
    }
    const double keep = base[offset];
    base[offset] = keep + eps;
    const auto up = evaluate();
    base[offset] = keep - eps;
    const auto down = evaluate();
    base[offset] = keep;
    auto& row = rows[static_cast<size_t>(i)];
    row.resize(up.size());
    for (size_t k = 0; k < up.size(); ++k) row[k] = (up[k] - down[k]) / (2 * eps);
  }
  return rows;
}

std::string difference(size_t input, int64_t i, size_t k, double num, double ana) {
  return pharos::message("Jacobian mismatch for input ", input, ", element ", i,
                         ", output element ", k, ": numerical ", num, ", analytical ", ana);
}

}  // namespace

bool gradcheck(const GradFunction& f, const variable_list& inputs, const GradcheckOptions& o) {
  const variable_list outputs = f(inputs);
  std::vector<size_t> wanted;
  variable_list sources;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (checked(inputs[i])) {
      wanted.push_back(i);
      sources.push_back(inputs[i]);
    }
  TORCH_CHECK(!wanted.empty(), "gradcheck expects at least one input tensor to require gradient");
  std::vector<std::vector<std::vector<double>>> num;
  {
    c10::NoGradGuard no_grad;
    for (size_t i : wanted) num.push_back(numeric(f, inputs, i, o.eps));
  }
  // Row by row of the Jacobian: one backward per output number.
  size_t column = 0;
  for (const Tensor& out : outputs) {
    if (!out.defined() || !c10::isDifferentiableType(out.scalar_type())) continue;
    const int64_t n = real_view(out.detach()).numel();
    for (int64_t k = 0; k < n; ++k, ++column) {
      variable_list grads(wanted.size());
      if (out.requires_grad()) {
        Tensor seed = at::zeros_like(out.detach(), {}, c10::MemoryFormat::Contiguous);
        real_view(seed).view({-1})[k].fill_(1);
        grads = grad({out}, sources, {seed}, true, false, true);
      }
      for (size_t w = 0; w < wanted.size(); ++w) {
        TORCH_CHECK(!grads[w].defined() || grads[w].sizes() == sources[w].sizes(),
                    "the gradient of input ", wanted[w], " has sizes ", grads[w].sizes(), ", not ",
                    sources[w].sizes());
        const std::vector<double> ana =
            grads[w].defined() ? flat(grads[w]) : std::vector<double>(num[w].size(), 0.0);
        for (size_t i = 0; i < num[w].size(); ++i) {
          const double a = ana[i], b = num[w][i][column];
          if (std::fabs(a - b) <= o.atol + o.rtol * std::fabs(b)) continue;
          TORCH_CHECK(!o.raise_exception,
                      difference(wanted[w], static_cast<int64_t>(i), column, b, a));
          return false;
        }
      }
    }
  }
  return true;
}

bool gradgradcheck(const GradFunction& f, const variable_list& inputs, const GradcheckOptions& o) {
  variable_list all = inputs;
  std::vector<size_t> outputs_used;
  const variable_list outputs = f(inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!checked(outputs[i])) continue;
    outputs_used.push_back(i);
    all.push_back(at::randn_like(outputs[i].detach()).set_requires_grad(true));
  }
  if (outputs_used.empty()) return true;
  const size_t count = inputs.size();
  const GradFunction first = [&, count](const variable_list& in) {
    c10::AutoGradMode grad_mode(true);
    const variable_list x(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(count));
    const variable_list out = f(x);
    variable_list used, sources;
    for (size_t i : outputs_used) used.push_back(out[i]);
    for (const Tensor& t : x)
      if (checked(t)) sources.push_back(t);
    const variable_list seeds(in.begin() + static_cast<std::ptrdiff_t>(count), in.end());
    variable_list g = grad(used, sources, seeds, true, true, true);
    std::erase_if(g, [](const Tensor& t) { return !t.defined(); });
    return g;
  };
  // Also where no gradient requires one: those may not depend on anything then.
  return gradcheck(first, all, o);
}

}  // namespace torch::autograd
