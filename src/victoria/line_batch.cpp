#include "victoria/line_batch.h"

#include "base/decimal.h"

namespace pv::victoria {
namespace {

constexpr std::size_t kMostBytes = 4U << 20;
constexpr std::size_t kMostLines = 50'000;

}  // namespace

Result<void> LineBatch::add(const std::string& head, double value, std::int64_t time_s) {
  if (text_.size() + head.size() > kMostBytes || lines_ >= kMostLines) PV_TRY_VOID(flush());
  text_ += head;
  append_shortest(text_, value);
  text_ += ' ';
  text_ += std::to_string(time_s);
  text_ += '\n';
  ++lines_;
  return {};
}

Result<void> LineBatch::flush() {
  const auto sent = server_.write(tenant_, text_, Server::Precision::seconds);
  text_.clear();
  lines_ = 0;
  return sent;
}

}  // namespace pv::victoria
