// What the filters of a convolution see: their feature maps for one picture, as a grid in a PNG.
#include <pharos/data/readers.h>
#include <torch/torch.h>

#include <iostream>

namespace nn = torch::nn;

// Each map scaled to 0..255, side by side with a border.
static pharos::data::Image grid(const torch::Tensor& maps, int64_t columns) {
  const int64_t n = maps.size(0), h = maps.size(1), w = maps.size(2),
                rows = (n + columns - 1) / columns;
  auto canvas = torch::full({rows * (h + 2) + 2, columns * (w + 2) + 2}, 64, torch::kByte);
  for (int64_t i = 0; i < n; ++i) {
    auto m = maps[i];
    m = (m - m.min()) / (m.max() - m.min()).clamp_min(1e-6) * 255;
    canvas.slice(0, i / columns * (h + 2) + 2, i / columns * (h + 2) + 2 + h)
        .slice(1, i % columns * (w + 2) + 2, i % columns * (w + 2) + 2 + w)
        .copy_(m);
  }
  pharos::data::Image image;
  image.height = canvas.size(0);
  image.width = canvas.size(1);
  image.channels = 1;
  image.pixels.assign(canvas.data_ptr<uint8_t>(), canvas.data_ptr<uint8_t>() + canvas.numel());
  return image;
}

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "guide_feature_maps.png";
  torch::manual_seed(0);
  torch::NoGradGuard no_grad;

  // A ring on a slope.
  auto axis = torch::linspace(-1, 1, 48);
  auto yy = axis.unsqueeze(1).expand({48, 48}), xx = axis.unsqueeze(0).expand({48, 48});
  auto radius = (xx * xx + yy * yy).sqrt();
  auto picture = (radius.gt(0.4) * radius.lt(0.7)).to(torch::kFloat) + xx * 0.3;

  nn::Conv2d conv(nn::Conv2dOptions(1, 8, 3).padding(1));
  // Four edge filters by hand; the rest stays random.
  auto sobel = torch::tensor({{-1.0f, 0.0f, 1.0f}, {-2.0f, 0.0f, 2.0f}, {-1.0f, 0.0f, 1.0f}});
  conv->weight[0][0].copy_(sobel);
  conv->weight[1][0].copy_(sobel.t());
  conv->weight[2][0].copy_(-sobel);
  conv->weight[3][0].copy_(-sobel.t());

  torch::Tensor seen;
  conv->register_forward_hook(
      [&](nn::Module&, const torch::Tensor&, const torch::Tensor& out) { seen = out; });
  conv->forward(picture.unsqueeze(0).unsqueeze(0));

  auto maps = torch::cat({picture.unsqueeze(0), torch::relu(seen[0])});
  pharos::data::write_png(path, grid(maps, 3));
  std::cout << "the picture and " << seen.size(1) << " maps of " << seen.size(2) << "x"
            << seen.size(3) << " in " << path << "\n";
}
