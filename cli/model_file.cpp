#include "model_file.h"

#include <pharos/nn/state.h>

namespace pharos::cli {

c10::IValue config_value(const ModelConfig& c) {
  ValueDict d;
  d.insert("model", model_name(c.kind));
  d.insert("height", c.shape.height);
  d.insert("width", c.shape.width);
  d.insert("channels", c.shape.channels);
  c10::impl::GenericList names(c10::StringType::get());
  for (const std::string& name : c.classes) names.push_back(name);
  d.insert("classes", names);
  d.insert("mean", c.mean);
  d.insert("std", c.std);
  return d;
}

c10::IValue entry(const c10::IValue& dict, const char* key, const std::string& file) {
  TORCH_CHECK(dict.isGenericDict() && dict.toGenericDict().contains(key), file,
              ": not a checkpoint of this tool: no '", key, "' in it");
  return dict.toGenericDict().at(key);
}

namespace {

int64_t integer(const c10::IValue& dict, const char* key, const std::string& file) {
  const c10::IValue v = entry(dict, key, file);
  TORCH_CHECK(v.isInt(), file, ": '", key, "' is no integer");
  return v.toInt();
}

double number(const c10::IValue& dict, const char* key, const std::string& file) {
  const c10::IValue v = entry(dict, key, file);
  TORCH_CHECK(v.isDouble() || v.isInt(), file, ": '", key, "' is no number");
  return v.isDouble() ? v.toDouble() : static_cast<double>(v.toInt());
}

}  // namespace

ModelConfig config_from(const c10::IValue& v, const std::string& file) {
  ModelConfig c;
  const c10::IValue model = entry(v, "model", file);
  const auto kind = model.isString() ? model_by_name(model.toStringRef()) : std::nullopt;
  TORCH_CHECK(kind, file, ": 'model' names none of this tool's models");
  c.kind = *kind;
  c.shape = {integer(v, "height", file), integer(v, "width", file), integer(v, "channels", file)};
  TORCH_CHECK(c.shape.height > 0 && c.shape.width > 0 && c.shape.height <= 4096 &&
                  c.shape.width <= 4096 && (c.shape.channels == 1 || c.shape.channels == 3),
              file, ": pictures of ", c.shape.height, "x", c.shape.width, "x", c.shape.channels,
              " are not supported");
  const c10::IValue classes = entry(v, "classes", file);
  TORCH_CHECK(classes.isList() && !classes.toListRef().empty(), file,
              ": 'classes' is no list of names");
  for (const c10::IValue& name : classes.toListRef()) {
    TORCH_CHECK(name.isString(), file, ": 'classes' is no list of names");
    c.classes.push_back(name.toStringRef());
  }
  c.mean = number(v, "mean", file);
  c.std = number(v, "std", file);
  return c;
}

c10::IValue history_value(const std::vector<EpochPoint>& history) {
  c10::impl::GenericList list(c10::AnyType::get());
  for (const EpochPoint& p : history) {
    ValueDict d;
    d.insert("epoch", static_cast<int64_t>(p.epoch));
    d.insert("train_loss", p.train_loss);
    d.insert("test_loss", p.test_loss);
    d.insert("train_accuracy", p.train_accuracy);
    d.insert("test_accuracy", p.test_accuracy);
    d.insert("lr", p.lr);
    list.push_back(d);
  }
  return list;
}

std::vector<EpochPoint> history_from(const c10::IValue& v, const std::string& file) {
  TORCH_CHECK(v.isList(), file, ": 'history' is no list");
  std::vector<EpochPoint> out;
  for (const c10::IValue& item : v.toListRef())
    out.push_back({static_cast<int>(integer(item, "epoch", file)), number(item, "train_loss", file),
                   number(item, "test_loss", file), number(item, "train_accuracy", file),
                   number(item, "test_accuracy", file), number(item, "lr", file)});
  return out;
}

LoadedModel load_model(const std::string& file) {
  const c10::IValue v = pharos::load(file);
  LoadedModel m;
  m.config = config_from(entry(v, "config", file), file);
  m.net = make_model(m.config.kind, m.config.shape, static_cast<int64_t>(m.config.classes.size()));
  pharos::nn::load_state_dict_value(*m.net, entry(v, "model_state_dict", file));
  m.net->eval();
  return m;
}

torch::Tensor picture_tensor(const data::Image& image, const ModelConfig& c) {
  auto t = torch::empty({image.channels, image.height, image.width});
  float* out = t.data_ptr<float>();
  const float scale = static_cast<float>(1 / (255 * c.std)),
              shift = static_cast<float>(-c.mean / c.std);
  const int64_t area = image.height * image.width;
  for (int64_t i = 0; i < area; ++i)
    for (int64_t k = 0; k < image.channels; ++k)
      out[k * area + i] =
          static_cast<float>(image.pixels[static_cast<size_t>(i * image.channels + k)]) * scale +
          shift;
  return t;
}

}  // namespace pharos::cli
