// Samplers with PyTorch's CPU random streams, bit for bit, on raw contiguous buffers.
//
// Every function writes n elements in order and consumes exactly the words PyTorch would; n == 0
// consumes none. An output that is not contiguous is filled through a temporary in increasing
// memory address; of all samplers only the normal one then differs (`fill_normal_serial`). Complex
// outputs are filled as 2n real numbers. Arguments are checked by the operators, and the caller
// holds the generator's lock. Declared templates are instantiated for the types in the comment
// above them: floating = float, double, Half, BFloat16; integer = [u]int8..64 and bool.
#pragma once

#include <pharos/core/half.h>

#include <cstdint>

#include "core/mt19937.h"

namespace pharos::cpu {

// --- random_uniform.cpp ---

// floating
template <class T>
void fill_uniform(Mt19937& gen, T* out, std::int64_t n, double from, double to);

// floating and integer; two words an element even for p == 0 and p == 1
template <class T>
void fill_bernoulli(Mt19937& gen, T* out, std::int64_t n, double p);

// T: floating and integer, P: floating. The probabilities' type alone decides the words.
template <class T, class P>
void fill_bernoulli(Mt19937& gen, T* out, const P* p, std::int64_t n);

// --- random_normal.cpp; floating ---

// The form for contiguous outputs: from 16 elements on it works on blocks of 16.
template <class T>
void fill_normal(Mt19937& gen, T* out, std::int64_t n, double mean, double std);

// The form for all other outputs: pairs, the second of which stays in the generator.
template <class T>
void fill_normal_serial(Mt19937& gen, T* out, std::int64_t n, double mean, double std);

template <class T>
void fill_log_normal(Mt19937& gen, T* out, std::int64_t n, double mean, double std);

// --- random_integer.cpp; floating and integer ---

// Integers of [from, to): random_(from, to) and randint. `to` > `from`.
template <class T>
void fill_random_from_to(Mt19937& gen, T* out, std::int64_t n, std::int64_t from, std::int64_t to);

// random_(from, None): up to the largest value (integers) or the last exact integer (floating).
template <class T>
void fill_random_from(Mt19937& gen, T* out, std::int64_t n, std::int64_t from);

// random_(); not for uint16, uint32 and uint64.
template <class T>
void fill_random(Mt19937& gen, T* out, std::int64_t n);

// For floating T: moves the bounds of random_(from, to) to values that T can hold. `to` is
// exclusive.
template <class T>
void adjust_random_bounds(std::int64_t* from, std::int64_t* to);

template <class T>
void fill_randperm(Mt19937& gen, T* out, std::int64_t n);

// --- random_continuous.cpp ---

// floating
template <class T>
void fill_exponential(Mt19937& gen, T* out, std::int64_t n, double lambda);
template <class T>
void fill_cauchy(Mt19937& gen, T* out, std::int64_t n, double median, double sigma);

// floating and integer without bool
template <class T>
void fill_geometric(Mt19937& gen, T* out, std::int64_t n, double p);

// Randomised leaky ReLU in training: a slope for each x <= 0 (only these draw), else 1; out = x *
// slope. float, double, BFloat16
template <class T>
void rrelu_with_noise(Mt19937& gen, const T* x, T* noise, T* out, std::int64_t n, double lower,
                      double upper);

// --- random_discrete.cpp ---

// floating
template <class T>
void sample_poisson(Mt19937& gen, const T* rate, T* out, std::int64_t n);
// float, double
template <class T>
void sample_binomial(Mt19937& gen, const T* count, const T* prob, T* out, std::int64_t n);

// --- random_gamma.cpp; float, double ---

template <class T>
void sample_gamma(Mt19937& gen, const T* alpha, T* out, std::int64_t n);
// Rows of `width` concentrations.
template <class T>
void sample_dirichlet(Mt19937& gen, const T* alpha, T* out, std::int64_t rows, std::int64_t width);

// --- random_multinomial.cpp; floating ---

// `rows` distributions of `width` unnormalised probabilities; n_sample indices each.
// Throws PyTorch's errors for probabilities that are no distribution.
template <class T>
void sample_multinomial(Mt19937& gen, const T* p, std::int64_t rows, std::int64_t width,
                        std::int64_t n_sample, bool replacement, std::int64_t* out);

// The parts of the form without replacement (and of n_sample == 1), for probabilities that are not
// contiguous: their noise, fill_exponential(1), is drawn in the order of their memory, after the
// check. Both arrays are given here in rows.
template <class T>
void check_multinomial(const T* p, std::int64_t rows, std::int64_t width);
template <class T>
void rank_multinomial(const T* p, const T* noise, std::int64_t rows, std::int64_t width,
                      std::int64_t n_sample, std::int64_t* out);

}  // namespace pharos::cpu
