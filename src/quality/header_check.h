#pragma once
/// Header against values: does a file's header belong to its rows?
///
/// A logger that was set up anew has been seen to send its whole memory under the titles of an older set-up: a mono header
/// (`Ph 1 V`, `Voie1 W`, `Voie2 W`) above three voltages. Read as it says, two of them would be energy that never was.
/// Two things give such a file away.
///   The file itself. Loggers write voltages with two decimals and powers with one, and a supply has 230 V: a column titled
///   W whose cells carry hundredths, lie where a mains voltage lies and stay close to the voltage is a voltage. Where a
///   format writes both alike, only a column that moves with the voltage row by row is one.
///   What is stored. Of one instant a logger measures one value: a column that differs from what other files say of the
///   channel, and has exactly what they say of another one, stands under the wrong title.
/// An empty answer: the header is plausible. A file of a few rows or of zeros says nothing, and is plausible.
/// Two channels of the same unit that changed places can only be seen in what is stored.
///   Threads: check_values() is pure; check_stored() reads the snapshot as worker 0.

#include <span>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/sample_block.h"
#include "model/source.h"
#include "quality/finding.h"

namespace pv::quality {

// Thresholds. In the real files seen so far 81 to 100 % of the cells of a voltage carry hundredths, and of powers none.

/// 230 V and a fifth of it either way: real supplies leave the 207 to 253 V of EN 50160 (256.6 V was seen).
inline constexpr double kMainsLow_V = 180;
inline constexpr double kMainsHigh_V = 280;
/// A phase that is not connected floats at about half (114.2 to 120.2 V was seen).
inline constexpr double kFloatingLow_V = 90;
inline constexpr double kFloatingHigh_V = 140;
/// Phases of one supply stay within some volts of each other (0.0 to 2.8 V in the middle, 7.3 V at a moment).
inline constexpr double kFarthestPhases_V = 15;
/// No input takes more, and no effective value is below zero; a small offset is.
inline constexpr double kHighestVoltage_V = 1000;
inline constexpr double kLowestVoltage_V = -1;
/// Cells with hundredths that a voltage has: an hour at the usual ten minutes, and a twentieth part of the column, as the
/// memory may also hold rows that its header does fit.
inline constexpr std::size_t kFewestCells = 6;
inline constexpr double kSomeShare = 0.05;
/// Rows for a judgement by movement alone: four hours at the usual ten minutes.
inline constexpr std::size_t kFewestRowsThatMove = 24;
/// A column moves with a voltage when their difference spreads (median deviation) less than this part of its own spread,
/// and less than this part of what is left when it is taken for a resistive load, whose watts grow with the volts squared.
inline constexpr double kMovesWith = 0.75;
/// Rows looked at, evenly over the file: bounds the cost of a year's backlog.
inline constexpr std::size_t kMostRowsLookedAt = 4096;

/// Instants of which a file and the store both say something; fewer say nothing.
inline constexpr std::size_t kFewestShared = 6;
inline constexpr std::size_t kMostShared = 1000;
/// Different numbers among them: zeros and standby powers agree with each other by chance.
inline constexpr std::size_t kFewestDistinct = 5;
/// A channel agrees with another one when so many shared cells are the same number, and disagrees with its own when no
/// more than the rest are. A file that was read in a wrong zone disagrees everywhere and agrees nowhere.
inline constexpr double kAgrees = 0.9;
inline constexpr double kDisagrees = 0.5;

/// The file by itself. Cost: one pass over at most kMostRowsLookedAt rows of each table.
[[nodiscard]] std::vector<Finding> check_values(std::span<const model::LoggerTable> tables);

/// The file against what is stored of its loggers in this campaign at the same instants; nothing when the campaign or the
/// logger is new. Ask before the file is stored. Errors: those of the snapshot.
/// Cost: decodes the time column of the stored rows of the file's period; their values only when a column disagrees.
[[nodiscard]] Result<std::vector<Finding>> check_stored(std::span<const model::LoggerTable> tables, model::SampleSnapshot& stored,
                                                        const model::CampaignName& campaign);

/// Both.
[[nodiscard]] Result<std::vector<Finding>> check_header(std::span<const model::LoggerTable> tables, model::SampleSnapshot& stored,
                                                        const model::CampaignName& campaign);

}  // namespace pv::quality
