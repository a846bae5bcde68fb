// What LibTorch programs include first. Besides the library it brings the standard headers that
// real programs use without including them; <pharos/pharos.h> is the same without these.
#pragma once

#include <pharos/dispatch_types.h>
#include <pharos/pharos.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <sstream>
#include <stdexcept>
