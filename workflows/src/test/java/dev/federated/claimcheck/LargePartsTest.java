package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LargePartsTest {
  private static final int THRESHOLD = 30;
  private static final String LARGE = "\"%s\"".formatted("x".repeat(40));

  private static List<String> parts(String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return LargeParts.of(bytes, THRESHOLD).stream()
        .map(part -> new String(bytes, part.start(), part.length(), StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void whatIsNoJsonIsOnePart() {
    String text = "]}\"" + "x".repeat(40);

    assertThat(parts("}".repeat(40))).containsExactly("}".repeat(40));
    assertThat(parts("[".repeat(40))).containsExactly("[".repeat(40));
    assertThat(String.join("", parts(text))).contains("x".repeat(40));
  }

  @Test
  void smallJsonHasNoParts() {
    assertThat(parts("{\"a\":[1,2,3]}")).isEmpty();
  }

  @Test
  void bracketsAndQuotesInStringsAreText() {
    String text = "\"}]{[\\\"%s\\\\\"".formatted("x".repeat(40));

    assertThat(parts("{\"a\":%s,\"b\":1}".formatted(text))).containsExactly(text);
  }

  @Test
  void theSameValueIsFoundInEveryEnvelope() {
    String value = "{\"rows\":[%s]}".formatted("1,".repeat(20) + "1");
    String rows = value.substring(8, value.length() - 1);

    assertThat(parts("{\"region\":\"eu\",\"in\":%s}".formatted(value))).containsExactly(rows);
    assertThat(parts("{\"a\":{\"b\":{\"in\":%s}}}".formatted(value))).containsExactly(rows);
    assertThat(parts(value)).containsExactly(rows);
  }

  @Test
  void anArrayIsOnePartWithAllThatIsInIt() {
    String array = "[%s,{\"a\":%s}]".formatted(LARGE, LARGE);

    assertThat(parts("{\"in\":%s}".formatted(array))).containsExactly(array);
  }

  @Test
  void everyLargeValueOfAnObjectIsAPartOfItsOwn() {
    assertThat(parts("{\"a\":%s,\"b\":%s}".formatted(LARGE, LARGE))).containsExactly(LARGE, LARGE);
  }

  @Test
  void anObjectIsOnePartWhereMuchIsLeftBesideItsLargeValues() {
    String object = "{\"a\":%s,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5}".formatted(LARGE);

    assertThat(parts("{\"in\":%s}".formatted(object))).containsExactly(object);
  }

  @Property(tries = 200)
  void partsAreInOrderAndLeaveNoMoreThanTheThreshold(
      @ForAll @CharRange(from = ' ', to = '~') String text,
      @ForAll @IntRange(min = 1, max = 50) int threshold) {
    byte[] bytes = text.replace('x', '{').replace('y', '}').getBytes(StandardCharsets.UTF_8);
    int left = bytes.length;
    int end = 0;
    for (LargeParts.Part part : LargeParts.of(bytes, threshold)) {
      assertThat(part.start()).isGreaterThanOrEqualTo(end);
      assertThat(part.end()).isGreaterThan(part.start()).isLessThanOrEqualTo(bytes.length);
      end = part.end();
      left -= part.length();
    }
    assertThat(left).isLessThanOrEqualTo(threshold);
  }
}
