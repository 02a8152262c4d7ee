#pragma once
/// One logger's life: it measures, loses power, uploads each night, and some uploads go wrong.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fleet/curve.h"
#include "fleet/fleet.h"
#include "fleet/plan.h"
#include "fleet/random.h"
#include "fleet/row_text.h"
#include "fleet/site.h"
#include "model/zone.h"

namespace pv::fleet {

/// Makes the files of one logger, in the order sent. The arguments must outlive it; the options have been checked.
class LoggerRun {
 public:
  LoggerRun(const FleetOptions& options, const LoggerPlan& plan, const model::Zone& local_zone);

  /// Once. Adds what was made to `summary`; ends early with the error that `visit` answers.
  [[nodiscard]] Result<void> run(const FileVisitor& visit, FleetSummary& summary);

 private:
  enum class RowKind : std::uint8_t { measured, restart, clock_unset };

  struct Row {
    std::size_t end;  // offset behind its line end
    RowKind kind;
    bool sent = false;  // in some file, with its line end
  };

  /// The rows between two uploads, as text.
  struct Stretch {
    std::string text;
    std::vector<Row> rows;
    void clear();
    void close_row(RowKind kind) { rows.push_back({text.size(), kind}); }
  };

  /// No power from off_s on; the logger starts again at on_s.
  struct Outage {
    std::int64_t off_s;
    std::int64_t on_s;
    std::int64_t first_row_s;  // the row it writes between two steps
  };

  enum class Fate : std::uint8_t { sent, resent, cut, overlapping, empty };

  [[nodiscard]] std::int64_t upload_at(int night) const;
  [[nodiscard]] std::int32_t offset_at(std::int64_t utc_s);
  [[nodiscard]] std::int64_t shown(std::int64_t utc_s);
  [[nodiscard]] bool is_silent(int night) const;
  [[nodiscard]] Fate fate_of(Random& night) const;

  void go_to(std::int64_t utc_s);
  void measure(Stretch& stretch, std::int64_t utc_s);
  void start_again(Stretch& stretch);
  void add_unset_clock_rows(Stretch& stretch, std::int64_t utc_s);
  void plan_outage(Random& night, std::int64_t from_s);
  void fill(Stretch& stretch, std::int64_t from_s, std::int64_t to_s);

  [[nodiscard]] Result<void> send_night(int night, const FileVisitor& visit);
  [[nodiscard]] Result<void> send_years(const FileVisitor& visit);
  [[nodiscard]] Result<void> send_whole(std::int64_t at_s, const FileVisitor& visit);
  [[nodiscard]] Result<void> send_cut(std::int64_t at_s, Random& night, const FileVisitor& visit);
  [[nodiscard]] Result<void> send(std::int64_t at_s, std::string_view bytes, const FileVisitor& visit);
  void mark_sent(Stretch& stretch, std::size_t rows);

  const FleetOptions& options_;
  const LoggerPlan& plan_;
  const model::Zone& zone_;
  const std::string header_;
  model::Zone::Offset offset_{0, 0, 0};
  Site site_;
  std::vector<Curve> curves_;
  std::vector<std::int32_t> cells_;
  RowText row_text_;
  std::optional<Outage> outage_;
  Stretch before_;  // the stretch of the night before
  Stretch today_;
  bool sends_before_again_ = false;  // today's file begins with the stretch of the night before
  std::string file_;
  FleetSummary* summary_ = nullptr;
};

}  // namespace pv::fleet
