// Readable names of C++ types and of keys in a tree of modules.
#pragma once

#include <string>
#include <typeinfo>

namespace pharos::nn {

// "torch::nn::LinearImpl"
std::string type_name(const std::type_info& type);
inline std::string join_name(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

}  // namespace pharos::nn
