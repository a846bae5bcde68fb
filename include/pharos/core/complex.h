// c10::complex<T>: arithmetic only, so that no public header pays for <complex>. It converts from
// and to std::complex by duck typing where the user's program has included it.
#pragma once

#include <pharos/core/macros.h>

#include <type_traits>
#include <utility>

namespace c10 {

template <typename T>
struct alignas(2 * sizeof(T)) complex {
  using value_type = T;
  T real_ = T(0), imag_ = T(0);

  constexpr complex() = default;
  constexpr complex(const T& re, const T& im = T()) : real_(re), imag_(im) {}
  template <typename U, typename = std::enable_if_t<!std::is_same_v<U, T>>>
  constexpr complex(const complex<U>& o) : real_(T(o.real())), imag_(T(o.imag())) {}
  // std::complex<U>, recognised by its member functions.
  template <typename C, typename = decltype(std::declval<const C&>().real()),
            typename = decltype(std::declval<const C&>().imag()),
            typename = std::enable_if_t<!std::is_base_of_v<complex, C>>,
            typename = typename C::value_type>
  constexpr complex(const C& o, int = 0) : real_(T(o.real())), imag_(T(o.imag())) {}
  template <template <typename> class C, typename U,
            typename = std::enable_if_t<!std::is_same_v<C<U>, complex<U>>>,
            typename = decltype(C<U>(U(), U()).imag())>
  operator C<U>() const {
    return C<U>(U(real_), U(imag_));
  }

  constexpr T real() const { return real_; }
  constexpr T imag() const { return imag_; }
  constexpr void real(T v) { real_ = v; }
  constexpr void imag(T v) { imag_ = v; }

  constexpr complex& operator+=(const complex& o) {
    real_ += o.real_;
    imag_ += o.imag_;
    return *this;
  }
  constexpr complex& operator-=(const complex& o) {
    real_ -= o.real_;
    imag_ -= o.imag_;
    return *this;
  }
  constexpr complex& operator*=(const complex& o) {
    const T re = real_ * o.real_ - imag_ * o.imag_;
    imag_ = real_ * o.imag_ + imag_ * o.real_;
    real_ = re;
    return *this;
  }
  // Scaled by the larger part of the divisor (Smith, 1962), so that it neither overflows nor
  // underflows where the quotient does not.
  constexpr complex& operator/=(const complex& o) {
    const T a = real_, b = imag_, c = o.real_, d = o.imag_;
    const T ac = c < T(0) ? -c : c, ad = d < T(0) ? -d : d;
    if (ac >= ad) {
      if (ac == T(0) && ad == T(0)) {
        real_ = a / ac;
        imag_ = b / ad;
      } else {
        const T rat = d / c, scl = T(1) / (c + d * rat);
        real_ = (a + b * rat) * scl;
        imag_ = (b - a * rat) * scl;
      }
    } else {
      const T rat = c / d, scl = T(1) / (c * rat + d);
      real_ = (a * rat + b) * scl;
      imag_ = (b * rat - a) * scl;
    }
    return *this;
  }
  friend constexpr complex operator+(complex a, const complex& b) { return a += b; }
  friend constexpr complex operator-(complex a, const complex& b) { return a -= b; }
  friend constexpr complex operator*(complex a, const complex& b) { return a *= b; }
  friend constexpr complex operator/(complex a, const complex& b) { return a /= b; }
  friend constexpr complex operator-(const complex& a) { return complex(-a.real_, -a.imag_); }
  friend constexpr complex operator+(const complex& a) { return a; }
  friend constexpr bool operator==(const complex& a, const complex& b) {
    return a.real_ == b.real_ && a.imag_ == b.imag_;
  }
  friend constexpr bool operator!=(const complex& a, const complex& b) { return !(a == b); }
};

template <typename T>
struct is_complex : std::false_type {};
template <typename T>
struct is_complex<complex<T>> : std::true_type {};

// The real type under a complex one, T itself otherwise.
template <typename T>
struct scalar_value_type {
  using type = T;
};
template <typename T>
struct scalar_value_type<complex<T>> {
  using type = T;
};

}  // namespace c10

namespace at {
using c10::scalar_value_type;
}

namespace std {

// By built-ins: <cmath> is not paid for here.
template <typename T>
T real(const c10::complex<T>& z) {
  return z.real();
}
template <typename T>
T imag(const c10::complex<T>& z) {
  return z.imag();
}
template <typename T>
T abs(const c10::complex<T>& z) {
  if constexpr (sizeof(T) == sizeof(double))
    return T(__builtin_hypot(z.real(), z.imag()));
  else
    return T(__builtin_hypotf(z.real(), z.imag()));
}
template <typename T>
T arg(const c10::complex<T>& z) {
  if constexpr (sizeof(T) == sizeof(double))
    return T(__builtin_atan2(z.imag(), z.real()));
  else
    return T(__builtin_atan2f(z.imag(), z.real()));
}
template <typename T>
constexpr T norm(const c10::complex<T>& z) {
  return z.real() * z.real() + z.imag() * z.imag();
}
template <typename T>
constexpr c10::complex<T> conj(const c10::complex<T>& z) {
  return c10::complex<T>(z.real(), -z.imag());
}

}  // namespace std
