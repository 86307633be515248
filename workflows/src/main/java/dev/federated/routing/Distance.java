package dev.federated.routing;

import dev.federated.model.GeoPoint;

/** Great-circle distances from one place. */
public final class Distance {
  /** Mean radius of the Earth in kilometres, R1 of the IUGG. */
  private static final double EARTH_RADIUS_KM = 6371.0088;

  private final double lat;
  private final double lon;
  private final double cosLat;

  private Distance(GeoPoint from) {
    this.lat = Math.toRadians(from.lat());
    this.lon = Math.toRadians(from.lon());
    this.cosLat = StrictMath.cos(lat);
  }

  /** Distances from that place, to many others. */
  static Distance from(GeoPoint place) {
    return new Distance(place);
  }

  /** Distance in kilometres along the surface, by the haversine formula. */
  public static double km(GeoPoint a, GeoPoint b) {
    return from(a).km(b.lat(), b.lon());
  }

  /** Kilometres to a place in degrees. */
  double km(double toLat, double toLon) {
    double latitude = Math.toRadians(toLat);
    double sinLat = StrictMath.sin((latitude - lat) / 2);
    double sinLon = StrictMath.sin((Math.toRadians(toLon) - lon) / 2);
    double h = Math.min(1, sinLat * sinLat + cosLat * StrictMath.cos(latitude) * sinLon * sinLon);
    // The arc sine of the root of h; StrictMath's own takes as long as all the rest.
    return 2 * EARTH_RADIUS_KM * StrictMath.atan(Math.sqrt(h / (1 - h)));
  }
}
