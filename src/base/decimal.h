#pragma once
/// Numbers as text: the shortest decimal that reads back as the same double, never in another locale.

#include <string>

namespace pv {

/// Appends "249.7", "0", "-3.5", "1e+20". Finite values only.
void append_shortest(std::string& out, double value);
/// Appends the shortest decimal of mantissa / 10^decimals: the same text as append_shortest for the same number.
void append_decimal(std::string& out, int mantissa, unsigned decimals);

}  // namespace pv
