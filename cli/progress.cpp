// See progress.h. The two *_line functions are pure; Progress adds the terminal and the clock.

#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace pharos::cli {
namespace {

constexpr int kMostBarColumns = 40, kFewestBarColumns = 8;
constexpr auto kRedrawInterval = std::chrono::milliseconds(80);

bool has_cursor(std::FILE* out) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(out)) != 0 && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string locale = value;
    return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

int columns_of(std::FILE* out) {
  winsize size{};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f}%", 100 * share) : "-";
}

std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.4f}", value) : std::isnan(value) ? "nan" : "inf";
}

std::string bar(double share, int columns, const ProgressStyle& style) {
  const int halves = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * 2 * columns));
  std::string full, rest;
  for (int i = 0; i < columns; ++i) {
    const bool whole = 2 * i + 2 <= halves, half = 2 * i + 1 == halves;
    if (style.unicode) {
      if (whole || half)
        full += whole ? "\u2501" : "\u2578";
      else
        rest += style.colour ? "\u2501" : " ";
    } else {
      (whole ? full : rest) += whole ? '#' : '.';
    }
  }
  if (!style.colour) return full + rest;
  return "\x1b[36m" + full + "\x1b[90m" + rest + "\x1b[0m";
}

}  // namespace

std::string clock_time(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 360000000) return "-";
  const auto all = static_cast<int64_t>(std::ceil(seconds));
  if (all >= 3600) return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
  return fmt::format("{}:{:02}", all / 60, all % 60);
}

std::string with_thousands(int64_t number) {
  std::string digits = std::to_string(number);
  const int64_t first = number < 0 ? 1 : 0;
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string progress_line(const ProgressState& s, int width, const ProgressStyle& style) {
  const double share = s.total > 0 ? static_cast<double>(s.done) / static_cast<double>(s.total) : 0;
  const int epoch_columns = static_cast<int>(std::to_string(s.epochs).size());
  const std::string head = fmt::format("epoch {:>{}}/{}", s.epoch, epoch_columns, s.epochs);
  std::string tail = fmt::format(" {:>3.0f}%", 100 * std::clamp(share, 0.0, 1.0));
  std::vector<std::string> figures;  // most needed first
  figures.push_back("loss " + number(s.loss));
  figures.push_back("acc " + percent(s.accuracy));
  if (s.seconds_left >= 0) figures.push_back(clock_time(s.seconds_left) + " left");
  figures.push_back(with_thousands(std::llround(s.images_per_second)) + " img/s");

  // All figures are ASCII, so bytes are columns.
  const auto columns = [](const std::string& text) { return static_cast<int>(text.size()); };
  int used = columns(head) + columns(tail);
  for (const std::string& figure : figures) {
    if (used + 2 + columns(figure) + 1 + kFewestBarColumns > width) break;
    used += 2 + columns(figure);
    tail += "  " + figure;
  }
  const int bar_columns = std::min(kMostBarColumns, width - used - 1);
  if (bar_columns >= kFewestBarColumns) return head + " " + bar(share, bar_columns, style) + tail;
  const std::string plain = head + tail;
  return plain.substr(0, static_cast<size_t>(std::max(0, width)));
}

std::string epoch_line(const EpochPoint& p, int epochs, double images_per_second, double seconds) {
  const int epoch_columns = static_cast<int>(std::to_string(epochs).size());
  return fmt::format(
      "epoch {:>{}}/{}  loss {}  acc {:>6}  test loss {}  test acc {:>6}  {} img/s  {:.1f} s",
      p.epoch, epoch_columns, epochs, number(p.train_loss), percent(p.train_accuracy),
      number(p.test_loss), percent(p.test_accuracy),
      with_thousands(std::llround(images_per_second)), seconds);
}

Progress::Progress(std::FILE* out, int epochs) : out_(out), terminal_(has_cursor(out)) {
  state_.epochs = epochs;
  style_.unicode = speaks_utf8();
  const char* no_colour = std::getenv("NO_COLOR");
  style_.colour = no_colour == nullptr || *no_colour == '\0';
}

Progress::~Progress() { clear(); }

void Progress::start_epoch(int epoch, int64_t images, int64_t done) {
  state_.epoch = epoch;
  state_.total = images;
  state_.done = done_before_ = done;
  state_.loss = state_.accuracy = std::nan("");
  state_.images_per_second = 0;
  state_.seconds_left = -1;
  epoch_start_ = Clock::now();
  draw();
}

void Progress::update(int64_t done, double loss, double accuracy) {
  state_.done = done;
  state_.loss = loss;
  state_.accuracy = accuracy;
  const Clock::time_point now = Clock::now();
  if (now - last_draw_ < kRedrawInterval && done < state_.total) return;
  const double seconds = std::chrono::duration<double>(now - epoch_start_).count();
  const auto fresh = static_cast<double>(done - done_before_);
  if (seconds > 0 && fresh > 0) {
    state_.images_per_second = fresh / seconds;
    const auto epochs_left = static_cast<double>(state_.epochs - state_.epoch);
    const auto images_left =
        static_cast<double>(state_.total - done) + epochs_left * static_cast<double>(state_.total);
    state_.seconds_left = images_left / state_.images_per_second;
  }
  draw();
}

void Progress::end_epoch(const EpochPoint& point, double images_per_second, double seconds) {
  say(epoch_line(point, state_.epochs, images_per_second, seconds));
}

void Progress::say(const std::string& line) {
  clear();
  std::fprintf(out_, "%s\n", line.c_str());
  std::fflush(out_);
}

void Progress::draw() {
  if (!terminal_) return;
  last_draw_ = Clock::now();
  // One column stays free: a full line would wrap on some terminals. The old text is overwritten,
  // not cleared first, so that nothing flickers.
  const std::string line = progress_line(state_, columns_of(out_) - 1, style_);
  std::fprintf(out_, "\r%s\x1b[K", line.c_str());
  std::fflush(out_);
  drawn_ = true;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", out_);
  std::fflush(out_);
  drawn_ = false;
}

}  // namespace pharos::cli
