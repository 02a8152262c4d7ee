#include "tsv/row_kernel.h"

#include <gtest/gtest.h>

namespace pv::tsv {
namespace {

TEST(RowKernelTest, EveryShapeEitherFitsItsColumnOrSpoilsTheCell) {
  for (unsigned column = 0; column <= model::kMaxDecimals; ++column) {
    for (unsigned places = 0; places < 16; ++places) {
      const CellShape& shape = shapes_of(column)[places];
      const bool fits = places >= 1 && places <= 6 && places <= column && column - places <= 3;
      ASSERT_EQ(shape.point == ~std::uint64_t{0}, !fits) << column << " " << places;
      ASSERT_EQ(shape.factor, fits ? model::kIntPowerOfTen[column - places] : 0);
      ASSERT_EQ(no_shapes()[places].point, ~std::uint64_t{0});
    }
  }
}

}  // namespace
}  // namespace pv::tsv
