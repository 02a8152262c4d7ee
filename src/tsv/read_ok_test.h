#pragma once
/// What several tests of the reader begin with.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tsv/reader.h"

namespace pv::tsv {

/// The three columns of a file with one phase and one power.
inline const std::string kHeader = "M\tM\tM\nMV_T302_V002\tPh 1 V\tVoie1 W\n";

inline LoggerFile read_ok(const std::string& text, const ReadOptions& options = {}) {
  auto file = read(text, options);
  EXPECT_TRUE(file) << (file ? "" : file.error().message());
  return file ? std::move(*file) : LoggerFile{};
}

}  // namespace pv::tsv
