// The report of a training run as one HTML file that needs nothing else: style, curves and pictures
// are inside it. Plain data in, text out; what the numbers mean is decided by the caller.
#pragma once

#include <pharos/data/readers.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pharos::cli {

struct EpochPoint {
  int epoch = 0;  // counted from 1
  double train_loss = 0, test_loss = 0;
  double train_accuracy = 0, test_accuracy = 0;  // 0 to 1
  double lr = 0;
};

// A large number at the top of the page.
struct Figure {
  std::string label, value, note;
};

struct Mistake {
  data::Image picture;
  std::string source;  // where the picture came from: a file, or a row
  int truth = 0, predicted = 0;
  double truth_probability = 0, predicted_probability = 0;
};

struct FeatureMap {
  data::Image picture;  // grey
  bool dead = false;
  std::string reason;  // why it counts as dead
};

struct LayerMaps {
  std::string name;
  std::string description;
  std::vector<FeatureMap> maps;
};

struct Report {
  std::string title, subtitle;
  std::vector<Figure> figures;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<EpochPoint> epochs;
  std::vector<std::string> class_names;
  std::vector<std::vector<int64_t>> confusion;  // [true class][predicted class]
  int64_t mistake_count = 0;                    // of which `mistakes` are the worst
  std::vector<Mistake> mistakes;
  data::Image sample;  // what the feature maps are of; empty where there are none
  std::string sample_label;
  std::vector<LayerMaps> layers;
  std::vector<std::string> notes;
};

std::string render_report(const Report& report);
// Replaces `path` only once the whole report is written.
void write_report(const std::string& path, const Report& report);

// Counts as a table shaded by each row's share, with recall and precision at the edges. Part of
// render_report.
std::string render_confusion(const std::vector<std::string>& names,
                             const std::vector<std::vector<int64_t>>& counts);

}  // namespace pharos::cli
