package dev.federated.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.federated.model.GeoPoint;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class DistanceTest {
  /** Half the circumference of a sphere with the Earth's mean radius. */
  private static final double HALF_WAY_ROUND_KM = Math.PI * 6371.0088;

  @Test
  void theOtherSideOfTheEarthIsHalfWayRound() {
    assertThat(Distance.km(new GeoPoint(90, 0), new GeoPoint(-90, 0)))
        .isCloseTo(HALF_WAY_ROUND_KM, within(1e-6));
    assertThat(Distance.km(new GeoPoint(0, 0), new GeoPoint(0, 180)))
        .isCloseTo(HALF_WAY_ROUND_KM, within(1e-6));
  }

  @Test
  void theDateLineIsNoWall() {
    assertThat(Distance.km(new GeoPoint(0, 179.5), new GeoPoint(0, -179.5)))
        .isCloseTo(HALF_WAY_ROUND_KM / 180, within(1e-6));
  }

  @Test
  void berlinToNewYorkIs6385Kilometres() {
    assertThat(Distance.km(new GeoPoint(52.52, 13.405), new GeoPoint(40.7128, -74.006)))
        .isCloseTo(6385, within(1.0));
  }

  @Test
  void whatIsRememberedIsWhatWouldBeComputedWhoeverAsks() {
    List<GeoPoint> places =
        IntStream.range(0, 300)
            .mapToObj(i -> new GeoPoint(-90 + (i * 7919 % 1801) / 10.0, -180 + i * 1.2))
            .toList();

    // More pairs than are remembered, so that many displace others.
    List<GeoPoint> wrong =
        IntStream.range(0, 2)
            .boxed()
            .flatMap(round -> places.stream())
            .parallel()
            .filter(a -> places.stream().anyMatch(b -> Distance.km(a, b) != haversine(a, b)))
            .toList();

    assertThat(wrong).isEmpty();
  }

  private static double haversine(GeoPoint a, GeoPoint b) {
    double lat = Math.toRadians(a.lat());
    double latitude = Math.toRadians(b.lat());
    double sinLat = StrictMath.sin((latitude - lat) / 2);
    double sinLon = StrictMath.sin((Math.toRadians(b.lon()) - Math.toRadians(a.lon())) / 2);
    double h = sinLat * sinLat + StrictMath.cos(lat) * StrictMath.cos(latitude) * sinLon * sinLon;
    h = Math.min(1, h);
    return 2 * 6371.0088 * StrictMath.atan(Math.sqrt(h / (1 - h)));
  }

  @Property(tries = 200)
  void isTheSameBothWaysAndAtMostHalfWayRound(
      @ForAll @DoubleRange(min = -90, max = 90) double latA,
      @ForAll @DoubleRange(min = -180, max = 180) double lonA,
      @ForAll @DoubleRange(min = -90, max = 90) double latB,
      @ForAll @DoubleRange(min = -180, max = 180) double lonB) {
    GeoPoint a = new GeoPoint(latA, lonA);
    GeoPoint b = new GeoPoint(latB, lonB);

    assertThat(Distance.km(a, b)).isBetween(0.0, HALF_WAY_ROUND_KM + 1e-6);
    assertThat(Distance.km(a, b)).isCloseTo(Distance.km(b, a), within(1e-6));
    assertThat(Distance.km(a, a)).isZero();
  }
}
