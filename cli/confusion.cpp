// The confusion matrix of the report, drawn as inline SVG, with the commonest mix-ups beside it.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "chart.h"
#include "report.h"

namespace pharos::cli {
namespace {

constexpr size_t kMostCountedClasses = 20;  // beyond, numbers would not fit into their cells
constexpr size_t kMostDrawnClasses = 60;
constexpr size_t kMostPairs = 8;

std::string shorten(const std::string& name, size_t limit) {
  size_t seen = 0, bytes = 0;
  for (; bytes < name.size(); ++bytes) {
    const bool starts = (static_cast<unsigned char>(name[bytes]) & 0xc0) != 0x80;
    if (starts && seen++ == limit) return name.substr(0, bytes) + "\u2026";
  }
  return name;
}

size_t length_of(const std::string& name) {
  return static_cast<size_t>(std::count_if(name.begin(), name.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

struct Matrix {
  const std::vector<std::string>& names;
  const std::vector<std::vector<int64_t>>& counts;
  size_t classes;
  std::vector<int64_t> row_sums, column_sums;
  int64_t worst = 0;  // the largest count off the diagonal
  double cell, left, top;
  bool numbers;

  Matrix(const std::vector<std::string>& n, const std::vector<std::vector<int64_t>>& c)
      : names(n), counts(c), classes(c.size()), row_sums(classes), column_sums(classes) {
    size_t longest = 0;
    for (size_t i = 0; i < classes; ++i) {
      longest = std::max(longest, std::min<size_t>(length_of(names[i]), 12));
      for (size_t j = 0; j < classes; ++j) {
        row_sums[i] += counts[i][j];
        column_sums[j] += counts[i][j];
        if (i != j) worst = std::max(worst, counts[i][j]);
      }
    }
    numbers = classes <= kMostCountedClasses;
    cell = std::max(8.0, std::min(42.0, 460.0 / static_cast<double>(classes)));
    left = 34 + 8 * static_cast<double>(longest);
    top = longest <= 3 ? 42 : 26 + 6 * static_cast<double>(longest);
  }

  double side() const { return cell * static_cast<double>(classes); }
  double at(size_t i) const { return cell * static_cast<double>(i); }
  bool slanted() const { return top != 42; }
};

std::string percent(int64_t part, int64_t whole) {
  if (whole == 0) return "-";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  // "100" is said only of all.
  return part == whole ? "100" : fmt::format("{:.1f}", std::min(share, 99.9));
}

void draw_cell(const Matrix& m, size_t i, size_t j, std::string& out) {
  const int64_t count = m.counts[i][j];
  const double x = m.left + m.at(j), y = m.top + m.at(i);
  double strength = 0;
  if (count > 0 && i == j) {
    strength = 0.15 + 0.85 * static_cast<double>(count) / static_cast<double>(m.row_sums[i]);
  } else if (count > 0) {
    strength = 0.2 + 0.5 * std::sqrt(static_cast<double>(count) / static_cast<double>(m.worst));
  }
  const char* kind = count == 0 ? "zero" : i == j ? "right" : "wrong";
  out += fmt::format("<rect class='cell {}' x={:.1f} y={:.1f} width={:.1f} height={:.1f} rx=3",
                     kind, x, y, m.cell, m.cell);
  if (count > 0) out += fmt::format(" fill-opacity={:.2f}", strength);
  out += fmt::format("><title>{} read as {}: {} of {}</title></rect>", escape_html(m.names[i]),
                     escape_html(m.names[j]), count, m.row_sums[i]);
  if (m.numbers && count > 0) {
    out += fmt::format("<text{} x={:.1f} y={:.1f}>{}</text>", strength > 0.75 ? " class=on" : "",
                       x + m.cell / 2, y + m.cell / 2 + 4.5, count);
  }
}

void draw_names(const Matrix& m, std::string& out) {
  for (size_t i = 0; i < m.classes; ++i) {
    const std::string name = escape_html(shorten(m.names[i], 12));
    const double along = m.at(i) + m.cell / 2;
    const double font = std::min(13.0, m.cell * 0.9);
    out += fmt::format(
        "<text class='name start' style='font-size:{:.1f}px' x={:.1f} y={:.1f}>{}</text>", font,
        m.left - 7, m.top + along + 4.5, name);
    const double x = m.left + along, y = m.top - 8;
    out +=
        m.slanted()
            ? fmt::format(
                  "<text class=name style='text-anchor:start;font-size:{0:.1f}px' "
                  "transform='translate({1:.1f} {2:.1f}) rotate(-45)'>{3}</text>",
                  font, x + 3, y, name)
            : fmt::format("<text class=name style='font-size:{:.1f}px' x={:.1f} y={:.1f}>{}</text>",
                          font, x, y, name);
    if (!m.numbers) continue;
    out +=
        fmt::format("<text class='edge start' x={:.1f} y={:.1f}>{}</text>", m.left + m.side() + 44,
                    m.top + along + 4, percent(m.counts[i][i], m.row_sums[i]));
    out += fmt::format("<text class=edge x={:.1f} y={:.1f}>{}</text>", x, m.top + m.side() + 20,
                       percent(m.counts[i][i], m.column_sums[i]));
  }
}

void draw_captions(const Matrix& m, std::string& out) {
  const double middle = m.side() / 2;
  out += fmt::format("<text class=what x={:.1f} y=12>predicted</text>", m.left + middle);
  out += fmt::format("<text class=what transform='translate(12 {:.1f}) rotate(-90)'>true</text>",
                     m.top + middle);
  if (!m.numbers) return;
  out += fmt::format("<text class='what start' x={:.1f} y={:.1f}>recall %</text>",
                     m.left + m.side() + 52, m.top - 8);
  out += fmt::format("<text class=what x={:.1f} y={:.1f}>precision %</text>", m.left + middle,
                     m.top + m.side() + 38);
}

std::string draw_matrix(const Matrix& m) {
  std::string drawing;
  for (size_t i = 0; i < m.classes; ++i) {
    for (size_t j = 0; j < m.classes; ++j) draw_cell(m, i, j, drawing);
  }
  draw_names(m, drawing);
  draw_captions(m, drawing);
  return fmt::format(
      "<svg class=matrix viewBox='0 0 {:.0f} {:.0f}' role=img aria-label='confusion "
      "matrix'>{}</svg>",
      m.left + m.side() + 56, m.top + m.side() + (m.numbers ? 44 : 12), drawing);
}

std::string list_pairs(const Matrix& m) {
  std::vector<std::tuple<int64_t, size_t, size_t>> pairs;
  for (size_t i = 0; i < m.classes; ++i) {
    for (size_t j = 0; j < m.classes; ++j) {
      if (i != j && m.counts[i][j] > 0) pairs.emplace_back(-m.counts[i][j], i, j);
    }
  }
  if (pairs.empty())
    return "<div><h3>Commonest mix-ups</h3><p class=sub>None: every picture was read "
           "right.</p></div>";
  std::sort(pairs.begin(), pairs.end());
  std::string rows;
  for (size_t k = 0; k < pairs.size() && k < kMostPairs; ++k) {
    const auto& [count, i, j] = pairs[k];
    rows +=
        fmt::format("<tr><td>{}<td>{}<td class=n>{}<td class=n>{}\u2009%", escape_html(m.names[i]),
                    escape_html(m.names[j]), -count, percent(-count, m.row_sums[i]));
  }
  return "<div><h3>Commonest mix-ups</h3><table><tr><th>true<th>read as<th class=n>times<th "
         "class=n>"
         "share" +
         rows + "</table></div>";
}

}  // namespace

std::string render_confusion(const std::vector<std::string>& names,
                             const std::vector<std::vector<int64_t>>& counts) {
  std::vector<std::string> all_names = names;
  for (size_t i = names.size(); i < counts.size(); ++i) all_names.push_back(std::to_string(i));
  std::vector<std::vector<int64_t>> square = counts;
  for (auto& row : square) row.resize(counts.size());
  const Matrix matrix(all_names, square);
  std::string out;
  if (matrix.classes <= kMostDrawnClasses) {
    out += "<div>" + draw_matrix(matrix) + "</div>";
  } else {
    out += fmt::format("<div><p>{} classes are too many to draw.</p></div>", matrix.classes);
  }
  return "<div class=side>" + out + list_pairs(matrix) + "</div>";
}

}  // namespace pharos::cli
