#include "store/partition.h"

#include <gtest/gtest.h>

#include "testing/seed.h"

namespace pv::store {
namespace {

TEST(Partition, LeavesAreAlignedToTheirLengthAndHoldTheirInstant) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t time_s = dice.between(-4'000'000'000, 4'000'000'000);
    const auto level = static_cast<unsigned>(dice.between(0, kTopLevel));
    const LeafKey leaf = leaf_at(time_s, level);
    ASSERT_TRUE(leaf.contains(time_s)) << time_s;
    ASSERT_EQ(leaf.end_s() - leaf.start_s, std::int64_t{1} << level);
    ASSERT_EQ(leaf.start_s % (std::int64_t{1} << level), 0) << time_s;
  }
}

TEST(Partition, BordersBelongToTheLaterLeaf) {
  EXPECT_EQ(leaf_at(-1, 4), (LeafKey{-16, 4}));
  EXPECT_EQ(leaf_at(0, 4), (LeafKey{0, 4}));
  EXPECT_EQ(leaf_at(15, 4), (LeafKey{0, 4}));
  EXPECT_EQ(leaf_at(16, 4), (LeafKey{16, 4}));
  EXPECT_FALSE((LeafKey{-16, 4}).contains(0));
}

TEST(Partition, AHalvedLeafIsTheTwoLeavesOfTheNextLevel) {
  for (const std::int64_t time_s : {std::int64_t{1'700'000'000}, std::int64_t{-1'700'000'000}, std::int64_t{-1}}) {
    for (unsigned level = 1; level <= kTopLevel; ++level) {
      const LeafKey leaf = leaf_at(time_s, level);
      EXPECT_EQ(leaf_at(leaf.start_s, level - 1), (LeafKey{leaf.start_s, level - 1}));
      EXPECT_EQ(leaf_at(leaf.middle_s(), level - 1), (LeafKey{leaf.middle_s(), level - 1}));
      EXPECT_EQ(leaf_at(leaf.middle_s(), level - 1).end_s(), leaf.end_s());
    }
  }
}

}  // namespace
}  // namespace pv::store
