// Sorting and selecting along lines. Values are compared through order-preserving unsigned keys:
// NaN above all numbers, -0 equal to 0. Sorting is stable.
#pragma once

#include <pharos/core/scalar_type.h>

namespace pharos::cpu {

// Sorts n items at `src` (stride in bytes) into `order` (positions) and, if not null, writes the
// values to `values` at their stride. `order` is at a stride in items.
void sort_line(c10::ScalarType type, const char* src, int64_t stride, int64_t n, bool descending,
               char* values, int64_t value_stride, int64_t* order, int64_t order_stride);

// The k largest or smallest of n, in order if `sorted`. Ties are broken as std::partial_sort and
// std::nth_element happen to do on pairs of value and position.
void top_line(c10::ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k,
              bool largest, bool sorted, char* values, int64_t value_stride, int64_t* order,
              int64_t order_stride);

// Position of the k-th smallest (from 0) of n; NaN is largest.
int64_t select_line(c10::ScalarType type, const char* src, int64_t stride, int64_t n, int64_t k);
// Position of the lower median. Without skip_nan a NaN is the answer wherever there is one.
int64_t median_line(c10::ScalarType type, const char* src, int64_t stride, int64_t n,
                    bool skip_nan);
// Position of (the last of) the smallest of the most frequent values.
int64_t mode_line(c10::ScalarType type, const char* src, int64_t stride, int64_t n);

// For each of m packed values the place in n packed, ascending boundaries; `sorter` (or null) says
// where the i-th smallest boundary is. `right`: after equal boundaries instead of before.
void search_sorted(c10::ScalarType type, const void* bounds, int64_t n, const int64_t* sorter,
                   const void* values, int64_t m, bool right, int64_t* out);

// Order of two packed rows: negative, zero or positive.
int compare_rows(c10::ScalarType type, const void* a, const void* b, int64_t n);
// True if all numbers of both rows are equal; NaN is not even itself.
bool equal_rows(c10::ScalarType type, const void* a, const void* b, int64_t n);

}  // namespace pharos::cpu
