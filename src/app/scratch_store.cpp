#include "app/scratch_store.h"

#include "base/private_file.h"

namespace pv::app {

Result<ScratchStore> ScratchStore::open(const std::filesystem::path& folder, const model::TenantName& tenant) {
  PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
  ScratchStore scratch(folder / (tenant.str() + ".sqlite"));
  scratch.remove();
  PV_TRY(scratch.writer_, store::Writer::open(scratch.path_));
  return scratch;
}

ScratchStore::~ScratchStore() {
  if (!writer_) return;
  writer_.reset();
  remove();
}

void ScratchStore::remove() const {
  for (const char* more : {"", "-wal", "-shm"}) {
    std::error_code code;
    std::filesystem::remove(path_.string() + more, code);
  }
}

}  // namespace pv::app
