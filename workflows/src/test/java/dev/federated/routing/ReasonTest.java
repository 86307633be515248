package dev.federated.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasonTest {
  @ParameterizedTest
  @CsvSource({
    "0, 3, 0",
    "-0.0004, 3, 0",
    "0.9996, 3, 1",
    "-1.5, 0, -2",
    "12.340, 3, 12.34",
    "0.000001, 6, 0.000001",
    "100.1, 1, 100.1",
    "7, 6, 7",
    "1e20, 2, 1.0E20"
  })
  void aNumberIsRoundedAndHasNoZerosAtItsEnd(double number, int places, String text) {
    assertThat(new Reason().begin("").add(number, places)).hasToString(text);
  }

  @Test
  void everyNumberIsWrittenAsDecimalArithmeticWritesIt() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      int places = random.nextInt(7);
      // The 3 at the end: never half-way between two.
      BigDecimal number = BigDecimal.valueOf(random.nextInt(200_000_000) * 10L + 3, 7);
      BigDecimal rounded = number.setScale(places, RoundingMode.HALF_UP).stripTrailingZeros();
      assertThat(new Reason().begin("").add(number.doubleValue(), places))
          .hasToString(rounded.signum() == 0 ? "0" : rounded.toPlainString());
    }
  }

  @Test
  void regionsThatAreCalledInOrderAreNumbered() {
    for (int number : new int[] {1, 1, 999, 1_000, 1_000}) {
      assertThat(Reason.inOrder(number)).isEqualTo("number %d in order".formatted(number));
    }
  }
}
