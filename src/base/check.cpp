#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace pv {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "BUG: %s does not hold at %s:%d. Please report this with the command you ran.\n", condition, file,
               line);
  std::abort();
}

}  // namespace pv
