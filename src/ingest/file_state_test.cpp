#include "ingest/file_state.h"

#include <gtest/gtest.h>

namespace pv::ingest {
namespace {

// One letter a state: r(eceived) c(laimed) p(arsed) C(ommitted) h(eld) x (rejected); '-': cannot happen. Columns: kFileStates.
constexpr struct {
  FileEvent event;
  const char* next;
} kTable[] = {
    {FileEvent::arrive, "rcp-r-"},   {FileEvent::claim, "c--C-x"},  {FileEvent::parse, "-p----"},  {FileEvent::commit, "--C---"},
    {FileEvent::postpone, "-rrC-x"}, {FileEvent::crash, "-rrC-x"},  {FileEvent::hold, "-hh---"},   {FileEvent::reject, "xxx-x-"},
    {FileEvent::retry, "r---rr"},    {FileEvent::accept, "----r-"},
};

char letter(FileState state) { return "rcpChx"[static_cast<std::size_t>(state)]; }

TEST(FileState, EveryEventInEveryStateDoesWhatTheTableSays) {
  static_assert(std::size(kTable) == kFileEvents.size());
  for (const auto& row : kTable) {
    for (std::size_t s = 0; s < kFileStates.size(); ++s) {
      const auto next = next_state(kFileStates[s], row.event);
      SCOPED_TRACE(std::string(to_string(kFileStates[s])) + " " + std::string(to_string(row.event)));
      if (row.next[s] == '-') {
        ASSERT_FALSE(next);
        EXPECT_EQ(next.error().kind(), Errc::conflict);
        EXPECT_NE(next.error().message().find(to_string(kFileStates[s])), std::string::npos) << next.error().message();
      } else {
        ASSERT_TRUE(next);
        EXPECT_EQ(letter(*next), row.next[s]);
      }
    }
  }
}

TEST(FileState, NamesReadBack) {
  for (const FileState state : kFileStates) EXPECT_EQ(state_of(to_string(state)), state);
  EXPECT_EQ(state_of("lost"), std::nullopt);
}

}  // namespace
}  // namespace pv::ingest
