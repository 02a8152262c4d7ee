#include "tsv/end_mark.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "testing/logger_text.h"
#include "tsv/reader.h"

namespace pv::tsv {
namespace {

TEST(EndMark, IsSeenWithAnyLineEndOrNone) {
  for (const char* end : {"", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r\n\n"}) {
    EXPECT_TRUE(ends_whole(std::string("03/08/25 03:20:00\t1.0\nEND_DATA") + end)) << "behind it: " << std::string_view(end).size() << " bytes";
  }
  EXPECT_TRUE(ends_whole(std::string_view("1.0\r\nEND_DATA\r\n")));
}

TEST(EndMark, IsALineOfItsOwn) {
  for (const char* text : {"", "\n", "END_DAT", "1.0\nEND_DAT", "1.0\tEND_DATA\n", "1.0\nEND_DATA \n", "1.0\nEND_DATAX", "1.0\nXEND_DATA\n",
                           "1.0\nend_data\n", "END_DATA\n03/08/25 03:20:00\t1.0\n", "END_DATA"}) {
    EXPECT_FALSE(ends_whole(std::string_view(text))) << text;
  }
}

TEST(EndMark, AgreesWithTheReaderAtEveryCut) {
  testing::LoggerText file;
  file.is_wrapped = true;
  file.rows = 3;
  std::string crlf;
  for (const char c : file.text()) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& text : {file.text(), crlf}) {
    int whole = 0;
    for (std::size_t size = file.header().size() + 8; size <= text.size(); ++size) {
      const std::string_view cut = std::string_view(text).substr(0, size);
      const auto read = read_or_reject(cut, {});
      ASSERT_TRUE(read);
      const std::size_t tail = std::min(kEndMarkTail, cut.size());
      EXPECT_EQ(ends_whole(cut.substr(cut.size() - tail)), read->report.complete) << "cut at " << size;
      whole += read->report.complete ? 1 : 0;
    }
    EXPECT_GE(whole, 2);
  }
}

}  // namespace
}  // namespace pv::tsv
