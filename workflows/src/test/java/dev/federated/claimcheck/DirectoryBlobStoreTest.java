package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryBlobStoreTest {
  private static final String ADDRESS = "ab".repeat(32);
  private static final byte[] CONTENT = {1, 2, 3};

  @TempDir private Path directory;
  private Instant now = Instant.parse("2026-11-01T00:00:00Z");
  private DirectoryBlobStore store =
      new DirectoryBlobStore(Path.of(""), Duration.ofDays(30), () -> now);

  @BeforeEach
  void open() {
    store = new DirectoryBlobStore(directory, Duration.ofDays(30), () -> now);
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  @Test
  void whatIsNotThereIsNeitherKeptNorRead() throws IOException {
    assertThat(store.keep(ADDRESS)).isFalse();
    assertThat(store.get(ADDRESS)).isNull();
    assertThat(store.sweep()).isZero();
  }

  @Test
  void whatHasExpiredIsPutAnew() throws IOException {
    store.put(ADDRESS, CONTENT);
    pass(Duration.ofDays(31));

    assertThat(store.keep(ADDRESS)).isFalse();

    store.put(ADDRESS, CONTENT);
    assertThat(store.keep(ADDRESS)).isTrue();
    assertThat(store.sweep()).isZero();
  }

  @Test
  void whatIsKeptOutlivesTheExpiryOfItsFirstUse() throws IOException {
    store.put(ADDRESS, CONTENT);
    pass(Duration.ofDays(20));
    assertThat(store.keep(ADDRESS)).isTrue();
    pass(Duration.ofDays(20));

    assertThat(store.sweep()).isZero();
    assertThat(store.get(ADDRESS)).isEqualTo(CONTENT);
  }

  @Test
  void aSweepRemovesWhatNobodyKept() throws IOException {
    store.put(ADDRESS, CONTENT);
    pass(Duration.ofDays(31));
    store.put("cd".repeat(32), CONTENT);

    assertThat(store.sweep()).isEqualTo(1);
    assertThat(store.get(ADDRESS)).isNull();
    assertThat(store.get("cd".repeat(32))).isEqualTo(CONTENT);
  }

  @Test
  void aBlobIsOneFileAndNothingElseIsLeft() throws IOException {
    store.put(ADDRESS, CONTENT);
    store.put(ADDRESS, CONTENT);

    try (Stream<Path> files = Files.walk(directory)) {
      assertThat(files.filter(Files::isRegularFile))
          .containsExactly(directory.resolve("ab").resolve(ADDRESS));
    }
  }
}
