package dev.federated.routing;

import dev.federated.model.GeoPoint;

/** Great-circle distance between two places. */
public final class Distance {
  /** Mean radius of the Earth in kilometres, R1 of the IUGG. */
  private static final double EARTH_RADIUS_KM = 6371.0088;

  private Distance() {}

  /** Distance in kilometres along the surface, by the haversine formula. */
  public static double km(GeoPoint a, GeoPoint b) {
    double latA = Math.toRadians(a.lat());
    double latB = Math.toRadians(b.lat());
    double halfLat = (latB - latA) / 2;
    double halfLon = Math.toRadians(b.lon() - a.lon()) / 2;
    double h =
        StrictMath.pow(StrictMath.sin(halfLat), 2)
            + StrictMath.cos(latA)
                * StrictMath.cos(latB)
                * StrictMath.pow(StrictMath.sin(halfLon), 2);
    return 2 * EARTH_RADIUS_KM * StrictMath.asin(Math.min(1, Math.sqrt(h)));
  }
}
