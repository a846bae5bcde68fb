// What a training run says while it runs: on a terminal a bar that is redrawn in place, and one
// line for each finished epoch; anywhere else only those lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "report.h"

namespace pharos::cli {

struct ProgressState {
  int epoch = 0, epochs = 0;      // counted from 1
  int64_t done = 0, total = 0;    // images of this epoch
  double loss = 0, accuracy = 0;  // of the images done; accuracy 0 to 1
  double images_per_second = 0;
  double seconds_left = -1;  // of the whole run; negative while unknown
};

struct ProgressStyle {
  bool unicode = true;
  bool colour = false;
};

// Exactly one line of at most `width` columns, escape sequences not counted. As the terminal gets
// narrower the bar shrinks, then the least needed figures go.
std::string progress_line(const ProgressState& state, int width, const ProgressStyle& style);
std::string epoch_line(const EpochPoint& point, int epochs, double images_per_second,
                       double seconds);
// "0:07", "3:25", "1:02:03".
std::string clock_time(double seconds);
std::string with_thousands(int64_t number);

class Progress {
 public:
  // Draws a bar if `out` is a terminal that can move its cursor.
  Progress(std::FILE* out, int epochs);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` images may be over already, where a run was resumed in the middle of an epoch.
  void start_epoch(int epoch, int64_t images, int64_t done = 0);
  void update(int64_t done, double loss, double accuracy);
  void end_epoch(const EpochPoint& point, double images_per_second, double seconds);
  // A line of its own, above the bar.
  void say(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  void draw();
  void clear();

  std::FILE* out_;
  bool terminal_;
  bool drawn_ = false;
  ProgressStyle style_;
  ProgressState state_;
  Clock::time_point epoch_start_, last_draw_;
  int64_t done_before_ = 0;
};

}  // namespace pharos::cli
