#pragma once
/// The token that a company's dashboards read with, one a bucket and kind of rights, kept by PowerView: servers from 2.9 on show a token only once.
///
/// Its description is powerview_token_for_bucket_<bucket>; it covers the bucket and its down-sampled ones: those that exist, or all (Cover). It is kept in a file
/// of its own below `folder`, readable by its owner only and written before anything else can fail. A token that was revoked, made inactive or
/// covers other buckets than there are now (a bucket made again has another id) is superseded by a new one and deleted. A token that was made in
/// an attempt whose answer got lost is found by its description and rights, and deleted; tokens that others made are not touched.
///   Errors: denied when the connection's token may not make tokens; invalid_input for a name that no bucket can have; io; as influx/connection.h.
///   Threads: one caller at a time; programs that share a folder take turns.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "influx/authorization.h"
#include "influx/connection.h"

namespace pv::influx {

enum class TokenRights { read, read_write };

/// Which down-sampled buckets a token covers.
enum class Cover {
  existing,
  all,  // they are made when missing, so that the token need not change when the first samples come
};
/// What becomes of a token that another takes the place of.
enum class Superseded {
  drop,  // deleted at once
  keep,  // until drop_superseded(): whoever uses it is to be given the new one first
};

class TokenBook {
 public:
  /// Borrows the connection, whose token may list and make tokens. The folder is made when missing.
  TokenBook(Connection& connection, std::filesystem::path folder, Cover cover = Cover::existing)
      : connection_(connection), folder_(std::move(folder)), cover_(cover) {}

  /// The bucket is made when missing. Asks the server every time whether the token still holds; about six small requests.
  Result<Secret> token_for(std::string_view bucket, TokenRights rights, Superseded superseded = Superseded::drop);
  /// What is kept for the bucket, if it still holds; makes and changes nothing.
  Result<std::optional<Secret>> look(std::string_view bucket, TokenRights rights);
  /// Deletes the tokens that another has taken the place of. What cannot be deleted now is deleted by a later call.
  Result<void> drop_superseded(std::string_view bucket, TokenRights rights);

 private:
  struct Record;
  [[nodiscard]] std::filesystem::path file_of(std::string_view bucket, TokenRights rights) const;
  Result<Record> load(const std::filesystem::path& file) const;
  Result<void> save(const std::filesystem::path& file, const Record& record) const;
  Result<Permissions> wanted(std::string_view bucket, TokenRights rights);
  Result<void> drop(const std::filesystem::path& file, Record record);
  Result<bool> holds(const Record& record, const Permissions& permissions, std::string_view bucket);
  Result<Secret> renew(const std::filesystem::path& file, Record record, const Permissions& permissions, std::string_view bucket);

  Connection& connection_;
  std::filesystem::path folder_;
  Cover cover_;
};

}  // namespace pv::influx
