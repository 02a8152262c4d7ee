#include "base/schema.h"

#include <barrier>
#include <thread>

#include <gtest/gtest.h>

#include "testing/temp_folder.h"

namespace pv {
namespace {

constexpr Schema kSchema = {"test", 0x5056'5454, 1, "PRAGMA journal_mode=WAL", "CREATE TABLE one(id INTEGER PRIMARY KEY); INSERT INTO one VALUES (1)"};

TEST(SchemaTest, ManyAtOnceMakeOneFile) {
  constexpr int kPrograms = 8;
  for (int round = 0; round < 25; ++round) {
    const testing::TempFolder folder;
    std::barrier together(kPrograms);
    std::vector<std::string> troubles(kPrograms);
    std::vector<std::thread> programs;
    for (int i = 0; i < kPrograms; ++i) {
      programs.emplace_back([&, i] {
        auto database = Database::open(folder / "file.sqlite", Database::Access::create);
        together.arrive_and_wait();
        auto made = database ? make_tables(**database, kSchema) : fail(database.error());
        if (made) made = check_schema(**database, kSchema);
        if (!made) troubles[static_cast<std::size_t>(i)] = made.error().message();
      });
    }
    for (std::thread& program : programs) program.join();
    for (const std::string& trouble : troubles) ASSERT_EQ(trouble, "") << "round " << round;
    const auto database = Database::open(folder / "file.sqlite", Database::Access::read_only);
    ASSERT_TRUE(database);
    auto rows = (*database)->prepare("SELECT count(*) FROM one");
    ASSERT_TRUE(rows && rows->step());
    EXPECT_EQ(rows->integer(0), 1);
  }
}

}  // namespace
}  // namespace pv
