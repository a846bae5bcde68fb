// What LibTorch programs include first. Besides the library it brings the standard headers that
// real programs use without including them; <pharos/pharos.h> is the same without these.
#pragma once

#include <pharos/dispatch_types.h>
#include <pharos/pharos.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <climits>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <numeric>
#include <queue>
#include <set>
#include <sstream>
#include <stack>
#include <stdexcept>
#include <thread>
#include <unordered_set>
