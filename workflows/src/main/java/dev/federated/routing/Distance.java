package dev.federated.routing;

import dev.federated.model.GeoPoint;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Great-circle distances from one place. By {@link StrictMath}, because a distance is recorded and
 * has to come out the same on every machine; as that takes a tenth of a microsecond, and stages
 * come from few places, distances are remembered. What is remembered is what would be computed.
 */
public final class Distance {
  /** Distances that are remembered at most, about 60 bytes each. A power of two. */
  private static final int REMEMBERED = 1 << 14;

  private static final AtomicReferenceArray<@Nullable Known> KNOWN =
      new AtomicReferenceArray<>(REMEMBERED);

  /** Mean radius of the Earth in kilometres, R1 of the IUGG. */
  private static final double EARTH_RADIUS_KM = 6371.0088;

  private final GeoPoint from;
  private final int fromHash;
  private final double lat;
  private final double lon;
  private final double cosLat;

  private record Known(GeoPoint from, double lat, double lon, double km) {}

  private Distance(GeoPoint from) {
    this.from = from;
    this.fromHash = hash(from.lat(), from.lon());
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
    int slot = (31 * fromHash + hash(toLat, toLon)) & (REMEMBERED - 1);
    Known known = KNOWN.getAcquire(slot);
    if (known == null
        || known.lat() != toLat
        || known.lon() != toLon
        || !known.from().equals(from)) {
      known = new Known(from, toLat, toLon, computed(toLat, toLon));
      KNOWN.setRelease(slot, known);
    }
    return known.km();
  }

  private static int hash(double lat, double lon) {
    long bits = Double.doubleToRawLongBits(lat) * 0x9E3779B97F4A7C15L;
    bits = (bits ^ (bits >>> 32) ^ Double.doubleToRawLongBits(lon)) * 0x9E3779B97F4A7C15L;
    return (int) (bits >>> 32);
  }

  private double computed(double toLat, double toLon) {
    double latitude = Math.toRadians(toLat);
    double sinLat = StrictMath.sin((latitude - lat) / 2);
    double sinLon = StrictMath.sin((Math.toRadians(toLon) - lon) / 2);
    double h = Math.min(1, sinLat * sinLat + cosLat * StrictMath.cos(latitude) * sinLon * sinLon);
    // The arc sine of the root of h; StrictMath's own takes as long as all the rest.
    return 2 * EARTH_RADIUS_KM * StrictMath.atan(Math.sqrt(h / (1 - h)));
  }
}
