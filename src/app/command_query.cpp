#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

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
namespace query_command {
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
  std::vector<std::string> fields;
  std::vector<std::string> names;
  std::vector<model::Channel> channels;       // empty for a total, which is no channel's
  std::vector<std::vector<double>> values;    // NaN: nothing there
  std::vector<std::vector<double>> coverage;  // energy and sum: measured share of each bucket; otherwise empty
  std::vector<query::Figures> figures;        // of each channel over the whole period; empty for energy and sum
};

Aggregate parse_aggregate(const std::string& text) {
  if (text == "min") return Aggregate::min;
  if (text == "max") return Aggregate::max;
  if (text == "energy") return Aggregate::energy;
  if (text == "sum") return Aggregate::sum;
  return Aggregate::mean;
}

/// Energies are in Wh whatever the channel's unit, so their name says so: a field of its own, never the power's.
std::string energy_field(const model::Channel& channel) {
  return model::channel_id(channel, model::ChannelIdStyle::device_first) + "_Wh";
}

/// The power channels' coverage taken together: of the time asked for from all of them, the share that was measured.
std::vector<double> common_coverage(const std::vector<query::ChannelEnergy>& energies, std::size_t buckets) {
  std::vector<double> coverage(buckets, 0.0);
  double channels = 0;
  for (const query::ChannelEnergy& energy : energies) {
    if (energy.energy_wh.empty()) continue;
    ++channels;
    for (std::size_t b = 0; b < buckets; ++b) coverage[b] += energy.coverage[b];
  }
  for (double& share : coverage) share = channels > 0 ? share / channels : 0;
  return coverage;
}

Result<void> need_power(const std::vector<query::ChannelEnergy>& energies) {
  for (const query::ChannelEnergy& energy : energies) {
    if (!energy.energy_wh.empty()) return {};
  }
  return fail(Errc::invalid_input, "none of the chosen channels is a power (W, kW, MW), so there is no energy to tell");
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
  PV_TRY_VOID(need_power(energies));
  Answer answer;
  answer.times_s.assign(edges.begin(), edges.end() - 1);
  if (options.together == Together::added) {
    answer.fields = {"sum_Wh"};
    answer.names = {"sum"};
    answer.values.push_back(query::sum_of_energies_wh(energies));
    answer.coverage.push_back(common_coverage(energies, answer.times_s.size()));
    return answer;
  }
  for (std::size_t c = 0; c < energies.size(); ++c) {
    if (energies[c].energy_wh.empty()) continue;  // a voltage has no energy
    answer.fields.push_back(energy_field(question.channels[c].channel));
    answer.names.push_back(question.channels[c].channel.name);
    answer.channels.push_back(question.channels[c].channel);
    answer.channels.back().unit = "Wh";
    answer.values.push_back(std::move(energies[c].energy_wh));
    answer.coverage.push_back(std::move(energies[c].coverage));
  }
  return answer;
}

/// The mean of the summed power: each channel's energy over the time it was measured, added up.
Result<Answer> ask_sum(Question& question, const Options& options) {
  PV_TRY(const query::Edges edges, edges_of(question, options));
  PV_TRY(const std::vector<query::ChannelEnergy> energies, query::energy(question.scope(), edges));
  PV_TRY_VOID(need_power(energies));
  Answer answer;
  answer.times_s.assign(edges.begin(), edges.end() - 1);
  answer.fields = {"sum_W"};
  answer.names = {"sum"};
  std::vector<double>& sum = answer.values.emplace_back(answer.times_s.size(), std::nan(""));
  for (const query::ChannelEnergy& energy : energies) {
    if (energy.energy_wh.empty()) continue;
    for (std::size_t b = 0; b < sum.size(); ++b) {
      const double hours = energy.coverage[b] * static_cast<double>(edges[b + 1] - edges[b]) / 3600;
      if (std::isnan(energy.energy_wh[b]) || hours <= 0) continue;
      sum[b] = (std::isnan(sum[b]) ? 0 : sum[b]) + energy.energy_wh[b] / hours;
    }
  }
  answer.coverage.push_back(common_coverage(energies, sum.size()));
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
  for (const model::ChannelSummary& channel : question.channels) {
    answer.fields.push_back(channel.field);
    answer.names.push_back(channel.channel.name);
    answer.channels.push_back(channel.channel);
  }
  for (query::Curve& curve : curves.curves) {
    std::vector<double>& low = curve.min.empty() ? curve.mean : curve.min;
    std::vector<double>& high = curve.max.empty() ? curve.mean : curve.max;
    answer.values.push_back(std::move(aggregate == Aggregate::min ? low : aggregate == Aggregate::max ? high : curve.mean));
  }
  answer.figures = std::move(curves.summary);
  return answer;
}

/// RFC 4180.
std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string to_csv(const Answer& answer, const model::Zone& zone) {
  std::string text = "time";
  for (const std::string& field : answer.fields) text += "," + csv_cell(field);
  for (std::size_t c = 0; c < answer.coverage.size(); ++c) text += "," + csv_cell(answer.fields[c] + " coverage");
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
    for (const std::vector<double>& coverage : answer.coverage) {
      text += ',';
      append_shortest(text, coverage[row]);
    }
    text += '\n';
  }
  return text;
}

/// <unix seconds> TAB <field> TAB <value>, by time, then field.
std::string to_samples(const Answer& answer) {
  std::vector<std::size_t> order(answer.fields.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return answer.fields[a] < answer.fields[b]; });
  std::string text;
  for (std::size_t row = 0; row < answer.times_s.size(); ++row) {
    for (const std::size_t c : order) {
      if (std::isnan(answer.values[c][row])) continue;
      text += fmt::format("{}\t{}\t", answer.times_s[row], answer.fields[c]);
      append_shortest(text, answer.values[c][row]);
      text += '\n';
    }
  }
  return text;
}

/// A field of its own for what is no sample, so that loading it beside the samples overwrites none.
Result<std::string> to_line_protocol(const Answer& answer, const Options& options) {
  if (answer.channels.empty()) return fail(Errc::invalid_input, "a total over channels has no series in line protocol; take csv, json or samples");
  query::RowWriterOptions writer_options;
  writer_options.form = query::TextForm::line_protocol;
  writer_options.campaign = options.question.campaign;
  if (options.aggregate != "energy") writer_options.field_suffix = "_" + options.aggregate;
  query::RowWriter writer(writer_options, answer.channels);
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
    ordered_json channel{{"field", answer.fields[c]}, {"name", answer.names[c]}, {"values", numbers(answer.values[c])}};
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
  auto answer = aggregate == Aggregate::energy ? ask_energy(*question, options)
                : aggregate == Aggregate::sum  ? ask_sum(*question, options)
                                               : ask_curves(*question, options, aggregate);
  if (!answer) return report(answer.error());
  std::string text;
  if (options.to == "csv") {
    text = to_csv(*answer, question->zone);
  } else if (options.to == "json") {
    text = to_json(*answer, *question, options);
  } else if (options.to == "line-protocol") {
    auto lines = to_line_protocol(*answer, options);
    if (!lines) return report(lines.error());
    text = std::move(*lines);
  } else {
    text = to_samples(*answer);
  }
  return print(text) ? ExitCode::done : ExitCode::unavailable;
}

}  // namespace
}  // namespace query_command

void add_query(const Command& app, Chosen& chosen) {
  using namespace query_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("query", "Print a campaign's curves or energies, resampled");
  add_question_options(command, options->question);
  const CommandOption points = command.add_option("--points", options->points, "At most so many points; raw samples where there are no more")
                                   .between(1, 100'000)
                                   .capture_default_str();
  const CommandOption step = command.add_option("--step", options->step_s, "Length of a point in seconds instead").between(1, 31'622'400);
  const CommandOption bucket = command.add_option("--bucket", options->bucket, "Calendar units of the campaign's zone instead")
                                   .one_of({"hour", "day", "week", "month"});
  step.excludes(points);
  bucket.excludes(points).excludes(step);
  command.add_option("--agg", options->aggregate, "mean, min, max; energy (Wh of each power channel); sum (mean power of the power channels added, W)")
      .one_of({"mean", "min", "max", "energy", "sum"})
      .capture_default_str();
  command.add_flag_callback("--together", [options] { options->together = Together::added; }, "With --agg energy: the channels' energies added");
  command.add_option("--to", options->to, "Form of the output")
      .one_of({"csv", "json", "samples", "line-protocol"})
      .capture_default_str();
  command.callback([options, &chosen] { chosen = [options] { return run_query(*options); }; });
}

}  // namespace pv::app
