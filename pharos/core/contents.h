// What the core tells the cache of things computed from a storage's contents: that contents of a
// name are gone. One cache may listen, for names are given out only when it asks.
#pragma once

#include <cstdint>

namespace pharos {

using ForgetContents = void (*)(uint64_t name) noexcept;
void on_forget_contents(ForgetContents f) noexcept;
void forget_contents(uint64_t name) noexcept;

}  // namespace pharos
