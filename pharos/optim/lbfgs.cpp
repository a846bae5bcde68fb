// L-BFGS: two-loop recursion over flattened parameters; strong Wolfe line search.
#include <pharos/ops/functions.h>
#include <pharos/optim/lbfgs.h>

#include <algorithm>
#include <cmath>

#include "optim/fields.h"
#include "optim/step.h"

namespace torch::optim {

LBFGSOptions::LBFGSOptions(double lr) : lr_(lr) {}
PHAROS_DEFINE_ARG(LBFGSOptions, pharos::Maybe<std::string>, line_search_fn)
PHAROS_DEFINE_ARG(LBFGSParamState, std::vector<Tensor>, old_dirs)
PHAROS_DEFINE_ARG(LBFGSParamState, std::vector<Tensor>, old_stps)
PHAROS_DEFINE_ARG(LBFGSParamState, std::vector<Tensor>, ro)
PHAROS_DEFINE_ARG(LBFGSParamState, pharos::Maybe<std::vector<Tensor>>, al)

// clang-format off
#define PHAROS_OPTIONS(F, S, P) \
  F(lr) F(max_iter) F(max_eval) F(tolerance_grad) F(tolerance_change) F(history_size) \
  F(line_search_fn) F(maximize)
PHAROS_DEFINE_OPTIONS(LBFGSOptions, PHAROS_OPTIONS, )

#define PHAROS_STATE(F, S, P) \
  F(func_evals) F(n_iter) F(al) F(d) F(t) F(old_dirs) F(old_stps) F(ro) F(H_diag) \
  F(prev_flat_grad) F(prev_loss)
PHAROS_DEFINE_STATE(LBFGSParamState, PHAROS_STATE)
// clang-format on

PHAROS_DEFINE_OPTIMIZER(LBFGS)

LBFGS::LBFGS(const std::vector<OptimizerParamGroup>& param_groups, LBFGSOptions defaults)
    : Optimizer(param_groups, std::make_unique<LBFGSOptions>(defaults)) {
  TORCH_CHECK_VALUE(param_groups_.size() == 1,
                    "LBFGS doesn't support per-parameter options (parameter groups)");
  if (!defaults.max_eval()) {
    const int64_t max_eval = defaults.max_iter() * 5 / 4;
    static_cast<LBFGSOptions&>(param_groups_[0].options()).max_eval(max_eval);
    static_cast<LBFGSOptions&>(*defaults_).max_eval(max_eval);
  }
}

namespace {

using Params = std::vector<Tensor>;

Tensor flat(const Tensor& t) { return (t.is_complex() ? at::view_as_real(t) : t).reshape({-1}); }

Tensor flat_gradient(const Params& params, bool maximize) {
  std::vector<Tensor> parts;
  parts.reserve(params.size());
  for (const Tensor& p : params)
    parts.push_back(flat(p.grad().defined() ? p.grad() : at::zeros_like(p.detach())));
  Tensor all = at::cat(parts, 0);
  return maximize ? all.neg_() : all;
}

void add_to(const Params& params, double step, const Tensor& update) {
  int64_t offset = 0;
  for (const Tensor& param : params) {
    Tensor p = param.is_complex() ? at::view_as_real(param) : param;
    const int64_t n = p.numel();
    p.add_(update.narrow(0, offset, n).view_as(p), step);
    offset += n;
  }
}

double number(const Tensor& t) { return t.item().to<double>(); }
double largest(const Tensor& t) { return number(t.abs().max()); }

// A point on the line: step, loss, gradient, slope.
struct Point {
  double t = 0, f = 0;
  Tensor g;
  double gtd = 0;
};

double cubic_minimum(const Point& a, const Point& b, double low, double high) {
  const double d1 = a.gtd + b.gtd - 3 * (a.f - b.f) / (a.t - b.t);
  const double square = d1 * d1 - a.gtd * b.gtd;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double at = a.t <= b.t ? b.t - (b.t - a.t) * ((b.gtd + d2 - d1) / (b.gtd - a.gtd + 2 * d2))
                               : a.t - (a.t - b.t) * ((a.gtd + d2 - d1) / (a.gtd - b.gtd + 2 * d2));
  return std::min(std::max(at, low), high);
}

// The strong Wolfe conditions along one direction.
class LineSearch {
 public:
  LineSearch(const Params& params, const Optimizer::LossClosure& closure, const Tensor& d,
             const LBFGSOptions& options, int64_t max_evaluations)
      : params_(params), closure_(closure), d_(d), options_(options), max_(max_evaluations) {
    for (const Tensor& p : params) start_.push_back(p.clone(at::MemoryFormat::Contiguous));
  }
  // From a first step to a point that fulfils them, or the best one found.
  Point run(const Point& origin, double first_step) {
    const double d_norm = largest(d_);
    Point at = evaluate(first_step);
    bool done = bracket(origin, at);
    size_t low = points_.front().f <= points_.back().f ? 0 : 1, high = 1 - low;
    bool stuck = false;
    while (!done && iterations_ < max_) {
      if (std::abs(points_[1].t - points_[0].t) * d_norm < options_.tolerance_change()) break;
      at = evaluate(trial(stuck));
      ++iterations_;
      if (at.f > origin.f + kC1 * at.t * origin.gtd || at.f >= points_[low].f) {
        points_[high] = at;
        low = points_[0].f <= points_[1].f ? 0 : 1;
        high = 1 - low;
      } else {
        if (std::abs(at.gtd) <= -kC2 * origin.gtd)
          done = true;
        else if (at.gtd * (points_[high].t - points_[low].t) >= 0)
          points_[high] = points_[low];
        points_[low] = at;
      }
    }
    return points_[low];
  }
  int64_t evaluations() const { return evaluations_; }

 private:
  static constexpr double kC1 = 1e-4, kC2 = 0.9;

  Point evaluate(double t) {
    ++evaluations_;
    add_to(params_, t, d_);
    Point at;
    at.t = t;
    at.f = number(pharos::optim::evaluate(closure_));
    if (options_.maximize()) at.f = -at.f;
    at.g = flat_gradient(params_, options_.maximize());
    for (size_t i = 0; i < params_.size(); ++i) Tensor(params_[i]).copy_(start_[i]);
    at.gtd = number(at.g.dot(d_));
    return at;
  }
  // Two points around a minimum; true if a single one fulfils the conditions already.
  bool bracket(const Point& origin, Point at) {
    Point previous = origin;
    previous.t = 0;
    for (; iterations_ < max_; ++iterations_) {
      if (at.f > origin.f + kC1 * at.t * origin.gtd || (iterations_ > 1 && at.f >= previous.f)) {
        points_ = {previous, at};
        return false;
      }
      if (std::abs(at.gtd) <= -kC2 * origin.gtd) {
        points_ = {at};
        return true;
      }
      if (at.gtd >= 0) {
        points_ = {previous, at};
        return false;
      }
      const double low = at.t + 0.01 * (at.t - previous.t), high = at.t * 10;
      const double t = cubic_minimum(previous, at, low, high);
      previous = at;
      at = evaluate(t);
    }
    points_ = {origin, at};
    points_[0].t = 0;
    return false;
  }
  // Where to look next between the two points; not too near to either for long.
  double trial(bool& stuck) const {
    const double low = std::min(points_[0].t, points_[1].t);
    const double high = std::max(points_[0].t, points_[1].t);
    double t = cubic_minimum(points_[0], points_[1], low, high);
    const double margin = 0.1 * (high - low);
    if (std::min(high - t, t - low) >= margin) {
      stuck = false;
    } else if (stuck || t >= high || t <= low) {
      t = std::abs(t - high) < std::abs(t - low) ? high - margin : low + margin;
      stuck = false;
    } else {
      stuck = true;
    }
    return t;
  }

  const Params& params_;
  const Optimizer::LossClosure& closure_;
  const Tensor& d_;
  const LBFGSOptions& options_;
  int64_t max_, iterations_ = 0, evaluations_ = 0;
  std::vector<Tensor> start_;
  std::vector<Point> points_;
};

// The new direction; the pair of last step and change of gradient joins the memory.
Tensor next_direction(LBFGSParamState& s, const LBFGSOptions& o, const Tensor& gradient) {
  const Tensor y = gradient.sub(s.prev_flat_grad());
  const Tensor step = s.d().mul(s.t());
  const Tensor ys = y.dot(step);
  if (number(ys) > 1e-10) {
    if (static_cast<int64_t>(s.old_dirs().size()) >= o.history_size()) {
      for (auto* memory : {&s.old_dirs(), &s.old_stps(), &s.ro()})
        if (!memory->empty()) memory->erase(memory->begin());
    }
    s.old_dirs().push_back(y);
    s.old_stps().push_back(step);
    s.ro().push_back(ys.reciprocal());
    s.H_diag(ys.div(y.dot(y)));
  }
  const size_t n = s.old_dirs().size();
  if (!s.al())
    s.al(std::vector<Tensor>(static_cast<size_t>(std::max<int64_t>(o.history_size(), 0))));
  if (s.al()->size() < n) s.al()->resize(n);
  std::vector<Tensor>& al = *s.al();
  Tensor q = gradient.neg();
  for (size_t i = n; i-- > 0;) {
    al[i] = s.old_stps()[i].dot(q).mul(s.ro()[i]);
    q.add_(s.old_dirs()[i], -number(al[i]));
  }
  Tensor r = q.mul(s.H_diag().to(q.scalar_type()));
  for (size_t i = 0; i < n; ++i) {
    const Tensor be = s.old_dirs()[i].dot(r).mul(s.ro()[i]);
    r.add_(s.old_stps()[i], number(al[i].sub(be)));
  }
  return r;
}

void check_memory(const LBFGSParamState& s) {
  const size_t n = s.old_dirs().size();
  TORCH_CHECK(s.old_stps().size() == n && s.ro().size() == n,
              "LBFGS: the memories of the state differ in length");
  TORCH_CHECK(
      s.n_iter() == 0 || (s.d().defined() && s.prev_flat_grad().defined() && s.H_diag().defined()),
      "LBFGS: the state has no direction or gradient of its last step");
}

}  // namespace

Tensor LBFGS::step(LossClosure closure) {
  c10::NoGradGuard no_grad;
  TORCH_CHECK(closure != nullptr, "LBFGS requires a closure function");
  TORCH_INTERNAL_ASSERT(param_groups_.size() == 1);
  const Params& params = param_groups_[0].params();
  const Tensor first_loss = pharos::optim::evaluate(closure);
  if (params.empty()) return first_loss;
  const auto& o = static_cast<LBFGSOptions&>(param_groups_[0].options());
  const int64_t max_eval = o.max_eval().value_or(o.max_iter() * 5 / 4);
  bool fresh;
  // There is one state, that of the first parameter.
  auto& s = pharos::optim::state_of<LBFGSParamState>(state_, params[0], fresh);
  check_memory(s);

  Point at;
  at.f = o.maximize() ? -number(first_loss) : number(first_loss);
  at.g = flat_gradient(params, o.maximize());
  int64_t evaluations = 1;
  s.func_evals() += 1;
  if (largest(at.g) <= o.tolerance_grad()) return first_loss;

  for (int64_t n = 1; n <= o.max_iter(); ++n) {
    s.n_iter() += 1;
    if (s.n_iter() == 1) {
      s.d(at.g.neg());
      s.old_dirs({}).old_stps({}).ro({});
      s.H_diag(at::ones({}, at.g.options()));
    } else {
      s.d(next_direction(s, o, at.g));
    }
    s.prev_flat_grad(at.g.clone(at::MemoryFormat::Contiguous));
    const double previous_loss = at.f;
    s.prev_loss(previous_loss);
    s.t(s.n_iter() == 1 ? std::min(1.0, 1.0 / number(at.g.abs().sum())) * o.lr() : o.lr());
    at.gtd = number(at.g.dot(s.d()));
    if (at.gtd > -o.tolerance_change()) break;

    int64_t used = 0;
    if (o.line_search_fn()) {
      TORCH_CHECK(*o.line_search_fn() == "strong_wolfe", "only 'strong_wolfe' is supported");
      LineSearch search(params, closure, s.d(), o, max_eval - evaluations);
      at = search.run(at, s.t());
      s.t(at.t);
      used = search.evaluations();
      add_to(params, s.t(), s.d());
    } else {
      add_to(params, s.t(), s.d());
      if (n != o.max_iter()) {
        at.f = number(pharos::optim::evaluate(closure));
        if (o.maximize()) at.f = -at.f;
        at.g = flat_gradient(params, o.maximize());
        used = 1;
      }
    }
    evaluations += used;
    s.func_evals() += used;
    if (n == o.max_iter() || evaluations >= max_eval) break;
    if (largest(at.g) <= o.tolerance_grad()) break;
    if (largest(s.d().mul(s.t())) <= o.tolerance_change()) break;
    if (std::abs(at.f - previous_loss) < o.tolerance_change()) break;
  }
  return first_loss;
}

}  // namespace torch::optim
