package dev.federated.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class GeoPointTest {
  @Test
  void latitude91IsRefused() {
    assertThatThrownBy(() -> new GeoPoint(91, 0)).hasMessageContaining("91");
  }

  @Property
  void everyPlaceOnTheEarthIsAPoint(
      @ForAll @DoubleRange(min = -90, max = 90) double lat,
      @ForAll @DoubleRange(min = -180, max = 180) double lon) {
    assertThat(new GeoPoint(lat, lon).lat()).isEqualTo(lat);
  }
}
