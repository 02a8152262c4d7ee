// Any bytes as a client's stream of SFTP packets, in pieces: the same packets must come out however the bytes come in, and a
// session on an empty company folder must answer each with exactly one well-formed packet.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "sftp/session.h"

namespace {

using namespace pv;

/// Takes files and forgets them; so the fuzzer writes nothing to the disk but empty company folders.
class ForgetfulDesk final : public model::ArrivalDesk {
  class Nothing final : public model::IncomingFile {
   public:
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      size_ = std::max(size_, offset + bytes.size());
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    Result<model::FileId> finish() override { return model::FileId{1}; }
    void discard() override { size_ = 0; }

   private:
    std::uint64_t size_ = 0;
  };
  Result<std::unique_ptr<model::IncomingFile>> begin(const model::Place&, std::string_view, Start, const model::Sender&) override { return std::make_unique<Nothing>(); }
  Result<model::FileId> rename(const model::Place&, std::string_view, const model::Place&, std::string_view, const model::Sender&) override { return model::FileId{}; }
  Result<void> remove(const model::Place&, std::string_view, const model::Sender&) override { return {}; }
  Result<void> make_campaign(const model::TenantName&, const model::CampaignName&, const model::Sender&) override { return {}; }
  Result<void> make_device(const model::Place&, const model::Sender&) override { return {}; }
};

constexpr std::string_view kToken = "[the last handle]";  // as long as a handle

[[noreturn]] void broken(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

const Folder& data_folder() {
  static const Folder folder = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "pv-fuzz-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) broken("no temporary folder");
    Folder opened = Folder::open(pattern).value();
    std::filesystem::remove(pattern);
    return opened;
  }();
  return folder;
}

std::vector<std::string> packets_of(const std::uint8_t* data, std::size_t size, std::size_t piece) {
  sftp::PacketSplitter splitter;
  std::vector<std::string> packets;
  for (std::size_t begin = 0; begin < size && !splitter.is_broken(); begin += piece) {
    const std::size_t some = std::min(piece, size - begin);
    std::memcpy(splitter.room(some).data(), data + begin, some);
    splitter.filled(some);
    while (const auto packet = splitter.next()) packets.emplace_back(reinterpret_cast<const char*>(packet->data()), packet->size());
  }
  return packets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte is how many bytes come at once.
  const std::size_t piece = std::size_t{1} + data[0];
  const auto packets = packets_of(data + 1, size - 1, piece);
  if (packets != packets_of(data + 1, size - 1, size)) broken("the packets depend on how the bytes come");

  ForgetfulDesk desk;
  sftp::Session session(sftp::Jail(data_folder(), desk, model::TenantName::parse("acme").value(), {}), {}, {});
  std::string handle;
  for (std::string packet : packets) {
    // Handles are random: where the input has the token, the last one goes in.
    if (const std::size_t at = packet.find(kToken); at != std::string::npos && handle.size() == kToken.size()) packet.replace(at, kToken.size(), handle);
    // A copy of its exact size, so that a read beyond its end is seen.
    const std::vector<std::byte> exact(std::as_bytes(std::span(packet)).begin(), std::as_bytes(std::span(packet)).end());
    std::vector<std::byte> out;
    if (session.take(exact, out) == sftp::Session::Next::end) break;
    sftp::PacketSplitter answers;
    if (out.empty()) broken("a packet without an answer");
    std::memcpy(answers.room(out.size()).data(), out.data(), out.size());
    answers.filled(out.size());
    const auto answer = answers.next();
    if (!answer || answers.pending() != 0) broken("an answer that is not one packet");
    if ((*answer)[0] == static_cast<std::byte>(sftp::Type::handle)) handle.assign(reinterpret_cast<const char*>(answer->data()) + 9, answer->size() - 9);
  }
  return 0;
}
