// pharos predict: the classes that a trained model sees in pictures.
#include <cstdio>

#include "commands.h"
#include "model_file.h"

namespace pharos::cli {

int run_predict(const PredictOptions& options) {
  LoadedModel m = load_model(options.model);
  torch::NoGradGuard no_grad;
  for (const std::string& path : options.images) {
    const data::Image image = fit_image(data::read_image(path), m.config.shape);
    const auto probabilities =
        torch::softmax(m.net->forward(picture_tensor(image, m.config).unsqueeze(0)), 1)[0];
    const auto [values, classes] = probabilities.topk(std::min<int64_t>(3, probabilities.size(0)));
    std::printf("%s:", path.c_str());
    for (int64_t i = 0; i < values.size(0); ++i)
      std::printf(" %s %.1f%%%s",
                  m.config.classes[static_cast<size_t>(classes[i].item<int64_t>())].c_str(),
                  100 * values[i].item<double>(), i + 1 < values.size(0) ? "," : "");
    std::printf("\n");
  }
  return 0;
}

}  // namespace pharos::cli
