// See chart.h. Coordinates are in a fixed view box; the page scales the drawing to its column.

#include "chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace pharos::cli {
namespace {

constexpr double kWidth = 440, kHeight = 260;
constexpr double kLeft = 46, kRight = 12, kTop = 10, kBottom = 38;
constexpr double kLogRatio = 20;  // from here on a linear axis would flatten the interesting part

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double v) {
    if (!std::isfinite(v)) return;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  bool empty() const { return low > high; }
};

// Maps data to the view box.
struct Axis {
  double low, high, from, to;
  bool logarithmic = false;
  std::vector<double> ticks;

  double operator()(double v) const {
    if (high == low) return (from + to) / 2;
    const double t =
        logarithmic ? std::log(v / low) / std::log(high / low) : (v - low) / (high - low);
    return from + t * (to - from);
  }
};

double nice_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

Axis make_y_axis(const Chart& chart, Range range) {
  Axis axis{0, 0, kHeight - kBottom, kTop, false, {}};
  axis.logarithmic =
      chart.scale == Scale::Automatic && range.low > 0 && range.high / range.low > kLogRatio;
  if (axis.logarithmic) {
    axis.ticks = log_ticks(range.low, range.high);
    // Ticks far outside of the data would leave most of a decade empty.
    std::erase_if(axis.ticks, [&](double t) { return t < range.low / 2 || t > range.high * 2; });
    axis.low = std::min(range.low, axis.ticks.front());
    axis.high = std::max(range.high, axis.ticks.back());
    return axis;
  }
  if (chart.scale != Scale::Percent && range.low > 0 && range.low < range.high / 2) range.low = 0;
  axis.ticks = round_ticks(range.low, range.high, 5);
  if (chart.scale == Scale::Percent) {
    // A tick above 100 % would promise what cannot be.
    std::erase_if(axis.ticks, [](double t) { return t > 1 + 1e-9; });
  }
  axis.low = std::min(range.low, axis.ticks.front());
  axis.high = std::max(range.high, axis.ticks.back());
  return axis;
}

Axis make_x_axis(const Chart& chart) {
  Axis axis{chart.x.front(), chart.x.back(), kLeft, kWidth - kRight, false, {}};
  axis.ticks = round_ticks(axis.low, axis.high, 6, true);
  std::erase_if(axis.ticks, [&](double t) { return t < axis.low || t > axis.high; });
  // The first epoch gets its number where that does not touch the next one.
  const bool room =
      axis.ticks.size() < 2 || axis.ticks[0] - axis.low > 0.6 * (axis.ticks[1] - axis.ticks[0]);
  if (axis.ticks.empty() || room) axis.ticks.insert(axis.ticks.begin(), axis.low);
  return axis;
}

std::string value_text(const Chart& chart, double v) {
  if (!std::isfinite(v)) return short_number(v);
  return chart.scale == Scale::Percent ? fmt::format("{:.2f}\u2009%", 100 * v) : short_number(v);
}

void draw_grid(const Chart& chart, const Axis& x, const Axis& y, std::string& out) {
  std::vector<double> shown = y.ticks;
  if (chart.scale == Scale::Percent) {
    for (double& v : shown) v *= 100;
  }
  for (size_t i = 0; i < y.ticks.size(); ++i) {
    const double at = y(y.ticks[i]);
    const std::string label = y.logarithmic ? short_number(shown[i]) : tick_label(shown[i], shown);
    out += fmt::format("<path class=grid d='M{} {:.1f}H{}'/>", kLeft, at, kWidth - kRight);
    out += fmt::format("<text class=tick text-anchor=end x={} y={:.1f}>{}{}</text>", kLeft - 6,
                       at + 4, label, chart.scale == Scale::Percent ? "%" : "");
  }
  for (double tick : x.ticks) {
    out += fmt::format("<text class=tick text-anchor=middle x={:.1f} y={}>{}</text>", x(tick),
                       kHeight - kBottom + 16, short_number(tick, 7));
  }
  out += fmt::format("<path class=axis d='M{} {}H{}'/>", kLeft, kHeight - kBottom, kWidth - kRight);
  out += fmt::format("<text class=tick text-anchor=middle x={} y={}>{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 6, escape_html(chart.x_name));
}

void draw_series(const Chart& chart, const Series& series, const Axis& x, const Axis& y,
                 std::string& out) {
  std::string path, dots;
  bool pen_down = false;
  const bool few = chart.x.size() <= 40;
  for (size_t i = 0; i < chart.x.size() && i < series.values.size(); ++i) {
    const double v = series.values[i];
    if (!std::isfinite(v)) {
      pen_down = false;
      continue;
    }
    const double px = x(chart.x[i]), py = y(v);
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", px, py);
    pen_down = true;
    // The wide invisible ring makes the tooltip easy to hit.
    dots += fmt::format(
        "<circle class=dot cx={0:.1f} cy={1:.1f} r={2}><title>{3} {4}: {5} {6}</title></circle>",
        px, py, few ? 2.2 : 1.2, escape_html(chart.x_name), short_number(chart.x[i], 6),
        escape_html(series.name), value_text(chart, v));
  }
  out += fmt::format("<g class='line {}'><path d='{}'/>{}</g>", escape_html(series.css_class), path,
                     dots);
}

void draw_mark(const Chart& chart, const Axis& x, const Axis& y, std::string& out) {
  if (chart.marked < 0 || chart.series.empty()) return;
  const auto at = static_cast<size_t>(chart.marked);
  const Series& series = chart.series.back();
  if (at >= chart.x.size() || at >= series.values.size() || !std::isfinite(series.values[at]))
    return;
  const double px = x(chart.x[at]), py = y(series.values[at]);
  const bool right_half = px > kWidth / 2;
  const double text_y = std::min(py + 24, kHeight - kBottom - 6);
  out += fmt::format("<circle class='ring {}' cx={:.1f} cy={:.1f} r=6 />",
                     escape_html(series.css_class), px, py);
  out += fmt::format("<text class=mark text-anchor={} x={:.1f} y={:.1f}>{}</text>",
                     right_half ? "end" : "start", px + (right_half ? 4 : -4), text_y,
                     escape_html(chart.mark_note));
}

std::string legend(const Chart& chart) {
  std::string out;
  for (const Series& series : chart.series) {
    const auto last = std::find_if(series.values.rbegin(), series.values.rend(),
                                   [](double v) { return std::isfinite(v); });
    out += fmt::format("<span class=key><i class='{}'></i>{} <b>{}</b></span>",
                       escape_html(series.css_class), escape_html(series.name),
                       last == series.values.rend() ? "-" : value_text(chart, *last));
  }
  return out;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int wanted, bool whole) {
  if (!(high > low)) {
    const double room = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= room;
    high += room;
  }
  double step = nice_step((high - low) / std::max(1, wanted - 1));
  if (whole) step = std::max(step, 1.0);
  // Counted in steps: repeated addition would drift away from the round numbers.
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  std::vector<double> ticks;
  for (double i = first; i <= last; ++i) ticks.push_back(i == 0 ? 0 : i * step);
  return ticks;
}

std::vector<double> log_ticks(double low, double high) {
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(high) - 1e-9));
  std::vector<double> ticks;
  for (int decade = first; decade <= last; ++decade) {
    for (double factor : {1.0, 2.0, 5.0}) ticks.push_back(factor * std::pow(10.0, decade));
  }
  const auto above =
      std::find_if(ticks.begin(), ticks.end(), [&](double t) { return t >= high * (1 - 1e-9); });
  if (above != ticks.end()) ticks.erase(std::next(above), ticks.end());
  auto begin =
      std::find_if(ticks.begin(), ticks.end(), [&](double t) { return t > low * (1 + 1e-9); });
  if (begin != ticks.begin()) ticks.erase(ticks.begin(), std::prev(begin));
  if (ticks.size() <= 8) return ticks;
  const int stride = std::max(1, (last - first + 5) / 6);
  ticks.clear();
  for (int decade = first; decade <= last; decade += stride)
    ticks.push_back(std::pow(10.0, decade));
  return ticks;
}

std::string tick_label(double value, const std::vector<double>& ticks) {
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : std::max(1.0, std::abs(value));
  const double largest = std::max(std::abs(ticks.front()), std::abs(ticks.back()));
  if (largest >= 1e6 || step < 0.01) return short_number(value);
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, digits);
}

std::string short_number(double value, int digits) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return fmt::format("{:.{}g}", value, digits);
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string render_chart(const Chart& chart) {
  Range range;
  for (const Series& series : chart.series) {
    for (double v : series.values) range.add(v);
  }
  if (range.empty() || chart.x.empty()) return "";
  const Axis x = make_x_axis(chart), y = make_y_axis(chart, range);
  std::string drawing;
  draw_grid(chart, x, y, drawing);
  for (const Series& series : chart.series) draw_series(chart, series, x, y, drawing);
  draw_mark(chart, x, y, drawing);
  return fmt::format(
      "<figure class=chart><figcaption><h3>{0}{1}</h3><div class=keys>{2}</div></figcaption>"
      "<svg viewBox='0 0 {3} {4}' role=img aria-label='{0}'>{5}</svg></figure>\n",
      escape_html(chart.title), y.logarithmic ? " <small>(log scale)</small>" : "", legend(chart),
      kWidth, kHeight, drawing);
}

}  // namespace pharos::cli
