#pragma once
/// Dashboard templates: JSON in which texts hold typed placeholders.
///
///   ${powerview:text NAME}         the text; in any text but a query
///   ${powerview:flux-string NAME}  the text as a Flux string literal with its quotes, in which neither Flux nor Grafana finds anything to expand
///   ${powerview:number NAME}       a JSON number where it is the whole text, its digits inside a longer one
///   ${powerview:list NAME}         a JSON list of texts; must be the whole text
///
/// The template is parsed first and only its own texts are searched, once: a value never becomes markup, whatever it holds.
/// A member called query, definition or rawQuery is a query, and so are the texts inside it: `text` is refused there, because it would paste a
/// name into a program.
///   Errors: invalid_input: "template operators.json: panels[2].targets[0].query: …" (no JSON, unknown type of placeholder, value missing or of
///   another type, placeholder in a member's name).
///   Threads: no state; safe.

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace pv::grafana {

using FillValue = std::variant<std::string, double, std::vector<std::string>>;
/// Values that the template does not ask for are not an error.
using Filling = std::map<std::string, FillValue, std::less<>>;

/// `template_name` is for messages.
[[nodiscard]] Result<std::string> fill(std::string_view template_json, const Filling& filling, std::string_view template_name);

/// "a\"b" in quotes; `$`, `[` and control characters as \xHH. `text` is valid UTF-8.
[[nodiscard]] std::string flux_string(std::string_view text);

}  // namespace pv::grafana
