package dev.federated.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkdownTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "é", "地", "😀"})
  void aLongSummaryIsCutBetweenCharactersToWhatTheServerTakes(String character) {
    String summary = Markdown.summary(character.repeat(1_000));

    byte[] bytes = summary.getBytes(StandardCharsets.UTF_8);
    assertThat(bytes.length).isBetween(190, 200);
    assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo(summary);
    assertThat(summary).endsWith("…").startsWith(character);
  }

  @Test
  void aShortSummaryIsWholeButOnOneLine() {
    assertThat(Markdown.summary("us-east-1:\nprocess")).isEqualTo("us-east-1: process");
  }

  @Test
  void whatWouldBreakATableOrBecomeMarkupIsEscaped() {
    assertThat(Markdown.escaped("a|b\r\n<script>`c` *d* [e](f) \\g", 100))
        .isEqualTo("a\\|b  \\<script\\>\\`c\\` \\*d\\* \\[e\\](f) \\\\g");
  }

  @Test
  void anEscapeIsNotCutInHalfAndNeitherIsACharacter() {
    assertThat(Markdown.escaped("||||", 2)).isEqualTo("\\|\\|…");
    assertThat(Markdown.escaped("a😀b", 2)).isEqualTo("a…");
  }

  @Test
  void aLongListSaysHowManyMoreThereAre() {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      names.add("region-" + i);
    }

    assertThat(Markdown.names(names)).startsWith("region-0, ").endsWith("region-19 and 80 more");
    assertThat(Markdown.names(List.of("us"))).isEqualTo("us");
  }
}
