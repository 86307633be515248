package dev.federated.model;

/**
 * A place on the Earth. 0°/0° is a place like any other.
 *
 * @param lat latitude in degrees, -90 to 90
 * @param lon longitude in degrees, -180 to 180
 */
@WireRecord
public record GeoPoint(double lat, double lon) {
  public GeoPoint {
    if (!(lat >= -90 && lat <= 90)) {
      throw new IllegalArgumentException("lat has to be between -90 and 90, not " + lat);
    }
    if (!(lon >= -180 && lon <= 180)) {
      throw new IllegalArgumentException("lon has to be between -180 and 180, not " + lon);
    }
  }
}
