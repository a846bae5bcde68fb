// The HTML report: self-contained whatever it is given, whole in structure, and showing the numbers
// it was given; axes with round numbers.

#include "report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "chart.h"
#include "report_sample.h"

namespace pharos::cli {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The inside of every tag, in order; quoted attribute values may hold '>'.
std::vector<std::string> tags_of(const std::string& html) {
  std::vector<std::string> tags;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    std::string tag;
    char quote = 0;
    for (++at; at < html.size() && (quote != 0 || html[at] != '>'); ++at) {
      const char c = html[at];
      if (quote == 0 && (c == '\'' || c == '"'))
        quote = c;
      else if (c == quote)
        quote = 0;
      tag += c;
    }
    tags.push_back(tag);
  }
  return tags;
}

// Every element that needs an end tag has one, in order. HTML lets some elements do without.
void expect_balanced(const std::string& html) {
  static const std::set<std::string> kNoEndTag = {"!doctype", "meta", "img", "rect", "circle",
                                                  "path",     "li",   "tr",  "td",   "th"};
  std::vector<std::string> open;
  for (const std::string& tag : tags_of(html)) {
    const bool closes = tag[0] == '/';
    const std::string name = tag.substr(closes ? 1 : 0, tag.find(' ') - (closes ? 1 : 0));
    if (kNoEndTag.count(name) != 0 || tag.back() == '/') continue;
    if (!closes) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag << " without a start";
    ASSERT_EQ(open.back(), name);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty()) << open.back() << " is never closed";
}

void expect_self_contained(const std::string& html) {
  EXPECT_EQ(html.find("http:"), std::string::npos);
  EXPECT_EQ(html.find("https:"), std::string::npos);
  EXPECT_EQ(html.find("url("), std::string::npos);
  EXPECT_EQ(html.find("@import"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<link"), std::string::npos);
  EXPECT_EQ(count_of(html, "src="), count_of(html, "src='data:image/png;base64,"));
}

TEST(Report, IsWholeAndSelfContained) {
  const std::string html = render_report(sample_report());
  expect_balanced(html);
  expect_self_contained(html);
  EXPECT_LT(html.size(), 200'000U);
}

TEST(Report, ShowsWhatItWasGiven) {
  const std::string html = render_report(sample_report());
  EXPECT_NE(html.find("<h1>LeNet on handwritten digits</h1>"), std::string::npos);
  EXPECT_NE(html.find("3 read as 8: 2 of 39"), std::string::npos);
  EXPECT_NE(html.find("epoch 30: test "), std::string::npos);
  EXPECT_NE(html.find("Learning rate"), std::string::npos);
  EXPECT_EQ(count_of(html, "class=mistake>"), 5U);
  EXPECT_EQ(count_of(html, "class='map"), 16U + 64U);
  // Dead filters are shown even where not all filters are.
  EXPECT_EQ(count_of(html, "class='map dead'"), 1U + 7U);
  EXPECT_NE(html.find("64 of 96 filters shown"), std::string::npos);
  EXPECT_NE(html.find("Dead: filters 5, 18, 31, 44, 57, 70, 83 (zero after ReLU"),
            std::string::npos);
}

TEST(Report, NamesFromOutsideStayText) {
  Report report = sample_report();
  const std::string hostile = "</style><script>alert('1')</script>\"&";
  report.title = report.subtitle = report.sample_label = hostile;
  for (std::string& name : report.class_names) name = hostile + name;
  for (Mistake& m : report.mistakes) m.source = hostile;
  for (LayerMaps& layer : report.layers) {
    layer.name = layer.description = hostile;
    for (FeatureMap& map : layer.maps) map.reason = hostile;
  }
  report.settings.emplace_back(hostile, hostile);
  report.figures.push_back({hostile, hostile, hostile});
  report.notes.push_back(hostile);
  const std::string html = render_report(report);
  expect_balanced(html);
  expect_self_contained(html);
}

TEST(Report, DivergedRunHasNoBrokenCurves) {
  Report report = sample_report();
  for (size_t i = 10; i < report.epochs.size(); ++i) {
    report.epochs[i].train_loss = std::numeric_limits<double>::quiet_NaN();
    report.epochs[i].test_loss = std::numeric_limits<double>::infinity();
  }
  const std::string html = render_report(report);
  expect_balanced(html);
  for (const std::string& tag : tags_of(html)) {
    if (tag.rfind("path", 0) != 0 && tag.rfind("circle", 0) != 0) continue;
    EXPECT_EQ(tag.find("nan"), std::string::npos) << tag;
    EXPECT_EQ(tag.find("inf"), std::string::npos) << tag;
  }
  EXPECT_NE(html.find("epoch 10: train "), std::string::npos);
}

TEST(Report, EmptyAndTinyRuns) {
  expect_balanced(render_report(Report{}));
  Report one = sample_report();
  one.epochs.resize(1);
  one.mistakes.clear();
  one.confusion = {{3, 0}, {0, 0}};
  one.class_names = {"only"};
  const std::string html = render_report(one);
  expect_balanced(html);
  EXPECT_NE(html.find("every test picture was read right"), std::string::npos);
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(Report, WideMatrixDropsNumbersThenItself) {
  for (size_t classes : {2U, 30U, 200U}) {
    std::vector<std::vector<int64_t>> counts(classes, std::vector<int64_t>(classes, 0));
    for (size_t i = 0; i < classes; ++i) counts[i][i] = 5;
    counts[0][1] = 3;
    const std::string html = render_confusion({}, counts);
    expect_balanced(html);
    EXPECT_EQ(count_of(html, "<rect"), classes <= 60 ? classes * classes : 0U);
    EXPECT_EQ(html.find("recall %") != std::string::npos, classes <= 20);
    EXPECT_NE(html.find("<tr><td>0<td>1<td class=n>3"), std::string::npos);
  }
}

TEST(Chart, TicksAreRoundAndCoverTheRange) {
  EXPECT_EQ(round_ticks(0, 1, 6), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(round_ticks(1, 30, 6, true), (std::vector<double>{0, 10, 20, 30}));
  EXPECT_EQ(round_ticks(1, 3, 6, true), (std::vector<double>{1, 2, 3}));
  for (double low : {-3.7, 0.0, 1e-9, 0.93, 12345.0}) {
    for (double width : {1e-6, 0.01, 0.7, 33.0, 1e7}) {
      const auto ticks = round_ticks(low, low + width, 5);
      ASSERT_GE(ticks.size(), 3U);
      EXPECT_LE(ticks.size(), 8U);
      const double slack = 1e-6 * width;
      EXPECT_LE(ticks.front(), low + slack);
      EXPECT_GE(ticks.back(), low + width - slack);
      const double step = ticks[1] - ticks[0];
      const double digit = step / std::pow(10.0, std::floor(std::log10(step) + 1e-6));
      EXPECT_TRUE(std::abs(digit - 1) < 1e-3 || std::abs(digit - 2) < 1e-3 ||
                  std::abs(digit - 5) < 1e-3)
          << step;
    }
  }
  EXPECT_GE(round_ticks(5, 5, 5).size(), 2U);
}

TEST(Chart, LogTicks) {
  EXPECT_EQ(log_ticks(0.1, 1), (std::vector<double>{0.1, 0.2, 0.5, 1}));
  const auto decades = log_ticks(3e-7, 20);
  EXPECT_LE(decades.size(), 8U);
  for (double tick : decades) EXPECT_NEAR(std::log10(tick), std::round(std::log10(tick)), 1e-9);
}

TEST(Chart, LabelsTellTicksApart) {
  EXPECT_EQ(tick_label(0.2, {0, 0.2, 0.4}), "0.2");
  EXPECT_EQ(tick_label(99.5, {99, 99.5, 100}), "99.5");
  EXPECT_EQ(tick_label(20, {0, 20, 40}), "20");
  EXPECT_EQ(tick_label(0.0005, {0, 0.0005, 0.001}), "0.0005");
  EXPECT_EQ(tick_label(2e7, {0, 1e7, 2e7}), "2e+07");
}

}  // namespace
}  // namespace pharos::cli
