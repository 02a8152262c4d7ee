#include <cmath>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/question.h"
#include "base/decimal.h"
#include "query/buckets.h"
#include "query/energy.h"
#include "query/resample.h"
#include "query/row_writer.h"

namespace pv::app {
namespace {

using nlohmann::ordered_json;

enum class Aggregate : std::uint8_t { mean, min, max, energy, sum };
enum class Together : std::uint8_t { apart, added };

struct Options {
  QuestionOptions question;
  std::size_t points = 1500;
  std::optional<std::int64_t> step_s;
  std::optional<std::string> bucket;
  std::string aggregate = "mean";
  Together together = Together::apart;
  std::string to = "csv";
};

/// The answer as a table: a stamp a row, a column a channel (or one for all of them).
struct Answer {
  std::vector<std::int64_t> times_s;
  std::vector<model::Channel> channels;
  std::vector<std::string> fields;
  std::vector<std::vector<double>> values;  // NaN: nothing there
  std::vector<std::vector<double>> coverage;  // energy only
  std::vector<query::Figures> figures;        // of each channel over the whole period; empty for energy
  double period_coverage = 0;
};

Aggregate parse_aggregate(const std::string& text) {
  if (text == "min") return Aggregate::min;
  if (text == "max") return Aggregate::max;
  if (text == "energy") return Aggregate::energy;
  if (text == "sum") return Aggregate::sum;
  return Aggregate::mean;
}

void name_channels(const Question& question, Answer& answer) {
  for (const model::ChannelSummary& channel : question.channels) {
    answer.channels.push_back(channel.channel);
    answer.fields.push_back(channel.field);
  }
}

/// One column in place of the channels'.
void name_total(const Question& question, const std::string& unit, Answer& answer) {
  model::Channel total;
  total.master_sn = total.device_sn = question.campaign.loggers.empty() ? "" : question.campaign.loggers.front().sn;
  total.label = "sum";
  total.name = "sum";
  total.unit = unit;
  answer.channels = {total};
  answer.fields = {"sum_" + unit};
}

Result<query::Edges> edges_of(const Question& question, const Options& options) {
  if (options.bucket) return query::calendar_edges(question.period, question.zone, *query::parse_calendar(*options.bucket));
  if (options.step_s) return query::step_edges(question.period, question.zone, *options.step_s);
  PV_TRY(query::NiceEdges nice, query::nice_edges(question.period, question.zone, options.points));
  return std::move(nice.edges);
}

Result<Answer> ask_energy(Question& question, const Options& options) {
  PV_TRY(const query::Edges edges, edges_of(question, options));
  PV_TRY(std::vector<query::ChannelEnergy> energies, query::energy(question.scope(), edges));
  Answer answer;
  answer.times_s.assign(edges.begin(), edges.end() - 1);
  if (options.together == Together::added) {
    name_total(question, "Wh", answer);
    answer.values.push_back(query::sum_of_energies_wh(energies));
    return answer;
  }
  for (std::size_t c = 0; c < energies.size(); ++c) {
    if (energies[c].energy_wh.empty()) continue;  // a voltage has no energy
    answer.channels.push_back(question.channels[c].channel);
    answer.fields.push_back(question.channels[c].field + "h");
    answer.values.push_back(std::move(energies[c].energy_wh));
    answer.coverage.push_back(std::move(energies[c].coverage));
  }
  return answer;
}

Result<Answer> ask_curves(Question& question, const Options& options, Aggregate aggregate) {
  Result<query::Curves> asked = fail(Errc::invalid_input, "");
  if (options.bucket || options.step_s) {
    PV_TRY(const query::Edges edges, edges_of(question, options));
    asked = query::resample_edges(question.scope(), edges);
  } else {
    asked = query::resample(question.scope(), question.period, question.zone, {.points = options.points, .step_s = 0});
  }
  PV_TRY(query::Curves curves, std::move(asked));
  Answer answer;
  answer.times_s = curves.times_s;
  answer.period_coverage = curves.coverage;
  if (aggregate == Aggregate::sum) {
    name_total(question, "W", answer);
    answer.values.push_back(query::sum_of_means_w(curves, question.channels));
    return answer;
  }
  name_channels(question, answer);
  for (query::Curve& curve : curves.curves) {
    std::vector<double>& low = curve.min.empty() ? curve.mean : curve.min;
    std::vector<double>& high = curve.max.empty() ? curve.mean : curve.max;
    answer.values.push_back(std::move(aggregate == Aggregate::min ? low : aggregate == Aggregate::max ? high : curve.mean));
  }
  answer.figures = std::move(curves.summary);
  return answer;
}

std::string to_csv(const Answer& answer, const model::Zone& zone) {
  std::string text = "time";
  for (const std::string& field : answer.fields) text += "," + field;
  text += '\n';
  for (std::size_t row = 0; row < answer.times_s.size(); ++row) {
    const std::int32_t offset = zone.offset_at(answer.times_s[row]).offset_s;
    std::string stamp = local_text(answer.times_s[row], zone);
    stamp[10] = 'T';
    const int minutes = std::abs(offset) / 60;
    text += stamp + (offset == 0 ? "Z" : fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60));
    for (const std::vector<double>& values : answer.values) {
      text += ',';
      if (!std::isnan(values[row])) append_shortest(text, values[row]);
    }
    text += '\n';
  }
  return text;
}

std::string to_rows(const Answer& answer, query::TextForm form, const std::string& campaign) {
  query::RowWriterOptions options;
  options.form = form;
  options.campaign = campaign;
  query::RowWriter writer(options, answer.channels);
  std::string text;
  std::vector<double> row(answer.values.size());
  for (std::size_t at = 0; at < answer.times_s.size(); ++at) {
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = answer.values[c][at];
    writer.append_row(answer.times_s[at], row, text);
  }
  return text;
}

ordered_json numbers(const std::vector<double>& values) {
  ordered_json list = ordered_json::array();
  for (const double value : values) list.push_back(std::isnan(value) ? ordered_json(nullptr) : ordered_json(value));
  return list;
}

std::string to_json(const Answer& answer, const Question& question, const Options& options) {
  ordered_json json;
  json["tenant"] = options.question.tenant;
  json["campaign"] = options.question.campaign;
  json["zone"] = question.zone.name();
  json["from"] = question.period.from_s;
  json["to"] = question.period.to_s;
  json["aggregate"] = options.aggregate;
  json["times"] = answer.times_s;
  ordered_json channels = ordered_json::array();
  for (std::size_t c = 0; c < answer.fields.size(); ++c) {
    ordered_json channel{{"field", answer.fields[c]}, {"name", answer.channels[c].name}, {"values", numbers(answer.values[c])}};
    if (c < answer.coverage.size()) channel["coverage"] = answer.coverage[c];
    if (c < answer.figures.size()) {
      const query::Figures& figures = answer.figures[c];
      channel["summary"] = {{"count", figures.count},
                            {"min", numbers({figures.min})[0]},
                            {"max", numbers({figures.max})[0]},
                            {"mean", numbers({figures.mean})[0]},
                            {"energy_wh", figures.energy_wh ? ordered_json(*figures.energy_wh) : ordered_json(nullptr)},
                            {"coverage", figures.coverage}};
    }
    channels.push_back(std::move(channel));
  }
  json["channels"] = std::move(channels);
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

ExitCode run_query(const Options& options) {
  auto question = open_question(options.question);
  if (!question) return report(question.error());
  const Aggregate aggregate = parse_aggregate(options.aggregate);
  if (options.together == Together::added && aggregate != Aggregate::energy) {
    return report({Errc::invalid_input, "--together goes with --agg energy; for power use --agg sum"});
  }
  if (question->period.empty()) return report({Errc::not_found, fmt::format("campaign '{}' has no samples yet", options.question.campaign)});
  auto answer = aggregate == Aggregate::energy ? ask_energy(*question, options) : ask_curves(*question, options, aggregate);
  if (!answer) return report(answer.error());
  std::string text;
  if (options.to == "csv") {
    text = to_csv(*answer, question->zone);
  } else if (options.to == "json") {
    text = to_json(*answer, *question, options);
  } else {
    text = to_rows(*answer, *query::parse_text_form(options.to), options.question.campaign);
  }
  return print(text) ? ExitCode::done : ExitCode::unavailable;
}

}  // namespace

void add_query(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("query", "Print a campaign's curves or energies, resampled");
  add_question_options(*command, options->question);
  auto* points = command->add_option("--points", options->points, "At most so many points; raw samples where there are no more")
                     ->check(CLI::Range(1, 100'000))
                     ->capture_default_str();
  auto* step = command->add_option("--step", options->step_s, "Length of a point in seconds instead")->check(CLI::Range(1, 31'622'400));
  auto* bucket = command->add_option("--bucket", options->bucket, "Calendar units of the campaign's zone instead")
                     ->check(CLI::IsMember({"hour", "day", "week", "month"}));
  step->excludes(points);
  bucket->excludes(points)->excludes(step);
  command->add_option("--agg", options->aggregate, "mean, min, max; energy (Wh of each power channel); sum (the power channels added, W)")
      ->check(CLI::IsMember({"mean", "min", "max", "energy", "sum"}))
      ->capture_default_str();
  command->add_flag_callback("--together", [options] { options->together = Together::added; }, "With --agg energy: the channels' energies added");
  command->add_option("--to", options->to, "Form of the output")
      ->check(CLI::IsMember({"csv", "json", "samples", "line-protocol"}))
      ->capture_default_str();
  command->callback([options, &chosen] { chosen = [options] { return run_query(*options); }; });
}

}  // namespace pv::app
