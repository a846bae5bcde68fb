// The command line: every option arrives, and every mistake is one line that names it, code 2.

#include "args.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace pharos::cli {
namespace {

namespace fs = std::filesystem;

class Args : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "pharos-args-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    file_ = (folder_ / "a.pt").string();
    std::ofstream(file_) << "x";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The one line of a refused command line.
  static std::string mistake(const std::vector<std::string>& arguments) {
    const ParsedArguments parsed = parse_arguments(arguments);
    EXPECT_FALSE(parsed.command.has_value()) << parsed.text;
    EXPECT_EQ(parsed.exit_code, kBadUsage);
    EXPECT_EQ(parsed.text.find('\n'), std::string::npos) << parsed.text;
    return parsed.text;
  }

  template <typename Options>
  static Options accepted(const std::vector<std::string>& arguments) {
    const ParsedArguments parsed = parse_arguments(arguments);
    EXPECT_TRUE(parsed.command.has_value()) << parsed.text;
    EXPECT_EQ(parsed.exit_code, 0);
    if (!parsed.command || !std::holds_alternative<Options>(*parsed.command)) return {};
    return std::get<Options>(*parsed.command);
  }

  fs::path folder_;
  std::string file_;
};

TEST_F(Args, EveryTrainOptionArrives) {
  const auto o = accepted<TrainOptions>(
      {"train", "--data", folder_.string(), "--model", "resnet18", "--epochs", "7",
       "--batch-size=32", "--lr", "5e-2", "--seed", "18446744073709551615", "--workers", "0",
       "--threads=2", "--out", (folder_ / "new").string(), "--checkpoint-every=9", "--resume"});
  EXPECT_EQ(o.data, folder_.string());
  EXPECT_EQ(o.model, ModelKind::ResNet18);
  EXPECT_EQ(o.epochs, 7);
  EXPECT_EQ(o.batch_size, 32);
  EXPECT_EQ(o.lr, 5e-2);
  EXPECT_EQ(o.seed, UINT64_MAX);
  EXPECT_EQ(o.workers, 0);
  EXPECT_EQ(o.threads, 2);
  EXPECT_EQ(o.out, (folder_ / "new").string());
  EXPECT_EQ(o.checkpoint_every, 9);
  EXPECT_TRUE(o.resume);
  EXPECT_FALSE(fs::exists(o.out));
}

TEST_F(Args, TrainNeedsNothing) {
  const auto o = accepted<TrainOptions>({"train"});
  EXPECT_TRUE(o.data.empty());
  EXPECT_EQ(o.model, ModelKind::LeNet);
  EXPECT_FALSE(o.resume);
}

TEST_F(Args, EveryModelHasAName) {
  for (const char* name : {"mlp", "lenet", "resnet8", "resnet18"}) {
    EXPECT_STREQ(model_name(accepted<TrainOptions>({"train", "--model", name}).model), name);
  }
}

TEST_F(Args, PredictAndInspect) {
  const auto predict = accepted<PredictOptions>({"predict", file_, file_, file_});
  EXPECT_EQ(predict.model, file_);
  EXPECT_EQ(predict.images, (std::vector<std::string>{file_, file_}));
  const auto inspect = accepted<InspectOptions>({"inspect", "--stats", file_, "--json"});
  EXPECT_EQ(inspect.file, file_);
  EXPECT_TRUE(inspect.json);
  EXPECT_TRUE(inspect.stats);
}

TEST_F(Args, BadValues) {
  EXPECT_EQ(mistake({"train", "--epochs", "0"}),
            "pharos train: --epochs: expected a number from 1 to 1000000, got 0");
  EXPECT_EQ(mistake({"train", "--epochs", "-3"}),
            "pharos train: --epochs: expected a number from 1 to 1000000, got -3");
  EXPECT_EQ(mistake({"train", "--epochs", "x"}), "pharos train: --epochs: cannot be x");
  EXPECT_EQ(mistake({"train", "--epochs", "99999999999999"}),
            "pharos train: --epochs: cannot be 99999999999999");
  EXPECT_EQ(mistake({"train", "--epochs"}), "pharos train: --epochs: a value is missing");
  EXPECT_EQ(mistake({"train", "--epochs", "3", "--epochs", "4"}),
            "pharos train: --epochs: given more than once");
  EXPECT_EQ(mistake({"train", "--batch-size", "1.5"}), "pharos train: --batch-size: cannot be 1.5");
  EXPECT_EQ(mistake({"train", "--batch-size", "0"}),
            "pharos train: --batch-size: expected a number from 1 to 1000000, got 0");
  EXPECT_EQ(mistake({"train", "--lr", "nan"}),
            "pharos train: --lr: expected a number above 0, got nan");
  EXPECT_EQ(mistake({"train", "--lr", "-1"}),
            "pharos train: --lr: expected a number above 0, got -1");
  EXPECT_EQ(mistake({"train", "--seed", "-1"}),
            "pharos train: --seed: expected a whole number from 0 to 2^64 - 1, got -1");
  EXPECT_EQ(mistake({"train", "--workers", "-1"}),
            "pharos train: --workers: expected a number from 0 to 256, got -1");
  EXPECT_EQ(mistake({"train", "--threads", "5000"}),
            "pharos train: --threads: expected a number from 0 to 1024, got 5000");
  EXPECT_EQ(mistake({"train", "--checkpoint-every", "-2"}),
            "pharos train: --checkpoint-every: expected a number from 0 to 1000000000, got -2");
  EXPECT_EQ(mistake({"train", "--model", "vgg"}),
            "pharos train: --model: expected mlp, lenet, resnet8 or resnet18, got vgg");
}

TEST_F(Args, FilesAndFolders) {
  EXPECT_EQ(mistake({"train", "--data", "/no/such"}),
            "pharos train: --data: /no/such: no such folder");
  EXPECT_EQ(mistake({"train", "--data", file_}),
            "pharos train: --data: " + file_ + " is not a folder");
  EXPECT_EQ(mistake({"train", "--data", ""}),
            "pharos train: --data: expected the name of a folder");
  EXPECT_EQ(mistake({"train", "--out", file_}),
            "pharos train: --out: " + file_ + " exists and is not a folder");
  EXPECT_EQ(mistake({"predict", "/no/such.pt", file_}),
            "pharos predict: /no/such.pt: no such file");
  EXPECT_EQ(mistake({"predict", file_, "/no/such.png"}),
            "pharos predict: /no/such.png: no such file");
  EXPECT_EQ(mistake({"predict", file_}), "pharos predict: IMAGE is required");
  EXPECT_EQ(mistake({"inspect"}), "pharos inspect: FILE is required");
  EXPECT_EQ(mistake({"inspect", folder_.string()}),
            "pharos inspect: " + folder_.string() + ": is a folder, expected a file");
  EXPECT_EQ(mistake({"inspect", "/no/such\nfile"}), "pharos inspect: /no/such file: no such file");
}

TEST_F(Args, UnknownWords) {
  EXPECT_EQ(mistake({}), "pharos: expected train, predict or inspect (see --help)");
  EXPECT_EQ(mistake({"frobnicate"}), "pharos: unexpected argument frobnicate (see --help)");
  EXPECT_EQ(mistake({"trian"}), "pharos: unexpected argument trian; did you mean train?");
  EXPECT_EQ(mistake({"train", "--epoch", "3"}),
            "pharos train: unexpected argument --epoch; did you mean --epochs?");
  EXPECT_EQ(mistake({"train", "extra"}), "pharos train: unexpected argument extra (see --help)");
  EXPECT_EQ(mistake({"train", "--resume=maybe"}), "pharos train: --resume: cannot be maybe");
}

TEST_F(Args, HelpNamesEveryOption) {
  const ParsedArguments all = parse_arguments({"--help"});
  EXPECT_EQ(all.exit_code, 0);
  for (const char* word : {"train", "predict", "inspect", "--version"}) {
    EXPECT_NE(all.text.find(word), std::string::npos) << word;
  }
  const ParsedArguments train = parse_arguments({"train", "--help"});
  EXPECT_EQ(train.exit_code, 0);
  EXPECT_NE(train.text.find("Usage: pharos train"), std::string::npos);
  const char* words[] = {"--data",   "--model",   "--epochs",  "--batch-size", "--lr",
                         "--seed",   "--workers", "--threads", "--out",        "--checkpoint-every",
                         "--resume", "resnet18"};
  for (const char* word : words) {
    EXPECT_NE(train.text.find(word), std::string::npos) << word;
  }
  for (size_t at = 0, end = 0; at < train.text.size(); at = end + 1) {
    end = std::min(train.text.find('\n', at), train.text.size());
    EXPECT_LE(end - at, 100U) << train.text.substr(at, end - at);
  }
}

}  // namespace
}  // namespace pharos::cli
