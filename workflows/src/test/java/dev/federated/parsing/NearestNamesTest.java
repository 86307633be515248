package dev.federated.parsing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class NearestNamesTest {
  @Test
  void aNameThatIsNothingLikeTheValidOnesHasNoNearest() {
    assertThat(NearestNames.of("zzzzzzzz", List.of("parallel", "nearest"))).isEmpty();
    assertThat(NearestNames.of("", List.of("parallel"))).isEmpty();
    assertThat(NearestNames.of("x", List.of())).isEmpty();
  }

  @Test
  void anEndlessNameIsNoMisspelling() {
    assertThat(NearestNames.of("parallel".repeat(100_000), List.of("parallel"))).isEmpty();
  }

  @Test
  void theNearestComesFirstAndThereAreAtMostThree() {
    assertThat(
            NearestNames.of("region-1", List.of("region-9", "region-1a", "region-11", "region-12")))
        .hasSize(3)
        .doesNotContain("region-9");
    assertThat(NearestNames.of("nearst", List.of("parallel", "nearest")))
        .containsExactly("nearest");
  }

  @Test
  void aPartOfANameFindsIt() {
    assertThat(NearestNames.of("timeout", List.of("total_timeout_seconds", "regions")))
        .containsExactly("total_timeout_seconds");
  }

  @Test
  void caseDoesNotMatter() {
    assertThat(NearestNames.of("MAXRETRIES", List.of("max_retries")))
        .containsExactly("max_retries");
  }

  @Property(tries = 200)
  void aNameWithOneLetterMissingFindsTheNameItself(
      @ForAll @AlphaChars @StringLength(min = 4, max = 12) String name,
      @ForAll @IntRange(max = 3) int at,
      @ForAll @Size(max = 3) List<@AlphaChars @StringLength(min = 20, max = 25) String> others) {
    List<String> valid = new java.util.ArrayList<>(others);
    valid.add(name);
    String misspelt = name.substring(0, at) + name.substring(at + 1);
    assertThat(NearestNames.of(misspelt, valid)).contains(name);
  }
}
