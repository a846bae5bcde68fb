// See report.h. Each part of the page is a function that gives its HTML, or nothing where the
// report has no data for it.

#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>

#include "chart.h"
#include "files.h"
#include "report_style.h"

namespace pharos::cli {
namespace {

constexpr size_t kMostMapsShown = 64;  // of a layer; dead ones first get their place

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? bytes[i + k] : 0U);
    for (size_t k = 0; k < 4; ++k) {
      out += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::string picture(const data::Image& image, const std::string& alt) {
  return fmt::format("<img alt='{}' src='data:image/png;base64,{}'>", escape_html(alt),
                     base64(data::encode_png(image)));
}

std::string class_name(const Report& report, int index) {
  const auto i = static_cast<size_t>(index);
  return index >= 0 && i < report.class_names.size() ? report.class_names[i]
                                                     : std::to_string(index);
}

std::string figures(const Report& report) {
  if (report.figures.empty()) return "";
  std::string out = "<section class=figures>";
  for (const Figure& f : report.figures) {
    out += fmt::format("<div class=figure><span>{}</span><b>{}</b><small>{}</small></div>",
                       escape_html(f.label), escape_html(f.value), escape_html(f.note));
  }
  return out + "</section>\n";
}

int best_epoch(const std::vector<EpochPoint>& epochs) {
  int best = -1;
  for (size_t i = 0; i < epochs.size(); ++i) {
    if (!std::isfinite(epochs[i].test_accuracy)) continue;
    if (best < 0 || epochs[i].test_accuracy > epochs[static_cast<size_t>(best)].test_accuracy) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

Chart loss_chart(const std::vector<EpochPoint>& epochs) {
  Chart chart{"Loss",           "epoch", {}, {{"train", "train", {}}, {"test", "test", {}}},
              Scale::Automatic, -1,      ""};
  for (const EpochPoint& e : epochs) {
    chart.x.push_back(e.epoch);
    chart.series[0].values.push_back(e.train_loss);
    chart.series[1].values.push_back(e.test_loss);
  }
  return chart;
}

Chart accuracy_chart(const std::vector<EpochPoint>& epochs, const std::string& title) {
  Chart chart{title,
              "epoch",
              {},
              {{"train", "train", {}}, {"test", "test", {}}},
              Scale::Percent,
              best_epoch(epochs),
              ""};
  for (const EpochPoint& e : epochs) {
    chart.x.push_back(e.epoch);
    chart.series[0].values.push_back(e.train_accuracy);
    chart.series[1].values.push_back(e.test_accuracy);
  }
  if (chart.marked >= 0) {
    const EpochPoint& best = epochs[static_cast<size_t>(chart.marked)];
    chart.mark_note =
        fmt::format("best {:.2f}\u2009% at epoch {}", 100 * best.test_accuracy, best.epoch);
  }
  return chart;
}

// The first epochs stretch the axis so far that later differences vanish.
std::string late_accuracy(const std::vector<EpochPoint>& epochs) {
  if (epochs.size() < 6) return "";
  const auto from = epochs.begin() + static_cast<std::ptrdiff_t>(epochs.size() / 3);
  const std::string title = fmt::format("Accuracy from epoch {} on", from->epoch);
  Chart chart = accuracy_chart({from, epochs.end()}, title);
  chart.mark_note.clear();
  return render_chart(chart);
}

// A constant rate is a setting, not a curve.
std::string rate_chart(const std::vector<EpochPoint>& epochs) {
  Chart chart{"Learning rate", "epoch", {}, {{"at the end of the epoch", "single", {}}},
              Scale::Linear,   -1,      ""};
  bool constant = true;
  for (const EpochPoint& e : epochs) {
    chart.x.push_back(e.epoch);
    chart.series[0].values.push_back(e.lr);
    constant = constant && e.lr == epochs.front().lr;
  }
  return constant ? "" : render_chart(chart);
}

std::string curves(const Report& report) {
  if (report.epochs.empty()) return "";
  return "<section><h2>Learning curves</h2><div class=charts>" +
         render_chart(loss_chart(report.epochs)) +
         render_chart(accuracy_chart(report.epochs, "Accuracy")) + late_accuracy(report.epochs) +
         rate_chart(report.epochs) + "</div></section>\n";
}

std::string confusion(const Report& report) {
  if (report.confusion.empty()) return "";
  return "<section><h2>What is taken for what</h2><p>Test pictures by true and predicted class. "
         "Blue is right, orange is wrong.</p>" +
         render_confusion(report.class_names, report.confusion) + "</section>\n";
}

std::string probability_bar(const char* kind, const char* word, const std::string& name, double p) {
  const double share = std::isfinite(p) ? std::clamp(p, 0.0, 1.0) : 0.0;
  return fmt::format(
      "<div class={} title='{}'><i style='width:{:.0f}%'></i><span>{} <b>{}</b></span>"
      "<span>{:.0f}%</span></div>",
      kind, escape_html(name), 100 * share, word, escape_html(name), 100 * share);
}

std::string mistakes(const Report& report) {
  if (report.confusion.empty() && report.mistakes.empty()) return "";
  std::string out = "<section class=flow><h2>Worst mistakes</h2>";
  if (report.mistakes.empty()) {
    return out + "<p class=sub>None: every test picture was read right.</p></section>\n";
  }
  const auto total =
      std::max<int64_t>(report.mistake_count, static_cast<int64_t>(report.mistakes.size()));
  out += fmt::format(
      "<p>{} of {} wrong answers, the surest first: what the model said and how sure "
      "it was, and what it gave the right answer.</p><div class=mistakes>",
      report.mistakes.size(), total);
  for (const Mistake& m : report.mistakes) {
    const std::string said = class_name(report, m.predicted), is = class_name(report, m.truth);
    out += "<div class=mistake>" + picture(m.picture, "a " + is + " read as " + said) +
           probability_bar("said", "said", said, m.predicted_probability) +
           probability_bar("is", "is", is, m.truth_probability) +
           fmt::format("<small title='{0}'>{0}</small></div>", escape_html(m.source));
  }
  return out + "</div></section>\n";
}

// The maps to show, in their order: all, or as many as fit with every dead one among them.
std::vector<size_t> shown_maps(const LayerMaps& layer) {
  std::vector<size_t> order;
  for (size_t i = 0; i < layer.maps.size(); ++i) order.push_back(i);
  if (order.size() <= kMostMapsShown) return order;
  std::stable_partition(order.begin(), order.end(), [&](size_t i) { return layer.maps[i].dead; });
  order.resize(kMostMapsShown);
  std::sort(order.begin(), order.end());
  return order;
}

std::string feature_map(const LayerMaps& layer, size_t index) {
  const FeatureMap& map = layer.maps[index];
  const std::string name = fmt::format("{} filter {}", layer.name, index);
  const std::string title = map.dead ? name + ": dead, " + map.reason : name;
  return fmt::format(
      "<div class='map{}' title='{}'>{}{}</div>", map.dead ? " dead" : "", escape_html(title),
      picture(map.picture, title),
      map.dead ? "<svg viewBox='0 0 20 20'><path d='M5 5l10 10M15 5L5 15'/></svg>" : "");
}

std::string dead_list(const LayerMaps& layer) {
  std::map<std::string, std::vector<size_t>> by_reason;
  for (size_t i = 0; i < layer.maps.size(); ++i) {
    if (layer.maps[i].dead) by_reason[layer.maps[i].reason].push_back(i);
  }
  std::string out;
  for (const auto& [reason, filters] : by_reason) {
    out +=
        fmt::format("<p class=dead-list>Dead: filter{} {} ({}).</p>",
                    filters.size() == 1 ? "" : "s", fmt::join(filters, ", "), escape_html(reason));
  }
  return out;
}

std::string feature_maps(const Report& report) {
  if (report.layers.empty()) return "";
  std::string out = "<section class=flow><h2>What each convolution sees</h2>";
  if (!report.sample.pixels.empty()) {
    out += fmt::format(
        "<div class=sample>{}<p class=sub>The output of every filter for this "
        "picture, {}. Each map is stretched to its own brightest and darkest "
        "point.</p></div>",
        picture(report.sample, report.sample_label), escape_html(report.sample_label));
  }
  for (const LayerMaps& layer : report.layers) {
    const auto dead = std::count_if(layer.maps.begin(), layer.maps.end(),
                                    [](const FeatureMap& map) { return map.dead; });
    const std::vector<size_t> shown = shown_maps(layer);
    out +=
        fmt::format("<div class=layer><h3>{}<small>{}{}</small>{}</h3><div class=maps>",
                    escape_html(layer.name), escape_html(layer.description),
                    shown.size() < layer.maps.size()
                        ? fmt::format("; {} of {} filters shown", shown.size(), layer.maps.size())
                        : "",
                    dead > 0 ? fmt::format("<span class=badge>{} dead</span>", dead) : "");
    for (size_t index : shown) out += feature_map(layer, index);
    out += "</div>" + dead_list(layer) + "</div>";
  }
  return out + "</section>\n";
}

std::string settings_and_notes(const Report& report) {
  std::string out;
  if (!report.settings.empty()) {
    out += "<section><h2>Settings</h2><table>";
    for (const auto& [key, value] : report.settings) {
      out += fmt::format("<tr><th>{}<td>{}", escape_html(key), escape_html(value));
    }
    out += "</table></section>\n";
  }
  if (!report.notes.empty()) {
    out += "<section><h2>Notes</h2><ul>";
    for (const std::string& note : report.notes) out += "<li>" + escape_html(note);
    out += "</ul></section>\n";
  }
  return out;
}

}  // namespace

std::string render_report(const Report& report) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
      "<meta name=viewport content='width=device-width,initial-scale=1'>"
      "<title>{0}</title><style>{1}</style></head>\n<body><main>"
      "<header><h1>{0}</h1><p class=sub>{2}</p></header>\n",
      escape_html(report.title), std::string_view(kReportStyle), escape_html(report.subtitle));
  out += figures(report) + curves(report) + confusion(report) + mistakes(report) +
         feature_maps(report) + settings_and_notes(report);
  return out + "<footer>Written by pharos.</footer></main></body></html>\n";
}

void write_report(const std::string& path, const Report& report) {
  replace_file(path, render_report(report));
}

}  // namespace pharos::cli
