package dev.federated.claimcheck;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Blobs as files of a directory, such as a mounted share. A file's time of modification is when its
 * blob was last put or kept.
 */
final class DirectoryBlobStore implements BlobStore {
  private static final int FOLDER_DIGITS = 2;

  private final Path directory;
  private final Duration expiry;
  private final InstantSource clock;

  /**
   * Over a directory.
   *
   * @param directory exists and can be written
   * @param expiry how long a blob is kept after it was last put or kept
   */
  DirectoryBlobStore(Path directory, Duration expiry, InstantSource clock) {
    this.directory = directory;
    this.expiry = expiry;
    this.clock = clock;
  }

  @Override
  public boolean keep(String address) throws IOException {
    Path file = file(address);
    try {
      if (expired(Files.getLastModifiedTime(file))) {
        return false;
      }
      Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Override
  public void put(String address, byte[] content) throws IOException {
    Path file = file(address);
    Path folder = directory.resolve(address.substring(0, FOLDER_DIGITS));
    if (!Files.isDirectory(directory)) {
      // Not made here: it may be a share that is not mounted.
      throw new NoSuchFileException(directory.toString());
    }
    Files.createDirectories(folder);
    Path written = folder.resolve("." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(written, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
        // A crash must not leave a file that has the address and not the content.
        channel.force(true);
      }
      Files.setLastModifiedTime(written, FileTime.from(clock.instant()));
      Files.move(
          written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(written);
    }
  }

  @Override
  public byte @Nullable [] get(String address) throws IOException {
    try {
      return Files.readAllBytes(file(address));
    } catch (NoSuchFileException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
      return null;
    }
  }

  @Override
  public int sweep() throws IOException {
    int[] removed = {0};
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            // The time is read once more: the blob may have been kept since the walk began.
            if (expired(attributes.lastModifiedTime())
                && expired(Files.getLastModifiedTime(file))
                && Files.deleteIfExists(file)) {
              removed[0]++;
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException && !file.equals(directory)) {
              // Another process sweeps as well; but a share that is not mounted is an error.
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
    return removed[0];
  }

  private boolean expired(FileTime time) {
    return time.toInstant().plus(expiry).isBefore(clock.instant());
  }

  private Path file(String address) {
    return directory.resolve(address.substring(0, FOLDER_DIGITS)).resolve(address);
  }

  @Override
  public void close() {}

  @Override
  public String toString() {
    return "directory " + directory;
  }
}
