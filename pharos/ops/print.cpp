// Printed tensors: columns of equal width with a common factor where numbers are small or large,
// matrices folded into groups of columns, slices of more than two dims one after the other.
#include <pharos/ops/functions.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <sstream>
#include <string>

namespace at {
namespace {

// The shortest digits that give the number back; an exponent below 1e-4 and from 1e16.
std::string shortest(double v) {
  if (std::isnan(v)) return std::signbit(v) ? "-nan" : "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific);
  const std::string text(buffer, end.ptr);
  const size_t e = text.find('e');
  const int exponent = std::atoi(text.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16) return text;
  std::string sign, digits;
  for (char c : text.substr(0, e)) {
    if (c == '-')
      sign = "-";
    else if (c != '.')
      digits += c;
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

// How the numbers of one tensor (or slice) are written.
struct Format {
  double scale = 1;
  int width = 0;
  char kind = 'g';  // of printf

  void write(std::ostream& out, double v) const {
    char buffer[400];
    const double scaled = v / scale;
    const int n = kind == 'g'   ? std::snprintf(buffer, sizeof buffer, "%*g", width, scaled)
                  : kind == 'e' ? std::snprintf(buffer, sizeof buffer, "%*.4e", width, scaled)
                                : std::snprintf(buffer, sizeof buffer, "%*.4f", width, scaled);
    out.write(buffer, n);
  }
};

int exponent_of(double v) { return v == 0 ? 1 : static_cast<int>(std::floor(std::log10(v))) + 1; }

Format format_of(const Tensor& t) {
  const double* p = t.const_data_ptr<double>();
  const int64_t n = t.numel();
  Format f;
  if (n == 0) return f;
  bool whole = true, any = false;
  double smallest = 0, largest = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(p[i])) continue;
    if (p[i] != std::ceil(p[i])) whole = false;
    const double v = std::fabs(p[i]);
    if (!any || v < smallest) smallest = v;
    if (!any || v > largest) largest = v;
    any = true;
  }
  const int low = any ? exponent_of(smallest) : 1, high = any ? exponent_of(largest) : 1;
  if (whole) {
    f.width = high > 9 ? 11 : high + 1;
    f.kind = high > 9 ? 'e' : 'g';
  } else if (high - low > 4) {
    f.width = std::abs(high) > 99 || std::abs(low) > 99 ? 12 : 11;
    f.kind = 'e';
  } else {
    f.kind = 'f';
    if (high > 5 || high < 0) {
      f.width = 7;
      f.scale = std::pow(10, high - 1);
    } else {
      f.width = high == 0 ? 7 : high + 6;
    }
  }
  return f;
}

void write_scale(std::ostream& out, const Format& f) { out << shortest(f.scale) << " *\n"; }

void write_matrix(std::ostream& out, const Tensor& t, int64_t line_size, int indent) {
  const Format f = format_of(t);
  const std::string margin(static_cast<size_t>(indent), ' ');
  const int64_t rows = t.size(0), columns = t.size(1);
  const int64_t fit = std::max<int64_t>((line_size - indent) / (f.width + 1), 1);
  const double* p = t.const_data_ptr<double>();
  for (int64_t first = 0; first < columns; first += fit) {
    const int64_t end = std::min(first + fit, columns);
    if (fit < columns) {
      if (first != 0) out << '\n';
      out << "Columns " << first + 1 << " to " << end << margin;
    }
    if (f.scale != 1) {
      write_scale(out, f);
      out << margin;
    }
    for (int64_t r = 0; r < rows; ++r) {
      if (r > 0) out << (f.scale != 1 ? " " : "") << margin;
      for (int64_t c = first; c < end; ++c) {
        f.write(out, p[r * columns + c]);
        out << (c + 1 == end ? '\n' : ' ');
      }
    }
  }
}

void write_slices(std::ostream& out, const Tensor& t, int64_t line_size) {
  const int64_t leading = t.dim() - 2;
  int64_t count = 1;
  for (int64_t d = 0; d < leading; ++d) count *= t.size(d);
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) out << '\n';
    std::string label;
    Tensor slice = t;
    // The first dim runs fastest.
    int64_t rest = i;
    for (int64_t d = 0; d < leading; ++d) {
      const int64_t index = rest % t.size(d);
      label += std::to_string(index + 1) + ",";
      slice = slice.select(0, index);
      rest /= t.size(d);
    }
    out << "(" << label << ".,.) = \n";
    write_matrix(out, slice, line_size, 1);
  }
}

void write_vector(std::ostream& out, const Tensor& t) {
  const Format f = format_of(t);
  if (f.scale != 1) write_scale(out, f);
  const double* p = t.const_data_ptr<double>();
  for (int64_t i = 0; i < t.numel(); ++i) {
    f.write(out, p[i]);
    out << '\n';
  }
}

}  // namespace

std::ostream& print(std::ostream& out, const Tensor& tensor, int64_t line_size) {
  if (!tensor.defined()) return out << "[ Tensor (undefined) ]";
  const Tensor t = tensor.detach().to(Device(DeviceType::CPU), kDouble).contiguous();
  if (t.dim() == 0) {
    out << shortest(t.const_data_ptr<double>()[0]) << '\n';
  } else if (t.numel() > 0) {
    if (t.dim() == 1)
      write_vector(out, t);
    else if (t.dim() == 2)
      write_matrix(out, t, line_size, 0);
    else
      write_slices(out, t, line_size);
  }
  out << "[ " << tensor.toString() << "{";
  for (int64_t d = 0; d < tensor.dim(); ++d) out << (d > 0 ? "," : "") << tensor.size(d);
  return out << "} ]";
}

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return print(out, t, 80); }

void Tensor::print() const {
  if (!defined()) {
    std::fputs("[UndefinedTensor]\n", stderr);
    return;
  }
  std::string shape;
  for (int64_t s : sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(s);
  std::fprintf(stderr, "[%s [%s]]\n", toString().c_str(), shape.c_str());
}

}  // namespace at

namespace pharos {

Message& Message::operator<<(const at::Tensor& v) {
  std::ostringstream out;
  out << v;
  return *this << out.str();
}

}  // namespace pharos
