package dev.federated.starter.embedded;

import dev.federated.starter.connection.ServerUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The {@code .federate} directory of a project while this process owns it. A second process that
 * wants it is refused; if the owner was killed, the server that it left behind is ended first, for
 * two servers would write the same database.
 */
final class ProjectDirectory implements AutoCloseable {
  private static final String NAME = ".federate";
  private static final long KILL_SECONDS = 10;

  private final Path path;
  private final FileChannel channel;

  private ProjectDirectory(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  static ProjectDirectory lock(Path project) {
    Path path = project.toAbsolutePath().normalize().resolve(NAME);
    FileChannel channel = null;
    try {
      Files.createDirectories(path);
      Path ignore = path.resolve(".gitignore");
      if (!Files.exists(ignore)) {
        Files.writeString(ignore, "*\n");
      }
      Path lockFile = path.resolve("lock");
      channel =
          FileChannel.open(
              lockFile,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      if (tryLock(channel) == null) {
        String owner = Files.readString(lockFile).strip();
        channel.close();
        throw new ServerUnavailableException(
            "%s is in use by %s; stop that process, or use its server by TEMPORAL_ADDRESS"
                .formatted(path, owner.isEmpty() ? "another process" : "process " + owner));
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
      channel.force(false);
      ProjectDirectory directory = new ProjectDirectory(path, channel);
      directory.endLeftServer();
      return directory;
    } catch (IOException e) {
      closeQuietly(channel);
      throw new ServerUnavailableException(
          "the directory %s cannot be used: %s".formatted(path, e.getMessage()), e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Locked by this very process.
      return null;
    }
  }

  Path database() {
    return path.resolve("temporal.db");
  }

  Path log() {
    return path.resolve("temporal.log");
  }

  private Path serverFile() {
    return path.resolve("server.pid");
  }

  /** Writes down which process serves, for the next owner. */
  void serverStarted(ProcessHandle server) throws IOException {
    Files.writeString(serverFile(), describe(server));
  }

  void serverEnded() {
    try {
      Files.deleteIfExists(serverFile());
    } catch (IOException e) {
      // A file that is left names a process that does not live: the next owner finds out.
      return;
    }
  }

  private void endLeftServer() throws IOException {
    if (!Files.exists(serverFile())) {
      return;
    }
    String described = Files.readString(serverFile()).strip();
    Optional<ProcessHandle> left = Optional.empty();
    try {
      left = ProcessHandle.of(Long.parseLong(described.split(" ", 2)[0]));
    } catch (NumberFormatException e) {
      serverEnded();
    }
    // The start time tells a process that only has the same number.
    if (left.isPresent() && describe(left.get()).equals(described)) {
      left.get().destroyForcibly();
      try {
        left.get().onExit().get(KILL_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException(
            "the server %s of an earlier process does not end".formatted(described), e);
      }
    }
    serverEnded();
  }

  private static String describe(ProcessHandle process) {
    return process.pid()
        + " "
        + process.info().startInstant().map(Object::toString).orElse("unknown");
  }

  @Override
  public void close() {
    closeQuietly(channel);
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel == null) {
      return;
    }
    try {
      channel.close();
    } catch (IOException e) {
      // The operating system gives the lock back when the process ends.
      return;
    }
  }
}
