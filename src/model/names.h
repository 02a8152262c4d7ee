#pragma once
/// Names that come from folders, requests and file headers, checked once, here. Whoever holds one of
/// these types may use it as one path component.
///
/// Folder names (tenant, campaign, device): 1 to 128 bytes of valid UTF-8; no '/', no control character, no
/// backslash; not starting with '.'; neither starting nor ending with a space. Spaces inside, accents and quotes
/// are fine. Errors: invalid_input, naming the rule that was broken.
/// Serial numbers: 1 to 32 of [0-9A-Za-z_-].

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pv::model {

template <class Tag>
class Name {
 public:
  [[nodiscard]] static Result<Name> parse(std::string_view text);
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  auto operator<=>(const Name&) const = default;

 private:
  explicit Name(std::string_view text) : text_(text) {}
  std::string text_;
};

using TenantName = Name<struct TenantTag>;      // a company; also its store and its bucket
using CampaignName = Name<struct CampaignTag>;  // one measurement job of a tenant
using DeviceName = Name<struct DeviceTag>;      // the third folder: the logger as the uploader calls it
using SerialNumber = Name<struct SerialTag>;    // what a device says of itself in a file

template <> Result<TenantName> TenantName::parse(std::string_view text);
template <> Result<CampaignName> CampaignName::parse(std::string_view text);
template <> Result<DeviceName> DeviceName::parse(std::string_view text);
template <> Result<SerialNumber> SerialNumber::parse(std::string_view text);

/// Strict UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace pv::model

template <class Tag>
struct std::hash<pv::model::Name<Tag>> {
  std::size_t operator()(const pv::model::Name<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
