// Line charts as inline SVG, for the report: round axis numbers, a legend with the last values,
// colours from the page's style sheet (classes "train", "test", "single").
#pragma once

#include <string>
#include <vector>

namespace pharos::cli {

enum class Scale { Linear, Percent, Automatic };  // Automatic: logarithmic where it shows more

struct Series {
  std::string name;
  std::string css_class;
  std::vector<double> values;  // one for each x; points that are not finite are left out
};

struct Chart {
  std::string title;
  std::string x_name;
  std::vector<double> x;  // ascending
  std::vector<Series> series;
  Scale scale = Scale::Linear;
  int marked = -1;  // index into x of a point of the last series to ring, with a note
  std::string mark_note;
};

// A <figure>. Empty where no point is finite.
std::string render_chart(const Chart& chart);

// Multiples of 1, 2 or 5 times a power of ten that cover [low, high] from outside, about `wanted`
// of them. `whole` keeps the step at 1 or more.
std::vector<double> round_ticks(double low, double high, int wanted, bool whole = false);
// 1, 2, 5 per decade, or whole decades where those would be too many.
std::vector<double> log_ticks(double low, double high);

// As many digits as tell neighbouring ticks apart.
std::string tick_label(double value, const std::vector<double>& ticks);

// About `digits` significant digits without needless zeros; "nan" and "inf" as words.
std::string short_number(double value, int digits = 3);

std::string escape_html(const std::string& text);

}  // namespace pharos::cli
