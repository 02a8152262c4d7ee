#pragma once
/// Buckets. A company's samples lie in the bucket of its name; what PowerView computes from them in <bucket>_1h, _1d and _1w.
///   Errors: see influx/connection.h.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "influx/connection.h"
#include "model/names.h"

namespace pv::influx {

inline constexpr std::string_view kMetaBucket = "powerview_meta";  // as shipped
inline constexpr std::array<std::string_view, 3> kDownsampled = {"_1h", "_1d", "_1w"};

/// The bucket of a company: its name. A name that InfluxDB would refuse or misread (beginning with '_', with '"', 16 hex digits), or that would be
/// taken for another bucket of ours (ending in _1h, _1d, _1w; powerview_meta), becomes "pv~" and the name, with '"' '%' and the '_' of such an
/// ending as %22 %25 %5F. No two companies share a bucket.
[[nodiscard]] std::string bucket_of(const model::TenantName& tenant);
/// The company of a bucket; nothing for buckets that are no company's.
[[nodiscard]] std::optional<model::TenantName> tenant_of(std::string_view bucket);

struct Bucket {
  std::string id, name;
  std::int64_t kept_for_s = 0;  // 0: for ever
};

[[nodiscard]] Result<std::optional<Bucket>> find_bucket(Connection& connection, std::string_view name);
/// Finds it or makes it, to keep its points for ever. Two may do so at once.
[[nodiscard]] Result<Bucket> ensure_bucket(Connection& connection, std::string_view name);
/// Those that people made (the server's own are left out) and that the token may read, by name.
[[nodiscard]] Result<std::vector<Bucket>> list_buckets(Connection& connection);
/// With all its points. Nothing happens when it is gone already.
[[nodiscard]] Result<void> delete_bucket(Connection& connection, const Bucket& bucket);

}  // namespace pv::influx
