// The progress line fits its width whatever it has to say; a file gets whole lines only.

#include "progress.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

namespace pharos::cli {
namespace {

// Columns on a terminal: escape sequences have none, and UTF-8's continuation bytes neither.
int columns(const std::string& text) {
  int count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (text[i] != 'm') ++i;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++count;
    }
  }
  return count;
}

ProgressState some_state() {
  ProgressState s;
  s.epoch = 3;
  s.epochs = 30;
  s.done = 620;
  s.total = 1000;
  s.loss = 0.2143;
  s.accuracy = 0.931;
  s.images_per_second = 3480.4;
  s.seconds_left = 12.2;
  return s;
}

TEST(Progress, LineHoldsAllWhereThereIsRoom) {
  EXPECT_EQ(progress_line(some_state(), 83, {false, false}),
            "epoch  3/30 ###########.......  62%  loss 0.2143  acc 93.1%  0:13 left  "
            "3,480 img/s");
}

TEST(Progress, LineFitsEveryWidth) {
  ProgressState diverged = some_state();
  diverged.loss = std::nan("");
  diverged.accuracy = INFINITY;
  diverged.images_per_second = 1e9;
  diverged.seconds_left = 1e7;
  for (const ProgressState& state : {some_state(), diverged, ProgressState{}}) {
    for (const ProgressStyle style : {ProgressStyle{true, true}, ProgressStyle{false, false}}) {
      for (int width = 0; width < 200; ++width) {
        EXPECT_LE(columns(progress_line(state, width, style)), width) << width;
      }
      EXPECT_GE(columns(progress_line(state, 60, style)), 40);
    }
  }
}

TEST(Progress, NarrowLineKeepsWhatMattersMost) {
  const std::string line = progress_line(some_state(), 46, {false, false});
  EXPECT_NE(line.find("62%"), std::string::npos);
  EXPECT_NE(line.find("loss 0.2143"), std::string::npos);
  EXPECT_EQ(line.find("img/s"), std::string::npos);
  EXPECT_EQ(progress_line(some_state(), 18, {false, false}), "epoch  3/30  62%");
}

TEST(Progress, Numbers) {
  EXPECT_EQ(clock_time(0), "0:00");
  EXPECT_EQ(clock_time(6.2), "0:07");
  EXPECT_EQ(clock_time(205), "3:25");
  EXPECT_EQ(clock_time(3723), "1:02:03");
  EXPECT_EQ(clock_time(std::nan("")), "-");
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(12345678), "12,345,678");
  EXPECT_EQ(with_thousands(-123), "-123");
  EXPECT_EQ(with_thousands(-1234), "-1,234");
}

TEST(Progress, FileGetsOneLineAnEpoch) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  {
    Progress progress(file.get(), 2);
    for (int epoch = 1; epoch <= 2; ++epoch) {
      progress.start_epoch(epoch, 100);
      for (int done = 10; done <= 100; done += 10) progress.update(done, 0.5, 0.5);
      EpochPoint point;
      point.epoch = epoch;
      point.train_loss = 0.5;
      point.test_loss = 0.25;
      point.train_accuracy = 0.75;
      point.test_accuracy = 1;
      progress.end_epoch(point, 12345, 0.125);
    }
  }
  std::rewind(file.get());
  std::string text;
  for (int c = std::fgetc(file.get()); c != EOF; c = std::fgetc(file.get())) {
    text += static_cast<char>(c);
  }
  EXPECT_EQ(text,
            "epoch 1/2  loss 0.5000  acc  75.0%  test loss 0.2500  test acc 100.0%  12,345 img/s"
            "  0.1 s\n"
            "epoch 2/2  loss 0.5000  acc  75.0%  test loss 0.2500  test acc 100.0%  12,345 img/s"
            "  0.1 s\n");
}

}  // namespace
}  // namespace pharos::cli
