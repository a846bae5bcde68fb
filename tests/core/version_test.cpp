// The library that is loaded and the headers that were compiled in are of one version.
#include <gtest/gtest.h>
#include <pharos/version.h>

TEST(Version, LibraryMatchesHeaders) { EXPECT_STREQ(pharos::version(), PHAROS_VERSION); }
