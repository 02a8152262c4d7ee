#include "influx/told.h"

namespace pv::influx {
namespace {

constexpr std::size_t kMostTold = 300;

}  // namespace

std::string told(std::string_view text) {
  std::string out(text.substr(0, kMostTold));
  while (!out.empty() && text.size() > out.size() && (static_cast<unsigned char>(out.back()) & 0x80U) != 0) out.pop_back();
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace pv::influx
