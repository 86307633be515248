package dev.federated.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.federated.claimcheck.LargeData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeDataSweeperTest {
  private static final Duration AT_ONCE = Duration.ofMillis(10);

  @TempDir private Path directory;
  private Path store;
  private LargeData largeData = LargeData.NONE;

  @BeforeEach
  void openStore() throws IOException {
    store = Files.createDirectory(directory.resolve("store"));
    largeData = LargeData.load(Map.of(LargeData.VARIABLE, store.toUri().toString()));
  }

  @Test
  void aSweepThatFailsIsNotTheLast() throws IOException {
    Path away = directory.resolve("away");
    Files.move(store, away);
    long failures = largeData.use().failures();

    try (LargeDataSweeper sweeper = LargeDataSweeper.start(largeData, AT_ONCE, AT_ONCE)) {
      await().until(() -> largeData.use().failures() > failures);
      Path expired = blob(away, Duration.ofDays(31));
      Files.move(away, store);
      await().until(() -> Files.notExists(store.resolve(away.relativize(expired))));
    }
  }

  @Test
  void whatExpiresIsRemovedAgainAndAgainAndNothingElse() throws IOException {
    Path kept = blob(store, Duration.ofDays(29));

    try (LargeDataSweeper sweeper = LargeDataSweeper.start(largeData, AT_ONCE, AT_ONCE)) {
      for (int i = 0; i < 3; i++) {
        Path expired = blob(store, Duration.ofDays(31 + i));
        await().until(() -> Files.notExists(expired));
      }
      // A sweep counts what it removed when it is over.
      await().untilAsserted(() -> assertThat(largeData.use().expired()).isEqualTo(3));
    }

    assertThat(kept).exists();
  }

  private static Path blob(Path store, Duration age) throws IOException {
    String address = "%064x".formatted(age.toDays());
    Path blob = Files.createDirectories(store.resolve(address.substring(0, 2))).resolve(address);
    Path written = Files.writeString(store.resolveSibling("written"), "content");
    Files.setLastModifiedTime(written, FileTime.from(Instant.now().minus(age)));
    return Files.move(written, blob);
  }
}
