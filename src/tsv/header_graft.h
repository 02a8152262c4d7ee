#pragma once
/// A file's rows under another file's header: how a person settles a file that came with the wrong one.

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pv::tsv {

/// The bytes of a file like `bytes` whose header says what that of `header_file` says: format, serial numbers, titles, header
/// block. Rows, END_DATA and everything else stay as they are, byte for byte. Where an upload was resumed by appending, each
/// header that names the same channels as the file's first one is replaced, the remains of a cut row before it included.
///   Header: of both files the first one that the reader can use, with its byte order marks, line ends and bytes as it reads
///           them; the new one is written in UTF-8 with LF.
///   Stamps: keep their meaning. A file with a header block and one without, or two blocks that say another time, are only
///           put together when the names of channels come out right with the block (or its absence) of `bytes`.
///   Errors: invalid_input: a file without a usable header; another number of columns; a header of another logger; stamps
///           that would change their meaning.
///   `extra_formats` as in ReadOptions. Threads: safe. Cost: one pass over the lines; memory: one copy of the file.
[[nodiscard]] Result<std::vector<char>> with_header_of(std::span<const char> bytes, std::span<const char> header_file,
                                                       std::span<const std::string> extra_formats = {});

}  // namespace pv::tsv
