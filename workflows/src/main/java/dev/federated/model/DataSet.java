package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * One data set that a stage reads: in a region or at a place, exactly one of the two.
 *
 * @param region the region that holds it, or null
 * @param point where it is, or null
 * @param sizeBytes its size
 */
public record DataSet(@Nullable String region, @Nullable GeoPoint point, long sizeBytes) {
  public DataSet {
    if ((region == null) == (point == null)) {
      throw new IllegalArgumentException("a data set is either in a region or at a point");
    }
  }

  /** A data set in that region. */
  public static DataSet inRegion(String region, long sizeBytes) {
    return new DataSet(region, null, sizeBytes);
  }

  /** A data set at that place. */
  public static DataSet at(GeoPoint point, long sizeBytes) {
    return new DataSet(null, point, sizeBytes);
  }
}
