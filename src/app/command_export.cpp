#include <memory>

#include "app/command.h"
#include "app/question.h"
#include "query/export.h"

namespace pv::app {
namespace export_command {
namespace {

struct Options {
  QuestionOptions question;
  std::string to;
  std::string channel_ids = "device-first";
};

ExitCode run_export(const Options& options) {
  auto question = open_question(options.question);
  if (!question) return report(question.error());
  query::RowWriterOptions writer;
  writer.form = *query::parse_text_form(options.to);
  writer.style = options.channel_ids == "master-first" ? model::ChannelIdStyle::master_first : model::ChannelIdStyle::device_first;
  if (!question->zone.is_utc()) writer.zone = question->zone;
  bool reader_left = false;
  const auto done = query::export_text(question->scope(), question->period, writer, [&](std::string_view text) {
    reader_left = !print(text);
    return !reader_left;
  });
  if (!done) return report(done.error());
  return reader_left ? ExitCode::unavailable : ExitCode::done;
}

}  // namespace
}  // namespace export_command

void add_export(const Command& app, Chosen& chosen) {
  using namespace export_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("export", "Print a campaign's samples from the store");
  add_question_options(command, options->question);
  command.add_option("--to", options->to, "Form of the output").required().one_of({"samples", "line-protocol", "csv"});
  command.add_option("--channel-ids", options->channel_ids, "How channels are named")
      .one_of({"device-first", "master-first"})
      .capture_default_str();
  command.callback([options, &chosen] { chosen = [options] { return run_export(*options); }; });
}

}  // namespace pv::app
