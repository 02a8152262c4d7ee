#include "sftp/host_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <fmt/format.h>
#include <libssh/libssh.h>

#include "base/file.h"

namespace pv::sftp {
namespace {

struct FreeKey {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, FreeKey>;

struct Kind {
  const char* file;
  ssh_keytypes_e type;
  int bits;
};
constexpr Kind kKinds[] = {{"ssh_host_ed25519_key", SSH_KEYTYPE_ED25519, 0}, {"ssh_host_rsa_key", SSH_KEYTYPE_RSA, 3072}};

Result<void> make_key(const std::filesystem::path& path, const Kind& kind) {
  ssh_key made = nullptr;
  if (ssh_pki_generate(kind.type, kind.bits, &made) != SSH_OK) return fail(Errc::io, fmt::format("{}: cannot make a host key", path.string()));
  const Key key(made);
  const std::filesystem::path draft = path.string() + ".new";
  // The library writes into the file that is there, and so keeps its mode.
  (void)::unlink(draft.c_str());
  const FileDescriptor file(::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return fail(system_error("cannot make a host key", draft, errno));
  if (ssh_pki_export_privkey_file(key.get(), nullptr, nullptr, nullptr, draft.c_str()) != SSH_OK) {
    return fail(Errc::io, fmt::format("{}: cannot write the host key", draft.string()));
  }
  if (fsync(file.get()) != 0 || ::rename(draft.c_str(), path.c_str()) != 0) return fail(system_error("cannot keep the host key", path, errno));
  const FileDescriptor folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || fsync(folder.get()) != 0) return fail(system_error("cannot keep the host key", path, errno));
  return {};
}

Result<std::string> fingerprint_of(const std::filesystem::path& path) {
  ssh_key read = nullptr;
  if (ssh_pki_import_privkey_file(path.c_str(), nullptr, nullptr, nullptr, &read) != SSH_OK) {
    return fail(Errc::corrupt, fmt::format("{}: this is no host key; remove it and a new one is made (clients will ask whether they may trust it)", path.string()));
  }
  const Key key(read);
  unsigned char* hash = nullptr;
  std::size_t length = 0;
  if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != 0) return fail(Errc::corrupt, path.string() + ": no fingerprint can be made");
  char* text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
  ssh_clean_pubkey_hash(&hash);
  std::string fingerprint = fmt::format("{} {}", ssh_key_type_to_char(ssh_key_type(key.get())), text == nullptr ? "" : text);
  ssh_string_free_char(text);
  return fingerprint;
}

}  // namespace

Result<HostKeys> load_or_make_host_keys(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail(system_error("cannot make the folder of the host keys", folder, errno));
  HostKeys keys;
  for (const Kind& kind : kKinds) {
    const std::filesystem::path path = folder / kind.file;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno != ENOENT) return fail(system_error("cannot look at the host key", path, errno));
      PV_TRY_VOID(make_key(path, kind));
    } else if ((status.st_mode & 077) != 0) {
      return fail(Errc::denied, fmt::format("{}: others than its owner can read this host key; chmod 600 it, or remove it and a new one is made", path.string()));
    }
    PV_TRY(std::string fingerprint, fingerprint_of(path));
    keys.files.push_back(path);
    keys.fingerprints.push_back(std::move(fingerprint));
  }
  return keys;
}

}  // namespace pv::sftp
