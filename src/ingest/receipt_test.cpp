#include "ingest/receipt.h"

#include <gtest/gtest.h>

#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

constexpr const char* kStored = R"({"fate":"stored","nb_rows":20,"nb_points":60,"time_start":"a","time_end":"b","nb_missing_cells":2,"nb_other_faults":1,
  "nb_gaps":1,"gap_s":600,"truncated_tail":{"line":19,"byte_offset":5},"coverage":{"rows_new":1,"rows_known":3,"gaps_left":{"count":1,"seconds":60},
  "gaps_closed":{"count":2,"seconds":120}}})";

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Receipt, OneIsOneAndManyAreMany) {
  const std::string text = receipt_text("a.tsv", kStored);
  for (const char* line : {"Accepted: 20 rows, 60 samples, from a to b (UTC)\n", "  2 empty cells\n", "  1 other fault\n", "  1 gap in this file, 600 s in all\n",
                           "  1 instant is new, 3 were covered by other files\n", "  1 gap that is left (60 s)\n", "  2 gaps that this file closes (120 s)\n",
                           "  the last row (line 19) is cut\n", "Accepté : 20 lignes, 60 mesures, de a à b (UTC)\n", "  2 cellules vides\n", "  1 autre défaut\n",
                           "  1 trou dans ce fichier, 600 s en tout\n", "  1 instant nouveau, 3 déjà couverts par d'autres fichiers\n", "  1 trou qui reste (60 s)\n"}) {
    EXPECT_TRUE(says(text, line)) << line << "\n" << text;
  }
}

TEST(Receipt, WhatIsHeldIsNotCalledAccepted) {
  const std::string text = receipt_text("a.tsv", R"({"fate":"deferred","nb_rows":1,"nb_points":3,"time_start":"a","time_end":"b"})");
  EXPECT_FALSE(says(text, "Accept")) << text;
  EXPECT_TRUE(says(text, "Read, nothing is stored: 1 row, 3 samples")) << text;
  EXPECT_TRUE(says(text, "Lu, rien n'est enregistré : 1 ligne, 3 mesures")) << text;
}

TEST(Receipt, ARefusalSaysWhy) {
  const std::string text = receipt_text("a.tsv", R"({"fate":"rejected","error":"line 1: no header"})");
  EXPECT_TRUE(says(text, "Refused: line 1: no header\n")) << text;
  EXPECT_TRUE(says(text, "Refusé : line 1: no header\n")) << text;
}

}  // namespace
}  // namespace pv::ingest
