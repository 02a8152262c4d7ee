#include "model/arrival.h"

#include <gtest/gtest.h>

namespace pv::model {
namespace {

TEST(ArrivalTest, LoggerFilesAndTransfersAreToldByTheirNames) {
  for (const char* name : {"T302_251026_031500.tsv", "a.TSV", "é.tsv"}) {
    EXPECT_TRUE(is_logger_file_name(name)) << name;
    EXPECT_FALSE(is_transfer_name(name)) << name;
  }
  for (const char* name : {"a.tsv.filepart", "a.tsv.part", "a.TSV.Tmp", "a.tsv.partial", "a.tsv.upload"}) {
    EXPECT_TRUE(is_transfer_name(name)) << name;
    EXPECT_FALSE(is_logger_file_name(name)) << name;
  }
  for (const char* name : {"", ".tsv", ".a.tsv", "a.csv", "tsv", "a.part", ".a.tsv.part", "a.tsv.exe", ".part"}) {
    EXPECT_FALSE(is_logger_file_name(name)) << name;
    EXPECT_FALSE(is_transfer_name(name)) << name;
  }
}

}  // namespace
}  // namespace pv::model
