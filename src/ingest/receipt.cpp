#include "ingest/receipt.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace pv::ingest {
namespace {

using nlohmann::json;

std::uint64_t number(const json& receipt, const char* name) {
  const auto found = receipt.find(name);
  return found != receipt.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string text(const json& receipt, const char* name) {
  const auto found = receipt.find(name);
  return found != receipt.end() && found->is_string() ? found->get<std::string>() : "";
}

enum class Language : std::uint8_t { english, french };

/// What is counted, as one and as many.
struct Words {
  std::string_view one, many;
  [[nodiscard]] std::string of(std::uint64_t count) const { return fmt::format("{} {}", count, count == 1 ? one : many); }
};
/// A line that is left out when there is nothing to say.
struct Line {
  Words english, french;
  const char* name;
};
constexpr Line kLeftOut[] = {
    {{"row whose time cannot be read", "rows whose time cannot be read"}, {"ligne dont l'heure est illisible", "lignes dont l'heure est illisible"}, "nb_invalid_timestamps"},
    {{"cell that is no number", "cells that are no number"}, {"cellule qui n'est pas un nombre", "cellules qui ne sont pas un nombre"}, "nb_invalid_values"},
    {{"row of a clock that was not set", "rows of a clock that was not set"}, {"ligne d'une horloge non réglée", "lignes d'une horloge non réglée"}, "nb_clock_unset_rows"},
    {{"row that tells of a restart (an event, no samples)", "rows that tell of a restart (events, no samples)"},
     {"ligne de redémarrage (événement, sans mesures)", "lignes de redémarrage (événements, sans mesures)"}, "nb_restart_rows"},
    {{"empty cell", "empty cells"}, {"cellule vide", "cellules vides"}, "nb_missing_cells"},
    {{"other fault", "other faults"}, {"autre défaut", "autres défauts"}, "nb_other_faults"},
};

std::string periods(const json& coverage, const char* name, const Words& words) {
  const auto found = coverage.find(name);
  if (found == coverage.end() || !found->is_object() || number(*found, "count") == 0) return "";
  std::string out = fmt::format("  {} ({} s)", words.of(number(*found, "count")), found->value("seconds", std::int64_t{0}));
  constexpr std::size_t kMostNamed = 5;
  const json none = json::array();
  const json& first = found->contains("first") ? (*found)["first"] : none;
  for (std::size_t i = 0; i < first.size() && i < kMostNamed; ++i) out += fmt::format("{} {} - {}", i == 0 ? ":" : ",", text(first[i], "from"), text(first[i], "to"));
  return out + (first.size() > kMostNamed ? ", …\n" : "\n");
}

/// What the file adds to what was stored before it.
std::string coverage_text(const json& receipt, Language language) {
  const auto coverage = receipt.find("coverage");
  if (coverage == receipt.end() || !coverage->is_object()) return "";
  const bool french = language == Language::french;
  const Words fresh = french ? Words{"instant nouveau", "instants nouveaux"} : Words{"instant is new", "instants are new"};
  const Words known = french ? Words{"déjà couvert par d'autres fichiers", "déjà couverts par d'autres fichiers"} : Words{"was covered by other files", "were covered by other files"};
  std::string out = fmt::format("  {}, {}\n", fresh.of(number(*coverage, "rows_new")), known.of(number(*coverage, "rows_known")));
  out += periods(*coverage, "gaps_closed",
                 french ? Words{"trou comblé par ce fichier", "trous comblés par ce fichier"} : Words{"gap that this file closes", "gaps that this file closes"});
  out += periods(*coverage, "gaps_left", french ? Words{"trou qui reste", "trous qui restent"} : Words{"gap that is left", "gaps that are left"});
  if (const auto before = coverage->find("gap_before"); before != coverage->end() && before->is_object()) {
    out += fmt::format(fmt::runtime(french ? "  rien entre {} et {}, avant ce fichier\n" : "  nothing from {} to {}, before this file\n"), text(*before, "from"), text(*before, "to"));
  }
  return out;
}

std::string body(const json& receipt, Language language) {
  const bool french = language == Language::french;
  std::string out;
  const std::string fate = text(receipt, "fate");
  if (fate == "rejected") {
    out += fmt::format("{}: {}\n", french ? "Refusé " : "Refused", text(receipt, "error"));
    return out;
  }
  // A held file was read, and nothing of it is stored.
  const bool is_stored = fate != "deferred";
  const std::string_view begin = french ? (is_stored ? "Accepté : " : "Lu, rien n'est enregistré : ") : (is_stored ? "Accepted: " : "Read, nothing is stored: ");
  const Words rows = french ? Words{"ligne", "lignes"} : Words{"row", "rows"}, samples = french ? Words{"mesure", "mesures"} : Words{"sample", "samples"};
  out += fmt::format(fmt::runtime(french ? "{}{}, {}, de {} à {} (UTC)\n" : "{}{}, {}, from {} to {} (UTC)\n"), begin, rows.of(number(receipt, "nb_rows")),
                     samples.of(number(receipt, "nb_points")), text(receipt, "time_start"), text(receipt, "time_end"));
  if (is_stored) out += fmt::format(fmt::runtime(french ? "  nouvelles : {}, déjà connues : {}, corrigées : {}, laissées à un fichier plus récent : {}\n"
                                         : "  new: {}, known already: {}, corrected: {}, left to a later file: {}\n"),
                     number(receipt, "nb_points_new"), number(receipt, "nb_points_same"), number(receipt, "nb_points_replaced"), number(receipt, "nb_points_outranked"));
  for (const Line& line : kLeftOut) {
    if (const std::uint64_t count = number(receipt, line.name); count > 0) out += fmt::format("  {}\n", (french ? line.french : line.english).of(count));
  }
  if (const std::uint64_t gaps = number(receipt, "nb_gaps"); gaps > 0) {
    const Words words = french ? Words{"trou dans ce fichier", "trous dans ce fichier"} : Words{"gap in this file", "gaps in this file"};
    out += fmt::format(fmt::runtime(french ? "  {}, {} s en tout\n" : "  {}, {} s in all\n"), words.of(gaps), number(receipt, "gap_s"));
  }
  out += coverage_text(receipt, language);
  if (const auto tail = receipt.find("truncated_tail"); tail != receipt.end() && tail->is_object()) {
    out += fmt::format(fmt::runtime(french ? "  dernière ligne ({}) coupée\n" : "  the last row (line {}) is cut\n"), number(*tail, "line"));
  }
  return out;
}

}  // namespace

std::string receipt_text(std::string_view name, std::string_view receipt_json) {
  const json receipt = json::parse(receipt_json, nullptr, false);
  if (!receipt.is_object()) return fmt::format("PowerView\n{}\n", name);
  std::string out = fmt::format("PowerView\n{}\n\n{}\n{}", name, body(receipt, Language::english), body(receipt, Language::french));
  if (const auto faults = receipt.find("faults"); faults != receipt.end() && faults->is_array() && !faults->empty()) {
    constexpr std::size_t kMostFaults = 20;
    out += "\n";
    for (std::size_t i = 0; i < faults->size() && i < kMostFaults; ++i) {
      out += fmt::format("  {}\n", (*faults)[i].dump(-1, ' ', false, json::error_handler_t::replace));
    }
  }
  return out;
}

std::filesystem::path receipt_path(const std::filesystem::path& file) { return file.string() + ".receipt.txt"; }

Result<void> write_receipt(const std::filesystem::path& file, std::string_view receipt) {
  constexpr std::size_t kLongestName = 255;
  const std::filesystem::path path = receipt_path(file);
  if (path.filename().string().size() > kLongestName) return {};
  const FileDescriptor out(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!out.is_open()) {
    if (errno == EEXIST) return {};
    return fail(system_error("cannot write the receipt", path, errno));
  }
  while (!receipt.empty()) {
    const ssize_t put = write(out.get(), receipt.data(), receipt.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int number = errno;
      unlink(path.c_str());
      return fail(system_error("cannot write the receipt", path, number));
    }
    receipt.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace pv::ingest
