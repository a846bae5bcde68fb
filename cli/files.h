// The files that a run leaves in its folder: each is replaced whole, and what a killed run left
// half-written goes when the next one starts.
#pragma once

#include <string>

namespace pharos::cli {

// Replaces `path` only once all of `text` is on the disk.
void replace_file(const std::string& path, const std::string& text);

// Removes what writers of `path` that were killed have left beside it.
void remove_leftovers(const std::string& path);

}  // namespace pharos::cli
