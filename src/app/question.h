#pragma once
/// What `query` and `export` share: a tenant's campaign, the chosen channels and a period, opened for reading.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.h"
#include "model/source.h"
#include "query/scope.h"
#include "store/directory.h"

namespace pv::app {

struct QuestionOptions {
  CommonOptions common;
  std::string tenant;
  std::string campaign;
  std::vector<std::string> channels;  // fields, channel ids, or names with '*'; empty: all
  std::optional<std::string> from;
  std::optional<std::string> to;
};

void add_question_options(const Command& command, QuestionOptions& options);

/// Owns what a query::Scope borrows.
struct Question {
  Settings settings;
  model::Zone zone = model::Zone::utc();  // of the campaign's days
  std::shared_ptr<model::SampleSource> source;
  std::unique_ptr<model::SampleSnapshot> snapshot;
  model::CampaignSummary campaign;
  std::vector<model::ChannelSummary> channels;
  model::Period period;  // the whole campaign when nothing was asked

  [[nodiscard]] query::Scope scope() { return {*snapshot, campaign, channels, settings.threads}; }
};

/// Errors: invalid_input (names, period), not_found (company, campaign, channel); those of the store.
Result<Question> open_question(const QuestionOptions& options);

}  // namespace pv::app
